"""Members of a room, as the tests of rooms speak of them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from tests.committed import committed, committed_database
from tests.factories import Factory, Member

__all__ = ["committed", "committed_database"]

PATCH = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
ANY = {"If-Match": "*"}


def code(answer: Response) -> tuple[int, str]:
    """Return status and code of a problem."""
    return answer.status_code, answer.json()["code"]


def errors(answer: Response) -> list[tuple[str, str]]:
    """Return where and what the errors of a 422 are."""
    assert answer.status_code == 422, answer.text
    return [(error.get("pointer", error.get("parameter")), error["code"]) for error in answer.json()["errors"]]


@dataclass(frozen=True)
class Company:
    """A room, who owns it, who is in it besides, and who is not."""

    client: AsyncClient
    room: UUID
    owner: Member
    mate: Member
    stranger: Member

    @property
    def path(self) -> str:
        """Where the room is."""
        return f"/rooms/{self.room}"

    async def say(self, member: Member, content: str = "A loom.", **more: Any) -> dict[str, Any]:
        """Say something, and return the message."""
        body = {"content": content} | more
        answer = await self.client.post(f"{self.path}/messages", json=body, headers=member.headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def unread(self, member: Member) -> Any:
        """Return how much a member has not read in the room."""
        answer = await self.client.get(self.path, headers=member.headers)
        return answer.json()["unread_count"]


async def _company(client: AsyncClient, make: Factory, visibility: str) -> Company:
    owner, mate, stranger = [await make.member() for _ in range(3)]
    room = await make.room(owner.id, visibility=visibility)
    await make.room_member(room, mate.id)
    return Company(client, room, owner, mate, stranger)


@pytest.fixture
async def public(client: AsyncClient, make: Factory) -> Company:
    """A public room."""
    return await _company(client, make, "public")


@pytest.fixture
async def private(client: AsyncClient, make: Factory) -> Company:
    """A private room."""
    return await _company(client, make, "private")
