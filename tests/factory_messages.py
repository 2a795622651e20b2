"""Rows of rooms for tests; counters are true where the factory makes what they count."""

from typing import Any
from uuid import UUID

from app.ids import new_id
from app.sql import Connection


class RoomFactory:
    """Makes rooms, who is in them, who is invited, and what is said; people are named by their ids."""

    _connection: Connection

    async def _row(self, table: str, row: dict[str, Any]) -> UUID:
        names = ", ".join(row)
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        await self._connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())  # noqa: S608 - Names of ours.
        return row["id"]

    async def room(self, owner_id: UUID, **given: Any) -> UUID:
        """A public room with its owner in it, or one with another `visibility`."""
        row: dict[str, Any] = {
            "id": new_id(),
            "owner_id": owner_id,
            "name": "The composing room",
            "visibility": "public",
            "member_count": 1,
        } | given
        await self._row("rooms", row)
        await self._row("room_members", {"id": new_id(), "room_id": row["id"], "user_id": owner_id})
        return row["id"]

    async def room_member(self, room_id: UUID, user_id: UUID, **given: Any) -> UUID:
        """Somebody who is in a room."""
        row = await self._row("room_members", {"id": new_id(), "room_id": room_id, "user_id": user_id} | given)
        await self._connection.execute("UPDATE rooms SET member_count = member_count + 1 WHERE id = $1", room_id)
        return row

    async def invitation(self, room_id: UUID, user_id: UUID, **given: Any) -> UUID:
        """An invitation by the room's owner."""
        owner_id = await self._connection.fetchval("SELECT owner_id FROM rooms WHERE id = $1", room_id)
        row: dict[str, Any] = {"id": new_id(), "room_id": room_id, "user_id": user_id, "inviter_id": owner_id} | given
        await self._row("room_invitations", row)
        await self._connection.execute(
            "UPDATE rooms SET invitation_count = invitation_count + 1 WHERE id = $1", room_id
        )
        return row["id"]

    async def message(self, room_id: UUID, author_id: UUID, **given: Any) -> UUID:
        """The next message of a room; nobody has read it."""
        number = await self._connection.fetchval(
            "UPDATE rooms SET last_number = last_number + 1, last_message_at = now() WHERE id = $1"
            " RETURNING last_number",
            room_id,
        )
        row: dict[str, Any] = {
            "id": new_id(),
            "room_id": room_id,
            "number": number,
            "author_id": author_id,
            "content": "Who has borrowed the bone folder?",
        } | given
        return await self._row("messages", row)
