"""importPosts: how many files of a member are received, and how many wait."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from httpx2 import AsyncClient, Response

from app.contract import BASE_PATH
from app.posts.uploads import MAX_IMPORTS
from app.sql import Connection
from tests.committed import Committed, at_once
from tests.contract.requests import fingerprint
from tests.posts.importing import counts, line, send, work
from tests.workers.process import until


def outcomes(answers: Sequence[Response]) -> dict[tuple[int, str | None], int]:
    """Return how often each status and code was answered."""
    found: dict[tuple[int, str | None], int] = {}
    for answer in answers:
        told = answer.status_code, answer.json().get("code")
        found[told] = found.get(told, 0) + 1
    return found


async def all_received(connection: Connection) -> bool:
    """Whether as many files are being received as may be."""
    return await connection.fetchval("SELECT count(*) = $1 FROM post_imports WHERE job_id IS NULL", MAX_IMPORTS)


@pytest.mark.actor("user")
class TestWaiting:
    async def test_one_more_is_refused_and_nothing_of_it_kept(
        self, client: AsyncClient, connection: Connection
    ) -> None:
        for _ in range(MAX_IMPORTS):
            assert (await send(client, line())).status_code == 202
        before = await fingerprint(connection)
        answer = await send(client, line())
        assert (answer.status_code, answer.json()["code"]) == (409, "too_many_imports")
        assert await fingerprint(connection) == before

    async def test_one_that_is_sent_again_is_answered_as_before(self, client: AsyncClient) -> None:
        key = {"Idempotency-Key": "the-old-journal"}
        first = await send(client, line(), key)
        for _ in range(MAX_IMPORTS - 1):
            await send(client, line())
        again = await send(client, line(), key)
        assert (again.status_code, again.json()) == (202, first.json())
        assert again.headers["idempotent-replayed"] == "true"

    async def test_one_that_is_refused_may_come_later_under_its_key(
        self, client: AsyncClient, connection: Connection
    ) -> None:
        key = {"Idempotency-Key": "the-old-journal"}
        first, *_ = [await send(client, line()) for _ in range(MAX_IMPORTS)]
        assert (await send(client, line(), key)).status_code == 409
        await client.put(f"{first.headers['location'].removeprefix(BASE_PATH)}/cancellation")
        assert (await send(client, line(), key)).status_code == 202
        # What was received of the cancelled one has gone with it.
        assert await connection.fetchval("SELECT count(*) FROM post_import_pieces") == MAX_IMPORTS

    async def test_one_that_has_ended_makes_room(self, client: AsyncClient, connection: Connection) -> None:
        first, *_ = [await send(client, line()) for _ in range(MAX_IMPORTS)]
        assert counts(await work(connection, first)) == (1, 1, 0, 0)
        await connection.execute(
            "UPDATE jobs SET status = 'succeeded', finished_at = now() WHERE kind = 'posts.import'"
        )
        assert (await send(client, line())).status_code == 202


class TestAtOnce:
    async def test_as_many_are_received_as_may_be(self, committed: Committed) -> None:
        member, other = await committed.make.member(), await committed.make.member()
        going_on = asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield line() * 30_000
            await going_on.wait()
            yield line()

        held = [asyncio.create_task(send(committed.client, slow(), member.headers)) for _ in range(MAX_IMPORTS)]
        await until(lambda: all_received(committed.connection))
        refused = await send(committed.client, line(), member.headers)
        assert (refused.status_code, refused.json()["code"]) == (409, "too_many_imports")
        # Others are not concerned.
        assert (await send(committed.client, line(), other.headers)).status_code == 202
        going_on.set()
        assert outcomes(await asyncio.gather(*held)) == {(202, None): MAX_IMPORTS}

    async def test_no_more_wait_than_may_be(self, committed: Committed) -> None:
        member = await committed.make.member()
        answers = await at_once(send(committed.client, line(), member.headers) for _ in range(4 * MAX_IMPORTS))
        found = outcomes(answers)
        assert found.keys() <= {(202, None), (409, "too_many_imports")}
        assert 1 <= found[202, None] <= MAX_IMPORTS
        kept = await committed.connection.fetch("SELECT job_id FROM post_imports")
        assert len([row for row in kept if row["job_id"]]) == len(kept) == found[202, None]
