"""What people ask of jobs: to see them, to cancel them and to have them tried again."""

from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record
from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Integer,
    Text,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    update,
)

from app import pages
from app.access import Action, Principal, allowed, require
from app.jobs.messages import LOG, QUEUE, QUEUED, WAITING, ticket
from app.jobs.tables import Job
from app.problems import NotFound, Problem
from app.rows import fill
from app.sql import Connection, Statement
from generated import models
from generated.models import JobSort, JobStatus, ProblemCode


class InvalidJobStep(Problem):
    status, code, title = 409, ProblemCode.invalid_job_step, "The job is not in a state that allows this."


_JOB: tuple[ColumnClause[Any], ...] = (
    Job.id,
    Job.kind,
    Job.status,
    Job.progress,
    Job.attempts,
    Job.owner_id,
    Job.result,
    Job.problem,
    Job.run_after,
    Job.created_at,
    Job.updated_at,
    Job.started_at,
    Job.finished_at,
)
_GET = Statement(select(*_JOB).where(Job.id == bindparam("job_id")))
_CANCEL = Statement(
    update(Job)
    .where(Job.id == bindparam("job_id"), (Job.status == "queued") | (Job.status == "running"))
    # Nobody is going to need the payload, which may hold secrets.
    .values(
        status="cancelled",
        payload=literal_column("'{}'::jsonb"),
        finished_at=func.now(),
        updated_at=func.now(),
    )
    .returning(*_JOB, Job.round)
)
_MESSAGE = Statement(select(QUEUE.c.id).where(QUEUE.c.dedupe_key == bindparam("ticket"), WAITING))
_retried = (
    update(Job)
    .where(Job.id == bindparam("job_id"), Job.status == "failed")
    .values(
        status="queued",
        round=Job.round + 1,
        attempts=0,
        progress=0,
        run_after=func.now(),
        updated_at=func.now(),
        finished_at=literal_column("NULL"),
    )
    .returning(*_JOB, Job.round)
    .cte("retried")
)
_said = _retried.c.id.cast(Text) + literal_column("'/'", Text()) + _retried.c.round.cast(Text)
_message = (
    insert(QUEUE)
    .from_select(
        ["priority", "entrypoint", "payload", "dedupe_key", "status"],
        select(
            literal_column("0", Integer()),
            _retried.c.kind,
            func.convert_to(_said, literal_column("'UTF8'")),
            _said,
            QUEUED,
        ),
    )
    .returning(QUEUE.c.id, QUEUE.c.entrypoint)
    .cte("message")
)
_logged = (
    insert(LOG)
    .from_select(
        ["job_id", "status", "priority", "entrypoint"],
        select(_message.c.id, QUEUED, literal_column("0", Integer()), _message.c.entrypoint),
    )
    .cte("logged")
)
_RETRY = Statement(select(*(_retried.c[column.key] for column in _JOB)).add_cte(_message, _logged))

# What a list can be narrowed by; the key is the name of the bind parameter as well.
_FILTERS: dict[str, ColumnElement[bool]] = {
    "status": Job.status == bindparam("status"),
    "kind": Job.kind == bindparam("kind"),
    "owner_id": Job.owner_id == bindparam("owner_id"),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by; None does not narrow."""

    status: JobStatus | None = None
    kind: str | None = None
    owner_id: UUID | None = None

    def values(self) -> dict[str, Any]:
        """Return the bind values of the filters in use."""
        found: dict[str, Any] = {name: getattr(self, name) for name in _FILTERS}
        found["status"] = self.status and self.status.value
        return {name: value for name, value in found.items() if value is not None}


def whose(principal: Principal) -> UUID | None:
    """Return to whose jobs a list is restricted: None for who may see anybody's."""
    return None if allowed(principal, Action.SEE_JOB, {"owner_id": None}) else principal.user_id


def _job(row: Record) -> models.Job:
    members: dict[str, Any] = {column.key: row[column.key] for column in _JOB}
    members["status"] = JobStatus(row["status"])
    members["result"] = row["result"] and orjson.loads(row["result"])
    members["problem"] = row["problem"] and models.JobProblem.model_validate_json(row["problem"])
    return fill(models.Job, members)


async def _seen(connection: Connection, principal: Principal, job_id: UUID) -> Record:
    row = await _GET.first(connection, job_id=job_id)
    if row is None or not allowed(principal, Action.SEE_JOB, row):
        raise NotFound("There is no such job.")
    return row


async def get(connection: Connection, principal: Principal, job_id: UUID) -> models.Job:
    """Return a job. Raises NotFound, also for one that the member may not see."""
    return _job(await _seen(connection, principal, job_id))


@cache
def _listing(filters: frozenset[str], shape: pages.Shape, *, descending: bool) -> Statement:
    statement = select(*_JOB).where(*(_FILTERS[name] for name in sorted(filters)))
    return Statement(pages.ordered(statement, Job.created_at, Job.id, shape, descending=descending))


@cache
def _counting(filters: frozenset[str]) -> pages.Counting:
    return pages.Counting(select(Job.id).where(*(_FILTERS[name] for name in sorted(filters))))


async def list_page(connection: Connection, sort: JobSort, filters: Filters, asked: pages.Asked) -> models.JobPage:
    """Return a page of the jobs that the filters leave. Raises ValidationFailed for a cursor that is not ours."""
    values = filters.values()
    page = pages.wanted(f"jobs {sort} {values}", asked)
    names = frozenset(values)
    counted = await _counting(names).total(connection, **values) if page.total else None
    descending = sort is JobSort.created_at_desc
    rows = await _listing(names, page.shape, descending=descending).all(connection, **values, **page.binds())
    kept, described = pages.cut(rows, page, itemgetter("created_at"), counted)
    return models.JobPage(items=[_job(row) for row in kept], page=described)


async def cancel(connection: Connection, principal: Principal, job_id: UUID) -> models.Job:
    """End a job for good; where it is running, its worker is told when the transaction commits.

    Raises NotFound, PermissionDenied and, for a job that has come to another end, InvalidJobStep.
    """
    require(principal, Action.CHANGE_JOB, await _seen(connection, principal, job_id))
    row = await _CANCEL.first(connection, job_id=job_id)
    if row is None:
        return await _unchanged(connection, principal, job_id, JobStatus.cancelled)
    from app.jobs.queue import JobId, queries  # noqa: PLC0415 - Few cancel, and PgQueuer takes 5 MB.

    messages = await _MESSAGE.all(connection, ticket=ticket(job_id, row["round"]))
    await queries(connection).mark_job_as_cancelled([JobId(message["id"]) for message in messages])
    return _job(row)


async def retry(connection: Connection, principal: Principal, job_id: UUID) -> models.Job:
    """Queue a failed job for another round of attempts.

    Raises NotFound, PermissionDenied and, for a job that is done or was cancelled, InvalidJobStep.
    """
    require(principal, Action.CHANGE_JOB, await _seen(connection, principal, job_id))
    row = await _RETRY.first(connection, job_id=job_id)
    if row is None:
        return await _unchanged(connection, principal, job_id, JobStatus.queued, JobStatus.running)
    return _job(row)


async def _unchanged(connection: Connection, principal: Principal, job_id: UUID, *wanted: JobStatus) -> models.Job:
    """Return a job that is already what was asked for. Raises InvalidJobStep when it is not."""
    job = await get(connection, principal, job_id)
    if job.status not in wanted:
        raise InvalidJobStep(f"The job is {job.status.value}.")
    return job
