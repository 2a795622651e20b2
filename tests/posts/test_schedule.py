"""publishPost at a later time: what can be scheduled, moved and cancelled, and what its job does."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from asyncpg import Record
from httpx2 import AsyncClient, Response

from app.jobs.registry import Running
from app.posts import tasks
from app.sql import Connection
from tests.factories import Factory, Member

PATCH = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}


@pytest.fixture
async def author(make: Factory) -> Member:
    return await make.member()


@pytest.fixture
async def post_id(make: Factory, author: Member) -> UUID:
    await make.tag("looms")
    return await make.post(author, status="draft", tags=["looms"], title="The engine weaves", slug="the-engine-weaves")


def ahead(**given: float) -> datetime:
    """Return a time to come; its microseconds are kept, too."""
    return datetime.now(UTC) + timedelta(**given or {"days": 3})


async def schedule(client: AsyncClient, post_id: UUID, who: Member, publish_at: datetime | str) -> Response:
    text = publish_at if isinstance(publish_at, str) else publish_at.isoformat()
    return await client.put(f"/posts/{post_id}/publication", json={"publish_at": text}, headers=who.headers)


async def jobs(connection: Connection) -> list[Record]:
    return await connection.fetch("SELECT * FROM jobs WHERE kind = 'posts.publish' ORDER BY id")


async def queued(connection: Connection) -> list[Record]:
    return await connection.fetch("SELECT * FROM queue.pgqueuer WHERE entrypoint = 'posts.publish'")


async def work(connection: Connection, job: Record) -> Any:
    """Do a job as a worker would, whatever the time."""
    del connection

    async def report(*_: object) -> None:
        return

    return await tasks.publish(orjson.loads(job["payload"]), Running(job["id"], "key", 1, None, report))


class TestPublishPost:
    async def test_later_hides_it_until_then(
        self, client: AsyncClient, connection: Connection, make: Factory, author: Member, post_id: UUID
    ) -> None:
        publish_at = ahead()
        answer = await schedule(client, post_id, author, publish_at)
        post = answer.json()
        assert (answer.status_code, post["status"], post["version"]) == (200, "scheduled", 2)
        assert (datetime.fromisoformat(post["publish_at"]), post["published_at"]) == (publish_at, None)
        for stranger in (None, await make.member(), await make.member("manager")):
            headers = stranger.headers if stranger else {}
            assert (await client.get(f"/posts/{post_id}", headers=headers)).status_code == 404
            assert (await client.get("/posts/by-slug/the-engine-weaves", headers=headers)).status_code == 404
            assert (await client.get(f"/posts/{post_id}/comments", headers=headers)).status_code == 404
        moderator = await make.member("moderator")
        assert (await client.get(f"/posts/{post_id}", headers=moderator.headers)).json() == post
        assert (await client.get("/posts")).json()["items"] == []
        listed = await client.get("/posts", params={"status": "scheduled"}, headers=author.headers)
        assert [item["publish_at"] for item in listed.json()["items"]] == [post["publish_at"]]
        assert await connection.fetchval("SELECT post_count FROM tags") == 0

    async def test_queues_a_job_for_that_moment(
        self, client: AsyncClient, connection: Connection, author: Member, post_id: UUID
    ) -> None:
        publish_at = ahead()
        await schedule(client, post_id, author, publish_at)
        (job,), (message,) = await jobs(connection), await queued(connection)
        assert (job["run_after"], message["execute_after"]) == (publish_at, publish_at)
        assert (job["status"], job["owner_id"]) == ("queued", None)
        assert (await client.get(f"/jobs/{job['id']}", headers=author.headers)).status_code == 404

    async def test_repeated_changes_nothing(
        self, client: AsyncClient, connection: Connection, author: Member, post_id: UUID
    ) -> None:
        publish_at = ahead()
        first, second = [await schedule(client, post_id, author, publish_at) for _ in range(2)]
        assert (second.status_code, second.json()) == (200, first.json())
        assert len(await jobs(connection)) == 1

    async def test_moves_the_schedule(
        self, client: AsyncClient, connection: Connection, author: Member, post_id: UUID
    ) -> None:
        await schedule(client, post_id, author, ahead())
        sooner = ahead(hours=1)
        moved = (await schedule(client, post_id, author, sooner)).json()
        assert (datetime.fromisoformat(moved["publish_at"]), moved["version"]) == (sooner, 3)
        assert [job["status"] for job in await jobs(connection)] == ["cancelled", "queued"]
        (message,) = await queued(connection)
        assert message["execute_after"] == sooner

    async def test_now_after_all_cancels_the_schedule(
        self, client: AsyncClient, connection: Connection, author: Member, post_id: UUID
    ) -> None:
        await schedule(client, post_id, author, ahead())
        post = (await client.put(f"/posts/{post_id}/publication", headers=author.headers)).json()
        assert (post["status"], post["publish_at"]) == ("published", None)
        assert abs(datetime.now(UTC) - datetime.fromisoformat(post["published_at"])) < timedelta(minutes=1)
        assert [job["status"] for job in await jobs(connection)] == ["cancelled"]
        assert await queued(connection) == []

    async def test_an_empty_body_means_now(self, client: AsyncClient, author: Member, post_id: UUID) -> None:
        answer = await client.put(f"/posts/{post_id}/publication", json={}, headers=author.headers)
        assert answer.json()["status"] == "published"

    @pytest.mark.parametrize(
        ("publish_at", "code"),
        [
            ("2020-01-01T00:00:00Z", "time_is_over"),
            ("1970-01-01T00:00:00Z", "time_is_over"),
            ("0002-01-01T00:00:00Z", "time_is_over"),
            ("2999-01-01T00:00:00Z", "too_far_ahead"),
            ("9998-12-31T23:59:59-12:00", "too_far_ahead"),
            ("9999-12-31T23:59:59Z", "too_far_ahead"),
            ("9999-12-31T23:59:59-12:00", "timestamp_range"),
            ("2030-01-01T00:00:00", "timestamp_format"),
            ("2030-01-01", "timestamp_format"),
            ("soon", "timestamp_format"),
            (1893456000, "timestamp_format"),
            (None, "timestamp_format"),
        ],
    )
    async def test_needs_a_time_that_comes_and_can_be_meant(
        self, client: AsyncClient, author: Member, post_id: UUID, publish_at: object, code: str
    ) -> None:
        answer = await client.put(
            f"/posts/{post_id}/publication", json={"publish_at": publish_at}, headers=author.headers
        )
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["pointer"], error["code"]) == (422, "/publish_at", code)
        read = await client.get(f"/posts/{post_id}", headers=author.headers)
        assert (read.json()["status"], read.json()["version"]) == ("draft", 1)

    async def test_takes_five_years_and_no_more(self, client: AsyncClient, author: Member, post_id: UUID) -> None:
        five_years = timedelta(days=5 * 365 + 2)
        beyond = await schedule(client, post_id, author, datetime.now(UTC) + five_years + timedelta(minutes=1))
        assert beyond.json()["errors"][0]["code"] == "too_far_ahead"
        within = await schedule(client, post_id, author, datetime.now(UTC) + five_years - timedelta(minutes=1))
        assert within.status_code == 200

    @pytest.mark.parametrize("status", ["published", "archived"])
    async def test_only_what_is_not_public_can_be_scheduled(
        self, client: AsyncClient, make: Factory, author: Member, status: str
    ) -> None:
        answer = await schedule(client, await make.post(author, status=status), author, ahead())
        assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition")

    async def test_later_only_the_author_may(
        self, client: AsyncClient, make: Factory, author: Member, post_id: UUID
    ) -> None:
        await schedule(client, post_id, author, ahead())
        for role, status in (("user", 404), ("moderator", 403), ("admin", 403)):
            answer = await schedule(client, post_id, await make.member(role), ahead())
            assert answer.status_code == status


class TestWithdrawPost:
    async def test_cancels_the_schedule(
        self, client: AsyncClient, connection: Connection, author: Member, post_id: UUID
    ) -> None:
        await schedule(client, post_id, author, ahead())
        post = (await client.delete(f"/posts/{post_id}/publication", headers=author.headers)).json()
        assert (post["status"], post["publish_at"], post["published_at"]) == ("draft", None, None)
        assert [job["status"] for job in await jobs(connection)] == ["cancelled"]
        assert await queued(connection) == []
        # The same moment can be chosen again.
        assert (await schedule(client, post_id, author, ahead())).status_code == 200
        assert len(await queued(connection)) == 1


class TestArchivePost:
    async def test_takes_no_scheduled_post(self, client: AsyncClient, author: Member, post_id: UUID) -> None:
        await schedule(client, post_id, author, ahead())
        answer = await client.put(f"/posts/{post_id}/archive", headers=author.headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition")


class TestUpdatePost:
    async def test_keeps_the_schedule_and_renews_the_slug(
        self, client: AsyncClient, connection: Connection, author: Member, post_id: UUID
    ) -> None:
        publish_at = ahead()
        await schedule(client, post_id, author, publish_at)
        edited = await client.patch(
            f"/posts/{post_id}", json={"title": "The loom weaves"}, headers=PATCH | author.headers
        )
        post = edited.json()
        assert (post["status"], post["slug"]) == ("scheduled", "the-loom-weaves")
        assert datetime.fromisoformat(post["publish_at"]) == publish_at
        assert len(await queued(connection)) == 1


class TestDeletePost:
    async def test_cancels_the_schedule(
        self, client: AsyncClient, connection: Connection, author: Member, post_id: UUID
    ) -> None:
        await schedule(client, post_id, author, ahead())
        answer = await client.delete(f"/posts/{post_id}", headers={"If-Match": "*"} | author.headers)
        assert answer.status_code == 204
        assert [job["status"] for job in await jobs(connection)] == ["cancelled"]
        assert await queued(connection) == []


class TestDeleteMe:
    async def test_cancels_every_schedule(
        self, client: AsyncClient, connection: Connection, make: Factory, author: Member, post_id: UUID
    ) -> None:
        await schedule(client, post_id, author, ahead())
        await schedule(client, await make.post(author, status="draft"), author, ahead())
        admin = await make.member("admin")
        answer = await client.delete(f"/users/{author.id}", headers={"If-Match": "*"} | admin.headers)
        assert answer.status_code == 204
        assert [job["status"] for job in await jobs(connection)] == ["cancelled"] * 2


class TestJob:
    async def test_publishes_as_publishing_does_with_the_time_that_was_said(
        self, client: AsyncClient, connection: Connection, author: Member, post_id: UUID
    ) -> None:
        publish_at = ahead()
        await schedule(client, post_id, author, publish_at)
        (job,) = await jobs(connection)
        assert await work(connection, job) == {"published": True}
        post = (await client.get(f"/posts/{post_id}")).json()
        assert (post["status"], post["version"], post["publish_at"]) == ("published", 3, None)
        assert datetime.fromisoformat(post["published_at"]) == publish_at
        assert post["excerpt"].startswith("It weaves algebraical patterns")
        assert await connection.fetchval("SELECT post_count FROM tags") == 1
        assert await connection.fetchval("SELECT post_count FROM users WHERE id = $1", author.id) == 1
        assert await work(connection, job) == {"published": False}
        assert (await client.get(f"/posts/{post_id}")).json()["version"] == 3

    @pytest.mark.parametrize("step", ["moved", "withdrawn", "deleted"])
    async def test_that_is_out_of_date_does_nothing(
        self, client: AsyncClient, connection: Connection, author: Member, post_id: UUID, step: str
    ) -> None:
        await schedule(client, post_id, author, ahead())
        (job,) = await jobs(connection)
        match step:
            case "moved":
                await schedule(client, post_id, author, ahead(days=9))
            case "withdrawn":
                await client.delete(f"/posts/{post_id}/publication", headers=author.headers)
            case _:
                await client.delete(f"/posts/{post_id}", headers={"If-Match": "*"} | author.headers)
        assert await work(connection, job) == {"published": False}
        assert await connection.fetchval("SELECT count(*) FROM posts WHERE status = 'published'") == 0

    async def test_that_is_lost_is_made_up_for(self, connection: Connection, make: Factory, author: Member) -> None:
        minutes = [timedelta(minutes=number) for number in (-3, -1, 60)]
        late, later, not_yet = [
            await make.post(author, status="scheduled", publish_at=datetime.now(UTC) + by) for by in minutes
        ]

        async def report(*_: object) -> None:
            return

        running = Running(late, "key", 1, None, report)
        assert await tasks.publish_overdue({}, running) == {"published": 2}
        assert await tasks.publish_overdue({}, running) == {"published": 0}
        for post_id, status in ((late, "published"), (later, "published"), (not_yet, "scheduled")):
            assert await connection.fetchval("SELECT status FROM posts WHERE id = $1", post_id) == status
