"""What the tests ask of a member's notifications."""

from typing import Any

from httpx2 import AsyncClient

from tests.factories import Member

Found = list[dict[str, Any]]


async def of(client: AsyncClient, member: Member, **query: str) -> Found:
    """Return the notifications of a member, the newest first."""
    answer = await client.get("/notifications", params=query, headers=member.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def kinds(client: AsyncClient, member: Member) -> list[str]:
    """Return the kinds of them, sorted."""
    return sorted(found["kind"] for found in await of(client, member))


async def unread(client: AsyncClient, member: Member) -> int:
    """Return how many are unread."""
    return (await client.get("/notifications/counts", headers=member.headers)).json()["unread"]


async def comment(client: AsyncClient, author: Member, post_id: Any, content: str = "Looms, yes.", **more: Any) -> str:
    """Write a comment, and return its id."""
    answer = await client.post(f"/posts/{post_id}/comments", headers=author.headers, json={"content": content} | more)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def mute(client: AsyncClient, member: Member, *which: str) -> None:
    """Switch kinds off."""
    answer = await client.patch(
        "/users/me/notification-preferences",
        headers=member.headers | {"If-Match": "*", "Content-Type": "application/merge-patch+json"},
        json=dict.fromkeys(which, False),
    )
    assert answer.status_code == 200, answer.text
