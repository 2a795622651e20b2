"""What members ask of their notifications: to see and count them, to mark them, and to get others or none."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

from asyncpg import Record
from sqlalchemy import ColumnElement, DateTime, Text, Uuid, bindparam, case, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app import pages
from app.access import Principal
from app.etags import require_match
from app.notifications.causes import COMMENTS, POSTS
from app.notifications.service import MAX_TEXT, number, said
from app.notifications.tables import Notification, NotificationPreferences
from app.problems import NotFound
from app.rows import fill
from app.sql import Connection, Statement
from app.users.tables import User
from generated import models
from generated.models import NotificationKind

# Of the contract's NotificationCount.
MAX_COUNTED = 1_000
_AUTHOR = (User.username, User.full_name, User.avatar_url)
_MINE: Any = Notification.member_id == bindparam("member_id", type_=Uuid())
# Literals, because a partial index is not considered for a bind parameter.
_SHOWN: ColumnElement[bool] = Notification.withheld == number(0)
_UNREAD = Notification.read_at.is_(None)
_cut = number(MAX_TEXT)
# What can no longer be read is withheld or gone; should it ever not be, nothing of it is shown all the same.
_readable = (COMMENTS.c.deleted_at.is_(None)) & (
    (COMMENTS.c.status == literal_column("'approved'")) | (Notification.kind == said(NotificationKind.like))
)
_text = func.coalesce(Notification.text, case((_readable, func.left(COMMENTS.c.content, _cut))))
_ITEM, _EVENT = ({NotificationKind.item_sold_out}, {NotificationKind.event_changed, NotificationKind.event_cancelled})

# What a list can be narrowed by; the key is the name of the bind parameter as well, where it takes a value.
_FILTERS: dict[str, ColumnElement[bool]] = {
    "unread": _UNREAD,
    "read": Notification.read_at.is_not(None),
    "kind": Notification.kind == bindparam("kind", type_=Text()),
    "until": Notification.created_at <= bindparam("until", type_=DateTime(timezone=True)),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by; None does not narrow."""

    unread: bool | None = None
    kind: NotificationKind | None = None

    def names(self) -> frozenset[str]:
        """Return the filters in use."""
        state = {None: [], True: ["unread"], False: ["read"]}[self.unread]
        return frozenset([*state, *(["kind"] if self.kind else [])])

    def values(self) -> dict[str, Any]:
        """Return the values that they take."""
        return {"kind": self.kind.value} if self.kind else {}


def _conditions(filters: frozenset[str]) -> list[ColumnElement[bool]]:
    return [_MINE, _SHOWN, *(_FILTERS[name] for name in sorted(filters))]


@cache
def _listing(filters: frozenset[str], shape: pages.Shape) -> Statement:
    columns = (
        Notification.id,
        Notification.kind,
        Notification.subject_id,
        func.coalesce(Notification.post_id, COMMENTS.c.post_id).label("post_id"),
        Notification.comment_id,
        Notification.job_id,
        Notification.count,
        Notification.read_at,
        Notification.created_at,
        _text.label("text"),
        func.left(POSTS.c.title, _cut).label("title"),
    )
    statement = (
        select(*columns, *_AUTHOR)
        .select_from(Notification)
        .outerjoin(COMMENTS, COMMENTS.c.id == Notification.comment_id)
        .outerjoin(POSTS, POSTS.c.id == Notification.post_id)
        .outerjoin(User, User.id == Notification.actor_id)
        .where(*_conditions(filters))
    )
    return Statement(pages.ordered(statement, Notification.created_at, Notification.id, shape, descending=True))


@cache
def _counting(filters: frozenset[str]) -> pages.Counting:
    return pages.Counting(select(Notification.id).where(*_conditions(filters)))


def _notification(row: Record) -> models.Notification:
    kind = NotificationKind(row["kind"])
    author = fill(models.Author, {column.key: row[column.key] for column in _AUTHOR}) if row["username"] else None
    members: dict[str, Any] = {
        "id": row["id"],
        "kind": kind,
        "actor": author,
        "post_id": row["post_id"],
        "comment_id": row["comment_id"],
        "item_id": row["subject_id"] if kind in _ITEM else None,
        "event_id": row["subject_id"] if kind in _EVENT else None,
        "job_id": row["job_id"],
        "text": row["text"] or row["title"] or None,
        "count": row["count"],
        "read_at": row["read_at"],
        "created_at": row["created_at"],
    }
    return fill(models.Notification, members)


async def list_page(
    connection: Connection, principal: Principal, filters: Filters, asked: pages.Asked
) -> models.NotificationPage:
    """Return a page of the member's notifications. Raises ValidationFailed for a cursor that is not ours."""
    page = pages.wanted(f"notifications {principal.user_id} {filters}", asked)
    names, values = filters.names(), filters.values() | {"member_id": principal.user_id}
    counted = await _counting(names).total(connection, **values) if page.total else None
    rows = await _listing(names, page.shape).all(connection, **values, **page.binds())
    kept, described = pages.cut(rows, page, itemgetter("created_at"), counted)
    return models.NotificationPage(items=[_notification(row) for row in kept], page=described)


_unread = select(Notification.kind).where(_MINE, _SHOWN, _UNREAD).limit(number(MAX_COUNTED)).subquery("unread")
_COUNTS = Statement(select(_unread.c.kind, func.count().label("number")).group_by(_unread.c.kind))


async def counts(connection: Connection, principal: Principal) -> models.NotificationCounts:
    """Return how many of the member's notifications are unread."""
    rows = await _COUNTS.all(connection, member_id=principal.user_id)
    found: dict[str, int] = {kind.value: 0 for kind in NotificationKind} | {row["kind"]: row["number"] for row in rows}
    return models.NotificationCounts(unread=sum(found.values()), kinds=models.NotificationKindCounts(**found))


def _marking(read_at: ColumnElement[Any]) -> Statement:
    one = (Notification.id == bindparam("notification_id", type_=Uuid()), _MINE, _SHOWN)
    return Statement(update(Notification).where(*one).values(read_at=read_at))


_READ = _marking(func.coalesce(Notification.read_at, func.now()))
_UNREAD_AGAIN = _marking(literal_column("NULL", DateTime(timezone=True)))


async def mark(connection: Connection, principal: Principal, notification_id: UUID, *, read: bool) -> None:
    """Mark a notification read or unread; repeated, it changes nothing. Raises NotFound, also for another member's."""
    statement = _READ if read else _UNREAD_AGAIN
    if not await statement.run(connection, notification_id=notification_id, member_id=principal.user_id):
        raise NotFound("There is no such notification.")


@cache
def _marking_all(filters: frozenset[str]) -> Statement:
    # Those that somebody else is just writing are left out: they say something new, or go.
    chosen = select(Notification.id).where(*_conditions(filters)).with_for_update(key_share=True, skip_locked=True)
    marked = chosen.cte("marked")
    return Statement(update(Notification).where(Notification.id == marked.c.id).values(read_at=func.now()))


async def mark_all(
    connection: Connection, principal: Principal, until: datetime | None, kind: NotificationKind | None
) -> None:
    """Mark the member's unread notifications read, or some of them."""
    given = {"until": until, "kind": kind and kind.value}
    values = {name: value for name, value in given.items() if value is not None}
    statement = _marking_all(frozenset({"unread", *values}))
    await statement.run(connection, member_id=principal.user_id, **values)


_HERS = NotificationPreferences.member_id == bindparam("member_id", type_=Uuid())
_SAID = (NotificationPreferences.muted, NotificationPreferences.version, NotificationPreferences.updated_at)
_GET = Statement(select(*_SAID).where(_HERS))
_BEGIN = Statement(
    upsert(NotificationPreferences).values(member_id=bindparam("member_id", type_=Uuid())).on_conflict_do_nothing()
)
_LOCK = Statement(select(*_SAID).where(_HERS).with_for_update(key_share=True))
_SET = Statement(
    update(NotificationPreferences)
    .where(_HERS)
    .values(muted=bindparam("muted"), version=NotificationPreferences.version + 1, updated_at=func.now())
    .returning(*_SAID)
)


def _preferences(row: Record | None) -> models.NotificationPreferences:
    muted: list[str] = row["muted"] if row else []
    members = {kind.value: kind.value not in muted for kind in NotificationKind}
    edition = {"version": row["version"] if row else 1, "updated_at": row["updated_at"] if row else None}
    return fill(models.NotificationPreferences, {**members, **edition})


async def preferences(connection: Connection, principal: Principal) -> models.NotificationPreferences:
    """Return of what the member wants to be notified."""
    return _preferences(await _GET.first(connection, member_id=principal.user_id))


async def update_preferences(
    connection: Connection, principal: Principal, patch: models.NotificationPreferencesUpdate, if_match: str
) -> models.NotificationPreferences:
    """Apply a merge patch. Raises PreconditionFailed."""
    await _BEGIN.run(connection, member_id=principal.user_id)
    row = await _LOCK.first(connection, member_id=principal.user_id)
    assert row is not None  # noqa: S101 - It is there since the statement before.
    require_match(if_match, row["version"])
    wanted = {kind.value: kind.value not in row["muted"] for kind in NotificationKind}
    wanted |= patch.model_dump(exclude_unset=True)
    muted = [kind for kind, on in wanted.items() if not on]
    return _preferences(await _SET.first(connection, member_id=principal.user_id, muted=muted))
