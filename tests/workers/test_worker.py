"""What workers do with jobs, in processes of their own."""

import asyncio
import signal
from pathlib import Path
from typing import Any
from uuid import UUID

from asyncpg import Record

from app.current import Current, begin
from app.jobs import service
from tests.committed import Committed
from tests.workers.process import noted, until, working

NOW = "UPDATE queue.pgqueuer SET execute_after = now() WHERE status = 'queued'"


async def enqueue(committed: Committed, kind: str, payload: dict[str, Any], **given: Any) -> UUID:
    return await service.enqueue(committed.connection, kind, payload, **given)


async def row_of(committed: Committed, job_id: UUID) -> Record:
    row = await committed.connection.fetchrow("SELECT * FROM jobs WHERE id = $1", job_id)
    assert row is not None
    return row


async def reach(committed: Committed, job_id: UUID, status: str) -> Record:
    """Wait until a job is in this state."""

    async def found() -> Record | None:
        row = await row_of(committed, job_id)
        return row if row["status"] == status else None

    return await until(found)


async def messages(committed: Committed) -> list[Record]:
    return await committed.connection.fetch("SELECT * FROM queue.pgqueuer")


class TestJob:
    async def test_is_done_and_told_of_in_one_line(self, committed: Committed, tmp_path: Path) -> None:
        begin(Current(request_id="the-cause"))
        job_id = await enqueue(committed, "test.effect", {"text": "weave"}, key="my-key")
        async with working(committed.dsn, tmp_path) as worker:
            row = await reach(committed, job_id, "succeeded")
            assert (row["attempts"], row["progress"], row["result"]) == (1, 100, '{"file": "my-key"}')
            assert (row["payload"], row["problem"]) == ("{}", None)
            assert row["created_at"] <= row["started_at"] <= row["finished_at"]
        (line,) = worker.lines("job")
        assert (line["kind"], line["job_id"], line["attempt"]) == ("test.effect", str(job_id), 1)
        assert (line["outcome"], line["request_id"]) == ("succeeded", "the-cause")
        assert line["duration_ms"] > 0
        assert [path.name for path in (tmp_path / "effects").iterdir()] == ["my-key"]
        assert await messages(committed) == []

    async def test_of_an_unknown_kind_waits_for_who_knows_it(self, committed: Committed, tmp_path: Path) -> None:
        job_id = await enqueue(committed, "test.effect", {"text": "x"})
        known = await enqueue(committed, "test.waits", {"steps": 0})
        async with working(committed.dsn, tmp_path, "test.waits"):
            await reach(committed, known, "succeeded")
            assert (await row_of(committed, job_id))["status"] == "queued"
        async with working(committed.dsn, tmp_path):
            await reach(committed, job_id, "succeeded")


class TestFailure:
    async def test_is_tried_again_later(self, committed: Committed, tmp_path: Path) -> None:
        job_id = await enqueue(committed, "test.fails", {"until": 2, "how": "told"})
        async with working(committed.dsn, tmp_path) as worker:
            row = await until(lambda: _failed(committed, job_id, 1))
            assert 0 <= (row["run_after"] - row["updated_at"]).total_seconds() <= 5
            assert '"detail": "The other side is busy."' in row["problem"]
            await committed.connection.execute(NOW)
            row = await reach(committed, job_id, "succeeded")
        assert (row["attempts"], row["problem"]) == (2, None)
        assert [line["outcome"] for line in worker.lines("job")] == ["failed, to be retried", "succeeded"]

    async def test_is_given_up_after_eight_attempts_and_can_be_retried(
        self, committed: Committed, tmp_path: Path
    ) -> None:
        job_id = await enqueue(committed, "test.fails", {"until": 99, "how": "bug"})
        async with working(committed.dsn, tmp_path):
            for attempt in range(1, 8):
                await until(lambda attempt=attempt: _failed(committed, job_id, attempt))
                await committed.connection.execute(NOW)
            row = await reach(committed, job_id, "failed")
            assert (row["attempts"], row["finished_at"] is not None) == (8, True)
            assert '"code": "internal_error"' in row["problem"]
            assert "hunter2" not in row["problem"]
            assert len(noted(tmp_path)) == 8
            admin = await committed.make.member(role="admin")
            answer = await committed.client.put(f"/jobs/{job_id}/retry", headers=admin.headers)
            assert (answer.status_code, answer.json()["attempts"]) == (200, 0)
            await until(lambda: _failed(committed, job_id, 1))
        assert "hunter2" in (tmp_path / "log").read_text()

    async def test_that_is_final_is_not_tried_again(self, committed: Committed, tmp_path: Path) -> None:
        job_id = await enqueue(committed, "test.fails", {"until": 99, "how": "final"})
        async with working(committed.dsn, tmp_path):
            assert (await reach(committed, job_id, "failed"))["attempts"] == 1
        assert await messages(committed) == []

    async def test_is_to_take_too_long(self, committed: Committed, tmp_path: Path) -> None:
        job_id = await enqueue(committed, "test.late", {})
        async with working(committed.dsn, tmp_path):
            assert '"code": "deadline_exceeded"' in (await until(lambda: _failed(committed, job_id, 1)))["problem"]

    async def test_that_takes_workers_along_ends_after_eight(self, committed: Committed, tmp_path: Path) -> None:
        job_id = await enqueue(committed, "test.effect", {"text": "x"})
        await committed.connection.execute("UPDATE jobs SET status = 'running', attempts = 8")
        async with working(committed.dsn, tmp_path):
            row = await reach(committed, job_id, "failed")
        assert '"code": "worker_lost"' in row["problem"]
        assert noted(tmp_path) == []


class TestCancellation:
    async def test_before_the_first_attempt_is_final(self, committed: Committed, tmp_path: Path) -> None:
        owner = await committed.make.member()
        job_id = await enqueue(committed, "test.effect", {"text": "x"}, owner_id=owner.id)
        kept = await committed.connection.fetch("SELECT * FROM queue.pgqueuer")
        await committed.client.put(f"/jobs/{job_id}/cancellation", headers=owner.headers)
        # Even if its message were delivered once more.
        await committed.connection.execute(
            "INSERT INTO queue.pgqueuer (priority, entrypoint, payload, status) VALUES (0, $1, $2, 'queued')",
            kept[0]["entrypoint"],
            kept[0]["payload"],
        )
        after = await enqueue(committed, "test.effect", {"text": "y"})
        async with working(committed.dsn, tmp_path):
            await reach(committed, after, "succeeded")
            await until(lambda: _empty(committed))
        assert {line.key for line in noted(tmp_path)} == {str(after)}
        assert (await row_of(committed, job_id))["status"] == "cancelled"

    async def test_ends_a_running_task(self, committed: Committed, tmp_path: Path) -> None:
        owner = await committed.make.member()
        # It neither reports nor looks: the worker is told.
        job_id = await enqueue(committed, "test.waits", {"steps": 300, "reports": False}, owner_id=owner.id)
        async with working(committed.dsn, tmp_path) as worker:
            await until(lambda: _noted(tmp_path))
            answer = await committed.client.put(f"/jobs/{job_id}/cancellation", headers=owner.headers)
            assert answer.json()["status"] == "cancelled"
            (line,) = await until(lambda: _lines(worker, "job"), seconds=5)
        assert line["outcome"] == "cancelled"
        assert [note.word for note in noted(tmp_path)] == ["begun"]
        assert (await row_of(committed, job_id))["status"] == "cancelled"
        assert await messages(committed) == []

    async def test_that_nobody_heard_ends_the_task_at_its_next_report(
        self, committed: Committed, tmp_path: Path
    ) -> None:
        job_id = await enqueue(committed, "test.waits", {"steps": 300})
        async with working(committed.dsn, tmp_path) as worker:
            await until(lambda: _progressed(committed, job_id))
            await committed.connection.execute("UPDATE jobs SET status = 'cancelled'")
            (line,) = await until(lambda: _lines(worker, "job"), seconds=5)
        assert line["outcome"] == "cancelled"


class TestStop:
    async def test_lets_tasks_end(self, committed: Committed, tmp_path: Path) -> None:
        job_id = await enqueue(committed, "test.waits", {"steps": 15})
        async with working(committed.dsn, tmp_path) as worker:
            await until(lambda: _noted(tmp_path))
            assert (await asyncio.to_thread(worker.stop))[0] == 0
        row = await row_of(committed, job_id)
        assert (row["status"], row["attempts"]) == ("succeeded", 1)
        assert await messages(committed) == []

    async def test_hands_back_what_does_not_end(self, committed: Committed, tmp_path: Path) -> None:
        job_id = await enqueue(committed, "test.waits", {"steps": 500})
        async with working(committed.dsn, tmp_path) as worker:
            await until(lambda: _noted(tmp_path))
            status, seconds = await asyncio.to_thread(worker.stop)
        assert (status, seconds < 8) == (0, True)
        row = await row_of(committed, job_id)
        assert (row["status"], row["attempts"]) == ("queued", 0)
        (message,) = await messages(committed)
        assert (message["status"], message["queue_manager_id"]) == ("queued", None)

    async def test_of_an_idle_worker_is_quick(self, committed: Committed, tmp_path: Path) -> None:
        async with working(committed.dsn, tmp_path) as worker:
            await until(lambda: _lines(worker, "working"))
            worker.process.send_signal(signal.SIGINT)
            assert await asyncio.to_thread(worker.process.wait, 3) == 0


class TestConnection:
    async def test_that_is_lost_is_made_again(self, committed: Committed, tmp_path: Path) -> None:
        first = await enqueue(committed, "test.effect", {"text": "x"})
        async with working(committed.dsn, tmp_path) as worker:
            await reach(committed, first, "succeeded")
            await committed.connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND (application_name = 'galley jobs' OR query LIKE '%jobs%')"
            )
            second = await enqueue(committed, "test.effect", {"text": "y"})
            await reach(committed, second, "succeeded")
            assert worker.process.poll() is None


class TestRecurring:
    async def test_is_done_once_per_tick_by_two_workers(self, committed: Committed, tmp_path: Path) -> None:
        async with working(committed.dsn, tmp_path, "test.ticks"), working(committed.dsn, tmp_path, "test.ticks"):
            await until(lambda: _noted(tmp_path, 4), seconds=60)
        keys = [note.key for note in noted(tmp_path)]
        assert len(keys) == len(set(keys))
        assert all(key.startswith("test.ticks@20") for key in await _keys(committed))


async def _keys(committed: Committed) -> list[str]:
    return [row["key"] for row in await committed.connection.fetch("SELECT key FROM jobs")]


async def _failed(committed: Committed, job_id: UUID, attempt: int) -> Record | None:
    row = await row_of(committed, job_id)
    # The message is there again a moment after the row says so.
    back = await committed.connection.fetchval("SELECT count(*) FROM queue.pgqueuer WHERE status = 'queued'")
    return row if back and (row["status"], row["attempts"]) == ("queued", attempt) else None


async def _empty(committed: Committed) -> bool:
    return not await messages(committed)


async def _noted(folder: Path, number: int = 1) -> bool:
    return len(noted(folder)) >= number


async def _progressed(committed: Committed, job_id: UUID) -> bool:
    return (await row_of(committed, job_id))["progress"] > 0


async def _lines(worker: Any, message: str) -> list[dict[str, Any]]:
    return worker.lines(message)
