"""Rows of items for tests."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.ids import new_id

if TYPE_CHECKING:
    from tests.factories import Member

_numbers = count(1)


class ItemFactory:
    """Makes items on the connection of the factory that inherits this."""

    async def _insert(self, table: str, row: dict[str, Any]) -> None:
        raise NotImplementedError

    async def member(self, role: str = "user") -> "Member":
        """A member who owns what has no other owner."""
        raise NotImplementedError

    async def item(self, owner: "Member | None" = None, **given: Any) -> UUID:
        """An active item, or one with another `status`; counters of tags and categories are the test's business."""
        owner = owner or await self.member()
        row: dict[str, Any] = {
            "id": new_id(),
            "owner_id": owner.id,
            "title": f"A case of brass type {next(_numbers)}",
            "price": "24.90",
            "status": "active",
            "created_at": datetime.now(UTC),
        } | given
        for name in ("price", "tax", "discount_price"):
            if row.get(name) is not None:
                row[name] = Decimal(row[name])
        await self._insert("items", row)
        return row["id"]
