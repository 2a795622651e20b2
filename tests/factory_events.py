"""Rows of events; `Factory` has them."""

from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.ids import new_id
from app.sql import Connection

if TYPE_CHECKING:
    from tests.factories import Member


class EventRows(ABC):
    """Makes events and attendances, with what every factory has."""

    _connection: Connection

    @abstractmethod
    async def _insert(self, table: str, row: dict[str, Any]) -> None: ...

    @abstractmethod
    async def member(self, role: str = "user", **given: Any) -> "Member": ...

    async def happening(self, organizer: "Member | None" = None, **given: Any) -> UUID:
        """An event of three hours in a month, which nobody attends."""
        starts = given.get("starts_at") or (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)
        row: dict[str, Any] = {
            "id": new_id(),
            "organizer_id": (organizer or await self.member()).id,
            "title": "An evening at the loom",
            "description": "We thread a Jacquard loom and punch the cards.",
            "starts_at": starts,
            "ends_at": starts + timedelta(hours=3),
            "max_participants": 20,
        } | given
        await self._insert("events", row)
        return row["id"]

    async def attendance(self, event_id: UUID, member: "Member | None" = None, **given: Any) -> UUID:
        """A seat of a member, and its count."""
        row: dict[str, Any] = {
            "event_id": event_id,
            "user_id": (member or await self.member()).id,
            "id": new_id(),
        } | given
        await self._insert("event_attendances", row)
        await self._connection.execute("UPDATE events SET attendee_count = attendee_count + 1 WHERE id = $1", event_id)
        return row["user_id"]
