"""The tree of categories."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ColumnClause, ForeignKey, Index, Text, func

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

    id: ColumnClause[UUID] = Column(primary_key=True)
    parent_id: ColumnClause[UUID | None] = Column(ForeignKey("categories.id"))
    name: ColumnClause[str]
    slug: ColumnClause[str]
    # By bytes, whatever the database's language sorts by.
    place: ColumnClause[str] = Column(Text(collation="C"))
    depth: ColumnClause[int]
    description: ColumnClause[str | None]
    is_active: ColumnClause[bool] = Column(server_default="true")
    # Published posts in it, kept by the statements that change a post's category or status.
    post_count: ColumnClause[int] = Column(server_default="0")
    # Active items in it, kept likewise.
    item_count: ColumnClause[int] = Column(server_default="0")
    version: ColumnClause[int] = Column(server_default="1")
    created_at: ColumnClause[datetime] = Column(server_default=func.now())
    updated_at: ColumnClause[datetime] = Column(server_default=func.now())


class Categorised:
    """What stands in a category; nothing stands in one that is deleted."""

    # In which column of a category it is counted.
    counter: ClassVar[str]

    id: ColumnClause[UUID] = Column(primary_key=True)
    version: ColumnClause[int] = Column(server_default="1")
    category_id: ColumnClause[UUID | None] = Column(ForeignKey(Category.id))
