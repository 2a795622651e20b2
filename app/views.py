"""Views are counted in memory and written together, so that a read stays a read."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from functools import partial
from uuid import UUID

from sqlalchemy import BigInteger, Column, ColumnClause, Integer, Uuid, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from app.current import current
from app.db import transaction
from app.sql import Statement

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0


class Viewed:
    """What is looked at; a table that counts how often."""

    id: ColumnClause[UUID] = Column(primary_key=True)
    views: ColumnClause[int] = Column(BigInteger, server_default="0")


class Views:
    """How often the things of one table have been looked at since that was last written."""

    def __init__(self, table: type[Viewed]) -> None:
        """Count for this table, and be written with all others."""
        self._seen: dict[UUID, int] = {}
        self._add = _adding(table)
        _ALL.append(self)

    def count(self, identifier: UUID) -> None:
        """Count a view, and each further one of the same answer."""
        self._again(identifier)
        current().again = partial(self._again, identifier)

    def _again(self, identifier: UUID) -> None:
        self._seen[identifier] = self._seen.get(identifier, 0) + 1

    async def flush(self) -> None:
        """Write what was counted so far; when that fails it is kept for the next time."""
        if not self._seen:
            return
        batch, self._seen = self._seen, {}
        try:
            # Nobody reads anything else for being counted.
            async with transaction(shows=False) as connection:
                await self._add.run(connection, ids=list(batch), numbers=list(batch.values()))
        except BaseException:
            for identifier, number in batch.items():
                self._seen[identifier] = self._seen.get(identifier, 0) + number
            raise


_ALL: list[Views] = []


def _adding(table: type[Viewed]) -> Statement:
    new = (
        func.unnest(bindparam("ids", type_=ARRAY(Uuid())), bindparam("numbers", type_=ARRAY(Integer())))
        .table_valued("id", "number")
        .render_derived(name="new")
    )
    # Rows are locked in the order of their ids, so that two processes that write at once cannot wait for each other.
    locked = (
        select(table.id, new.c.number)
        .join(new, new.c.id == table.id)
        .order_by(table.id)
        .with_for_update(of=table)
        .cte("locked")
    )
    return Statement(
        update(table).where(table.id == locked.c.id).values(views=table.views + locked.c.number.cast(BigInteger))
    )


async def flush() -> None:
    """Write the views counted so far, of one kind of things after the other. Raises what the first failure was."""
    failures: list[Exception] = []
    for views in _ALL:
        try:
            await views.flush()
        except Exception as failure:  # noqa: BLE001 - What is wrong with one kind does not keep the others waiting.
            failures.append(failure)
    if failures:
        raise failures[0]


async def flush_regularly(stop: asyncio.Event) -> None:
    """Write the views every second until told to stop, and never in the midst of writing."""
    while not stop.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(INTERVAL_SECONDS):
                await stop.wait()
        try:
            await flush()
        except Exception as failure:  # noqa: BLE001 - Whatever it was, the views wait in memory for the next time.
            log.warning("views not written", extra={"error": type(failure).__name__})


@asynccontextmanager
async def written_regularly() -> AsyncGenerator[None]:
    """Write the views while the block runs, and the rest at its end."""
    stop = asyncio.Event()
    writing = asyncio.create_task(flush_regularly(stop))
    try:
        yield
    finally:
        # A write that is cancelled may have been committed, and would be counted twice by the last one.
        stop.set()
        await writing
        await flush()
