"""What every operation promises in the same way for reading again and for sending again."""

from dataclasses import replace
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.committed import Committed
from tests.contract.document import Operation, operations, resolve
from tests.contract.requests import Call, sample, valid_call

KEY = "8e03978e-40d5-43e8-bc93-6894a57f9324"
CONDITIONAL = [item for item in operations() if "If-None-Match" in item.named("header")]
# Made, or going to be.
ACCEPTED = (201, 202)
CREATING = [item for item in operations() if "Idempotency-Key" in item.named("header")]


def other_body(operation: Operation, body: Any) -> Any:
    """Return the body with one more member that the contract allows, or a longer text or list, or one more line."""
    if isinstance(body, str):
        return body * 2
    properties = resolve(operation.content[operation.media_type]["schema"])["properties"]
    for name in properties:
        if name not in body:
            return body | {name: sample(properties[name])}
    for name, value in body.items():
        if isinstance(value, list):
            return body | {name: [*value, *value]}
    name = next(name for name in ("text", "title") if name in body)
    return body | {name: f"{body[name]} And more."}


class TestReadingAgain:
    @pytest.mark.parametrize("operation", CONDITIONAL, ids=str)
    async def test_is_304_while_nothing_has_changed(self, client: AsyncClient, call: Call) -> None:
        first = await call.send(client)
        tag = first.headers["ETag"]
        for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = await call.with_headers(If_None_Match=condition).send(client)
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)

    @pytest.mark.parametrize("operation", CONDITIONAL, ids=str)
    async def test_is_200_for_another_version(self, client: AsyncClient, call: Call) -> None:
        first = await call.send(client)
        again = await call.with_headers(If_None_Match='"0-00000000"').send(client)
        assert (again.status_code, again.content) == (200, first.content)


class TestSendingAgain:
    @pytest.mark.parametrize("operation", CREATING, ids=str)
    async def test_with_the_same_key_gives_the_first_answer(self, client: AsyncClient, call: Call) -> None:
        keyed = call.with_headers(Idempotency_Key=KEY)
        first, again = await keyed.send(client), await keyed.send(client)
        assert first.status_code == again.status_code
        assert first.status_code in ACCEPTED
        assert again.json() == first.json()
        assert [answer.headers.get("Idempotent-Replayed") for answer in (first, again)] == [None, "true"]
        assert all(again.headers.get(name) == first.headers.get(name) for name in ("ETag", "Location"))

    @pytest.mark.parametrize("operation", CREATING, ids=str)
    async def test_with_the_same_key_and_another_body_is_422(
        self, client: AsyncClient, call: Call, operation: Operation
    ) -> None:
        keyed = call.with_headers(Idempotency_Key=KEY)
        assert (await keyed.send(client)).status_code in ACCEPTED
        answer = await replace(keyed, body=other_body(operation, call.body)).send(client)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")

    @pytest.mark.parametrize("operation", CREATING, ids=str)
    async def test_while_the_first_is_running_is_409(self, committed: Committed, operation: Operation) -> None:
        author = await committed.make.member(role="admin")
        keyed = (await valid_call(operation, committed.make, author)).with_headers(Idempotency_Key=KEY)
        assert (await keyed.send(committed.client)).status_code in ACCEPTED
        record: bytes = await committed.connection.fetchval("DELETE FROM idempotency_records RETURNING id")
        async with committed.connection.transaction():
            # What the first request holds until it ends.
            lock = int.from_bytes(record[:8], signed=True)
            await committed.connection.execute("SELECT pg_advisory_xact_lock($1)", lock)
            answer = await keyed.send(committed.client)
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_progress")
