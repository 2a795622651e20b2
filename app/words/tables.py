"""The words that published posts use, and how far they have been read."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, Column, ColumnClause, Index, event

from app.sql import Table


class Word(Table):
    """A word that some published post used when it was read; a search is never told of one that finds nothing."""

    __tablename__ = "words"
    __table_args__ = (
        Index("ix_words_trigrams", "word", postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"}),
    )

    word: ColumnClause[str] = Column(primary_key=True)


class Reading(Table):
    """The place, in the order of publication, up to which posts have been read; there is one row at most."""

    __tablename__ = "words_reading"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: ColumnClause[int] = Column(primary_key=True, autoincrement=False)
    sort_at: ColumnClause[datetime]
    post_id: ColumnClause[UUID]


# Its operators are those of the index; where the database has it already, it stays as it is.
event.listen(Table.metadata, "before_create", DDL("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
