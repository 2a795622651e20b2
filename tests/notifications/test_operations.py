"""listNotifications, getNotificationCounts, the marks and the preferences."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from app.ids import new_id
from app.jobs.registry import Running
from app.notifications import tasks
from app.sql import Connection
from generated.models import NotificationKind
from tests.committed import Committed
from tests.factories import Factory, Member
from tests.notifications.reading import mute, of

KINDS = [kind.value for kind in NotificationKind]
PREFERENCES = "/users/me/notification-preferences"
MERGE = {"Content-Type": "application/merge-patch+json"}


async def one_of_each(make: Factory, member: Member) -> dict[str, UUID]:
    """Make an unread notification of each kind."""
    post_id = await make.post(member)
    comment_id = await make.comment(post_id)
    things: dict[str, dict[str, Any]] = {kind: {"text": "A thing"} for kind in KINDS}
    things |= {kind: {"comment_id": comment_id, "text": None} for kind in ("comment", "reply")}
    things |= {kind: {"post_id": post_id, "text": None} for kind in ("like", "mention")}
    things["job_finished"] = {"job_id": await make.job(member), "text": "posts.import: succeeded"}
    return {kind: await make.notification(member, kind=kind, **given) for kind, given in things.items()}


@pytest.mark.actor("user")
class TestListNotifications:
    async def test_every_kind_is_shown_and_can_be_asked_for(
        self, client: AsyncClient, make: Factory, actor: Member
    ) -> None:
        made = await one_of_each(make, actor)
        found = {notification["kind"]: notification for notification in await of(client, actor)}
        assert sorted(found) == sorted(KINDS)
        for kind, identifier in made.items():
            assert await of(client, actor, kind=kind) == [found[kind]]
            assert found[kind]["id"] == str(identifier)
            assert found[kind]["text"]
        assert all(found[kind]["event_id"] for kind in ("event_changed", "event_cancelled"))
        assert (found["item_sold_out"]["item_id"] is None, found["job_finished"]["job_id"] is None) == (False, False)

    async def test_read_and_unread_are_told_apart(self, client: AsyncClient, make: Factory, actor: Member) -> None:
        read = await make.notification(actor, read_at=datetime.now(UTC))
        unread = await make.notification(actor)
        assert [found["id"] for found in await of(client, actor, unread="true")] == [str(unread)]
        assert [found["id"] for found in await of(client, actor, unread="false")] == [str(read)]

    async def test_anothers_are_nobodys_business(self, client: AsyncClient, make: Factory, actor: Member) -> None:
        other = await make.member("admin")
        identifier = await make.notification(other)
        assert await of(client, actor) == []
        counts = (await client.get("/notifications/counts")).json()
        assert (counts["unread"], set(counts["kinds"].values())) == (0, {0})
        for method in ("PUT", "DELETE"):
            answer = await client.request(method, f"/notifications/{identifier}/read")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        await client.put("/notifications/read")
        assert [found["read_at"] for found in await of(client, other)] == [None]

    async def test_what_should_have_been_withheld_says_nothing(
        self, client: AsyncClient, make: Factory, actor: Member
    ) -> None:
        comment_id = await make.comment(await make.post(), status="rejected")
        await make.notification(actor, kind="reply", comment_id=comment_id, text=None)
        assert [found["text"] for found in await of(client, actor)] == [None]

    async def test_who_has_gone_is_not_named(
        self, client: AsyncClient, make: Factory, actor: Member, connection: Connection
    ) -> None:
        other = await make.member()
        await make.notification(actor, actor_id=other.id)
        await connection.execute("DELETE FROM users WHERE id = $1", other.id)
        assert [found["actor"] for found in await of(client, actor)] == [None]


@pytest.mark.actor("user")
class TestGetNotificationCounts:
    async def test_counts_what_is_unread(self, client: AsyncClient, make: Factory, actor: Member) -> None:
        await one_of_each(make, actor)
        await make.notification(actor)
        await make.notification(actor, read_at=datetime.now(UTC))
        await make.notification(actor, withheld=1)
        answer = (await client.get("/notifications/counts")).json()
        assert answer == {"unread": 9, "kinds": dict.fromkeys(KINDS, 1) | {"item_sold_out": 2}}

    async def test_counts_as_many_as_a_thousand(
        self, client: AsyncClient, actor: Member, connection: Connection
    ) -> None:
        await connection.execute(
            "INSERT INTO notifications (id, member_id, kind, subject_id)"
            " SELECT gen_random_uuid(), $1, 'like', gen_random_uuid() FROM generate_series(1, 1005)",
            actor.id,
        )
        answer = (await client.get("/notifications/counts")).json()
        assert (answer["unread"], answer["kinds"]["like"]) == (1000, 1000)


@pytest.mark.actor("user")
class TestMarkNotification:
    async def test_read_and_unread_again(self, client: AsyncClient, make: Factory, actor: Member) -> None:
        path = f"/notifications/{await make.notification(actor)}/read"
        for _ in range(2):
            assert (await client.put(path)).status_code == 204
            (found,) = await of(client, actor)
            assert found["read_at"] is not None
        for _ in range(2):
            assert (await client.delete(path)).status_code == 204
            (found,) = await of(client, actor)
            assert found["read_at"] is None

    async def test_the_time_of_reading_is_the_first(self, client: AsyncClient, make: Factory, actor: Member) -> None:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        identifier = await make.notification(actor, read_at=moment)
        await client.put(f"/notifications/{identifier}/read")
        await client.put("/notifications/read")
        assert [found["read_at"] for found in await of(client, actor)] == ["2026-01-01T00:00:00Z"]


@pytest.mark.actor("user")
class TestMarkNotificationsRead:
    @pytest.mark.parametrize(
        ("query", "left"),
        [
            ({}, set[str]()),
            ({"kind": "like"}, {"old reply", "new reply"}),
            ({"until": "2026-01-02T00:00:00Z"}, {"new like", "new reply"}),
            ({"until": "2026-01-02T00:00:00Z", "kind": "reply"}, {"new like", "new reply", "old like"}),
        ],
    )
    async def test_leaves_what_was_not_meant(
        self, client: AsyncClient, make: Factory, actor: Member, query: dict[str, str], left: set[str]
    ) -> None:
        for age, day in (("old", 1), ("new", 3)):
            for kind in ("like", "reply"):
                moment = datetime(2026, 1, day, tzinfo=UTC)
                await make.notification(actor, kind=kind, created_at=moment, text=f"{age} {kind}")
        assert (await client.put("/notifications/read", params=query)).status_code == 204
        assert {found["text"] for found in await of(client, actor, unread="true")} == left


def without_date(answer: Response) -> dict[str, Any]:
    """Return the preferences; that they are dated is a test for all operations."""
    return {name: value for name, value in answer.json().items() if name != "updated_at"}


@pytest.mark.actor("user")
class TestPreferences:
    async def test_everything_is_on_at_first(self, client: AsyncClient) -> None:
        answer = await client.get(PREFERENCES)
        assert answer.json() == dict.fromkeys(KINDS, True) | {"version": 1, "updated_at": None}
        again = await client.get(PREFERENCES, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304

    async def test_are_changed_one_by_one(self, client: AsyncClient) -> None:
        tag = (await client.get(PREFERENCES)).headers["ETag"]
        answer = await client.patch(PREFERENCES, headers=MERGE | {"If-Match": tag}, json={"like": False})
        assert without_date(answer) == dict.fromkeys(KINDS, True) | {"like": False, "version": 2}
        stale = await client.patch(PREFERENCES, headers=MERGE | {"If-Match": tag}, json={"like": True})
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
        changes = {"like": True, "reply": False}
        fresh = MERGE | {"If-Match": answer.headers["ETag"]}
        answer = await client.patch(PREFERENCES, headers=fresh, json=changes)
        assert answer.json() == (await client.get(PREFERENCES)).json()
        assert without_date(answer) == dict.fromkeys(KINDS, True) | {"reply": False, "version": 3}

    @pytest.mark.parametrize("wrong", [{"like": None}, {"likes": True}, {"like": "no"}, {"version": 3}, {}])
    async def test_nothing_else_is_taken(self, client: AsyncClient, wrong: dict[str, Any]) -> None:
        answer = await client.patch(PREFERENCES, headers=MERGE | {"If-Match": "*"}, json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        assert (await client.get(PREFERENCES)).json()["version"] == 1

    async def test_what_has_been_written_stays(self, client: AsyncClient, make: Factory, actor: Member) -> None:
        await make.notification(actor, kind="like")
        await mute(client, actor, "like")
        assert [found["kind"] for found in await of(client, actor)] == ["like"]


class TestRemoveOld:
    async def test_keeps_ninety_days(self, committed: Committed) -> None:
        member = await committed.make.member()
        now = datetime.now(UTC)
        await committed.make.notification(member, created_at=now - timedelta(days=91))
        kept = await committed.make.notification(member, created_at=now - timedelta(days=89))

        async def nobody(*_: object) -> None:
            """Nothing is reported."""

        assert await tasks.remove_old({}, Running(new_id(), "old", 1, None, nobody)) == {"notifications": 1}
        assert await committed.connection.fetchval("SELECT id FROM notifications") == kept
