"""The operations of the tag Jobs: who may see what, and which step follows from which state."""

import httpx2
import pytest

from app.jobs import service
from app.sql import Connection
from tests.factories import Factory, Member

ENDS = ("succeeded", "failed", "cancelled")
PROBLEM = '{"code": "%s", "detail": "It is busy.", "attempt": 8, "timestamp": "2026-11-20T09:15:00Z"}'


async def _enqueued(connection: Connection, owner: Member | None) -> str:
    return str(await service.enqueue(connection, "test.effect", {"text": "x"}, owner_id=owner and owner.id))


@pytest.mark.actor("user")
class TestListJobs:
    async def test_shows_one_s_own(self, client: httpx2.AsyncClient, make: Factory, actor: Member) -> None:
        mine = await make.job(actor)
        await make.job(await make.member())
        await make.job()
        answer = await client.get("/jobs?include_total=true")
        assert [item["id"] for item in answer.json()["items"]] == [str(mine)]
        assert answer.json()["page"]["total"] == 1

    async def test_can_be_narrowed(self, client: httpx2.AsyncClient, make: Factory, actor: Member) -> None:
        for status in ("queued", "running", *ENDS):
            await make.job(actor, status=status)
            await make.job(actor, status=status, kind="test.other")
        for status in ("queued", "running", *ENDS):
            page = (await client.get(f"/jobs?status={status}&kind=test.other")).json()
            assert [(item["status"], item["kind"]) for item in page["items"]] == [(status, "test.other")]

    async def test_holds_cursors_to_their_filters(
        self, client: httpx2.AsyncClient, make: Factory, actor: Member
    ) -> None:
        for _ in range(2):
            await make.job(actor)
        cursor = (await client.get("/jobs?limit=1")).json()["page"]["next_cursor"]
        answer = await client.get(f"/jobs?limit=1&status=queued&cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


@pytest.mark.actor("admin")
class TestListJobsOfEverybody:
    async def test_shows_anybody_s(self, client: httpx2.AsyncClient, make: Factory) -> None:
        made = {await make.job(), await make.job(await make.member())}
        page = (await client.get("/jobs")).json()
        assert {item["id"] for item in page["items"]} == {str(job_id) for job_id in made}


@pytest.mark.actor("user")
class TestGetJob:
    async def test_shows_what_came_of_it(self, client: httpx2.AsyncClient, make: Factory, actor: Member) -> None:
        job_id = await make.job(actor, status="succeeded", progress=100, attempts=2, result='{"posts": 3, "bad": [1]}')
        job = (await client.get(f"/jobs/{job_id}")).json()
        assert (job["status"], job["progress"], job["attempts"]) == ("succeeded", 100, 2)
        assert (job["result"], job["problem"]) == ({"posts": 3, "bad": [1]}, None)
        assert job["owner_id"] == str(actor.id)

    @pytest.mark.parametrize("status", ["queued", "running", *ENDS])
    async def test_shows_where_it_is(
        self, client: httpx2.AsyncClient, make: Factory, actor: Member, status: str
    ) -> None:
        job = (await client.get(f"/jobs/{await make.job(actor, status=status)}")).json()
        assert (job["status"], job["result"], job["problem"]) == (status, None, None)

    @pytest.mark.parametrize("code", ["job_failed", "deadline_exceeded", "worker_lost", "internal_error"])
    async def test_shows_why_it_failed_until_it_has_not(
        self, client: httpx2.AsyncClient, make: Factory, actor: Member, code: str
    ) -> None:
        job_id = await make.job(actor, status="failed", problem=PROBLEM % code)
        answers = [
            (await client.get(f"/jobs/{job_id}")).json(),
            (await client.get("/jobs")).json()["items"][0],
            (await client.put(f"/jobs/{job_id}/retry")).json(),
            (await client.put(f"/jobs/{job_id}/cancellation")).json(),
        ]
        assert [job["status"] for job in answers] == ["failed", "failed", "queued", "cancelled"]
        assert [(job["problem"]["code"], job["problem"]["detail"]) for job in answers] == [(code, "It is busy.")] * 4

    async def test_never_shows_what_it_was_given(
        self, client: httpx2.AsyncClient, make: Factory, actor: Member
    ) -> None:
        job_id = await make.job(actor, payload='{"link": "hunter2"}', key="hunter3", request_id="hunter4")
        answer = await client.get(f"/jobs/{job_id}")
        assert "hunter" not in answer.text

    async def test_of_somebody_else_is_not_there(self, client: httpx2.AsyncClient, make: Factory) -> None:
        for job_id in (await make.job(await make.member()), await make.job()):
            for answer in (
                await client.get(f"/jobs/{job_id}"),
                await client.put(f"/jobs/{job_id}/cancellation"),
                await client.put(f"/jobs/{job_id}/retry"),
            ):
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.actor("user")
class TestCancelJob:
    async def test_takes_the_message_away(
        self, client: httpx2.AsyncClient, connection: Connection, actor: Member
    ) -> None:
        job_id = await _enqueued(connection, actor)
        other = await _enqueued(connection, actor)
        job = (await client.put(f"/jobs/{job_id}/cancellation")).json()
        assert job["status"] == "cancelled"
        assert job["finished_at"] == job["updated_at"] >= job["created_at"]
        left = await connection.fetch("SELECT dedupe_key FROM queue.pgqueuer")
        assert [row["dedupe_key"] for row in left] == [f"{other}/1"]
        assert await connection.fetchval("SELECT payload FROM jobs WHERE id = $1", job_id) == "{}"

    async def test_repeated_changes_nothing(self, client: httpx2.AsyncClient, make: Factory, actor: Member) -> None:
        job_id = await make.job(actor, status="running")
        first = await client.put(f"/jobs/{job_id}/cancellation")
        again = await client.put(f"/jobs/{job_id}/cancellation")
        assert (first.status_code, again.status_code) == (200, 200)
        assert first.json() == again.json()

    @pytest.mark.parametrize("status", ["succeeded", "failed"])
    async def test_comes_too_late(self, client: httpx2.AsyncClient, make: Factory, actor: Member, status: str) -> None:
        answer = await client.put(f"/jobs/{await make.job(actor, status=status)}/cancellation")
        assert (answer.status_code, answer.json()["code"]) == (409, "invalid_job_step")
        assert status in answer.json()["detail"]


@pytest.mark.actor("user")
class TestRetryJob:
    async def test_queues_what_failed(self, client: httpx2.AsyncClient, connection: Connection, actor: Member) -> None:
        job_id = await _enqueued(connection, actor)
        await connection.execute("DELETE FROM queue.pgqueuer")
        await connection.execute(
            "UPDATE jobs SET status = 'failed', attempts = 8, finished_at = now(), problem = $1", PROBLEM % "job_failed"
        )
        job = (await client.put(f"/jobs/{job_id}/retry")).json()
        assert (job["status"], job["attempts"], job["finished_at"]) == ("queued", 0, None)
        assert job["problem"]["code"] == "job_failed"
        (message,) = await connection.fetch("SELECT * FROM queue.pgqueuer")
        assert (message["payload"].decode(), message["dedupe_key"]) == (f"{job_id}/2", f"{job_id}/2")
        assert (message["entrypoint"], message["status"]) == ("test.effect", "queued")

    @pytest.mark.parametrize("status", ["queued", "running"])
    async def test_of_what_is_under_way_changes_nothing(
        self, client: httpx2.AsyncClient, connection: Connection, make: Factory, actor: Member, status: str
    ) -> None:
        answer = await client.put(f"/jobs/{await make.job(actor, status=status)}/retry")
        assert (answer.status_code, answer.json()["status"]) == (200, status)
        assert await connection.fetchval("SELECT count(*) FROM queue.pgqueuer") == 0

    @pytest.mark.parametrize("status", ["succeeded", "cancelled"])
    async def test_is_not_for_what_has_ended_otherwise(
        self, client: httpx2.AsyncClient, make: Factory, actor: Member, status: str
    ) -> None:
        answer = await client.put(f"/jobs/{await make.job(actor, status=status)}/retry")
        assert (answer.status_code, answer.json()["code"]) == (409, "invalid_job_step")


class TestWhoSeesMore:
    async def test_may_not_do_more(self, client: httpx2.AsyncClient, make: Factory) -> None:
        reader = await make.member(role="admin", scopes=frozenset({"jobs:read-any"}))
        job_id = await make.job(await make.member(), status="failed")
        assert (await client.get(f"/jobs/{job_id}", headers=reader.headers)).status_code == 200
        for step in ("cancellation", "retry"):
            answer = await client.put(f"/jobs/{job_id}/{step}", headers=reader.headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")

    async def test_may_as_an_administrator(self, client: httpx2.AsyncClient, make: Factory) -> None:
        admin = await make.member(role="admin")
        job_id = await make.job(await make.member(), status="failed")
        for step, status in (("retry", "queued"), ("cancellation", "cancelled")):
            answer = await client.put(f"/jobs/{job_id}/{step}", headers=admin.headers)
            assert (answer.status_code, answer.json()["status"]) == (200, status)
