"""The generated server, which is made once for all comparisons, and rate limits that let all requests through."""

from collections.abc import Iterator

import pytest

from tests.differential.reference import load
from tests.differential.sides import Sides, sides, unlimited


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> Sides:
    """The server that the generator writes from the contract, and the compiled one."""
    return sides(load(tmp_path_factory.mktemp("reference")))


@pytest.fixture(autouse=True)
def _unlimited() -> Iterator[None]:
    with unlimited():
        yield
