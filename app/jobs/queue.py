"""PgQueuer as it is used here: names that no environment variable changes, and what it must not do.

PgQueuer delivers: it wakes workers, hands each message to one of them, notices dead workers by their heartbeat and
delivers again. What a job is and how it stands is ours (app/jobs/tables.py). A message says which job, and in which
round; docs/decisions/0017-jobs.md has the reasons.
"""

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from pgqueuer import types
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence import qb
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.models import Job as Message
from pgqueuer.domain.models import TracebackRecord
from pgqueuer.domain.settings import DBSettings, Durability

from app.jobs.messages import SCHEMA
from app.pool import LOST

log = logging.getLogger(__name__)

# Every name is given, because PgQueuer would take each that is not from variables as common as CHANNEL.
SETTINGS = DBSettings(
    prefix="",
    db_schema=SCHEMA,
    channel=types.Channel("ch_pgqueuer"),
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
    durability=Durability.durable,
)
JobId = types.JobId
CHANNEL = types.Channel(SETTINGS.channel)

# Of a message that somebody else holds by now; no real delay is negative.
LEAVE = timedelta(seconds=-1)


def read_ticket(message: Message) -> tuple[UUID, int]:
    """Return the job and the round of a message."""
    job_id, _, turn = (message.payload or b"").decode().partition("/")
    return UUID(job_id), int(turn)


class Driver(AsyncpgDriver):
    """PgQueuer's driver; a server that does not answer counts as gone, because nothing else tells it from one."""

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """Return rows; a statement that takes too long ends the connection."""
        try:
            return await super().fetch(query, *args)
        except TimeoutError:
            self._connection.terminate()
            raise

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement; one that takes too long ends the connection."""
        try:
            return await super().execute(query, *args)
        except TimeoutError:
            self._connection.terminate()
            raise


class DurableQueries(Queries):
    """PgQueuer's statements, of which none loses a message."""

    async def retry_job(self, job: Message, delay: timedelta, traceback_record: TracebackRecord | None) -> None:
        """Put a message back; where that fails, leave it as it is.

        PgQueuer takes a failure here for one of the job, and deletes the message as soon as the database is back.
        Left alone, its heartbeat ends and it is delivered again.
        """
        del traceback_record  # Ours is in the logs, and what may be shown of it in the job.
        if delay == LEAVE:
            return
        try:
            await super().retry_job(job, delay, None)
        except LOST as failure:
            log.warning("a message waits until it is stale", extra={"queue_id": job.id, "reason": str(failure)})


def queries(connection: Any) -> DurableQueries:
    """Return PgQueuer's statements on a connection, which may be in a transaction."""
    return DurableQueries(
        Driver(connection),
        qbe=qb.QueryBuilderEnvironment(SETTINGS),
        qbq=qb.QueryQueueBuilder(SETTINGS),
        qbs=qb.QuerySchedulerBuilder(SETTINGS),
    )
