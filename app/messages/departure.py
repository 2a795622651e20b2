"""What becomes of a member's rooms, memberships, invitations and messages when the account goes.

As when the member leaves each room: it is owned by who has been in it longest, and goes where nobody is left. What the
member said is erased; its places stay, so that numbers have no gaps and answers keep what they answer.
"""

from uuid import UUID

from sqlalchemy import (
    BindParameter,
    Integer,
    Uuid,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    select,
    union,
    update,
)

from app.messages.tables import Message, Room, RoomInvitation, RoomMember
from app.sql import Connection, Statement

# Somebody who has said much may take longer than other requests, rather than never get away.
SECONDS = 60

_member: BindParameter[UUID] = bindparam("member", type_=Uuid())
_joined = select(RoomMember.room_id).where(RoomMember.user_id == _member)
_invited = select(RoomInvitation.room_id).where(RoomInvitation.user_id == _member)
_owned = select(Room.id).where(Room.owner_id == _member)
_LOCK = Statement(
    select(Room.id)
    .where(Room.id.in_(union(_owned, _joined, _invited)))
    .order_by(Room.id)
    .with_for_update(key_share=True),
    seconds=SECONDS,
)
_others = (RoomMember.room_id == Room.id) & (RoomMember.user_id != _member)
_heir = (
    select(RoomMember.user_id)
    .where(_others)
    .order_by(RoomMember.joined_at, RoomMember.id)
    .limit(literal_column("1", Integer()))
    .correlate(Room)
    .scalar_subquery()
)
_HAND_OVER = Statement(
    update(Room)
    .where(Room.owner_id == _member, exists().where(_others))
    .values(owner_id=_heir, version=Room.version + 1, updated_at=func.now()),
    seconds=SECONDS,
)
_DELETE_ROOMS = Statement(delete(Room).where(Room.owner_id == _member), seconds=SECONDS)
_COUNT_MEMBERS = Statement(
    update(Room).where(Room.id.in_(_joined)).values(member_count=Room.member_count - 1), seconds=SECONDS
)
_COUNT_INVITATIONS = Statement(
    update(Room).where(Room.id.in_(_invited)).values(invitation_count=Room.invitation_count - 1), seconds=SECONDS
)
_BURY = Statement(
    update(Message)
    .where(Message.author_id == _member)
    .values(
        content="",
        author_id=literal_column("NULL"),
        version=Message.version + 1,
        deleted_at=func.now(),
        updated_at=func.now(),
    ),
    seconds=SECONDS,
)


async def lock_rooms(connection: Connection, member: UUID) -> None:
    """Lock every room that the member owns, is in or is invited to; the member's own row comes after these."""
    await _LOCK.all(connection, member=member)


async def leave_rooms(connection: Connection, member: UUID) -> None:
    """Let a member whose row is locked out of every room; memberships and invitations go with the row."""
    await _HAND_OVER.run(connection, member=member)
    await _DELETE_ROOMS.run(connection, member=member)
    await _COUNT_MEMBERS.run(connection, member=member)
    await _COUNT_INVITATIONS.run(connection, member=member)
    await _BURY.run(connection, member=member)
