"""Media in use: images of items, and the featured image of a post."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "item_images",
        sa.Column("media_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_item_images_item_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name=op.f("fk_item_images_media_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("media_id", name=op.f("pk_item_images")),
    )
    op.create_index("uq_item_images_position", "item_images", ["item_id", "position"], unique=True)
    op.add_column("posts", sa.Column("featured_image_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_posts_featured_image_id"), "posts", "media", ["featured_image_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index(
        "ix_posts_featured_image",
        "posts",
        ["featured_image_id"],
        postgresql_where=sa.text("featured_image_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_posts_featured_image", "posts")
    op.drop_constraint(op.f("fk_posts_featured_image_id"), "posts", type_="foreignkey")
    op.drop_column("posts", "featured_image_id")
    op.drop_table("item_images")
