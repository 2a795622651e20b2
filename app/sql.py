"""SQLAlchemy Core as the language, asyncpg as the driver.

A statement is written as a Core expression over the tables, compiled to PostgreSQL once, usually at import, and then
run by the driver itself. Composing stays typed and readable, and a request pays neither for compiling nor for the
engine's layers (docs/decisions/0002-core-on-the-driver.md has the figures).
"""

from datetime import datetime
from typing import Any, Protocol

import orjson
from asyncpg import Record
from asyncpg.transaction import Transaction
from sqlalchemy import DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Connection(Protocol):
    """What is used of asyncpg's connection."""

    async def fetch(self, query: str, /, *args: Any, timeout: float | None = None) -> list[Record]: ...  # noqa: ASYNC109 - The driver's.

    async def fetchrow(self, query: str, /, *args: Any, timeout: float | None = None) -> Record | None: ...  # noqa: ASYNC109 - The driver's.

    async def fetchval(self, query: str, /, *args: Any, timeout: float | None = None) -> Any: ...  # noqa: ASYNC109 - The driver's.

    async def execute(self, query: str, /, *args: Any, timeout: float | None = None) -> str: ...  # noqa: ASYNC109 - The driver's.

    def transaction(self) -> Transaction: ...


class Table(DeclarativeBase):
    """The base of every table; constraint names follow one convention, so that migrations can name them."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class.
        str: Text(),
        datetime: DateTime(timezone=True),
        list[str]: ARRAY(Text()),
    }


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
