"""Deleting what has had its day, in steps so small that nobody waits for one."""

from typing import Any

from sqlalchemy import ColumnElement, Text, delete, func, literal_column, select

from app.db import reading
from app.sql import Statement

STEP = 1_000


def expired(rows: Any, condition: ColumnElement[bool]) -> Statement:
    """Return a statement that deletes up to 1,000 rows of a table for which this is true, and none that is locked."""
    place = literal_column("ctid", Text())
    chosen = select(place).select_from(rows).where(condition).limit(STEP).with_for_update(skip_locked=True)
    return Statement(delete(rows).where(place == func.any(func.array(chosen.scalar_subquery()))))


async def remove(statement: Statement) -> int:
    """Delete step by step, each a transaction of its own. Return how many rows are gone."""
    removed = 0
    while True:
        async with reading() as connection:
            step = await statement.run(connection)
        removed += step
        if step < STEP:
            return removed
