"""Reading what has happened, all of it, and nothing before it is committed.

Numbers are given before transactions commit: who asks for "all after the last I saw" misses what was written before
that and committed after it. So there are two ways to read, which belong together.

- **Each sign names a transaction** (`CHANNEL`), which is committed by then: `of_transaction` reads what it told.
- **`since` reads on from a horizon**: every transaction below it has ended, so that nothing can appear there any more.
  Who starts, was disconnected, or looks whether a sign was lost, reads what stands above the last horizon, leaves out
  the transactions that it has read by their signs, and goes on from the new one.

A horizon is also where a client may be taken up again after a break: what it is sent then, it may have seen before.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record
from sqlalchemy import BigInteger, Integer, Text, bindparam, cast, func, literal_column, select, true, tuple_

from app.domain_events.service import Kind
from app.domain_events.tables import DomainEvent
from app.sql import Connection, Statement

# How many events `since` returns at once.
STEP = 1_000
_COLUMNS = tuple(column for column in DomainEvent.__table__.columns)
_horizon = cast(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text), BigInteger).label("horizon")
_OF_TRANSACTION = Statement(
    select(*_COLUMNS).where(DomainEvent.transaction == bindparam("transaction")).order_by(DomainEvent.id)
)
_place = tuple_(bindparam("transaction", type_=BigInteger()), bindparam("id", type_=BigInteger()))
_after = (
    select(*_COLUMNS)
    .where(tuple_(DomainEvent.transaction, DomainEvent.id) > _place)
    .order_by(DomainEvent.transaction, DomainEvent.id)
    .limit(literal_column(str(STEP), Integer()))
    .subquery("after")
)
_one = select(_horizon).subquery("one")
# One statement, so that the horizon and the rows are of one snapshot.
_SINCE = Statement(
    select(_one.c.horizon, *_after.c)
    .select_from(_one)
    .outerjoin(_after, true())
    .order_by(_after.c.transaction, _after.c.id)
)
_HORIZON = Statement(select(_horizon))


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened. `topic` is the audience and its id, with a colon between them."""

    id: int
    transaction: int
    kind: Kind
    topic: str
    subject_id: UUID
    payload: dict[str, Any]
    created_at: datetime


def _event(row: Record) -> Event:
    members: dict[str, Any] = {column.key: row[column.key] for column in _COLUMNS}
    members |= {"kind": Kind(row["kind"]), "payload": orjson.loads(row["payload"])}
    return Event(**members)


async def horizon(connection: Connection) -> int:
    """Return where somebody begins who wants to hear of nothing that has been committed by now."""
    return await _HORIZON.value(connection)


async def of_transaction(connection: Connection, transaction: int) -> list[Event]:
    """Return what a transaction told that has committed, in the order in which it did."""
    return [_event(row) for row in await _OF_TRANSACTION.all(connection, transaction=transaction)]


async def since(connection: Connection, begin: int, after: Event | None = None) -> tuple[int, list[Event]]:
    """Return what was told from a horizon on, transaction by transaction, and the horizon from which to read next.

    Where these are as many as `STEP`, ask again with the last of them as `after`, and keep the first horizon.
    """
    place = {"transaction": after.transaction, "id": after.id} if after else {"transaction": begin, "id": 0}
    rows = await _SINCE.all(connection, **place)
    return rows[0]["horizon"], [_event(row) for row in rows if row["id"] is not None]
