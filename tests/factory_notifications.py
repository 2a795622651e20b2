"""Rows of notifications for tests."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.ids import new_id

if TYPE_CHECKING:
    from tests.factories import Member


class NotificationFactory:
    """Makes notifications."""

    async def _insert(self, table: str, row: dict[str, Any]) -> None:
        raise NotImplementedError

    async def notification(self, member: "Member", **given: Any) -> UUID:
        """An unread notification that an item is sold out, or one of another `kind`."""
        row: dict[str, Any] = {
            "id": new_id(),
            "member_id": member.id,
            "kind": "item_sold_out",
            "subject_id": new_id(),
            "text": "A loom",
        } | given
        await self._insert("notifications", row)
        return row["id"]
