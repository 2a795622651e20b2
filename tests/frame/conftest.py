"""What the tests of the frame share: a fingerprint of everything that is stored, and a client that sends raw bytes."""

from collections.abc import Awaitable, Callable

import pytest

from app.sql import Connection, Table

Fingerprint = Callable[[], Awaitable[dict[str, str]]]


@pytest.fixture
def fingerprint(connection: Connection) -> Fingerprint:
    """Return a function that says what every table holds, in one short text each."""

    async def take() -> dict[str, str]:
        return {
            name: await connection.fetchval(
                f"SELECT count(*) || ' ' || coalesce(md5(string_agg(row::text, '|' ORDER BY row::text)), '') FROM {name} AS row"  # noqa: E501, S608 - Names of ours.
            )
            for name in sorted(Table.metadata.tables)
        }

    return take
