"""Who is in a room and who is invited to it: joining, leaving, removing, inviting, and the lists of them.

Each change is made under the lock of the room's row (app/messages/rooms.py), which is taken before memberships and
invitations are looked at. So the last place is taken once, and a counter is never wrong.
"""

from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

from asyncpg import Record
from sqlalchemy import Integer, Select, bindparam, delete, func, insert, literal_column, select, update

from app import pages
from app.access import Action, Principal, allowed, require
from app.domain_events.service import Audience, Kind, tell
from app.ids import new_id
from app.messages import rooms
from app.messages.tables import Room, RoomInvitation, RoomMember
from app.problems import Conflict, NotFound, Problem
from app.rows import fill
from app.sql import Connection, Statement, aliased
from app.users.tables import User
from generated import models
from generated.models import ProblemCode, RoomVisibility

# Of the contract's words on joinRoom and inviteToRoom.
MAX_MEMBERS = 1_000
MAX_INVITATIONS = 100


class RoomFull(Problem):
    status, code, title = 409, ProblemCode.room_full, "The room is full."


class TooManyInvitations(Problem):
    status, code, title = 409, ProblemCode.too_many_invitations, "There are too many invitations."


class LastMember(Problem):
    status, code, title = 409, ProblemCode.last_member, "You are the last one in the room."


_room = bindparam("room_id", type_=Room.id.type)
_member = bindparam("user_id", type_=User.id.type)
_step = bindparam("step", type_=Integer())
_COUNT_MEMBERS = Statement(update(Room).where(Room.id == _room).values(member_count=Room.member_count + _step))
_COUNT_INVITATIONS = Statement(
    update(Room).where(Room.id == _room).values(invitation_count=Room.invitation_count + _step)
)
_INVITED = Statement(
    select(RoomInvitation.id).where(RoomInvitation.room_id == _room, RoomInvitation.user_id == _member)
)
_FORGET = Statement(delete(RoomInvitation).where(RoomInvitation.room_id == _room, RoomInvitation.user_id == _member))
_LEAVE = Statement(delete(RoomMember).where(RoomMember.room_id == _room, RoomMember.user_id == _member))
_INVITE = Statement(
    insert(RoomInvitation).values({name: bindparam(name) for name in ("id", "room_id", "user_id", "inviter_id")})
)
_NAMED = Statement(
    select(User.id).where(func.lower(User.username) == func.lower(bindparam("username")), User.is_active)
)
_HEIR = Statement(
    select(RoomMember.user_id)
    .where(RoomMember.room_id == _room)
    .order_by(RoomMember.joined_at, RoomMember.id)
    .limit(literal_column("1", Integer()))
)
_HAND_OVER = Statement(
    update(Room)
    .where(Room.id == _room)
    .values(owner_id=bindparam("heir"), version=Room.version + 1, updated_at=func.now())
)


async def join(connection: Connection, principal: Principal, room_id: UUID) -> None:
    """Let a member into a public room, or into one that they are invited to. Raises NotFound and RoomFull."""
    room = await rooms.LOCK.first(connection, room_id=room_id)
    member = {"room_id": room_id, "user_id": principal.user_id}
    inside = await rooms.INSIDE.first(connection, **member)
    invited = await _INVITED.first(connection, **member)
    may = room is not None and (
        invited is not None or allowed(principal, Action.SEE_ROOM, {**room, "is_member": inside})
    )
    if room is None or not may:
        raise NotFound("There is no such room.")
    if inside is not None:
        return
    if room["member_count"] >= MAX_MEMBERS:
        raise RoomFull
    await rooms.ENTER.run(connection, id=new_id(), **member)
    await _COUNT_MEMBERS.run(connection, room_id=room_id, step=1)
    await tell(connection, Kind.ROOM_JOINED, Audience.ROOM, room_id, room_id, {"member": str(principal.user_id)})
    if invited is not None:
        await _take_back(connection, member)


async def _take_back(connection: Connection, member: dict[str, UUID]) -> bool:
    """Remove an invitation if there is one; the room is locked."""
    gone = await _FORGET.run(connection, **member)
    if gone:
        await _COUNT_INVITATIONS.run(connection, room_id=member["room_id"], step=-1)
    return bool(gone)


async def leave(connection: Connection, principal: Principal, room_id: UUID) -> None:
    """Let a member out; when it is the owner, who has been in it longest owns it then. Raises NotFound, LastMember."""
    room = await rooms.locked(connection, principal, room_id)
    if not room["is_member"]:
        return
    if room["member_count"] == 1:
        raise LastMember
    await _LEAVE.run(connection, room_id=room_id, user_id=principal.user_id)
    await _COUNT_MEMBERS.run(connection, room_id=room_id, step=-1)
    if room["owner_id"] == principal.user_id:
        heir = await _HEIR.value(connection, room_id=room_id)
        await _HAND_OVER.run(connection, room_id=room_id, heir=heir)
    await tell(connection, Kind.ROOM_LEFT, Audience.ROOM, room_id, room_id, {"member": str(principal.user_id)})


async def _named(connection: Connection, username: str) -> UUID:
    identifier: UUID | None = await _NAMED.value(connection, username=username)
    if identifier is None:
        raise NotFound("There is no such member.")
    return identifier


async def remove(connection: Connection, principal: Principal, room_id: UUID, username: str) -> None:
    """Take somebody out of a room. Raises NotFound, PermissionDenied, and Conflict when it is the owner."""
    room = await rooms.owned(connection, principal, room_id)
    user_id = await _known(connection, username)
    if user_id == room["owner_id"]:
        raise Conflict("The owner is not removed; leaveRoom hands the room over.")
    if not await _LEAVE.run(connection, room_id=room_id, user_id=user_id):
        raise NotFound("The member is not in the room.")
    await _COUNT_MEMBERS.run(connection, room_id=room_id, step=-1)
    await tell(connection, Kind.ROOM_LEFT, Audience.ROOM, room_id, room_id, {"member": str(user_id)})


_KNOWN = Statement(select(User.id).where(func.lower(User.username) == func.lower(bindparam("username"))))


async def _known(connection: Connection, username: str) -> UUID:
    """Return who has a name, whether the account is active or not: who was let in can always be sent away."""
    identifier: UUID | None = await _KNOWN.value(connection, username=username)
    if identifier is None:
        raise NotFound("There is no such member.")
    return identifier


async def invite(connection: Connection, principal: Principal, room_id: UUID, username: str) -> None:
    """Invite who is neither in nor invited yet. Raises NotFound, PermissionDenied, TooManyInvitations."""
    room = await rooms.owned(connection, principal, room_id)
    member = {"room_id": room_id, "user_id": await _named(connection, username)}
    if await rooms.INSIDE.first(connection, **member) or await _INVITED.first(connection, **member):
        return
    if room["invitation_count"] >= MAX_INVITATIONS:
        raise TooManyInvitations
    await _INVITE.run(connection, id=new_id(), inviter_id=principal.user_id, **member)
    await _COUNT_INVITATIONS.run(connection, room_id=room_id, step=1)


async def withdraw(connection: Connection, principal: Principal, room_id: UUID, username: str) -> None:
    """Take an invitation back. Raises NotFound and PermissionDenied."""
    await rooms.owned(connection, principal, room_id)
    member = {"room_id": room_id, "user_id": await _known(connection, username)}
    if not await _take_back(connection, member):
        raise NotFound("The member is not invited.")


async def decline(connection: Connection, principal: Principal, room_id: UUID) -> None:
    """Turn an invitation down. Raises NotFound when there is none, whatever room it is."""
    await rooms.LOCK.first(connection, room_id=room_id)
    if not await _take_back(connection, {"room_id": room_id, "user_id": principal.user_id}):
        raise NotFound("You are not invited.")


_AUTHOR = tuple(models.Author.model_fields)
_author = tuple(getattr(User, name) for name in _AUTHOR)
_MEMBERS: Select[*tuple[Any, ...]] = (
    select(RoomMember.id, RoomMember.joined_at, (Room.owner_id == RoomMember.user_id).label("is_owner"), *_author)
    .join(Room, Room.id == RoomMember.room_id)
    .join(User, User.id == RoomMember.user_id)
    .where(RoomMember.room_id == _room)
)
_COUNTING_MEMBERS = pages.Counting(select(RoomMember.id).where(RoomMember.room_id == _room))
_inviter = aliased(User)
_INVITATIONS: Select[*tuple[Any, ...]] = (
    select(
        RoomInvitation.id,
        RoomInvitation.created_at,
        *_author,
        *(getattr(_inviter, name).label(f"inviter_{name}") for name in _AUTHOR),
        *(getattr(Room, name).label(f"room_{name}") for name in models.InvitedRoom.model_fields),
    )
    .join(Room, Room.id == RoomInvitation.room_id)
    .join(User, User.id == RoomInvitation.user_id)
    .outerjoin(_inviter, _inviter.id == RoomInvitation.inviter_id)
)
_OF_ROOM = RoomInvitation.room_id == _room
_OF_MEMBER = RoomInvitation.user_id == _member


@cache
def listing_members(shape: pages.Shape) -> Statement:
    """Return the statement of a page of a room's members."""
    return Statement(pages.ordered(_MEMBERS, RoomMember.joined_at, RoomMember.id, shape, descending=False))


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose invitations are listed: a room's, or a member's."""

    room_id: UUID | None = None
    user_id: UUID | None = None

    def values(self) -> dict[str, Any]:
        """Return the bind value that says so."""
        return {"user_id": self.user_id} if self.room_id is None else {"room_id": self.room_id}


@cache
def listing_invitations(shape: pages.Shape, *, mine: bool) -> Statement:
    """Return the statement of a page of invitations."""
    invitations = _INVITATIONS.where(_OF_MEMBER if mine else _OF_ROOM)
    return Statement(pages.ordered(invitations, RoomInvitation.created_at, RoomInvitation.id, shape, descending=True))


@cache
def _counting_invitations(*, mine: bool) -> pages.Counting:
    return pages.Counting(select(RoomInvitation.id).where(_OF_MEMBER if mine else _OF_ROOM))


def _as_member(row: Record) -> models.RoomMember:
    made = {"id": row["id"], "member": rooms.author_of(row), "is_owner": row["is_owner"], "joined_at": row["joined_at"]}
    return fill(models.RoomMember, made)


def _as_invitation(row: Record) -> models.RoomInvitation:
    room: dict[str, Any] = {name: row[f"room_{name}"] for name in models.InvitedRoom.model_fields}
    room["visibility"] = RoomVisibility(room["visibility"])
    known = row["inviter_username"] is not None
    inviter = fill(models.Author, {name: row[f"inviter_{name}"] for name in _AUTHOR}) if known else None
    made = {"id": row["id"], "room": fill(models.InvitedRoom, room), "member": rooms.author_of(row)}
    return fill(models.RoomInvitation, made | {"inviter": inviter, "created_at": row["created_at"]})


async def list_members(
    connection: Connection, principal: Principal, room_id: UUID, asked: pages.Asked
) -> models.RoomMemberPage:
    """Return a page of who is in a room. Raises NotFound, and ValidationFailed for another list's cursor."""
    page = pages.wanted(f"members {room_id}", asked)
    await rooms.seen(connection, principal, room_id)
    counted = await _COUNTING_MEMBERS.total(connection, room_id=room_id) if page.total else None
    rows = await listing_members(page.shape).all(connection, room_id=room_id, **page.binds())
    kept, described = pages.cut(rows, page, itemgetter("joined_at"), counted)
    return models.RoomMemberPage(items=[_as_member(row) for row in kept], page=described)


async def list_invitations(
    connection: Connection, principal: Principal, room_id: UUID | None, asked: pages.Asked
) -> models.RoomInvitationPage:
    """Return a page of a room's invitations, or of the member's own. Raises NotFound and PermissionDenied."""
    whose = Whose(room_id, principal.user_id)
    page = pages.wanted(f"invitations {room_id or principal.user_id}", asked)
    if room_id is not None:
        require(principal, Action.MANAGE_ROOM, await rooms.seen(connection, principal, room_id))
    mine = room_id is None
    counted = await _counting_invitations(mine=mine).total(connection, **whose.values()) if page.total else None
    rows = await listing_invitations(page.shape, mine=mine).all(connection, **whose.values(), **page.binds())
    kept, described = pages.cut(rows, page, itemgetter("created_at"), counted)
    return models.RoomInvitationPage(items=[_as_invitation(row) for row in kept], page=described)
