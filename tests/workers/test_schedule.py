"""Scheduled publication by real workers, which are killed and started again."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.committed import Committed
from tests.factories import Member
from tests.workers.process import until, working

pytestmark = pytest.mark.xdist_group("committed")

KINDS = "posts.publish"


async def schedule(committed: Committed, author: Member, post_id: UUID, publish_at: datetime) -> None:
    answer = await committed.client.put(
        f"/posts/{post_id}/publication", json={"publish_at": publish_at.isoformat()}, headers=author.headers
    )
    assert answer.status_code == 200, answer.text


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def seen(committed: Committed, post_id: UUID) -> tuple[dict[str, Any], datetime]:
    """Wait until anybody can read the post; return it, and when that was."""

    async def read() -> dict[str, Any] | None:
        answer = await committed.client.get(f"/posts/{post_id}")
        return answer.json() if answer.status_code == 200 else None

    return await until(read), datetime.now(UTC)


class TestSchedule:
    async def test_comes_to_the_second(self, committed: Committed, tmp_path: Path) -> None:
        author = await committed.make.member()
        posts = [await committed.make.post(author, status="draft") for _ in range(3)]
        async with working(committed.dsn, tmp_path, KINDS) as worker:
            # The worker is idle and waits for what is not there yet, which is when being late is easiest.
            await until(lambda: _started(worker))
            await asyncio.sleep(1)
            moments = [soon(seconds) for seconds in (1.7, 2.9, 3.4)]
            for post_id, moment in zip(posts, moments, strict=True):
                await schedule(committed, author, post_id, moment)
            for post_id, moment in zip(posts, moments, strict=True):
                post, when = await seen(committed, post_id)
                assert timedelta(0) <= when - moment < timedelta(seconds=1)
                assert datetime.fromisoformat(post["published_at"]) == moment

    async def test_survives_the_worker(self, committed: Committed, tmp_path: Path) -> None:
        author = await committed.make.member()
        kept, overdue = [await committed.make.post(author, status="draft") for _ in range(2)]
        async with working(committed.dsn, tmp_path, KINDS) as worker:
            await until(lambda: _started(worker))
            later = soon(10)
            await schedule(committed, author, overdue, soon(1.5))
            await schedule(committed, author, kept, later)
            worker.process.kill()
            worker.process.wait()
        # Nobody works when the first one's time comes.
        await asyncio.sleep(2)
        assert await committed.connection.fetchval("SELECT count(*) FROM posts WHERE status = 'scheduled'") == 2
        async with working(committed.dsn, tmp_path, KINDS):
            await seen(committed, overdue)
            _, when = await seen(committed, kept)
            assert timedelta(0) <= when - later < timedelta(seconds=1)
        counted = await committed.connection.fetchval("SELECT post_count FROM users WHERE id = $1", author.id)
        assert counted == 2

    async def test_that_was_moved_or_cancelled_comes_when_it_should(self, committed: Committed, tmp_path: Path) -> None:
        author = await committed.make.member()
        moved, cancelled = [await committed.make.post(author, status="draft") for _ in range(2)]
        async with working(committed.dsn, tmp_path, KINDS) as worker:
            await until(lambda: _started(worker))
            for post_id in (moved, cancelled):
                await schedule(committed, author, post_id, soon(1.5))
            later = soon(4)
            await schedule(committed, author, moved, later)
            await committed.client.delete(f"/posts/{cancelled}/publication", headers=author.headers)
            _, when = await seen(committed, moved)
            assert timedelta(0) <= when - later < timedelta(seconds=1)
        status = await committed.connection.fetchval("SELECT status FROM posts WHERE id = $1", cancelled)
        assert status == "draft"


async def _started(worker: Any) -> list[dict[str, Any]]:
    return worker.lines("working")
