"""Posts in bulk: what sitemaps are made of."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_index(
        "ix_posts_sitemap",
        "posts",
        ["id"],
        postgresql_include=["version", "updated_at"],
        postgresql_where=sa.text("status = 'published'"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_posts_sitemap", table_name="posts")
