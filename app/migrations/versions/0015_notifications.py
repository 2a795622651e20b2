"""Domain events and notifications: what has happened, who is told of it, and who does not want to be."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _indexes() -> None:
    index, where = op.create_index, sa.text
    index("uq_notifications_subject", "notifications", ["subject_id", "kind", "member_id"], unique=True)
    newest = [where("created_at DESC"), where("id DESC")]
    index("ix_notifications_member", "notifications", ["member_id", *newest])
    index(
        "ix_notifications_unread",
        "notifications",
        ["member_id", *newest],
        postgresql_include=["kind"],
        postgresql_where=where("read_at IS NULL AND withheld = 0"),
    )
    for name in ("actor_id", "post_id", "comment_id", "job_id"):
        condition = where(f"{name} IS NOT NULL")
        index(f"ix_notifications_{name}", "notifications", [name], postgresql_where=condition)
    index("ix_notifications_created_at", "notifications", ["created_at"])


def _events() -> None:
    op.create_table(
        "domain_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "transaction",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("payload", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain_events")),
    )
    op.create_index("ix_domain_events_transaction", "domain_events", ["transaction", "id"])
    op.create_index("ix_domain_events_created_at", "domain_events", ["created_at"])


_KINDS = (
    "kind IN ('comment', 'reply', 'like', 'mention', 'item_sold_out', 'job_finished', 'event_changed', "
    "'event_cancelled')"
)
_CAUSES = (
    ("member_id", "users", "CASCADE"),
    ("actor_id", "users", "SET NULL"),
    ("post_id", "posts", "CASCADE"),
    ("comment_id", "comments", "CASCADE"),
    ("job_id", "jobs", "CASCADE"),
)


def upgrade() -> None:
    """Go forward."""
    _events()
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("post_id", sa.Uuid(), nullable=True),
        sa.Column("comment_id", sa.Uuid(), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("count", sa.Integer(), server_default="1", nullable=False),
        sa.Column("most", sa.Integer(), server_default="1", nullable=False),
        sa.Column("withheld", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(_KINDS, name=op.f("ck_notifications_kind")),
        sa.CheckConstraint("count >= 0", name=op.f("ck_notifications_count")),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=op.f(f"fk_notifications_{name}"), ondelete=ondelete)
            for name, table, ondelete in _CAUSES
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    _indexes()
    op.create_table(
        "notification_preferences",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("muted", ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["users.id"], name=op.f("fk_notification_preferences_member_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_notification_preferences")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("notification_preferences")
    op.drop_table("notifications")
    op.drop_table("domain_events")
