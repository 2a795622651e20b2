"""What every edit leaves behind: a new version, a new entity tag and the moment at which it was made."""

from datetime import UTC, datetime, timedelta

import pytest
from httpx2 import AsyncClient

from app.sql import Connection, Table
from tests.contract.document import Operation, operations
from tests.contract.requests import Call, valid_call
from tests.factories import Factory

LONG_AGO = datetime(2026, 1, 1, 12, tzinfo=UTC)
EDITS = [item for item in operations() if item.method == "PATCH"]


@pytest.mark.parametrize("operation", EDITS, ids=str)
class TestEdit:
    @pytest.fixture
    async def call(self, operation: Operation, make: Factory, connection: Connection) -> Call:
        """A request without fault for something that was last edited long ago."""
        call = await valid_call(operation, make, await make.member(role="admin"))
        for name, table in Table.metadata.tables.items():
            if "updated_at" in table.columns:
                await connection.execute(f"UPDATE {name} SET updated_at = $1", LONG_AGO)  # noqa: S608 - Names of ours.
        return call

    async def test_is_dated(self, client: AsyncClient, call: Call) -> None:
        edited = (await call.send(client)).json()
        assert abs(datetime.now(UTC) - datetime.fromisoformat(edited["updated_at"])) < timedelta(minutes=1)

    async def test_makes_another_version(self, client: AsyncClient, call: Call) -> None:
        first, second = [await call.send(client) for _ in range(2)]
        assert second.json()["version"] > first.json()["version"]
        assert second.headers["ETag"] != first.headers["ETag"]
