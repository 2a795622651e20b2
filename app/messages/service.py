"""What is said in rooms, and how far everybody has read.

Messages are numbered per room under the lock of the room's row. So they come to be seen in the order of their numbers,
which ids and times of creation do not promise, and whoever reads on from a number misses nothing
(docs/decisions/0032-chat.md). Who writes has read what came before; all that is unread is therefore of others.
"""

from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record
from pydantic import MISSING
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    Uuid,
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    select,
    update,
)

from app import pages
from app.access import Action, Principal, require
from app.domain_events.service import Audience, Kind, tell
from app.etags import require_match
from app.ids import new_id
from app.messages import rooms
from app.messages.rooms import NotAMember, among, is_inside, visible
from app.messages.tables import Message, Room, RoomMember
from app.problems import FieldError, NotFound, ValidationFailed
from app.rows import fill
from app.sql import Connection, Statement, aliased
from app.users.tables import User
from generated import models
from generated.models import MessageSort

_AUTHOR = tuple(getattr(User, name) for name in models.Author.model_fields)
_PLAIN = ("id", "room_id", "number", "reply_to", "edited_at", "version", "created_at", "updated_at")
_MESSAGE = (
    Message.id,
    Message.room_id,
    Message.number,
    Message.author_id,
    Message.content,
    Message.reply_to,
    Message.version,
    Message.edited_at,
    Message.deleted_at,
    Message.created_at,
    Message.updated_at,
)
_ACCESS = (Room.visibility, Room.owner_id, is_inside.label("is_member"))
_room_id = bindparam("room_id", type_=Uuid())
_author_id = bindparam("author_id", type_=Uuid())

_GET = Statement(
    among(select(*_MESSAGE, *_AUTHOR, *_ACCESS).select_from(Message).join(Room, Room.id == Message.room_id))
    .outerjoin(User, User.id == Message.author_id)
    .where(Message.id == bindparam("message_id"))
)
_LOCK = Statement(
    among(
        select(Message.room_id, Message.author_id, Message.version, Message.deleted_at, *_ACCESS)
        .select_from(Message)
        .join(Room, Room.id == Message.room_id)
    )
    .where(Message.id == bindparam("message_id"))
    .with_for_update(key_share=True, of=Message)
)
_UPDATE = Statement(
    update(Message)
    .where(Message.id == bindparam("message_id"))
    .values(content=bindparam("new_content"), version=Message.version + 1, edited_at=func.now(), updated_at=func.now())
)
# What was written is erased, and so is whose it was.
_BURY = Statement(
    update(Message)
    .where(Message.id == bindparam("message_id"))
    .values(
        content="",
        author_id=literal_column("NULL"),
        version=Message.version + 1,
        deleted_at=func.now(),
        updated_at=func.now(),
    )
)


@cache
def creating(*, answer: bool) -> Statement:
    """Return the statement that says something in a room, for whoever is in it: none is written otherwise.

    The room's row is locked by giving it the next number, then the membership; the message is made of both. Who is
    taken out of the room while this waits has no membership to update, and writes nothing.
    """
    inside = exists().where(RoomMember.room_id == _room_id, RoomMember.user_id == _author_id)
    room = (
        update(Room)
        .where(Room.id == _room_id, inside)
        .values(last_number=Room.last_number + 1, last_message_at=func.greatest(Room.last_message_at, func.now()))
        .returning(Room.id, Room.last_number)
        .cte("room")
    )
    member = (
        update(RoomMember)
        .where(RoomMember.room_id == room.c.id, RoomMember.user_id == _author_id)
        .values(read_number=room.c.last_number)
        .returning(RoomMember.room_id, RoomMember.user_id, RoomMember.read_number)
        .cte("member")
    )
    reply_to = bindparam("reply_to", type_=Uuid()) if answer else literal_column("NULL", Uuid())
    content = bindparam("content", type_=Text())
    said = select(
        bindparam("id", type_=Uuid()), member.c.room_id, member.c.read_number, member.c.user_id, content, reply_to
    )
    if answer:
        other = aliased(Message)
        said = said.where(
            exists().where(other.id == reply_to, other.room_id == member.c.room_id, other.deleted_at.is_(None))
        )
    names = ["id", "room_id", "number", "author_id", "content", "reply_to"]
    made = insert(Message).from_select(names, said).returning(*_MESSAGE).cte("made")
    return Statement(select(*made.c, *_AUTHOR).join(User, User.id == made.c.author_id))


def _placed(statement: Select[*tuple[Any, ...]], sort: MessageSort, shape: pages.Shape) -> Select[*tuple[Any, ...]]:
    """Order messages by their numbers, which no two of a room share, from where the page begins."""
    falling = (sort is MessageSort.by_number_desc) != shape.backwards
    statement = statement.order_by(Message.number.desc() if falling else Message.number.asc()).limit(shape.limit)
    if shape.after:
        key = bindparam("key", type_=BigInteger())
        statement = statement.where(Message.number < key if falling else Message.number > key)
    return statement.offset(bindparam("offset")) if shape.offset else statement


def _asked_for(*, after: bool) -> list[ColumnElement[bool]]:
    return [Message.number > bindparam("after", type_=BigInteger())] if after else []


@cache
def listing(sort: MessageSort, shape: pages.Shape, *, after: bool) -> Statement:
    """Return the statement of a page: a row of the room at least, when the member may see it."""
    told = select(*_MESSAGE, *_AUTHOR).outerjoin(User, User.id == Message.author_id)
    told = _placed(told.where(Message.room_id == Room.id, *_asked_for(after=after)), sort, shape)
    page = told.correlate(Room).lateral("page")
    falling = (sort is MessageSort.by_number_desc) != shape.backwards
    return Statement(
        among(select(*_ACCESS, *page.c).select_from(Room))
        .outerjoin(page, literal_column("true"))
        .where(Room.id == _room_id)
        .order_by(page.c.number.desc() if falling else page.c.number.asc())
    )


@cache
def _counting(*, after: bool) -> pages.Counting:
    return pages.Counting(select(Message.id).where(Message.room_id == _room_id, *_asked_for(after=after)))


def as_message(row: Record) -> models.Message:
    """Return a row as a message, or as the place that is left of it."""
    gone = row["deleted_at"] is not None
    made: dict[str, Any] = {name: row[name] for name in _PLAIN}
    made |= {"author": None if gone else rooms.author_of(row), "content": None if gone else row["content"]}
    made["is_deleted"] = gone
    return fill(models.Message, {name: made[name] for name in models.Message.model_fields})


async def get(connection: Connection, principal: Principal, message_id: UUID) -> models.Message:
    """Return a message or what is left of it. Raises NotFound."""
    row = await _GET.first(connection, message_id=message_id, viewer=principal.user_id)
    return as_message(_seen(principal, row))


def _seen(principal: Principal, row: Record | None) -> Record:
    """Return the row of a message whose room the member may see. Raises NotFound."""
    try:
        return visible(principal, row)
    except NotFound:
        raise NotFound("There is no such message.") from None


class Order(NamedTuple):
    """How messages are listed, and from which number on."""

    sort: MessageSort
    after: int | None = None


async def list_page(
    connection: Connection, principal: Principal, room_id: UUID, order: Order, asked: pages.Asked
) -> models.MessagePage:
    """Return a page of what was said in a room. Raises NotFound, and ValidationFailed for another list's cursor."""
    sort, after = order
    page = pages.wanted(f"messages {room_id} {sort} {after}", asked)
    values: dict[str, Any] = {"room_id": room_id} | ({"after": after} if after is not None else {})
    binds = {name: value for name, value in page.binds().items() if name != "key_id"}
    statement = listing(sort, page.shape, after=after is not None)
    rows = await statement.all(connection, viewer=principal.user_id, **values, **binds)
    visible(principal, rows[0] if rows else None)
    counted = await _counting(after=after is not None).total(connection, **values) if page.total else None
    told = [row for row in rows if row["id"] is not None]
    kept, described = pages.cut(told, page, itemgetter("number"), counted)
    return models.MessagePage(items=[as_message(row) for row in kept], page=described)


async def write_in(connection: Connection, principal: Principal, room_id: UUID) -> None:
    """Raise NotFound for a room that must not be seen, and NotAMember for one that the member is not in."""
    if not (await rooms.seen(connection, principal, room_id))["is_member"]:
        raise NotAMember


def unknown(pointer: str) -> ValidationFailed:
    detail = "The room has no message of this id, or not any more."
    return ValidationFailed(errors=[FieldError(pointer=pointer, code="unknown_message", detail=detail)])


async def create(
    connection: Connection, principal: Principal, room_id: UUID, draft: models.MessageCreate
) -> models.Message:
    """Say something. Raises NotFound, NotAMember, and ValidationFailed when there is nothing to answer."""
    values: dict[str, Any] = {"id": new_id(), "room_id": room_id, "author_id": principal.user_id}
    if answer := draft.reply_to is not MISSING and draft.reply_to is not None:
        values["reply_to"] = draft.reply_to
    row = await creating(answer=answer).first(connection, content=draft.content, **values)
    if row is None:
        await write_in(connection, principal, room_id)
        raise unknown("/reply_to")
    await tell(connection, Kind.MESSAGE_CREATED, Audience.ROOM, room_id, row["id"])
    return as_message(row)


async def _locked(connection: Connection, principal: Principal, message_id: UUID) -> Record:
    """Lock a message that is not deleted. Raises NotFound."""
    row = _seen(principal, await _LOCK.first(connection, message_id=message_id, viewer=principal.user_id))
    if row["deleted_at"] is not None:
        raise NotFound("There is no such message any more.")
    return row


async def update_message(
    connection: Connection, principal: Principal, message_id: UUID, patch: models.MessageUpdate, if_match: str
) -> models.Message:
    """Apply a merge patch. Raises NotFound, PermissionDenied, NotAMember, PreconditionFailed."""
    row = await _locked(connection, principal, message_id)
    require(principal, Action.EDIT_MESSAGE, row)
    if not row["is_member"]:
        raise NotAMember
    require_match(if_match, row["version"])
    await _UPDATE.run(connection, message_id=message_id, new_content=patch.content)
    await tell(connection, Kind.MESSAGE_UPDATED, Audience.ROOM, row["room_id"], message_id)
    return await get(connection, principal, message_id)


async def delete_message(connection: Connection, principal: Principal, message_id: UUID, if_match: str) -> None:
    """Leave but the place of a message. Raises NotFound, PermissionDenied, PreconditionFailed."""
    row = await _locked(connection, principal, message_id)
    require(principal, Action.DELETE_MESSAGE, row)
    require_match(if_match, row["version"])
    await _BURY.run(connection, message_id=message_id)
    await tell(connection, Kind.MESSAGE_DELETED, Audience.ROOM, row["room_id"], message_id)
