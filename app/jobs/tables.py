"""Jobs as members and administrators see them; the queue's own rows are PgQueuer's business (app/jobs/queue.py)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ColumnClause, ForeignKey, Index, func, text

from app.sql import Table


class Job(Table):
    """Something to be done in the background, from the transaction that caused it until long after it is done."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="status"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        Index("uq_jobs_key", "key", unique=True),
        Index("ix_jobs_created", "created_at", "id"),
        Index("ix_jobs_status", "status", "created_at", "id"),
        Index("ix_jobs_owner", "owner_id", "created_at", "id"),
        Index("ix_jobs_finished", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
    )

    id: ColumnClause[UUID] = Column(primary_key=True)
    kind: ColumnClause[str]
    status: ColumnClause[str] = Column(server_default="queued")
    progress: ColumnClause[int] = Column(server_default="0")
    # How often it was begun since it was queued or last retried by somebody. With `round`, it says whose turn it is.
    attempts: ColumnClause[int] = Column(server_default="0")
    # How often somebody queued it: a message of an earlier round counts for nothing.
    round: ColumnClause[int] = Column(server_default="1")
    # What an account has asked for is done even when the account is deleted meanwhile.
    owner_id: ColumnClause[UUID | None] = Column(ForeignKey("users.id", ondelete="SET NULL"))
    key: ColumnClause[str | None]
    # The request that caused it, so that one id leads through the logs of both.
    request_id: ColumnClause[str | None]
    payload: ColumnClause[dict[str, Any]]
    result: ColumnClause[dict[str, Any] | None]
    problem: ColumnClause[dict[str, Any] | None]
    run_after: ColumnClause[datetime] = Column(server_default=func.now())
    created_at: ColumnClause[datetime] = Column(server_default=func.now())
    updated_at: ColumnClause[datetime] = Column(server_default=func.now())
    started_at: ColumnClause[datetime | None]
    finished_at: ColumnClause[datetime | None]
