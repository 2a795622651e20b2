"""A job is there if, and only if, what caused it is there."""

import asyncio
from typing import Any

import asyncpg
import pytest
from asyncpg import Record

from app import db
from app.current import Current, begin
from app.jobs import service
from app.jobs.queue import CHANNEL
from app.sql import Connection
from tests.committed import Committed
from tests.factories import Factory

KIND = "test.effect"


class Undone(Exception):
    pass


async def _rows(connection: Connection) -> tuple[list[Record], list[Record]]:
    return await connection.fetch("SELECT * FROM jobs"), await connection.fetch("SELECT * FROM queue.pgqueuer")


async def _enqueue_and_fail(number: int, key: str | None = None) -> None:
    async with db.transaction() as connection:
        await service.enqueue(connection, KIND, {"number": number}, key=key)
        raise Undone


async def _listen(committed: Committed, heard: asyncio.Event) -> None:
    def hear(*_: object) -> None:
        heard.set()

    await committed.raw.add_listener(CHANNEL, hear)


class TestTransaction:
    async def test_that_is_rolled_back_leaves_no_job(self, committed: Committed) -> None:
        heard = asyncio.Event()
        await _listen(committed, heard)
        for start in range(0, 500, 50):
            calls = (_enqueue_and_fail(number) for number in range(start, start + 50))
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [Undone] * 50
        assert await _rows(committed.connection) == ([], [])
        assert await committed.connection.fetchval("SELECT count(*) FROM queue.pgqueuer_log") == 0
        assert not heard.is_set()

    async def test_that_commits_leaves_one_and_wakes_the_workers(self, committed: Committed) -> None:
        heard = asyncio.Event()
        await _listen(committed, heard)
        async with db.transaction() as connection:
            job_id = await service.enqueue(connection, KIND, {"text": "weave"})
            await asyncio.sleep(0.05)
            assert not heard.is_set()
        await asyncio.wait_for(heard.wait(), 5)
        jobs, messages = await _rows(committed.connection)
        assert [(job["id"], job["status"], job["attempts"]) for job in jobs] == [(job_id, "queued", 0)]
        assert [(row["entrypoint"], row["payload"].decode()) for row in messages] == [(KIND, f"{job_id}/1")]

    async def test_pays_one_statement_for_it(self, committed: Committed) -> None:
        statements: list[str] = []
        with committed.raw.query_logger(lambda query: statements.append(query.query)):
            async with committed.raw.transaction():
                await service.enqueue(committed.connection, KIND, {}, key="one")
        kept = [text for text in statements if text.split()[0].rstrip(";") not in ("BEGIN", "COMMIT")]
        assert len(kept) == 1


class TestKey:
    async def test_used_again_is_the_same_job(self, committed: Committed) -> None:
        first = await service.enqueue(committed.connection, KIND, {"text": "first"}, key="only")
        assert await service.enqueue(committed.connection, KIND, {"text": "second"}, key="only") == first
        assert await service.enqueue(committed.connection, KIND, {}) != first
        jobs, messages = await _rows(committed.connection)
        assert (len(jobs), len(messages)) == (2, 2)

    async def test_used_at_once_is_the_same_job(self, committed: Committed) -> None:
        async def one(number: int) -> Any:
            async with db.transaction() as connection:
                return await service.enqueue(connection, KIND, {"number": number}, key="only")

        found = await asyncio.gather(*(one(number) for number in range(40)))
        assert len(set(found)) == 1
        jobs, messages = await _rows(committed.connection)
        assert (len(jobs), len(messages)) == (1, 1)

    async def test_of_a_transaction_that_fails_is_free_again(self, committed: Committed) -> None:
        with pytest.raises(Undone):
            await _enqueue_and_fail(1, key="only")
        kept = await service.enqueue(committed.connection, KIND, {}, key="only")
        assert [job["id"] for job in (await _rows(committed.connection))[0]] == [kept]


class TestRow:
    async def test_knows_its_request_and_its_owner(self, connection: Connection, make: Factory) -> None:
        begin(Current(request_id="from-a-request"))
        owner = await make.member()
        job_id = await service.enqueue(connection, KIND, {"text": "ä\u2028"}, owner_id=owner.id)
        row = await connection.fetchrow("SELECT * FROM jobs WHERE id = $1", job_id)
        assert row is not None
        assert (row["request_id"], row["owner_id"]) == ("from-a-request", owner.id)
        assert row["payload"] == '{"text": "ä\u2028"}'
        await connection.execute("DELETE FROM users WHERE id = $1", owner.id)
        assert await connection.fetchval("SELECT owner_id FROM jobs WHERE id = $1", job_id) is None

    @pytest.mark.parametrize(("column", "value"), [("status", "'lost'"), ("progress", "101")])
    async def test_is_never_what_it_cannot_be(self, connection: Connection, column: str, value: str) -> None:
        job_id = await service.enqueue(connection, KIND, {})
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(f"UPDATE jobs SET {column} = {value} WHERE id = $1", job_id)  # noqa: S608
