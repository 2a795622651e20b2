"""What members offer, and its images."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnClause,
    ColumnElement,
    Computed,
    ForeignKey,
    Index,
    Numeric,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from app.categories.tables import Categorised
from app.media.tables import Media, Showing
from app.sql import Table
from app.tags.tables import Tagged
from app.users.tables import User
from app.views import Viewed

# Exact to the end: cents and hundredths of a percent multiply to six places, and round() of numeric is half up.
_TOTAL = "round(coalesce(discount_price, price) * (1 + tax * 0.01), 2)"
_SEARCH = "setweight(to_tsvector('english', title), 'A') || to_tsvector('english', coalesce(description, ''))"
_ACTIVE = text("status = 'active'")
PRICE: Numeric[Decimal] = Numeric(9, 2)


class Item(Tagged, Categorised, Viewed, Table):
    """An item. Its lists are read in the order of an index, so that no page is sorted at request time."""

    __tablename__ = "items"
    listed = "active"
    counter = "item_count"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'inactive', 'draft')", name="status"),
        CheckConstraint("price > 0", name="price"),
        CheckConstraint("tax BETWEEN 0 AND 100", name="tax"),
        CheckConstraint("discount_price > 0 AND discount_price < price", name="discount_price"),
        Index("ix_items_created", text("created_at DESC"), text("id DESC"), postgresql_where=_ACTIVE),
        Index("ix_items_price", "price", "id", postgresql_where=_ACTIVE),
        Index("ix_items_views", text("views DESC"), text("id DESC"), postgresql_where=_ACTIVE),
        Index("ix_items_owner", "owner_id", text("created_at DESC"), text("id DESC")),
        Index(
            "ix_items_category",
            "category_id",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("category_id IS NOT NULL"),
        ),
        Index("ix_items_tags", "tags", postgresql_using="gin"),
        Index("ix_items_search", "search", postgresql_using="gin"),
    )

    owner_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"))
    title: ColumnClause[str]
    description: ColumnClause[str | None]
    price: ColumnClause[Decimal] = Column(PRICE)
    tax: ColumnClause[Decimal] = Column(Numeric(5, 2), server_default="0")
    discount_price: ColumnClause[Decimal | None] = Column(PRICE)
    total_price: ColumnClause[Decimal] = Column(Numeric(10, 2), Computed(_TOTAL, persisted=True))
    in_stock: ColumnClause[bool] = Column(server_default="true")
    created_at: ColumnClause[datetime] = Column(server_default=func.now())
    updated_at: ColumnClause[datetime] = Column(server_default=func.now())
    search: ColumnClause[Any] = Column(TSVECTOR, Computed(_SEARCH, persisted=True))


class ItemImage(Showing, Table):
    """An image of an item: a medium of its owner's. What lists answer of it is here, as it never changes."""

    __tablename__ = "item_images"
    __table_args__ = (Index("uq_item_images_position", "item_id", "position", unique=True),)

    media_id: ColumnClause[UUID] = Column(ForeignKey(Media.id, ondelete="CASCADE"), primary_key=True)
    item_id: ColumnClause[UUID] = Column(ForeignKey(Item.id, ondelete="CASCADE"))
    position: ColumnClause[int]
    width: ColumnClause[int]
    height: ColumnClause[int]

    @classmethod
    def shows(cls, media_id: Any) -> ColumnElement[bool]:
        """Everybody sees it as long as the item is active."""
        listed = select(Item.id).where(Item.id == cls.item_id, Item.status == Item.listed)
        return (cls.media_id == media_id) & listed.exists()

    @classmethod
    def shown_on(cls, media_id: Any) -> tuple[Any, ColumnElement[bool]]:
        """An item."""
        return Item, Item.id.in_(select(cls.item_id).where(cls.media_id == media_id))
