"""What every write leaves behind: what it answers, a new version, a new entity tag and the moment of the edit."""

from datetime import UTC, datetime, timedelta

import pytest
from httpx2 import AsyncClient

from app.sql import Connection, Table
from tests.contract.document import Node, Operation, operations
from tests.contract.requests import Call
from tests.factories import Member

LONG_AGO = datetime(2026, 1, 1, 12, tzinfo=UTC)
EDITS = [item for item in operations() if item.method == "PATCH"]
# Where what a write answers is read, by the schema of its answer. A new resource gets a line here.
READ_AT = {
    "Post": "/posts/{id}",
    "Comment": "/comments/{id}",
    "Tag": "/tags/{id}",
    "Category": "/categories/{id}",
    "User": "/users/{id}",
    "Room": "/rooms/{id}",
    "Message": "/messages/{id}",
}


def answered(operation: Operation) -> str:
    """Name the schema of what a write answers, or nothing where it answers nothing."""
    success: Node = operation.responses.get("200") or operation.responses.get("201") or {}
    schema: Node = success.get("content", {}).get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).rpartition("/")[2]


WRITES = [
    item for item in operations() if item.method != "GET" and item.takes_credentials and answered(item) in READ_AT
]


class TestWrite:
    @pytest.mark.parametrize("operation", WRITES, ids=str)
    async def test_answers_what_is_read_afterwards(
        self, client: AsyncClient, call: Call, operation: Operation, author: Member
    ) -> None:
        written = await call.send(client)
        path = READ_AT[answered(operation)].format(**written.json())
        read = await client.get(path, headers=author.headers)
        assert read.json() == written.json()
        assert written.headers.get("ETag") in (None, read.headers["ETag"])


@pytest.mark.parametrize("operation", EDITS, ids=str)
class TestEdit:
    @pytest.fixture
    async def call(self, call: Call, connection: Connection) -> Call:
        """A request without fault for something that was last edited long ago."""
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
