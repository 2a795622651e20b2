"""Rooms: who sees them, what they are, and the list of them.

Whoever changes a room or who is in it locks the room's row first and everything else after it, so that nobody waits in
a circle and every counter is as true as what it counts.
"""

from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record
from pydantic import MISSING
from sqlalchemy import (
    BigInteger,
    ColumnClause,
    ColumnElement,
    Integer,
    Select,
    Text,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)

from app import pages
from app.access import Action, Principal, allowed, require
from app.etags import require_match
from app.ids import new_id
from app.messages.tables import Message, Room, RoomMember
from app.problems import NotFound, Problem
from app.rows import fill
from app.sql import Connection, Statement, aliased
from app.users.tables import User
from generated import models
from generated.models import ProblemCode, RoomSort, RoomVisibility

# Of the contract's words on createRoom and UnreadCount.
MAX_OWNED = 100
UNREAD_TO = 100
# What was said in a room goes with it: a million messages take about half a minute.
DELETE_SECONDS = 60


class TooManyRooms(Problem):
    status, code, title = 409, ProblemCode.too_many_rooms, "There are too many rooms."


class NotAMember(Problem):
    status, code, title = 403, ProblemCode.not_a_member, "You are not in the room."


me = aliased(RoomMember)
is_open: ColumnElement[bool] = Room.visibility == literal_column("'public'")
is_inside: ColumnElement[bool] = me.id.is_not(None)
# With nothing new in the room, nothing is counted.
_new = (
    select(literal_column("1", Integer()))
    .where(Message.room_id == Room.id, Message.number > me.read_number, Message.deleted_at.is_(None))
    .limit(literal_column(str(UNREAD_TO), Integer()))
    .correlate(Room, me)
    .subquery("new")
)
unread: ColumnElement[int] = case(
    (Room.last_number > me.read_number, select(func.count()).select_from(_new).scalar_subquery()),
    (is_inside, literal_column("0", BigInteger())),
)
_OWN = (Room.id, Room.name, Room.description, Room.visibility, Room.member_count, Room.last_message_at, Room.version)
_COLUMNS = (*_OWN, Room.created_at, Room.updated_at, Room.owner_id, is_inside.label("is_member"))
_AUTHOR = tuple(models.Author.model_fields)


def among(statement: Select[*tuple[Any, ...]], viewer: str = "viewer") -> Select[*tuple[Any, ...]]:
    """Join to the rooms of a statement the membership of who looks, as `me`, if there is one."""
    return statement.outerjoin(me, (me.room_id == Room.id) & (me.user_id == bindparam(viewer)))


_ROOM: Select[*tuple[Any, ...]] = among(
    select(*_COLUMNS, unread.label("unread_count"), *(getattr(User, name) for name in _AUTHOR))
    .select_from(Room)
    .join(User, User.id == Room.owner_id)
)
_GET = Statement(_ROOM.where(Room.id == bindparam("room_id")))
SEEN = Statement(
    among(select(Room.id, Room.visibility, Room.owner_id, is_inside.label("is_member")).select_from(Room)).where(
        Room.id == bindparam("room_id")
    )
)
LOCK = Statement(
    select(Room.id, Room.visibility, Room.owner_id, Room.member_count, Room.invitation_count, Room.version)
    .where(Room.id == bindparam("room_id"))
    .with_for_update(key_share=True)
)
INSIDE = Statement(
    select(RoomMember.id).where(RoomMember.room_id == bindparam("room_id"), RoomMember.user_id == bindparam("user_id"))
)
# The member's own row keeps two from being opened at once where one is left.
_LOCK_MEMBER = Statement(select(User.id).where(User.id == bindparam("user_id")).with_for_update(key_share=True))
_OWNED = Statement(select(func.count()).select_from(Room).where(Room.owner_id == bindparam("user_id")))
_given: dict[str, Any] = {name: bindparam(name) for name in ("id", "owner_id", "name", "description", "visibility")}
_INSERT = Statement(insert(Room).values(_given | {"member_count": 1}))
ENTER = Statement(
    insert(RoomMember).from_select(
        ["id", "room_id", "user_id", "read_number"],
        select(
            bindparam("id", type_=RoomMember.id.type),
            Room.id,
            bindparam("user_id", type_=User.id.type),
            Room.last_number,
        ).where(Room.id == bindparam("room_id")),
    )
)
_UPDATE = Statement(
    update(Room)
    .where(Room.id == bindparam("room_id"))
    .values(
        name=bindparam("new_name"),
        description=bindparam("new_description"),
        version=Room.version + 1,
        updated_at=func.now(),
    )
)
_EDITABLE = Statement(select(Room.name, Room.description).where(Room.id == bindparam("room_id")))
_DELETE = Statement(delete(Room).where(Room.id == bindparam("room_id")), seconds=DELETE_SECONDS)

# As a set to look into: an anti-join would be planned as if hardly any room were left by it.
_JOINED = select(RoomMember.room_id).where(RoomMember.user_id == bindparam("viewer"))
_ORDER: dict[RoomSort, tuple[ColumnClause[Any], bool]] = {
    RoomSort.created_at_desc: (Room.created_at, True),
    RoomSort.created_at: (Room.created_at, False),
    RoomSort.by_name: (Room.name, False),
    RoomSort.by_name_desc: (Room.name, True),
}


def as_room(row: Record) -> models.Room:
    """Return a row as a room."""
    made: dict[str, Any] = {name: row[name] for name in models.Room.model_fields if name != "owner"}
    made |= {"visibility": RoomVisibility(row["visibility"]), "owner": author_of(row)}
    return fill(models.Room, {name: made[name] for name in models.Room.model_fields})


def author_of(row: Record) -> models.Author:
    """Return whose username, name and picture a row has."""
    return fill(models.Author, {name: row[name] for name in _AUTHOR})


def visible(principal: Principal, row: Record | None) -> Record:
    """Return the row of a room that the member may see. Raises NotFound otherwise."""
    if row is None or not allowed(principal, Action.SEE_ROOM, row):
        raise NotFound("There is no such room.")
    return row


async def seen(connection: Connection, principal: Principal, room_id: UUID) -> Record:
    """Return what decides over who may do what in a room. Raises NotFound when it must not be seen."""
    return visible(principal, await SEEN.first(connection, room_id=room_id, viewer=principal.user_id))


async def locked(connection: Connection, principal: Principal, room_id: UUID) -> dict[str, Any]:
    """Lock a room, and return it with whether the member is in it. Raises NotFound when it must not be seen.

    Whether somebody is in it is asked after the lock: the statement that waited for it still sees what was before.
    """
    row = await LOCK.first(connection, room_id=room_id)
    inside = row and await INSIDE.first(connection, room_id=room_id, user_id=principal.user_id)
    room = dict(row or {}) | {"is_member": inside is not None}
    if row is None or not allowed(principal, Action.SEE_ROOM, room):
        raise NotFound("There is no such room.")
    return room


async def owned(connection: Connection, principal: Principal, room_id: UUID) -> dict[str, Any]:
    """Lock a room of the member's own. Raises NotFound and PermissionDenied."""
    room = await locked(connection, principal, room_id)
    require(principal, Action.MANAGE_ROOM, room)
    return room


async def get(connection: Connection, principal: Principal, room_id: UUID) -> models.Room:
    """Return a room. Raises NotFound."""
    row = await _GET.first(connection, room_id=room_id, viewer=principal.user_id)
    return as_room(visible(principal, row))


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed by; None does not narrow."""

    mine: bool | None = None
    named: bool = False

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions, of which none ever lets a private room of others through."""
        whose = {None: is_open | is_inside, True: is_inside, False: is_open & Room.id.not_in(_JOINED)}[self.mine]
        return [whose, *([Room.name.ilike(bindparam("q", type_=Text()))] if self.named else [])]


@cache
def listing(sort: RoomSort, filters: Filters, shape: pages.Shape) -> Statement:
    """Return the statement of a page of rooms."""
    column, descending = _ORDER[sort]
    return Statement(pages.ordered(_ROOM.where(*filters.conditions()), column, Room.id, shape, descending=descending))


@cache
def _counting(filters: Filters) -> pages.Counting:
    return pages.Counting(among(select(Room.id).select_from(Room)).where(*filters.conditions()))


def pattern_of(q: str) -> str:
    """Return the pattern of LIKE that finds a text anywhere, whatever is in it."""
    escaped = q.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


class Narrowed(NamedTuple):
    """Which rooms a list asks for, in which order."""

    sort: RoomSort
    mine: bool | None = None
    q: str | None = None


async def list_page(
    connection: Connection, principal: Principal, narrowed: Narrowed, asked: pages.Asked
) -> models.RoomPage:
    """Return a page of the rooms that a member may see. Raises ValidationFailed for a cursor that is not ours."""
    sort, mine, q = narrowed
    filters = Filters(mine, q is not None)
    values: dict[str, Any] = {"viewer": principal.user_id} | ({"q": pattern_of(q)} if q is not None else {})
    page = pages.wanted(f"rooms {principal.user_id} {sort} {mine} {q}", asked)
    counted = await _counting(filters).total(connection, **values) if page.total else None
    rows = await listing(sort, filters, page.shape).all(connection, **values, **page.binds())
    kept, described = pages.cut(rows, page, itemgetter(_ORDER[sort][0].key), counted)
    return models.RoomPage(items=[as_room(row) for row in kept], page=described)


async def create(connection: Connection, principal: Principal, draft: models.RoomCreate) -> models.Room:
    """Open a room. Raises TooManyRooms."""
    owner = principal.user_id
    await _LOCK_MEMBER.first(connection, user_id=owner)
    if await _OWNED.value(connection, user_id=owner) >= MAX_OWNED:
        raise TooManyRooms
    room_id = new_id()
    description = draft.description if draft.description is not MISSING else None
    values: dict[str, Any] = {"name": draft.name, "description": description, "visibility": draft.visibility.value}
    await _INSERT.run(connection, id=room_id, owner_id=owner, **values)
    await ENTER.run(connection, id=new_id(), room_id=room_id, user_id=owner)
    return await get(connection, principal, room_id)


async def update_room(
    connection: Connection, principal: Principal, room_id: UUID, patch: models.RoomUpdate, if_match: str
) -> models.Room:
    """Apply a merge patch. Raises NotFound, PermissionDenied, PreconditionFailed."""
    room = await owned(connection, principal, room_id)
    require_match(if_match, room["version"])
    now = await _EDITABLE.first(connection, room_id=room_id)
    values = dict(now or {}) | patch.model_dump(exclude_unset=True)
    await _UPDATE.run(connection, room_id=room_id, **{f"new_{name}": value for name, value in values.items()})
    return await get(connection, principal, room_id)


async def delete_room(connection: Connection, principal: Principal, room_id: UUID, if_match: str) -> None:
    """Delete a room with all that was said in it. Raises NotFound, PermissionDenied, PreconditionFailed."""
    room = await owned(connection, principal, room_id)
    require_match(if_match, room["version"])
    await _DELETE.run(connection, room_id=room_id)
