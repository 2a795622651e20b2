"""Jobs as members and administrators see them; the queue's own rows are PgQueuer's business (app/jobs/queue.py)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

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

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="queued")
    progress: Mapped[int] = mapped_column(server_default="0")
    # How often it was begun since it was queued or last retried by somebody. With `round`, it says whose turn it is.
    attempts: Mapped[int] = mapped_column(server_default="0")
    # How often somebody queued it: a message of an earlier round counts for nothing.
    round: Mapped[int] = mapped_column(server_default="1")
    # What an account has asked for is done even when the account is deleted meanwhile.
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    key: Mapped[str | None]
    # The request that caused it, so that one id leads through the logs of both.
    request_id: Mapped[str | None]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    run_after: Mapped[datetime] = mapped_column(server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
