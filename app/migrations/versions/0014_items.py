"""Items: what members offer, with prices that are exact, and how many of them carry a tag or are in a category."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TOTAL = "round(coalesce(discount_price, price) * (1 + tax * 0.01), 2)"
_SEARCH = "setweight(to_tsvector('english', title), 'A') || to_tsvector('english', coalesce(description, ''))"
_ACTIVE = sa.text("status = 'active'")
_NEWEST = [sa.text("created_at DESC"), sa.text("id DESC")]


def upgrade() -> None:
    """Go forward."""
    for table in ("tags", "categories"):
        op.add_column(table, sa.Column("item_count", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("price", sa.Numeric(9, 2), nullable=False),
        sa.Column("tax", sa.Numeric(5, 2), server_default="0", nullable=False),
        sa.Column("discount_price", sa.Numeric(9, 2), nullable=True),
        sa.Column("total_price", sa.Numeric(10, 2), sa.Computed(_TOTAL, persisted=True), nullable=False),
        sa.Column("in_stock", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("status", sa.Text(), server_default="draft", nullable=False),
        sa.Column("tags", ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("views", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("search", TSVECTOR(), sa.Computed(_SEARCH, persisted=True), nullable=False),
        sa.CheckConstraint("status IN ('active', 'inactive', 'draft')", name=op.f("ck_items_status")),
        sa.CheckConstraint("price > 0", name=op.f("ck_items_price")),
        sa.CheckConstraint("tax BETWEEN 0 AND 100", name=op.f("ck_items_tax")),
        sa.CheckConstraint("discount_price > 0 AND discount_price < price", name=op.f("ck_items_discount_price")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_items_owner_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_items_category_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
    )
    op.create_index("ix_items_created", "items", _NEWEST, postgresql_where=_ACTIVE)
    op.create_index("ix_items_price", "items", ["price", "id"], postgresql_where=_ACTIVE)
    op.create_index("ix_items_views", "items", [sa.text("views DESC"), sa.text("id DESC")], postgresql_where=_ACTIVE)
    op.create_index("ix_items_owner", "items", ["owner_id", *_NEWEST])
    op.create_index(
        "ix_items_category", "items", ["category_id", *_NEWEST], postgresql_where=sa.text("category_id IS NOT NULL")
    )
    op.create_index("ix_items_tags", "items", ["tags"], postgresql_using="gin")
    op.create_index("ix_items_search", "items", ["search"], postgresql_using="gin")


def downgrade() -> None:
    """Go back."""
    op.drop_table("items")
    for table in ("tags", "categories"):
        op.drop_column(table, "item_count")
