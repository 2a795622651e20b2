"""What the service is measured against; only `make bench` collects this folder, for it alone installs them."""

from pathlib import Path

import pytest

from tests.committed import committed, committed_database

__all__ = ["committed", "committed_database"]

HERE = Path(__file__).parent


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave the folder out unless it was named: the other tests run where nothing of this is installed."""
    named = any(Path(argument.partition("::")[0]).resolve().is_relative_to(HERE) for argument in config.args)
    return None if named else True
