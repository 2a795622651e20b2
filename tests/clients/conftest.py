"""The built clients and the running service; only `make client-test` collects this folder, for it needs compilers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.clients.language import BUILD, Scenario, languages, module
from scripts.clients.scenario import service as running_service

HERE = Path(__file__).parent


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave the folder out unless it was named: the other tests run where there are no compilers."""
    named = any(Path(argument.partition("::")[0]).resolve().is_relative_to(HERE) for argument in config.args)
    return None if named else True


def scenarios() -> list[Scenario]:
    """Return how every client that is built is started."""
    return [
        scenario
        for language in languages()
        if (BUILD / language).exists()
        for scenario in module(language).scenarios(BUILD / language)
    ]


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    """The address of the real service."""
    with running_service() as address:
        yield address
