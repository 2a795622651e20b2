"""What the tests of the frame share: a fingerprint of everything that is stored."""

from collections.abc import Awaitable, Callable

import pytest

from app.sql import Connection
from tests.contract import requests

Fingerprint = Callable[[], Awaitable[dict[str, str]]]


@pytest.fixture
def fingerprint(connection: Connection) -> Fingerprint:
    """Return a function that says what every table holds, in one short text each."""

    async def take() -> dict[str, str]:
        return await requests.fingerprint(connection)

    return take
