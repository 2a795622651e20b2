"""How far everybody has read: a number per membership, which never goes back."""

from uuid import UUID

from pydantic import MISSING
from sqlalchemy import BigInteger, Uuid, bindparam, func, literal_column, select, update

from app.access import Principal
from app.messages import rooms
from app.messages.rooms import among, is_inside
from app.messages.service import unknown, write_in
from app.messages.tables import Message, Room, RoomMember
from app.sql import Connection, Statement
from generated import models

_room_id = bindparam("room_id", type_=Uuid())
_NUMBER = Statement(
    select(Message.number).where(Message.id == bindparam("message_id"), Message.room_id == bindparam("room_id"))
)
# What was read stays read, also when somebody says so who was slower.
_READ_TO = Statement(
    update(RoomMember)
    .where(RoomMember.room_id == _room_id, RoomMember.user_id == bindparam("user_id"))
    .values(read_number=func.greatest(RoomMember.read_number, bindparam("number", type_=BigInteger())))
)
_READ_ALL = Statement(
    update(RoomMember)
    .where(RoomMember.room_id == _room_id, RoomMember.user_id == bindparam("user_id"), Room.id == RoomMember.room_id)
    .values(read_number=func.greatest(RoomMember.read_number, Room.last_number))
)


def _totals() -> Statement:
    """Return the statement that adds up what a member has not read."""
    mine = among(select(rooms.unread.label("number")).select_from(Room)).where(is_inside).subquery("mine")
    some = func.count().filter(mine.c.number > literal_column("0"))
    added = func.coalesce(func.sum(mine.c.number), literal_column("0")).cast(BigInteger)
    return Statement(select(added.label("unread_count"), some.label("room_count")).select_from(mine))


_TOTALS = _totals()


async def mark_read(connection: Connection, principal: Principal, room_id: UUID, said: models.RoomRead) -> None:
    """Note how far a member has read. Raises NotFound, NotAMember, and ValidationFailed for a message elsewhere."""
    await write_in(connection, principal, room_id)
    member = {"room_id": room_id, "user_id": principal.user_id}
    if said.message_id is MISSING or said.message_id is None:
        await _READ_ALL.run(connection, **member)
        return
    number = await _NUMBER.value(connection, room_id=room_id, message_id=said.message_id)
    if number is None:
        raise unknown("/message_id")
    await _READ_TO.run(connection, number=number, **member)


async def total(connection: Connection, principal: Principal) -> models.UnreadMessages:
    """Return how much a member has not read, in all rooms."""
    row = await _TOTALS.first(connection, viewer=principal.user_id)
    return models.UnreadMessages(**dict(row or {}))
