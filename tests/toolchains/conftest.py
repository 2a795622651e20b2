"""Only `make client-test` collects this folder, for it needs the generator and the compilers, and takes a minute."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave the folder out unless it was named: the other tests run where there are no compilers."""
    named = any(Path(argument.partition("::")[0]).resolve().is_relative_to(HERE) for argument in config.args)
    return None if named else True
