"""Moderation: comments wait, are reported and judged; whom they mention."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("comments", sa.Column("status", sa.Text(), server_default="approved", nullable=False))
    op.add_column("comments", sa.Column("is_public", sa.Boolean(), server_default="true", nullable=False))
    op.add_column("comments", sa.Column("report_count", sa.Integer(), server_default="0", nullable=False))
    op.create_check_constraint(op.f("ck_comments_status"), "comments", "status IN ('approved', 'pending', 'rejected')")
    op.create_check_constraint(
        op.f("ck_comments_is_public"), "comments", "is_public OR status <> 'approved' OR deleted_at IS NOT NULL"
    )
    op.create_index(
        "ix_comments_waiting",
        "comments",
        ["created_at", "id"],
        postgresql_where=sa.text("deleted_at IS NULL AND (status = 'pending' OR report_count > 0)"),
    )
    op.create_index(
        "ix_comments_rejected",
        "comments",
        ["created_at", "id"],
        postgresql_where=sa.text("deleted_at IS NULL AND status = 'rejected'"),
    )
    op.create_table(
        "comment_mentions",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_comment_mentions_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_comment_mentions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("comment_id", "user_id", name=op.f("pk_comment_mentions")),
    )
    op.create_index("ix_comment_mentions_user_id", "comment_mentions", ["user_id"])
    op.create_table(
        "comment_reports",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "reason IN ('spam', 'abuse', 'off_topic', 'illegal', 'other')", name=op.f("ck_comment_reports_reason")
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_comment_reports_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_comment_reports_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("comment_id", "user_id", name=op.f("pk_comment_reports")),
    )
    op.create_index("ix_comment_reports_user_id", "comment_reports", ["user_id"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("comment_reports")
    op.drop_table("comment_mentions")
    op.drop_index("ix_comments_rejected", table_name="comments")
    op.drop_index("ix_comments_waiting", table_name="comments")
    op.drop_constraint(op.f("ck_comments_is_public"), "comments")
    op.drop_constraint(op.f("ck_comments_status"), "comments")
    op.drop_column("comments", "report_count")
    op.drop_column("comments", "is_public")
    op.drop_column("comments", "status")
