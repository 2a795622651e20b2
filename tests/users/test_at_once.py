"""Accounts under concurrency: administrators against each other, and members who leave while they write."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from httpx2 import AsyncClient, Response

from app.accounts import service
from app.sql import Connection
from tests.committed import Committed, at_once
from tests.factories import Member
from tests.users.test_administration import patch
from tests.users.test_leaving import assert_exact, count, delete_me

pytestmark = pytest.mark.xdist_group("committed")

Act = Callable[[AsyncClient, Member, Member], Awaitable[Response]]
ADMINS = "SELECT count(*) FROM users WHERE role = 'admin' AND is_active"
# Those of this database: other workers' tests wait on the same server.
WAITING = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()
"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
MERGE_PATCH = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}


def demote(client: AsyncClient, by: Member, whom: Member) -> Awaitable[Response]:
    return patch(client, whom.id, {"role": "user"}, **by.headers)


def close(client: AsyncClient, by: Member, whom: Member) -> Awaitable[Response]:
    return patch(client, whom.id, {"is_active": False}, **by.headers)


def delete(client: AsyncClient, by: Member, whom: Member) -> Awaitable[Response]:
    return client.delete(f"/users/{whom.id}", headers=by.headers | {"If-Match": "*"})


def leave(client: AsyncClient, by: Member, whom: Member) -> Awaitable[Response]:
    del by
    return delete_me(client, **whom.headers)


async def waiting(connection: Connection, number: int) -> None:
    """Wait until so many transactions wait for their turn."""
    while await connection.fetchval(WAITING) < number:  # noqa: ASYNC110 - The database sets no event of ours.
        await asyncio.sleep(0.01)


class TestLastAdmin:
    @pytest.mark.parametrize("second", [demote, close, delete, leave])
    @pytest.mark.parametrize("first", [demote, close, delete, leave])
    async def test_of_two_who_take_each_other_away_one_stays(
        self, committed: Committed, first: Act, second: Act
    ) -> None:
        one, other = [await committed.make.member("admin") for _ in range(2)]
        # Both have been let in as administrators, and wait for the turn that the test holds.
        async with asyncio.timeout(10), committed.connection.transaction():
            await committed.connection.fetch(service.TAKE_TURNS.sql)
            calls = [
                asyncio.ensure_future(first(committed.client, one, other)),
                asyncio.ensure_future(second(committed.client, other, one)),
            ]
            await waiting(committed.connection, 2)
        answers = await asyncio.gather(*calls)
        (refused,) = [answer for answer in answers if not answer.is_success]
        # Whose account is closed or gone by then is nobody any more; which of the two comes first is left to chance.
        assert refused.json()["code"] in {"last_admin", "invalid_token"}
        assert await committed.connection.fetchval(ADMINS) == 1

    async def test_of_many_at_once_one_stays(self, committed: Committed) -> None:
        chance = random.Random(1815)  # noqa: S311 - A shuffle that repeats.
        admins = [await committed.make.member("admin") for _ in range(6)]
        acts = [demote, close, delete, leave]
        before = await committed.connection.fetchval(DEADLOCKS)
        for _ in range(5):
            calls = [chance.choice(acts)(committed.client, *chance.sample(admins, 2)) for _ in range(8)]
            statuses = Counter(answer.status_code for answer in await at_once(calls))
            assert statuses.keys() <= {200, 204, 401, 403, 404, 409}, statuses
            assert await committed.connection.fetchval(ADMINS) >= 1
        assert await committed.connection.fetchval(ADMINS) == 1
        assert await committed.connection.fetchval(DEADLOCKS) == before


class TestLeaving:
    async def test_while_everybody_writes_leaves_every_counter_exact(self, committed: Committed) -> None:
        chance = random.Random(1852)  # noqa: S311 - As above.
        names = ("looms", "cards", "engines")
        for name in names:
            await committed.make.tag(name)
        members = [await committed.make.member() for _ in range(8)]
        posts = [await committed.make.post(author, tags=chance.sample(names, 2)) for author in members for _ in "12"]
        comments = [await committed.make.comment(chance.choice(posts), chance.choice(members)) for _ in range(20)]
        await count(committed.connection)

        def write(member: Member) -> Awaitable[Response]:
            post, comment = chance.choice(posts), chance.choice(comments)
            calls = [
                ("PUT", f"/posts/{post}/like", None),
                ("DELETE", f"/posts/{post}/publication", None),
                ("PUT", f"/posts/{post}/publication", None),
                ("PATCH", f"/posts/{post}", {"tags": chance.sample(names, 2)}),
                ("POST", f"/posts/{post}/comments", {"content": "Who weaves the cards?"}),
                ("PUT", f"/comments/{comment}/like", None),
                ("DELETE", f"/comments/{comment}", None),
            ]
            method, path, body = chance.choice(calls)
            headers = member.headers | {"If-Match": "*"}
            if method == "PATCH":
                headers |= MERGE_PATCH
            return committed.client.request(method, path, json=body, headers=headers)

        seen: Counter[int] = Counter()
        for leaver in members[:5]:
            staying = [member for member in members if member is not leaver]
            calls = [write(chance.choice(staying)) for _ in range(25)]
            calls.insert(12, delete_me(committed.client, **leaver.headers))
            seen += Counter(answer.status_code for answer in await at_once(calls))
            members = staying
        # Steps that do not follow, and what has gone meanwhile, are answers; 503 would be a deadlock.
        assert seen.keys() <= {200, 201, 204, 403, 404, 409}, seen
        assert seen[204] >= 5
        assert await committed.connection.fetchval("SELECT count(*) FROM users") == 3
        await assert_exact(committed.connection)

    async def test_while_the_leaver_writes_leaves_nothing_behind(self, committed: Committed) -> None:
        for _ in range(5):
            leaver = await committed.make.member()
            post = await committed.make.post()
            await count(committed.connection)
            calls = [
                committed.client.post(
                    f"/posts/{post}/comments", json={"content": "Who weaves?"}, headers=leaver.headers
                )
                for _ in range(6)
            ]
            calls.insert(3, delete_me(committed.client, **leaver.headers))
            answers = await at_once(calls)
            # Who answers the same post for the first time while leaving may have to try again; nothing is half done.
            assert answers[3].status_code in (204, 503)
            if answers[3].status_code == 204:
                assert await committed.connection.fetchval("SELECT count(*) FROM comments") == 0
            await assert_exact(committed.connection)
            await committed.connection.execute("DELETE FROM comments")
            await count(committed.connection)
