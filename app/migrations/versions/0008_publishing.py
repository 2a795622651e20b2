"""Scheduled publication, the categories of posts, and their revisions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "categories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(collation="C"), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("post_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("depth BETWEEN 1 AND 5", name=op.f("ck_categories_depth")),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_categories_parent")),
        sa.ForeignKeyConstraint(["parent_id"], ["categories.id"], name=op.f("fk_categories_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categories")),
    )
    op.create_index("uq_categories_slug", "categories", ["slug"], unique=True)
    op.create_index("ix_categories_place", "categories", ["place", "id"], unique=False)
    op.create_index("ix_categories_name", "categories", ["name", "id"], unique=False)
    op.create_index("ix_categories_post_count", "categories", ["post_count", "id"], unique=False)
    op.create_index("ix_categories_parent", "categories", ["parent_id", "place"], unique=False)

    op.add_column("posts", sa.Column("publish_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("posts", sa.Column("publication_job_id", sa.Uuid(), nullable=True))
    op.add_column("posts", sa.Column("category_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_posts_category_id"), "posts", "categories", ["category_id"], ["id"])
    op.drop_constraint(op.f("ck_posts_status"), "posts", type_="check")
    op.create_check_constraint(
        op.f("ck_posts_status"), "posts", "status IN ('draft', 'scheduled', 'published', 'archived')"
    )
    op.create_check_constraint(op.f("ck_posts_schedule"), "posts", "(status = 'scheduled') = (publish_at IS NOT NULL)")
    op.create_index(
        "ix_posts_scheduled", "posts", ["publish_at"], unique=False, postgresql_where=sa.text("publish_at IS NOT NULL")
    )
    op.create_index(
        "ix_posts_category",
        "posts",
        ["category_id", sa.literal_column("sort_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("category_id IS NOT NULL"),
    )

    op.create_table(
        "post_revisions",
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("excerpt", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("editor_id", sa.Uuid(), nullable=True),
        sa.Column("restored_from", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_post_revisions_post_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name=op.f("fk_post_revisions_category_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["editor_id"], ["users.id"], name=op.f("fk_post_revisions_editor_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("post_id", "number", name=op.f("pk_post_revisions")),
    )
    op.create_index(
        "ix_post_revisions_category_id",
        "post_revisions",
        ["category_id"],
        unique=False,
        postgresql_where=sa.text("category_id IS NOT NULL"),
    )
    op.create_index("ix_post_revisions_editor_id", "post_revisions", ["editor_id"], unique=False)


def downgrade() -> None:
    """Go back; a schedule becomes a draft again."""
    op.drop_table("post_revisions")
    op.drop_index("ix_posts_category", table_name="posts", postgresql_where=sa.text("category_id IS NOT NULL"))
    op.drop_index("ix_posts_scheduled", table_name="posts", postgresql_where=sa.text("publish_at IS NOT NULL"))
    op.drop_constraint(op.f("ck_posts_schedule"), "posts", type_="check")
    op.drop_constraint(op.f("ck_posts_status"), "posts", type_="check")
    op.execute("UPDATE posts SET status = 'draft' WHERE status = 'scheduled'")
    op.create_check_constraint(op.f("ck_posts_status"), "posts", "status IN ('draft', 'published', 'archived')")
    op.drop_constraint(op.f("fk_posts_category_id"), "posts", type_="foreignkey")
    op.drop_column("posts", "category_id")
    op.drop_column("posts", "publication_job_id")
    op.drop_column("posts", "publish_at")
    op.drop_table("categories")
