"""The tree of categories."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.sql import Table

# The levels of the tree; the database's check and the contract say the same.
MAX_DEPTH = 5
# Between the slugs in `place`: it sorts before every character of a slug, so that a tree is read from top to bottom.
BETWEEN = " "


class Category(Table):
    """A category. `place` holds the slugs from the top down to it, by which a page of the tree needs no recursion."""

    __tablename__ = "categories"
    __table_args__ = (
        CheckConstraint(f"depth BETWEEN 1 AND {MAX_DEPTH}", name="depth"),
        CheckConstraint("parent_id <> id", name="parent"),
        Index("uq_categories_slug", "slug", unique=True),
        Index("ix_categories_place", "place", "id"),
        Index("ix_categories_name", "name", "id"),
        Index("ix_categories_post_count", "post_count", "id"),
        Index("ix_categories_parent", "parent_id", "place"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("categories.id"))
    name: Mapped[str]
    slug: Mapped[str]
    # By bytes, whatever the database's language sorts by.
    place: Mapped[str] = mapped_column(Text(collation="C"))
    depth: Mapped[int]
    description: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default="true")
    # Published posts in it, kept by the statements that change a post's category or status.
    post_count: Mapped[int] = mapped_column(server_default="0")
    # Active items in it, kept likewise.
    item_count: Mapped[int] = mapped_column(server_default="0")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Categorised:
    """What stands in a category; nothing stands in one that is deleted."""

    # In which column of a category it is counted.
    counter: ClassVar[str]

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(server_default="1")
    category_id: Mapped[UUID | None] = mapped_column(ForeignKey(Category.id))
