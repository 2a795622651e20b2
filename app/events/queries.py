"""The statements of this slice that are composed, compiled once per shape."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record
from sqlalchemy import ColumnClause, ColumnElement, Select, bindparam, func, select

from app.events.tables import Event
from app.pages import Counting, Key, Shape, ordered
from app.rows import fill
from app.sql import Statement
from app.users.tables import User
from generated import models
from generated.models import EventSort

AUTHOR = (User.username, User.full_name, User.avatar_url)
EVENT = (
    Event.id,
    Event.title,
    Event.description,
    Event.starts_at,
    Event.ends_at,
    Event.max_participants,
    Event.attendee_count,
    Event.version,
    Event.created_at,
    Event.updated_at,
)


class Order(NamedTuple):
    """A column with an index that ends in the id, and how to get its value from a row of the list."""

    column: ColumnClause[Any]
    key: Key
    descending: bool


ORDER: dict[EventSort, Order] = {
    EventSort.starts_at_asc: Order(Event.starts_at, itemgetter("starts_at"), descending=False),
    EventSort.starts_at_desc: Order(Event.starts_at, itemgetter("starts_at"), descending=True),
    EventSort.created_at_asc: Order(Event.created_at, itemgetter("created_at"), descending=False),
    EventSort.created_at_desc: Order(Event.created_at, itemgetter("created_at"), descending=True),
}

# What a list can be narrowed by; the key is the name of the bind parameter as well, where there is one.
_FILTERS: dict[str, ColumnElement[bool]] = {
    "viewer": Event.organizer_id == bindparam("viewer"),
    "organizer": Event.organizer_id
    == select(User.id).where(func.lower(User.username) == bindparam("organizer")).scalar_subquery(),
    "starts_after": Event.starts_at >= bindparam("starts_after"),
    "starts_before": Event.starts_at < bindparam("starts_before"),
    "upcoming": Event.starts_at > func.now(),
    "started": Event.starts_at <= func.now(),
}
_WITHOUT_VALUE = {True: "upcoming", False: "started"}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by; None does not narrow."""

    organizer: str | None = None
    starts_after: datetime | None = None
    starts_before: datetime | None = None
    upcoming: bool | None = None
    # The events of this member alone.
    viewer: UUID | None = None

    def values(self) -> dict[str, Any]:
        """Return the bind values of the filters in use."""
        found = {"viewer": self.viewer, "organizer": self.organizer and self.organizer.lower()}
        found |= {"starts_after": self.starts_after, "starts_before": self.starts_before}
        return {name: value for name, value in found.items() if value is not None}

    def names(self) -> frozenset[str]:
        """Return which filters are in use."""
        names = frozenset(self.values())
        return names if self.upcoming is None else names | {_WITHOUT_VALUE[self.upcoming]}


def event() -> Select[*tuple[Any, ...]]:
    """Return the whole event with its organizer."""
    return select(*EVENT, *AUTHOR, Event.organizer_id).join(User, User.id == Event.organizer_id)


def _conditions(filters: frozenset[str]) -> list[ColumnElement[bool]]:
    return [_FILTERS[name] for name in sorted(filters)]


@cache
def listing(sort: EventSort, filters: frozenset[str], shape: Shape) -> Statement:
    """Return the statement for one page: it is compiled for the shape of the request, the values are bound."""
    order = ORDER[sort]
    statement = event().where(*_conditions(filters))
    return Statement(ordered(statement, order.column, Event.id, shape, descending=order.descending))


@cache
def counting(filters: frozenset[str]) -> Counting:
    """Return the statement that counts a list."""
    return Counting(select(Event.id).where(*_conditions(filters)))


_AUTHOR_NAMES = tuple(column.key for column in AUTHOR)


def as_author(row: Record) -> models.Author:
    """Return the member of a row that has `AUTHOR`."""
    return fill(models.Author, {name: row[name] for name in _AUTHOR_NAMES})


def as_event(row: Record) -> models.Event:
    """Return a row of `event` as an event, with its members in the contract's order."""
    organizer = as_author(row)
    return fill(
        models.Event,
        {name: organizer if name == "organizer" else row[name] for name in models.Event.model_fields},
    )
