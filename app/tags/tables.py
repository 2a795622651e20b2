"""The subjects that posts and items are about."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Column, ColumnClause, Index, func

from app.sql import Table

DEFAULT_COLOR = "#6b7280"


class Tag(Table):
    """A tag; posts and items carry its name, this table what is said of it."""

    __tablename__ = "tags"
    __table_args__ = (
        Index("uq_tags_name", "name", unique=True),
        Index("ix_tags_post_count", "post_count", "id"),
        Index("ix_tags_trigrams", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
    )

    id: ColumnClause[UUID] = Column(primary_key=True)
    name: ColumnClause[str]
    color: ColumnClause[str] = Column(server_default=DEFAULT_COLOR)
    description: ColumnClause[str | None]
    # Published posts with this tag, kept by the statements that change a post's tags or status.
    post_count: ColumnClause[int] = Column(server_default="0")
    # Active items with this tag, kept likewise.
    item_count: ColumnClause[int] = Column(server_default="0")
    version: ColumnClause[int] = Column(server_default="1")
    created_at: ColumnClause[datetime] = Column(server_default=func.now())
    updated_at: ColumnClause[datetime] = Column(server_default=func.now())


class Tagged:
    """What carries tags: it holds their names in its author's order, and a renamed tag is renamed in it."""

    # In which state it is counted with its tags and its category, and in which of their columns.
    listed: ClassVar[str]
    counter: ClassVar[str]

    id: ColumnClause[UUID] = Column(primary_key=True)
    status: ColumnClause[str] = Column(server_default="draft")
    tags: ColumnClause[list[str]] = Column(server_default="{}")
    version: ColumnClause[int] = Column(server_default="1")
