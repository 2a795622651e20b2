"""What was done, kept for good.

The database itself refuses to change or remove an event, so that neither a mistake of the service nor whoever has
taken it over can. docs/decisions/0018-audit.md says what that is worth and how an operator ends what is too old.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, Column, ColumnClause, Index, event, func, text

from app.sql import Table


class AuditEvent(Table):
    """An event. It refers to accounts without foreign keys, because it stays when they go."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_created", "created_at", "id"),
        Index("ix_audit_events_action", "action", "created_at", "id"),
        Index("ix_audit_events_actor", "actor_id", "created_at", "id", postgresql_where=text("actor_id IS NOT NULL")),
        Index(
            "ix_audit_events_subject", "subject_id", "created_at", "id", postgresql_where=text("subject_id IS NOT NULL")
        ),
    )

    id: ColumnClause[UUID] = Column(primary_key=True)
    action: ColumnClause[str]
    actor_id: ColumnClause[UUID | None]
    subject_id: ColumnClause[UUID | None]
    address: ColumnClause[str]
    request_id: ColumnClause[str]
    detail: ColumnClause[dict[str, Any]] = Column(server_default="{}")
    created_at: ColumnClause[datetime] = Column(server_default=func.now())


# For every statement and not for every row, so that one that finds no row is refused as well.
APPEND_ONLY = (
    """
    CREATE FUNCTION audit_events_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'audit events are neither changed nor removed' USING ERRCODE = 'insufficient_privilege';
    END
    $$
    """,
    """
    CREATE TRIGGER audit_events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit_events_stay()
    """,
)
for statement in APPEND_ONLY:
    event.listen(AuditEvent.__table__, "after_create", DDL(statement))
