"""What has happened."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.sql import Table


class DomainEvent(Table):
    """Something that has happened, and who is to hear of it; what it happened to may be gone by now."""

    __tablename__ = "domain_events"
    __table_args__ = (
        Index("ix_domain_events_transaction", "transaction", "id"),
        Index("ix_domain_events_created_at", "created_at"),
    )

    # In the order in which they were written, which is not the one in which they can be seen (readers.py).
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    transaction: Mapped[int] = mapped_column(BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint"))
    kind: Mapped[str]
    topic: Mapped[str]
    subject_id: Mapped[UUID]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
