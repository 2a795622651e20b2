"""Audit events, which the database itself neither changes nor removes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index("ix_audit_events_created", "audit_events", ["created_at", "id"], unique=False)
    op.create_index("ix_audit_events_action", "audit_events", ["action", "created_at", "id"], unique=False)
    op.create_index(
        "ix_audit_events_actor",
        "audit_events",
        ["actor_id", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("actor_id IS NOT NULL"),
    )
    op.create_index(
        "ix_audit_events_subject",
        "audit_events",
        ["subject_id", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("subject_id IS NOT NULL"),
    )
    op.execute(
        """
    CREATE FUNCTION audit_events_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'audit events are neither changed nor removed' USING ERRCODE = 'insufficient_privilege';
    END
    $$
    """
    )
    op.execute(
        """
    CREATE TRIGGER audit_events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit_events_stay()
    """
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("audit_events")
    op.execute("DROP FUNCTION audit_events_stay()")
