"""One sandbox for all tests of this folder, which one worker runs one after the other."""

from collections.abc import Iterator

import pytest

from scripts.sandbox import serving


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[str]:
    """The address of a sandbox that runs as long as the tests do."""
    with serving() as address:
        yield address
