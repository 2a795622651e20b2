"""What has happened."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, ColumnClause, Identity, Index, func, text

from app.sql import Table


class DomainEvent(Table):
    """Something that has happened, and who is to hear of it; what it happened to may be gone by now."""

    __tablename__ = "domain_events"
    __table_args__ = (
        Index("ix_domain_events_transaction", "transaction", "id"),
        Index("ix_domain_events_created_at", "created_at"),
    )

    # In the order in which they were written, which is not the one in which they can be seen (readers.py).
    id: ColumnClause[int] = Column(BigInteger, Identity(always=True), primary_key=True)
    transaction: ColumnClause[int] = Column(BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint"))
    kind: ColumnClause[str]
    topic: ColumnClause[str]
    subject_id: ColumnClause[UUID]
    payload: ColumnClause[dict[str, Any]] = Column(server_default=text("'{}'::jsonb"))
    created_at: ColumnClause[datetime] = Column(server_default=func.now())
