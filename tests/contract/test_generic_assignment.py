"""What is not a client's to set is refused wherever it is sent, by name, and changes nothing.

That is every member that an operation answers and does not take, every member of an account, and every column there is.
"""

from dataclasses import replace
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from app.sql import Connection, Table
from tests.contract.document import Node, Operation, contract, operations, resolve
from tests.contract.requests import JSON, Call, fingerprint, sample

WRITES = [item for item in operations() if item.media_type in JSON]
# As many errors as a problem names.
MAX_ERRORS = 100


def taken(operation: Operation) -> Node:
    """Return the members that an operation takes."""
    return resolve(operation.content[operation.media_type]["schema"])["properties"]


def answered(operation: Operation) -> Node:
    """Return the members that an operation answers when all goes well, and those of an account."""
    found: Node = dict(contract()["components"]["schemas"]["User"]["properties"])
    for status, response in operation.responses.items():
        if status.startswith("2"):
            for content in resolve(response).get("content", {}).values():
                found |= resolve(content.get("schema", {})).get("properties", {})
    return found


def _value(schema: Node) -> Any:
    """Return what the member could be; of a list of things, that there are none."""
    node = resolve(schema)
    return [] if node.get("type") == "array" else {} if node.get("type") == "object" else sample(schema)


CASES = [
    (operation, name) for operation in WRITES for name in sorted(answered(operation).keys() - taken(operation).keys())
]


def named(answer: Response) -> set[str]:
    """Return the members that a refusal names."""
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), answer.text
    return {error["pointer"].removeprefix("/") for error in answer.json()["errors"]}


class TestWrites:
    @pytest.mark.parametrize(("operation", "name"), CASES, ids=str)
    async def test_refuse_what_they_only_answer(
        self, client: AsyncClient, call: Call, operation: Operation, name: str, connection: Connection
    ) -> None:
        before = await fingerprint(connection)
        spoilt = replace(call, body=call.body | {name: _value(answered(operation)[name])})
        assert named(await spoilt.send(client)) == {name}
        assert await fingerprint(connection) == before

    @pytest.mark.parametrize("operation", WRITES, ids=str)
    async def test_refuse_every_column_that_is_not_theirs(
        self, client: AsyncClient, call: Call, operation: Operation, connection: Connection
    ) -> None:
        columns = {column.name for table in Table.metadata.tables.values() for column in table.columns}
        surplus = sorted(columns - taken(operation).keys())
        before = await fingerprint(connection)
        for start in range(0, len(surplus), MAX_ERRORS):
            names = surplus[start : start + MAX_ERRORS]
            answer = await replace(call, body=call.body | dict.fromkeys(names, "admin")).send(client)
            assert named(answer) == set(names)
        assert await fingerprint(connection) == before

    def test_are_all_of_them(self) -> None:
        assert {"registerUser", "updateMe", "createUser", "updateUser", "createPost", "updatePost"} <= {
            operation.name for operation in WRITES
        }
        pairs = {f"{operation}-{name}" for operation, name in CASES}
        assert {"updateMe-role", "registerUser-is_active", "createPost-author", "updateComment-likes"} <= pairs
