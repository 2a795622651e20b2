"""A worker: PgQueuer hands it messages, and it does the jobs they name until it is told to stop.

It outlives its database: connections end and are made again. Its own end costs no job either. Told to stop, it takes
no more messages, gives running tasks time to end, and hands back what does not; killed, its messages go stale and are
delivered to another.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial

import asyncpg
from croniter import croniter
from pgqueuer.core.applications import PgQueuer
from pgqueuer.domain.errors import PgqException, RetryRequested
from pgqueuer.domain.models import Context, Schedule
from pgqueuer.domain.models import Job as Message

from app import clock, db, writes
from app.crew import DRAIN_SECONDS, HAND_BACK_SECONDS, POOL, TASKS
from app.jobs import service
from app.jobs.attempts import Again, Superseded, attempt
from app.jobs.queue import CHANNEL, LEAVE, queries, read_ticket
from app.jobs.registry import Kind
from app.pool import LOST
from app.settings import Settings

log = logging.getLogger("app.jobs")

# How many messages are fetched together.
BATCH = 5
# A worker that says nothing for so long is dead, and its jobs are taken over when the next one looks.
HEARTBEAT, LOOK = timedelta(seconds=10), timedelta(seconds=2)
RECONNECT_SECONDS = 1
# Statements in the background may take longer than those that somebody waits for.
STATEMENT_SECONDS = 30
AFTER_TROUBLE = timedelta(seconds=5)

Entrypoint = Callable[[Message, Context], Awaitable[None]]


class Worker:
    """One process's worker."""

    def __init__(self, settings: Settings, dsn: str, kinds: Iterable[Kind]) -> None:
        """It will do these kinds of jobs; those of other kinds wait for a worker that knows them."""
        self._settings, self._dsn, self._kinds = settings, dsn, list(kinds)
        self._stop = asyncio.Event()
        self._giving_up = False

    def stop(self) -> None:
        """End soon."""
        self._stop.set()

    async def run(self) -> None:
        """Work until `stop`, whatever the database does."""
        limits = {
            "database_pool_size": POOL,
            "database_max_overflow": 0,
            "database_command_timeout": STATEMENT_SECONDS,
        }
        log.info("working", extra={"kinds": sorted(kind.name for kind in self._kinds)})
        pool = db.make_pool(self._settings.model_copy(update=limits), self._dsn)
        db.use(pool)
        async with writes.shared(partial(db.open_connection, self._settings, self._dsn, name="galley signs")):
            while not self._stop.is_set():
                try:
                    await self._work()
                except (*LOST, PgqException) as failure:
                    log.warning("the queue is out of reach", extra={"reason": str(failure) or type(failure).__name__})
                    await self._sleep(RECONNECT_SECONDS)
        db.use(None)
        await pool.close()

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return

    async def _work(self) -> None:
        """Work on one connection, until it is lost or the worker is to stop."""
        connection = await db.open_connection(
            self._settings, self._dsn, name="galley jobs", command_timeout=HEARTBEAT.total_seconds() / 2
        )
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            queuer = self._queuer(connection)
            working = asyncio.create_task(
                queuer.run(
                    dequeue_timeout=LOOK,
                    batch_size=BATCH,
                    max_concurrent_tasks=TASKS,
                    heartbeat_timeout=HEARTBEAT,
                    shutdown_on_listener_failure=True,
                )
            )
            # Where it is not waited for any longer, what it raises is of no interest.
            working.add_done_callback(lambda task: task.cancelled() or task.exception())
            signals = [asyncio.create_task(event.wait()) for event in (lost, self._stop)]
            await asyncio.wait([working, *signals], return_when=asyncio.FIRST_COMPLETED)
            for waiting in signals:
                waiting.cancel()
            await self._wind_up(queuer, working)
        finally:
            connection.terminate()

    async def _wind_up(self, queuer: PgQueuer, working: asyncio.Task[None]) -> None:
        """Let running tasks end, or end them and hand their jobs back. Raises what ended the work."""
        queuer.shutdown.set()
        await asyncio.wait({working}, timeout=DRAIN_SECONDS)
        self._giving_up = True
        try:
            for context in list(queuer.qm.job_context.values()):
                context.cancellation.cancel()
            await asyncio.wait({working}, timeout=HAND_BACK_SECONDS)
        finally:
            self._giving_up = False
        if not working.done():
            raise TimeoutError("a task does not end")
        await working

    def _queuer(self, connection: asyncpg.Connection) -> PgQueuer:
        statements = queries(connection)
        queuer = PgQueuer(statements.driver, CHANNEL, queries=statements)
        for kind in self._kinds:
            queuer.entrypoint(kind.name, accepts_context=True)(self._entrypoint(kind))
            if kind.every:
                queuer.schedule(kind.name, kind.every)(partial(_tick, kind))
        return queuer

    def _entrypoint(self, kind: Kind) -> Entrypoint:
        async def run(message: Message, context: Context) -> None:
            job_id, turn = read_ticket(message)
            try:
                verdict = await attempt(kind, job_id, turn, context.cancellation, lambda: self._giving_up)
            except (Exception, asyncio.CancelledError) as failure:
                # Only returning takes the message away; whatever happened to this worker, the job is still to be done.
                log.exception("a job goes back", extra={"kind": kind.name, "job_id": str(job_id)})
                raise RetryRequested(AFTER_TROUBLE) from failure
            match verdict:
                case Again(delay):
                    raise RetryRequested(delay)
                case Superseded():
                    raise RetryRequested(LEAVE)
                case None:
                    return

        return run


async def _tick(kind: Kind, _: Schedule) -> None:
    """Queue the job of the tick that has just begun; its key sees to it that there is one, whoever else does so."""
    due = croniter(kind.every, clock.now().astimezone(UTC)).get_prev(datetime)
    try:
        async with db.transaction() as connection:
            await service.enqueue(connection, kind.name, {}, key=f"{kind.name}@{due:%Y-%m-%dT%H:%M:%SZ}")
    except Exception:
        # PgQueuer's own line of it is not shown.
        log.exception("a recurring job is not queued", extra={"kind": kind.name})
        raise


async def work(settings: Settings, dsn: str, kinds: Iterable[Kind]) -> None:
    """Run a worker until SIGTERM or Ctrl-C."""
    worker = Worker(settings, dsn, kinds)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    await worker.run()
