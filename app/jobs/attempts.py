"""One attempt at one job: begin it, let its task run, keep what came of it.

Each step is a statement that takes effect only while it is this attempt's turn (`round` and `attempts` of the row), so
that a worker which was taken for dead and is not, and a job that was cancelled meanwhile, change nothing any more.
"""

import asyncio
import logging
import random  # house: clock-and-ids because only workers draw lots, and nobody sees which was drawn.
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from anyio import CancelScope
from asyncpg import Record
from sqlalchemy import Integer, bindparam, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import INTERVAL, JSONB

from app import clock
from app.current import NO_REQUEST, Current, begin
from app.db import reading, transaction
from app.jobs.registry import JobFailed, Kind, Running
from app.jobs.tables import Job
from app.problems import ServiceUnavailable
from app.sql import Connection, Statement

log = logging.getLogger("app.jobs")

MAX_ATTEMPTS = 8
# The ceiling of the first delay, what it grows by and where it ends: eight attempts bridge up to two and a half hours.
FIRST_DELAY, GROWTH, LAST_DELAY = 5.0, 4, 3_600.0
# How often what came of an attempt is written again, each second, while the database is away.
KEEP_TRIES = 20
# The contract's bounds of what is shown of a failure.
MAX_DETAIL = 1_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_mine = (
    Job.id == bindparam("job_id"),
    Job.round == bindparam("turn", type_=Integer()),
    Job.attempts == bindparam("attempt", type_=Integer()),
    Job.status == "running",
)
_over = {"finished_at": func.now(), "updated_at": func.now()}
_BEGIN = Statement(
    update(Job)
    .where(
        Job.id == bindparam("job_id"),
        Job.round == bindparam("turn", type_=Integer()),
        (Job.status == "queued") | (Job.status == "running"),
    )
    .values(
        status="running",
        attempts=Job.attempts + 1,
        progress=0,
        started_at=func.coalesce(Job.started_at, func.now()),
        updated_at=func.now(),
    )
    .returning(Job.attempts, Job.key, Job.owner_id, Job.request_id, Job.payload)
)
_REPORT = Statement(
    update(Job)
    .where(*_mine)
    .values(
        progress=bindparam("progress", type_=Integer()),
        result=func.coalesce(bindparam("result", type_=JSONB()), Job.result),
        updated_at=func.now(),
    )
)
_SUCCEED = Statement(
    update(Job)
    .where(*_mine)
    # The payload may hold what nobody should find later, such as the token in a mail.
    .values(
        status="succeeded",
        progress=100,
        result=bindparam("result", type_=JSONB()),
        problem=literal_column("NULL"),
        payload=literal_column("'{}'::jsonb"),
        **_over,
    )
)
_FAIL = Statement(
    update(Job).where(*_mine).values(status="failed", problem=bindparam("problem", type_=JSONB()), **_over)
)
_ENDS = {_SUCCEED: "succeeded", _FAIL: "failed"}
_AGAIN = Statement(
    update(Job)
    .where(*_mine)
    .values(
        status="queued",
        problem=bindparam("problem", type_=JSONB()),
        run_after=func.now() + bindparam("delay", type_=INTERVAL()),
        updated_at=func.now(),
    )
)
# An attempt that a worker's own stop cuts short was none.
_HAND_BACK = Statement(
    update(Job).where(*_mine).values(status="queued", attempts=Job.attempts - 1, updated_at=func.now())
)
_STATUS = Statement(select(Job.status).where(Job.id == bindparam("job_id")))


def backoff(attempt: int) -> timedelta:
    """Return how long to wait after this attempt: exponential, with full jitter, so that nobody comes back together."""
    ceiling = min(FIRST_DELAY * GROWTH ** (attempt - 1), LAST_DELAY)
    return timedelta(seconds=random.uniform(0, ceiling))  # noqa: S311 - Nobody gains from foreseeing it.


@dataclass(frozen=True, slots=True)
class Again:
    """Deliver the message again, after this time."""

    delay: timedelta


@dataclass(frozen=True, slots=True)
class Superseded:
    """The job is another worker's by now, and so is the message."""


Verdict = Again | Superseded | None


@dataclass(slots=True)
class Attempt:
    """One attempt, from begin to end."""

    kind: Kind
    job_id: UUID
    turn: int
    number: int
    request_id: str | None
    owner_id: UUID | None
    scope: CancelScope
    # Whether the worker is about to end.
    stopping: Callable[[], bool]

    async def report(
        self, progress: int, result: Mapping[str, Any] | None = None, connection: Connection | None = None
    ) -> None:
        said = {"progress": max(0, min(progress, 100)), "result": _json(result)}
        if not (await self._write_in(connection, _REPORT, said) if connection else await self._write(_REPORT, **said)):
            self.scope.cancel()
        # Here the cancellation takes effect.
        await asyncio.sleep(0)

    async def _write(self, statement: Statement, **values: Any) -> bool:
        """Change the job, if it is still this attempt's turn; who waits for its end is told of it with that."""
        if self.kind.tells and self.owner_id and statement in _ENDS:
            async with transaction() as connection:
                kept = await self._write_in(connection, statement, values)
                if kept:
                    await self.kind.tells(connection, self.job_id, self.owner_id, self.kind.name, _ENDS[statement])
            return kept
        async with reading() as connection:
            return await self._write_in(connection, statement, values)

    async def _write_in(self, connection: Connection, statement: Statement, values: Mapping[str, Any]) -> bool:
        whose = {"job_id": self.job_id, "turn": self.turn, "attempt": self.number}
        return bool(await statement.run(connection, **whose, **values))

    async def keep(self, statement: Statement, **values: Any) -> bool:
        """Write what came of the attempt, and wait for the database if it is away."""
        for _ in range(KEEP_TRIES):
            try:
                return await self._write(statement, **values)
            except (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, ServiceUnavailable):
                await asyncio.sleep(1)
        return await self._write(statement, **values)

    async def run(self, row: Record) -> tuple[str, Verdict]:
        """Let the task run. Return the outcome in a word, and what is to become of the message."""
        job = Running(self.job_id, row["key"] or str(self.job_id), self.number, row["owner_id"], self.report)
        failure: Exception | None = None
        result: Mapping[str, Any] | None = None
        with self.scope:
            try:
                async with asyncio.timeout(self.kind.deadline):
                    result = await self.kind.task(orjson.loads(row["payload"]), job)
            except Exception as error:  # noqa: BLE001 - Whatever a task raises, it has failed, and its job goes on.
                failure = error
        if self.scope.cancelled_caught:
            return await self._interrupted()
        if failure is not None:
            return await self._failed(failure)
        kept = await self.keep(_SUCCEED, result=_json(result))
        return ("succeeded", None) if kept else await self._interrupted()

    async def _interrupted(self) -> tuple[str, Verdict]:
        """Find out who ended the attempt: who cancelled the job, this worker's stop, or another worker."""
        if self.stopping() and await self.keep(_HAND_BACK):
            return "handed back", Again(timedelta(0))
        async with reading() as connection:
            status = await _STATUS.value(connection, job_id=self.job_id)
        return ("cancelled", None) if status in (None, "cancelled") else ("superseded", Superseded())

    async def _failed(self, failure: Exception) -> tuple[str, Verdict]:
        problem = orjson.dumps(describe(failure, self.number)).decode()
        if self.number >= MAX_ATTEMPTS or (isinstance(failure, JobFailed) and failure.final):
            log.error("job failed", exc_info=failure, extra=self.named())
            return ("failed", None) if await self.keep(_FAIL, problem=problem) else await self._interrupted()
        log.warning("attempt failed", exc_info=failure, extra=self.named())
        delay = backoff(self.number)
        if await self.keep(_AGAIN, problem=problem, delay=delay):
            return "failed, to be retried", Again(delay)
        return await self._interrupted()

    def named(self) -> dict[str, Any]:
        """Return what a line of the log says of the attempt."""
        return {
            "kind": self.kind.name,
            "job_id": str(self.job_id),
            "attempt": self.number,
            "request_id": self.request_id,
        }


def _json(result: Mapping[str, Any] | None) -> str | None:
    return None if result is None else orjson.dumps(dict(result)).decode()


def describe(failure: Exception | None, attempt: int) -> dict[str, Any]:
    """Return what is shown of a failure; nothing that was not written to be shown. None is a worker that was lost."""
    match failure:
        case None:
            code, detail = "worker_lost", "The worker ended in the midst of it."
        case JobFailed():
            code, detail = "job_failed", _CONTROL.sub(" ", failure.detail)[:MAX_DETAIL]
        case TimeoutError():
            code, detail = "deadline_exceeded", "It took longer than it may."
        case _:
            code, detail = "internal_error", "Something failed that should not; the logs know what."
    return {"code": code, "detail": detail, "attempt": attempt, "timestamp": clock.timestamp()}


async def attempt(kind: Kind, job_id: UUID, turn: int, scope: CancelScope, stopping: Callable[[], bool]) -> Verdict:
    """Do what a message says. Return what is to become of the message: None when it has served its purpose."""
    started = perf_counter()
    async with reading() as connection:
        row = await _BEGIN.first(connection, job_id=job_id, turn=turn)
    if row is None:
        # It was cancelled, or is done and only the message was left over from a worker's death.
        return None
    begin(Current(request_id=row["request_id"] or NO_REQUEST, operation=kind.name, user_id=str(row["owner_id"] or "")))
    current = Attempt(kind, job_id, turn, row["attempts"], row["request_id"], row["owner_id"], scope, stopping)
    outcome, verdict = await (current.run(row) if row["attempts"] <= MAX_ATTEMPTS else _bury(current))
    milliseconds = round((perf_counter() - started) * 1000, 2)
    log.info("job", extra=current.named() | {"outcome": outcome, "duration_ms": milliseconds})
    return verdict


async def _bury(current: Attempt) -> tuple[str, Verdict]:
    """Give up a job whose last attempt took its worker along; it would take the next one, too."""
    kept = await current.keep(_FAIL, problem=orjson.dumps(describe(None, MAX_ATTEMPTS)).decode())
    return ("failed", None) if kept else ("superseded", Superseded())
