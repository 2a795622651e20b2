"""What the tests of items send."""

from typing import Any
from uuid import UUID

from httpx2 import AsyncClient, Response

from tests.factories import Member

ANYWAY = {"If-Match": "*"}
PATCH = ANYWAY | {"Content-Type": "application/merge-patch+json"}
NEW = {"title": "A case of brass type", "price": "24.90"}


async def create(client: AsyncClient, owner: Member, /, **members: Any) -> Response:
    """Offer an item."""
    return await client.post("/items", json=NEW | members, headers=owner.headers)


async def edit(client: AsyncClient, owner: Member, item: UUID | str, /, **members: Any) -> Response:
    """Change an item."""
    return await client.patch(f"/items/{item}", json=members, headers=PATCH | owner.headers)


def errors(answer: Response) -> list[tuple[str, str]]:
    """Return of each error where it is and what it is."""
    found = answer.json().get("errors", [])
    return [(error.get("pointer", error.get("parameter")), error["code"]) for error in found]


def ids(answer: Response) -> list[str]:
    """Return the ids of the items of a list."""
    assert answer.status_code == 200, answer.text
    return [entry.get("item", entry)["id"] for entry in answer.json()["items"]]
