"""What items, events and jobs notify of, and what becomes of all of it when somebody leaves."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from anyio import CancelScope
from httpx2 import AsyncClient

from app.accounts import departure
from app.db import transaction
from app.ids import new_id
from app.jobs.attempts import attempt
from app.jobs.registry import JobFailed, Kind, Running
from app.notifications import service
from app.posts.uploads import IMPORT
from app.sql import Connection
from app.tasks import kinds as kinds_of_jobs
from tests.comments.conftest import Recorder, statements
from tests.committed import Committed
from tests.factories import Factory
from tests.notifications.reading import comment, kinds, mute, of

__all__ = ["statements"]
THING = UUID(int=42)


async def told(connection: Connection) -> list[tuple[str, str]]:
    """Return what listeners are told, in no order."""
    rows = await connection.fetch("SELECT kind, topic FROM domain_events")
    return sorted((row["kind"], row["topic"]) for row in rows)


class TestItemSoldOut:
    async def test_the_owner_hears(self, client: AsyncClient, make: Factory, connection: Connection) -> None:
        owner = await make.member()
        await service.item_sold_out(connection, THING, owner.id, "A loom " * 40)
        (found,) = await of(client, owner)
        assert (found["kind"], found["item_id"], found["actor"]) == ("item_sold_out", str(THING), None)
        assert found["text"] == ("A loom " * 40)[:200]
        assert await told(connection) == [
            ("item.sold_out", f"item:{THING}"),
            ("notification.created", f"member:{owner.id}"),
        ]

    async def test_once_more_it_is_new_again(self, client: AsyncClient, make: Factory, connection: Connection) -> None:
        owner = await make.member()
        for title in ("A loom", "The loom"):
            await service.item_sold_out(connection, THING, owner.id, title)
            (found,) = await of(client, owner, unread="true")
            assert found["text"] == title
            await client.put("/notifications/read", headers=owner.headers)

    async def test_goes_with_the_item(self, client: AsyncClient, make: Factory, connection: Connection) -> None:
        owner = await make.member()
        await service.item_sold_out(connection, THING, owner.id, "A loom")
        await service.item_gone(connection, THING)
        assert await of(client, owner) == []

    async def test_switched_off_only_listeners_hear(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        owner = await make.member()
        await mute(client, owner, "item_sold_out")
        await service.item_sold_out(connection, THING, owner.id, "A loom")
        assert await of(client, owner) == []
        assert await told(connection) == [("item.sold_out", f"item:{THING}")]


class TestEventChanged:
    @pytest.mark.parametrize("cancelled", [False, True])
    async def test_attendees_hear_but_for_who_did_it(
        self, client: AsyncClient, make: Factory, connection: Connection, *, cancelled: bool
    ) -> None:
        attendees = [await make.member() for _ in range(3)]
        members = [member.id for member in attendees]
        organizer = attendees[0]
        await service.event_changed(
            connection, THING, [*members, members[1]], "A fair", actor_id=organizer.id, cancelled=cancelled
        )
        kind = "event_cancelled" if cancelled else "event_changed"
        for member in attendees[1:]:
            (found,) = await of(client, member)
            assert (found["kind"], found["event_id"], found["text"]) == (kind, str(THING), "A fair")
            assert found["actor"]["username"] == organizer.username
        assert await of(client, organizer) == []
        assert (kind.replace("_", "."), f"event:{THING}") in await told(connection)
        await service.event_gone(connection, THING)
        assert await kinds(client, attendees[1]) == ([kind] if cancelled else [])

    async def test_nobody_attends(self, connection: Connection) -> None:
        await service.event_changed(connection, THING, [], "A fair")
        assert await told(connection) == [("event.changed", f"event:{THING}")]

    async def test_a_thousand_take_one_statement(self, connection: Connection, statements: Recorder) -> None:
        rows = await connection.fetch(
            "INSERT INTO users (id, username, email, password_hash) SELECT gen_random_uuid(), 'crowd_' || n,"
            " 'crowd' || n || '@example.org', '' FROM generate_series(1, 1000) AS n RETURNING id"
        )
        await statements.taken()
        await service.event_changed(connection, THING, [row["id"] for row in rows], "A fair")
        assert len(await statements.taken()) == 1
        assert await connection.fetchval("SELECT count(DISTINCT id) FROM notifications") == 1000
        assert await connection.fetchval("SELECT count(*) FROM domain_events") == 1001


async def finish(connection: Connection, job_id: UUID, task: Any, *, tells: bool = True) -> None:
    """Let a job be done."""
    del connection
    kind = Kind("test.effect", task, 5, "", service.job_finished if tells else None)
    await attempt(kind, job_id, 1, CancelScope(), lambda: False)


async def succeed(_: dict[str, Any], __: Running) -> Mapping[str, Any]:
    return {"done": True}


async def fail(_: dict[str, Any], __: Running) -> Mapping[str, Any]:
    raise JobFailed("There is no such loom.", final=True)


class TestJobFinished:
    @pytest.mark.parametrize(("task", "status"), [(succeed, "succeeded"), (fail, "failed")])
    async def test_who_waits_hears_of_either_end(
        self, client: AsyncClient, make: Factory, connection: Connection, task: Any, status: str
    ) -> None:
        owner = await make.member()
        job_id = await make.job(owner)
        await finish(connection, job_id, task)
        (found,) = await of(client, owner)
        assert (found["kind"], found["job_id"]) == ("job_finished", str(job_id))
        assert found["text"] == f"test.effect: {status}"
        assert ("job.finished", f"member:{owner.id}") in await told(connection)

    async def test_nobody_hears_of_what_nobody_waits_for(self, make: Factory, connection: Connection) -> None:
        await finish(connection, await make.job(), succeed)
        await finish(connection, await make.job(await make.member()), succeed, tells=False)
        assert await told(connection) == []

    async def test_nobody_hears_of_an_attempt(self, make: Factory, connection: Connection) -> None:
        async def stumble(_: dict[str, Any], __: Running) -> Mapping[str, Any]:
            raise JobFailed("Once more.")

        await finish(connection, await make.job(await make.member()), stumble)
        assert await told(connection) == []

    def test_imports_are_waited_for(self) -> None:
        assert [kind.name for kind in kinds_of_jobs() if kind.tells] == [IMPORT]


class TestDeparture:
    async def test_takes_along_what_the_member_said(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        stays, leaves, third = [await make.member() for _ in range(3)]
        post_id = await make.post(stays)
        said = await comment(client, leaves, post_id, f"Ask @{third.username}.")
        await comment(client, stays, post_id, parent_id=said)
        for member in (leaves, third):
            await client.put(f"/posts/{post_id}/like", headers=member.headers)
        await connection.execute("DELETE FROM domain_events")
        async with connection.transaction():
            await departure.lock_things(connection, leaves.id)
            await departure.take_apart(connection, leaves.id)
        assert await of(client, third) == []
        (found,) = await of(client, stays)
        assert (found["kind"], found["count"], found["actor"]["username"]) == ("like", 1, third.username)
        assert await told(connection) == [("comment.deleted", f"post:{post_id}")]
        left = await connection.fetchval("SELECT count(*) FROM notifications WHERE member_id = $1", leaves.id)
        assert left == 0

    async def test_holds_nobody_up(self, committed: Committed) -> None:
        """Whoever likes what somebody wrote who is just leaving does not wait, and is in nobody's way."""
        leaves, reader = await committed.make.member(), await committed.make.member()
        comment_id = await committed.make.comment(await committed.make.post(), leaves)
        going = committed.connection.transaction()
        await going.start()
        await committed.connection.execute("SELECT FROM users WHERE id = $1 FOR UPDATE", leaves.id)
        liked = committed.client.put(f"/comments/{comment_id}/like", headers=reader.headers)
        answer = await asyncio.wait_for(liked, 5)
        assert answer.status_code == 204
        await going.rollback()
        assert await of(committed.client, leaves) == []


class Fault(Exception):
    """What a transaction ends with that is not to be."""


class TestTransaction:
    async def test_nothing_is_told_of_what_is_rolled_back(self, committed: Committed) -> None:
        owner = await committed.make.member()

        async def fault() -> None:
            async with transaction() as connection:
                await service.item_sold_out(connection, new_id(), owner.id, "A loom")
                raise Fault

        with suppress(Fault):
            await fault()
        for table in ("notifications", "domain_events"):
            assert await committed.connection.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - Names of ours.

    async def test_nothing_is_done_that_cannot_be_told(self, committed: Committed) -> None:
        author, reader = await committed.make.member(), await committed.make.member()
        post_id = await committed.make.post(author)
        await committed.connection.execute("ALTER TABLE domain_events ADD CONSTRAINT fault CHECK (false) NOT VALID")
        try:
            path = f"/posts/{post_id}/comments"
            answers = [
                await committed.client.post(path, headers=reader.headers, json={"content": "Looms, yes."}),
                await committed.client.put(f"/posts/{post_id}/like", headers=reader.headers),
            ]
        finally:
            await committed.connection.execute("ALTER TABLE domain_events DROP CONSTRAINT fault")
        assert all(answer.status_code >= 400 for answer in answers)
        for table in ("comments", "post_likes", "notifications", "domain_events"):
            assert await committed.connection.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - Names of ours.
