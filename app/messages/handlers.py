"""The operations of the tag Messages; together these functions are the generated `MessagesService`."""

from uuid import UUID

from app import pages
from app.access import Principal
from app.contract import BASE_PATH
from app.db import reading, transaction
from app.etags import conditional, etag
from app.idempotency import once
from app.messages import people, rooms, service, unread
from app.sql import Connection
from generated.models import (
    Message,
    MessageCreate,
    MessagePage,
    MessageSort,
    MessageUpdate,
    Room,
    RoomCreate,
    RoomInvitationPage,
    RoomMemberPage,
    RoomPage,
    RoomRead,
    RoomSort,
    RoomUpdate,
    UnreadMessages,
)
from generated.server import HTTPResult


async def list_rooms(
    *,
    principal: Principal,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    sort: RoomSort,
    mine: bool | None,
    q: str | None,
) -> HTTPResult[RoomPage]:
    async with reading() as connection:
        asked = pages.Asked(limit, cursor, page, include_total)
        found = await rooms.list_page(connection, principal, rooms.Narrowed(sort, mine, q), asked)
    return HTTPResult(200, found, pages.links(found.page))


async def create_room(*, principal: Principal, idempotency_key: str | None, body: RoomCreate) -> HTTPResult[Room]:
    async def create(connection: Connection) -> HTTPResult[Room]:
        room = await rooms.create(connection, principal, body)
        return HTTPResult(201, room, {"Location": f"{BASE_PATH}/rooms/{room.id}", "ETag": etag(room)})

    return await once(idempotency_key, principal.user_id, body, Room, create)


async def get_room(*, principal: Principal, room_id: UUID, if_none_match: str | None) -> HTTPResult[Room]:
    async with reading() as connection:
        room = await rooms.get(connection, principal, room_id)
    return conditional(room, etag(room), if_none_match)


async def update_room(*, principal: Principal, room_id: UUID, if_match: str, body: RoomUpdate) -> HTTPResult[Room]:
    async with transaction() as connection:
        room = await rooms.update_room(connection, principal, room_id, body, if_match)
    return HTTPResult(200, room, {"ETag": etag(room)})


async def delete_room(*, principal: Principal, room_id: UUID, if_match: str) -> None:
    async with transaction() as connection:
        await rooms.delete_room(connection, principal, room_id, if_match)


async def join_room(*, principal: Principal, room_id: UUID) -> None:
    async with transaction() as connection:
        await people.join(connection, principal, room_id)


async def leave_room(*, principal: Principal, room_id: UUID) -> None:
    async with transaction() as connection:
        await people.leave(connection, principal, room_id)


async def list_room_members(
    *,
    principal: Principal,
    room_id: UUID,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
) -> HTTPResult[RoomMemberPage]:
    async with reading() as connection:
        asked = pages.Asked(limit, cursor, page, include_total)
        found = await people.list_members(connection, principal, room_id, asked)
    return HTTPResult(200, found, pages.links(found.page))


async def remove_room_member(*, principal: Principal, room_id: UUID, username: str) -> None:
    async with transaction() as connection:
        await people.remove(connection, principal, room_id, username)


async def list_room_invitations(
    *,
    principal: Principal,
    room_id: UUID,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
) -> HTTPResult[RoomInvitationPage]:
    async with reading() as connection:
        asked = pages.Asked(limit, cursor, page, include_total)
        found = await people.list_invitations(connection, principal, room_id, asked)
    return HTTPResult(200, found, pages.links(found.page))


async def invite_to_room(*, principal: Principal, room_id: UUID, username: str) -> None:
    async with transaction() as connection:
        await people.invite(connection, principal, room_id, username)


async def withdraw_invitation(*, principal: Principal, room_id: UUID, username: str) -> None:
    async with transaction() as connection:
        await people.withdraw(connection, principal, room_id, username)


async def list_my_invitations(
    *, principal: Principal, limit: int, cursor: str | None, page: int | None, include_total: bool | None
) -> HTTPResult[RoomInvitationPage]:
    async with reading() as connection:
        asked = pages.Asked(limit, cursor, page, include_total)
        found = await people.list_invitations(connection, principal, None, asked)
    return HTTPResult(200, found, pages.links(found.page))


async def decline_invitation(*, principal: Principal, room_id: UUID) -> None:
    async with transaction() as connection:
        await people.decline(connection, principal, room_id)


async def list_messages(
    *,
    principal: Principal,
    room_id: UUID,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    sort: MessageSort,
    after: int | None,
) -> HTTPResult[MessagePage]:
    async with reading() as connection:
        asked = pages.Asked(limit, cursor, page, include_total)
        found = await service.list_page(connection, principal, room_id, service.Order(sort, after), asked)
    return HTTPResult(200, found, pages.links(found.page))


async def create_message(
    *, principal: Principal, room_id: UUID, idempotency_key: str | None, body: MessageCreate
) -> HTTPResult[Message]:
    async def create(connection: Connection) -> HTTPResult[Message]:
        message = await service.create(connection, principal, room_id, body)
        return HTTPResult(201, message, {"Location": f"{BASE_PATH}/messages/{message.id}", "ETag": etag(message)})

    return await once(idempotency_key, principal.user_id, body, Message, create)


async def get_message(*, principal: Principal, message_id: UUID, if_none_match: str | None) -> HTTPResult[Message]:
    async with reading() as connection:
        message = await service.get(connection, principal, message_id)
    return conditional(message, etag(message), if_none_match)


async def update_message(
    *, principal: Principal, message_id: UUID, if_match: str, body: MessageUpdate
) -> HTTPResult[Message]:
    async with transaction() as connection:
        message = await service.update_message(connection, principal, message_id, body, if_match)
    return HTTPResult(200, message, {"ETag": etag(message)})


async def delete_message(*, principal: Principal, message_id: UUID, if_match: str) -> None:
    async with transaction() as connection:
        await service.delete_message(connection, principal, message_id, if_match)


async def mark_room_read(*, principal: Principal, room_id: UUID, body: RoomRead) -> None:
    async with transaction() as connection:
        await unread.mark_read(connection, principal, room_id, body)


async def get_unread_messages(*, principal: Principal) -> HTTPResult[UnreadMessages]:
    async with reading() as connection:
        return HTTPResult(200, await unread.total(connection, principal))
