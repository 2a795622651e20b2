"""What a class with annotated columns becomes: a table of SQLAlchemy Core."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Column, ColumnClause, ForeignKey, Index, MetaData, Numeric, insert, literal_column, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from app.sql import Statement, Table, aliased

# Their own, so that what is made here is no table of the product's.
TABLES = MetaData()


class Owner(Table):
    __tablename__ = "owners"
    metadata = TABLES

    id: ColumnClause[UUID] = Column(primary_key=True)


class Owned:
    owner_id: ColumnClause[UUID] = Column(ForeignKey(Owner.id, ondelete="CASCADE"))


class Thing(Owned, Table):
    __tablename__ = "things"
    __table_args__ = (Index("ix_things_name", "name"),)
    metadata = TABLES

    id: ColumnClause[UUID] = Column(primary_key=True)
    name: ColumnClause[str]
    words: ColumnClause[list[str]] = Column(server_default="{}")
    seen_at: ColumnClause[datetime | None]
    detail: ColumnClause[dict[str, Any] | None]
    count: ColumnClause[int | None]
    is_kept: ColumnClause[bool]
    price: ColumnClause[Any] = Column(Numeric(9, 2), nullable=False)


class Other(Owned, Table):
    __tablename__ = "others"
    metadata = TABLES

    id: ColumnClause[UUID] = Column(primary_key=True)


def _lines(table: type[Table]) -> list[str]:
    made = str(CreateTable(TABLES.tables[table.__tablename__]).compile(dialect=postgresql.dialect()))
    return [line.strip().rstrip(", ") for line in made.splitlines() if line.strip()]


def test_types_and_nulls_are_those_of_the_annotations() -> None:
    assert _lines(Thing) == [
        "CREATE TABLE things (",
        "owner_id UUID NOT NULL",
        "id UUID NOT NULL",
        "name TEXT NOT NULL",
        "words TEXT[] DEFAULT '{}' NOT NULL",
        "seen_at TIMESTAMP WITH TIME ZONE",
        "detail JSONB",
        "count INTEGER",
        "is_kept BOOLEAN NOT NULL",
        "price NUMERIC(9, 2) NOT NULL",
        "PRIMARY KEY (id)",
        "FOREIGN KEY(owner_id) REFERENCES owners (id) ON DELETE CASCADE",
        ")",
    ]
    assert [index.name for index in TABLES.tables["things"].indexes] == ["ix_things_name"]


def test_what_tables_share_each_has_for_itself() -> None:
    assert (str(Thing.owner_id), str(Other.owner_id)) == ("things.owner_id", "others.owner_id")
    assert TABLES.tables["others"].c.owner_id.foreign_keys.isdisjoint(TABLES.tables["things"].c.owner_id.foreign_keys)


def test_a_type_that_has_no_column_is_an_error() -> None:
    with pytest.raises(KeyError, match="complex"):

        class Wrong(Table):  # pyright: ignore[reportUnusedClass]
            __tablename__ = "wrong"
            metadata = TABLES

            number: ColumnClause[complex]


def test_classes_stand_in_expressions() -> None:
    first = aliased(Thing, "first")
    found = select(Thing.name, first.name).join(first, first.id == Thing.id).where(first.is_kept)
    assert Statement(found).sql.replace(" \n", " ") == (
        "SELECT things.name, first.name AS name_1 FROM things JOIN things AS first ON first.id = things.id "
        "WHERE first.is_kept"
    )
    written = insert(Other).values(id=literal_column("1")).returning(Other.id)
    assert Statement(written).sql == "INSERT INTO others (id) VALUES (1) RETURNING others.id"
