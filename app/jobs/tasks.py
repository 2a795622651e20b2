"""What the service clears away by itself; other slices have tasks of their own (app/tasks.py)."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func

from app.idempotency import LIFETIME, IdempotencyRecord
from app.jobs.cleaning import expired, remove
from app.jobs.messages import LOG, STATISTICS
from app.jobs.registry import Running, task
from app.jobs.tables import Job

# For as long its owner can see what became of a job, and its key keeps the same job from being queued again.
KEEP_JOBS = timedelta(days=30)
# PgQueuer's own records, for who looks into the queue with its tools.
KEEP_LOG, KEEP_STATISTICS = timedelta(days=7), timedelta(days=30)

_IDEMPOTENCY_RECORDS = expired(IdempotencyRecord, IdempotencyRecord.created_at <= func.now() - LIFETIME)
_JOBS = expired(Job, Job.finished_at <= func.now() - KEEP_JOBS)
_LOG = expired(LOG, LOG.c.created <= func.now() - KEEP_LOG)
_STATISTICS = expired(STATISTICS, STATISTICS.c.created <= func.now() - KEEP_STATISTICS)


@task("idempotency.remove_expired", every="17 * * * *", deadline=600)
async def remove_idempotency_records(payload: dict[str, Any], job: Running) -> dict[str, int]:
    """Delete answers that are not given again."""
    del payload, job
    return {"idempotency_records": await remove(_IDEMPOTENCY_RECORDS)}


@task("jobs.remove_finished", every="27 * * * *", deadline=600)
async def remove_finished_jobs(payload: dict[str, Any], job: Running) -> dict[str, int]:
    """Delete jobs that ended a month ago, and what PgQueuer wrote of them."""
    del payload, job
    return {"jobs": await remove(_JOBS), "log": await remove(_LOG), "statistics": await remove(_STATISTICS)}
