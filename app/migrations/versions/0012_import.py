"""Imports of posts: what was received, and by what the same post is known when it comes again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("posts", sa.Column("external_id", sa.Text(), nullable=True))
    op.create_index(
        "uq_posts_external_id",
        "posts",
        ["author_id", "external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.create_table(
        "post_imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("lines", sa.Integer(), server_default="0", nullable=False),
        sa.Column("report", JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("mode IN ('all_or_nothing', 'valid_lines')", name=op.f("ck_post_imports_mode")),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_post_imports_author_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_post_imports_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post_imports")),
    )
    op.create_index("ix_post_imports_author_id", "post_imports", ["author_id"])
    op.create_index("ix_post_imports_created_at", "post_imports", ["created_at"])
    op.create_index("uq_post_imports_job_id", "post_imports", ["job_id"], unique=True)
    op.create_table(
        "post_import_pieces",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["post_imports.id"], name=op.f("fk_post_import_pieces_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_post_import_pieces")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("post_import_pieces")
    op.drop_table("post_imports")
    op.drop_index("uq_posts_external_id", table_name="posts")
    op.drop_column("posts", "external_id")
