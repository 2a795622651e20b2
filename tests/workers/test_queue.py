"""What is asked of PgQueuer, and what is kept from it."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from anyio import CancelScope
from pgqueuer.adapters.persistence import schema_ddl
from pgqueuer.domain.models import Job as Message
from pgqueuer.domain.schema.queue import dedupe_predicate

from app import db
from app.jobs import service
from app.jobs.attempts import FIRST_DELAY, LAST_DELAY, Superseded, attempt, backoff
from app.jobs.messages import LOG, QUEUE, QUEUED, STATISTICS, WAITING
from app.jobs.queue import LEAVE, SETTINGS, queries
from app.jobs.registry import Kind, Running, task
from app.sql import Connection
from tests.committed import Committed


async def _picked(connection: Any) -> Message:
    """Return a message as a worker has it."""
    await service.enqueue(connection, "test.effect", {})
    row = await connection.fetchrow("UPDATE queue.pgqueuer SET status = 'picked', heartbeat = now() RETURNING *")
    return Message.model_validate(dict(row))


class TestTables:
    async def test_are_what_the_installed_version_wants(self, connection: Connection) -> None:
        plan = await queries(connection).plan_upgrade()
        assert (plan.statements, plan.notes) == ((), ()), "write a migration that runs schema_ddl.render_converge"

    def test_have_the_names_that_our_statements_use(self) -> None:
        status = SETTINGS.qualified.queue_status_type
        assert str(QUEUED) == f"'queued'::{status}"
        assert str(WAITING) == schema_ddl.spelled(dedupe_predicate(SETTINGS), SETTINGS)
        named = [(each.schema, each.name) for each in (QUEUE, LOG, STATISTICS)]
        assert named == [
            (SETTINGS.db_schema, name)
            for name in (SETTINGS.queue_table, SETTINGS.queue_table_log, SETTINGS.statistics_table)
        ]

    async def test_would_be_missed(self, connection: Connection) -> None:
        await connection.execute("DROP INDEX queue.pgqueuer_ep_ea_idx")
        (statement,) = (await queries(connection).plan_upgrade()).statements
        assert statement.startswith("CREATE INDEX pgqueuer_ep_ea_idx")

    async def test_survive_a_crash(self, connection: Connection) -> None:
        kinds = await connection.fetch(
            "SELECT DISTINCT relpersistence FROM pg_class WHERE relnamespace = 'queue'::regnamespace"
        )
        assert [row[0] for row in kinds] == [b"p"]


class TestMessage:
    async def test_that_is_another_s_is_left_alone(self, committed: Committed) -> None:
        message = await _picked(committed.connection)
        before = await committed.connection.fetchrow("SELECT * FROM queue.pgqueuer")
        await queries(committed.connection).retry_job(message, LEAVE, None)
        assert await committed.connection.fetchrow("SELECT * FROM queue.pgqueuer") == before

    async def test_outlives_a_database_that_is_away(self, committed: Committed) -> None:
        message = await _picked(committed.connection)
        gone = await asyncpg.connect(committed.dsn)
        gone.terminate()
        await queries(gone).retry_job(message, timedelta(seconds=1), None)
        assert await committed.connection.fetchval("SELECT status FROM queue.pgqueuer") == "picked"

    async def test_goes_back_for_later(self, committed: Committed) -> None:
        message = await _picked(committed.connection)
        await queries(committed.connection).retry_job(message, timedelta(seconds=60), None)
        row = await committed.connection.fetchrow("SELECT status, execute_after - now() FROM queue.pgqueuer")
        assert row is not None
        assert (row[0], timedelta(seconds=50) < row[1] <= timedelta(seconds=60)) == ("queued", True)


class TestAttempt:
    async def test_changes_nothing_when_another_has_begun(self, committed: Committed) -> None:
        async def taken_over(payload: dict[str, Any], job: Running) -> dict[str, Any]:
            async with db.transaction() as connection:
                await connection.execute("UPDATE jobs SET attempts = $1", job.attempt + 1)
            return payload

        job_id = await service.enqueue(committed.connection, "test.taken", {"much": "too late"})
        kind = Kind("test.taken", taken_over, 5, "")
        verdict = await attempt(kind, job_id, 1, CancelScope(), lambda: False)
        assert verdict == Superseded()
        row = await committed.connection.fetchrow("SELECT status, attempts, result FROM jobs")
        assert row is not None
        assert tuple(row) == ("running", 2, None)

    async def test_of_an_earlier_round_is_none(self, committed: Committed) -> None:
        async def never(payload: dict[str, Any], job: Running) -> None:
            raise AssertionError(payload, job)

        job_id = await service.enqueue(committed.connection, "test.never", {})
        await committed.connection.execute("UPDATE jobs SET round = 2")
        assert await attempt(Kind("test.never", never, 5, ""), job_id, 1, CancelScope(), lambda: False) is None
        assert await committed.connection.fetchval("SELECT attempts FROM jobs") == 0

    async def test_waits_for_the_database_to_say_what_came_of_it(self, committed: Committed) -> None:
        async def cut_off(payload: dict[str, Any], job: Running) -> dict[str, Any]:
            # From here on no connection can be had.
            db.use(Away())
            return payload | {"attempt": job.attempt}

        job_id = await service.enqueue(committed.connection, "test.cut_off", {})
        going = asyncio.create_task(attempt(Kind("c", cut_off, 5, ""), job_id, 1, CancelScope(), lambda: False))
        await asyncio.sleep(0.5)
        assert not going.done()
        db.use(committed.pool)
        assert await going is None
        assert await committed.connection.fetchval("SELECT result FROM jobs") == '{"attempt": 1}'


class Away:
    """A database that cannot be reached."""

    async def take(self) -> Any:
        raise ConnectionRefusedError

    def give(self, connection: Any, *, sound: bool) -> None:
        raise AssertionError(connection, sound)


class TestBackoff:
    @pytest.mark.parametrize(
        ("number", "ceiling"), [(1, FIRST_DELAY), (2, 20), (4, 320), (6, LAST_DELAY), (7, LAST_DELAY)]
    )
    def test_is_exponential_with_full_jitter(self, number: int, ceiling: float) -> None:
        delays = [backoff(number).total_seconds() for _ in range(2_000)]
        assert 0 <= min(delays) < ceiling * 0.05
        assert ceiling * 0.95 < max(delays) <= ceiling
        assert abs(sum(delays) / len(delays) - ceiling / 2) < ceiling * 0.05


class TestRegistry:
    @pytest.mark.parametrize("name", ["Posts.import", "posts import", "", "posts..import", "../etc"])
    def test_takes_no_name_that_the_contract_does_not(self, name: str) -> None:
        with pytest.raises(RuntimeError, match="no name"):
            task(name)(_nothing)

    def test_takes_a_kind_once(self) -> None:
        task("test.once")(_nothing)
        with pytest.raises(RuntimeError, match="two tasks"):
            task("test.once")(_nothing)


async def _nothing(payload: dict[str, Any], job: Running) -> None:
    """Do nothing."""
