"""Jobs, and PgQueuer's tables in a schema of their own."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.jobs.messages import SCHEMA

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _queue() -> list[str]:
    """Return PgQueuer's own statements, one by one. A test asks for another migration when it changes them.

    That one runs `schema_ddl.render_converge(SETTINGS)`, which leaves alone what a later PgQueuer has made here.
    """
    # Every start of the service reads this file, and runs it once in a database's life.
    from pgqueuer.adapters.persistence import schema_ddl  # noqa: PLC0415
    from pgqueuer.domain.schema.declaration import target  # noqa: PLC0415

    from app.jobs.queue import SETTINGS  # noqa: PLC0415

    wanted = target(SETTINGS)
    return [
        *(schema_ddl.render_enum(entry, SETTINGS) for entry in wanted.enums),
        *(schema_ddl.render_table(entry, SETTINGS) for entry in wanted.tables),
        *(schema_ddl.render_index(entry, SETTINGS) for entry in wanted.indexes),
        *(schema_ddl.render_function(entry, SETTINGS) for entry in wanted.functions),
        *(schema_ddl.render_trigger(entry, SETTINGS) for entry in wanted.triggers),
    ]


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("progress", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("round", sa.Integer(), server_default="1", nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("run_after", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name=op.f("ck_jobs_status")
        ),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name=op.f("ck_jobs_progress")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_jobs_owner_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index("uq_jobs_key", "jobs", ["key"], unique=True)
    op.create_index("ix_jobs_created", "jobs", ["created_at", "id"], unique=False)
    op.create_index("ix_jobs_status", "jobs", ["status", "created_at", "id"], unique=False)
    op.create_index("ix_jobs_owner", "jobs", ["owner_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_jobs_finished",
        "jobs",
        ["finished_at"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.execute(f"CREATE SCHEMA {SCHEMA}")
    for statement in _queue():
        op.execute(statement)


def downgrade() -> None:
    """Go back."""
    op.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
    op.drop_index("ix_jobs_finished", table_name="jobs", postgresql_where=sa.text("finished_at IS NOT NULL"))
    op.drop_index("ix_jobs_owner", table_name="jobs")
    op.drop_index("ix_jobs_status", table_name="jobs")
    op.drop_index("ix_jobs_created", table_name="jobs")
    op.drop_index("uq_jobs_key", table_name="jobs")
    op.drop_table("jobs")
