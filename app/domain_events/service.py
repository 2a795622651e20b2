"""Telling what has happened: a row in the transaction that does it, and a sign to those who listen once it is there.

    await tell(connection, Kind.MESSAGE_CREATED, Audience.ROOM, room_id, message_id, {"author": "ada_l"})

How it is read stands in readers.py, and why in docs/decisions/0031-domain-events-and-notifications.md.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record
from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    Uuid,
    bindparam,
    cast,
    insert,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from app import writes
from app.domain_events.tables import DomainEvent
from app.sql import Connection, Statement

# What is sent there is the number of the transaction that has told something.
CHANNEL = "domain_events"


class Kind(StrEnum):
    """What can happen, and what `subject_id` is then."""

    # A comment that everybody may read has appeared, was changed, or can no longer be read.
    COMMENT_CREATED = "comment.created"
    COMMENT_UPDATED = "comment.updated"
    COMMENT_DELETED = "comment.deleted"
    # A notification has appeared or counts something more.
    NOTIFICATION_CREATED = "notification.created"
    MESSAGE_CREATED = "message.created"
    MESSAGE_UPDATED = "message.updated"
    MESSAGE_DELETED = "message.deleted"
    # A member is in a room now, or not any more: the subject is the room.
    ROOM_JOINED = "room.joined"
    ROOM_LEFT = "room.left"
    EVENT_CHANGED = "event.changed"
    EVENT_CANCELLED = "event.cancelled"
    ITEM_SOLD_OUT = "item.sold_out"
    JOB_FINISHED = "job.finished"


class Audience(StrEnum):
    """Whose listeners hear of it: those of a post, of a member (and nobody else's), of a room and so on."""

    POST = "post"
    MEMBER = "member"
    ROOM = "room"
    EVENT = "event"
    ITEM = "item"


def topic(audience: Audience, subject_id: UUID) -> str:
    """Return what a reader filters by."""
    return f"{audience.value}:{subject_id}"


def topic_of(audience: Audience, subject_id: ColumnElement[UUID]) -> ColumnElement[str]:
    """Return the same in SQL."""
    return literal_column(f"'{audience.value}:'", Text()) + cast(subject_id, Text)


def kind_of(kind: Kind) -> ColumnElement[str]:
    """Return a kind in SQL."""
    return literal_column(f"'{kind.value}'", Text())


COLUMNS = ["kind", "topic", "subject_id", "payload"]
NOTHING: ColumnElement[Any] = literal_column("'{}'::jsonb", JSONB())


class Telling(Statement):
    """A statement whose column `told` is the number of its transaction if it has told something (`telling`)."""

    __slots__ = ()

    async def first(self, connection: Connection, **values: Any) -> Record | None:
        """Run it and return the first row, or None."""
        row = await super().first(connection, **values)
        if row is not None and row["told"] is not None:
            writes.promise(connection, (CHANNEL, str(row["told"])))
        return row

    async def value(self, connection: Connection, **values: Any) -> Any:
        """Run it and return the first column of the first row, or None."""
        row = await self.first(connection, **values)
        return row[0] if row is not None else None


def telling(rows: Any) -> Select[Any]:
    """Return the statement that tells what a query of `COLUMNS` finds, for a `Telling` that tells of what it does."""
    told = insert(DomainEvent).from_select(COLUMNS, rows).returning(DomainEvent.transaction).cte("events")
    # All rows of a statement are told by one transaction.
    return select(told.c.transaction.label("told")).limit(literal_column("1"))


_TELL = Telling(
    telling(
        select(
            bindparam("kind", type_=Text()),
            bindparam("topic", type_=Text()),
            bindparam("subject_id", type_=Uuid()),
            bindparam("payload", type_=JSONB()),
        )
    )
)


async def tell(  # noqa: PLR0913, PLR0917 - What happened to what, and who is to hear of it.
    connection: Connection,
    kind: Kind,
    audience: Audience,
    audience_id: UUID,
    subject_id: UUID,
    payload: Mapping[str, Any] | None = None,
) -> None:
    """Tell in the caller's transaction what it does: those who listen hear of it when it commits, or never.

    The payload is for what a listener needs before it can look: small, JSON, and nothing that only some may know.
    """
    said = orjson.dumps(dict(payload or {})).decode()
    values: dict[str, Any] = {"kind": kind.value, "topic": topic(audience, audience_id), "payload": said}
    await _TELL.value(connection, subject_id=subject_id, **values)
