"""SQLAlchemy Core as the language, asyncpg as the driver.

A statement is written as a Core expression over the tables, compiled to PostgreSQL once, usually at import, and then
run by the driver itself. Composing stays typed and readable, and a request pays neither for compiling nor for the
engine's layers (docs/decisions/0002-core-on-the-driver.md has the figures).
"""

from datetime import datetime
from inspect import get_annotations
from types import new_class
from typing import Any, ClassVar, Protocol, TypeVar, get_args, get_origin
from uuid import UUID

import orjson
from asyncpg import Record
from asyncpg.transaction import Transaction
from sqlalchemy import (
    Boolean,
    Column,
    ColumnClause,
    DateTime,
    FromClause,
    Integer,
    MetaData,
    Text,
    TypedColumns,
    Uuid,
    schema,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import NullType, TypeEngine

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
_PLAIN: dict[Any, TypeEngine[Any]] = {
    bool: Boolean(),
    int: Integer(),
    str: Text(),
    UUID: Uuid(),
    datetime: DateTime(timezone=True),
    list[str]: ARRAY(Text()),
    dict[str, Any]: JSONB(),
}
_TYPES = {hint: kind for plain, kind in _PLAIN.items() for hint in (plain, plain | None)}


class Connection(Protocol):
    """What is used of asyncpg's connection."""

    async def fetch(self, query: str, /, *args: Any, timeout: float | None = None) -> list[Record]: ...  # noqa: ASYNC109 - The driver's.

    async def fetchrow(self, query: str, /, *args: Any, timeout: float | None = None) -> Record | None: ...  # noqa: ASYNC109 - The driver's.

    async def fetchval(self, query: str, /, *args: Any, timeout: float | None = None) -> Any: ...  # noqa: ASYNC109 - The driver's.

    async def execute(self, query: str, /, *args: Any, timeout: float | None = None) -> str: ...  # noqa: ASYNC109 - The driver's.

    def transaction(self) -> Transaction: ...


class Table:
    """The base of every table: a class whose annotated attributes are the columns of `__table__`.

    It is a Core table with names that the type checker knows, and nothing is mapped to it: of SQLAlchemy's ORM not even
    the code is loaded. Constraint names follow one convention, so that migrations can name them.
    """

    metadata = MetaData(naming_convention=_NAMES)
    __tablename__: ClassVar[str]
    __table_args__: ClassVar[tuple[SchemaItem, ...]] = ()
    __table__: ClassVar[FromClause]

    def __init_subclass__(cls, *, source: FromClause | None = None) -> None:
        """Make the table, or stand for a source that has the same columns."""
        if source is None:
            source = schema.Table(cls.__tablename__, cls.metadata, _typed_columns(cls), *cls.__table_args__)
        cls.__table__ = source
        for column in source.c:
            setattr(cls, column.key, column)

    @classmethod
    def __clause_element__(cls) -> FromClause:
        """Say to SQLAlchemy what the class is in an expression."""
        return cls.__table__


Kind = TypeVar("Kind", bound=Table)


def aliased(table: type[Kind], name: str | None = None) -> type[Kind]:
    """Return the table under another name, for a statement that has it twice."""
    return new_class(table.__name__, (table,), {"source": table.__table__.alias(name)})


def _typed_columns(table: type[Table]) -> type[TypedColumns]:
    """Return the columns of a table and of what else it inherits from, each of the type that its annotation says."""
    found: dict[str, Any] = {"__annotations__": {}}
    for part in reversed(table.__mro__):
        for name, hint in get_annotations(part).items():
            if get_origin(hint) is not ColumnClause:
                continue
            column = found[name] = vars(part).get(name, Column())
            if isinstance(column.type, NullType):
                column.type = _TYPES[get_args(hint)[0]]
            found["__annotations__"][name] = Column[get_args(hint)]
    return new_class(f"{table.__name__}Columns", (TypedColumns,), exec_body=lambda body: body.update(found))


class Statement:
    """A Core expression, compiled; its bind parameters are the keyword arguments of a call."""

    __slots__ = ("_defaults", "_names", "_seconds", "sql")

    def __init__(self, expression: ClauseElement, *, seconds: float | None = None) -> None:
        """Compile it; `seconds` is how long to wait for it where the pool's own limit is too short."""
        self._seconds = seconds
        compiled = expression.compile(dialect=asyncpg_dialect(), compile_kwargs={"render_postcompile": True})
        self.sql = str(compiled)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - Every statement compiles to this; DDL alone does not.
        self._names: list[str] = list(compiled.positiontup or ())
        self._defaults: dict[str, Any] = {
            name: bind.value for name, bind in compiled.binds.items() if not bind.required
        }

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        """Put the values into the order of the SQL's `$1`, `$2`; a value that the SQL does not have is an error."""
        if surplus := values.keys() - self._names:
            raise TypeError(f"the statement has no parameter {', '.join(sorted(surplus))}")
        return [values[name] if name in values else self._defaults[name] for name in self._names]

    async def all(self, connection: Connection, **values: Any) -> list[Record]:
        """Run it and return every row."""
        return await connection.fetch(self.sql, *self.arguments(values), timeout=self._seconds)

    async def first(self, connection: Connection, **values: Any) -> Record | None:
        """Run it and return the first row, or None."""
        return await connection.fetchrow(self.sql, *self.arguments(values), timeout=self._seconds)

    async def value(self, connection: Connection, **values: Any) -> Any:
        """Run it and return the first column of the first row, or None."""
        return await connection.fetchval(self.sql, *self.arguments(values), timeout=self._seconds)

    async def expected(self, connection: Connection, **values: Any) -> int:
        """Return how many rows the planner expects of it, without running it."""
        plan: str = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {self.sql}", *self.arguments(values))
        return int(orjson.loads(plan)[0]["Plan"]["Plan Rows"])

    async def run(self, connection: Connection, **values: Any) -> int:
        """Run it and return how many rows it changed."""
        status = await connection.execute(self.sql, *self.arguments(values), timeout=self._seconds)
        return int(status.rpartition(" ")[2])
