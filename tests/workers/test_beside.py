"""The worker that `make run` starts beside the service, and what the service clears away by it."""

import asyncio
import json
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from app.ids import new_id
from app.jobs import service as jobs
from app.jobs.worker import HEARTBEAT, LOOK
from tests.operations.service import Service, directory, running
from tests.operations.test_database_away import bring_back, postmaster
from tests.workers.process import until

# A worker looks for messages once in a while, and gives an answer half its heartbeat: it may take that long to notice.
FROZEN_SECONDS = (LOOK + HEARTBEAT / 2).total_seconds() + 2


def workers(service: Service) -> list[psutil.Process]:
    """Return the processes that do jobs: all that the service has spawned, when it serves by itself."""
    children = psutil.Process(service.process.pid).children()
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def lose_database(service: Service, number: signal.Signals) -> None:
    """Stop the database or kill it and start it again, or freeze it for longer than anybody waits for an answer."""
    process = postmaster(service)
    everybody = [process, *process.children()]
    if number == signal.SIGSTOP:
        for one in everybody:
            one.suspend()
        time.sleep(FROZEN_SECONDS)
        for one in everybody:
            one.resume()
        return
    process.send_signal(number)
    psutil.wait_procs([process], timeout=10)
    time.sleep(2)
    bring_back(service.data_dir)


def dsn(data_dir: Path) -> str:
    return f"postgresql://postgres@/galley?host={data_dir}/postgres"


async def _do(connection: Any, kind: str) -> dict[str, Any]:
    job_id = await jobs.enqueue(connection, kind, {})

    async def ended() -> Any:
        return await connection.fetchrow("SELECT * FROM jobs WHERE id = $1 AND finished_at IS NOT NULL", job_id)

    return dict(await until(ended, seconds=20))


class TestWorker:
    async def test_is_replaced_when_it_dies_and_ends_with_the_service(self) -> None:
        with directory() as data_dir, running(data_dir) as service:
            connection: Any = await asyncpg.connect(dsn(data_dir))
            assert (await _do(connection, "jobs.remove_finished"))["status"] == "succeeded"
            (first,) = workers(service)
            first.kill()
            assert (await _do(connection, "jobs.remove_finished"))["status"] == "succeeded"
            (second,) = workers(service)
            assert second.pid != first.pid
            await connection.close()
            status, seconds = await asyncio.to_thread(service.terminate)
            assert (status, seconds < 10) == (0, True)
            assert not second.is_running()

    async def test_can_be_left_to_others(self) -> None:
        with directory() as data_dir, running(data_dir, JOB_WORKERS="0") as service:
            assert workers(service) == []

    async def test_of_a_service_that_is_killed_ends_as_well(self) -> None:
        with directory() as data_dir, running(data_dir, JOB_WORKERS="2") as service:

            async def there() -> list[psutil.Process]:
                found = workers(service)
                return found if len(found) == 2 else []

            beside = await until(there)
            service.process.kill()
            service.process.wait()
            left = psutil.wait_procs(beside, timeout=15)[1]
            # Who has ended is still listed until somebody asks how, and their parent is gone.
            assert [process for process in left if process.status() != psutil.STATUS_ZOMBIE] == []

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL, signal.SIGSTOP])
    async def test_outlives_its_database(self, number: signal.Signals) -> None:
        with directory() as data_dir, running(data_dir) as service:
            connection: Any = await asyncpg.connect(dsn(data_dir))
            assert (await _do(connection, "jobs.remove_finished"))["status"] == "succeeded"
            (worker,) = workers(service)
            await asyncio.to_thread(lose_database, service, number)
            if connection.is_closed() or number != signal.SIGSTOP:
                connection = await asyncpg.connect(dsn(data_dir))
            assert (await _do(connection, "jobs.remove_finished"))["status"] == "succeeded"
            assert [process.pid for process in workers(service)] == [worker.pid]
            assert "the queue is out of reach" in service.log
            await connection.close()

    async def test_clears_away_what_has_had_its_day(self) -> None:
        with directory() as data_dir, running(data_dir):
            connection: Any = await asyncpg.connect(dsn(data_dir))
            await _leave_behind(connection)
            removed = json.loads((await _do(connection, "auth.remove_expired"))["result"])
            assert (removed["sessions"], removed["refresh_tokens"]) == (1, 1)
            assert (await _do(connection, "idempotency.remove_expired"))["result"] == '{"idempotency_records": 1500}'
            done = await _do(connection, "jobs.remove_finished")
            assert done["result"] == '{"log": 1, "jobs": 1, "statistics": 1}'
            assert await connection.fetchval("SELECT count(*) FROM idempotency_records") == 1
            assert await connection.fetchval("SELECT count(*) FROM sessions") == 1
            assert await connection.fetchval("SELECT count(*) FROM jobs WHERE kind = 'test.old'") == 1
            await connection.close()


async def _leave_behind(connection: Any) -> None:
    """Write one of everything that is too old, many of one, and one of each that is not."""
    now, user = datetime.now(UTC), new_id()
    await connection.execute(
        "INSERT INTO users (id, username, email, password_hash) VALUES ($1, 'ada', 'ada@example.org', '')", user
    )
    for age in (timedelta(days=-1), timedelta(days=1)):
        session = new_id()
        await connection.execute(
            "INSERT INTO sessions (id, user_id, expires_at) VALUES ($1, $2, $3)", session, user, now + age
        )
        await connection.execute(
            "INSERT INTO refresh_tokens (id, session_id, expires_at) VALUES ($1, $2, $3)", new_id(), session, now + age
        )
    await connection.execute(
        "INSERT INTO refresh_tokens (id, session_id, expires_at) VALUES ($1, $2, $3)", new_id(), session, now
    )
    await connection.executemany(
        "INSERT INTO idempotency_records (id, fingerprint, status, headers, body, created_at)"
        " VALUES ($1, '', 201, '', '', $2)",
        [(number.to_bytes(4), now - timedelta(hours=25 if number else 1)) for number in range(1_501)],
    )
    await connection.executemany(
        "INSERT INTO jobs (id, kind, status, payload, finished_at) VALUES ($1, 'test.old', 'succeeded', '{}', $2)",
        [(new_id(), now - timedelta(days=days)) for days in (29, 31)],
    )
    await connection.execute(
        "INSERT INTO queue.pgqueuer_log (job_id, status, priority, entrypoint, created)"
        " VALUES (0, 'queued', 0, 'test.old', $1)",
        now - timedelta(days=8),
    )
    await connection.execute(
        "INSERT INTO queue.pgqueuer_statistics (count, status, priority, entrypoint, created)"
        " VALUES (1, 'queued', 0, 'test.old', $1)",
        now - timedelta(days=31),
    )
