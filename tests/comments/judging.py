"""What the tests of moderation have in common: who is there, what is asked, and what must always hold."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.comments import service
from app.settings import Moderation, settings
from app.sql import Connection
from tests.factories import Factory, Member

WORDS = "Looms, yes: but who weaves the cards?"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
COUNTS = """
    SELECT comment_count, (SELECT count(*) FROM comments c
                           WHERE c.post_id = posts.id AND c.status = 'approved' AND c.deleted_at IS NULL)
    FROM posts WHERE id = $1
"""
# Of what has a place in what everybody sees, and of what should have one.
WRONGLY_SHOWN = """
    WITH RECURSIVE shown AS (
        SELECT id, parent_id FROM comments WHERE status = 'approved' AND deleted_at IS NULL
        UNION SELECT above.id, above.parent_id FROM comments above JOIN shown ON above.id = shown.parent_id
    )
    SELECT id FROM comments WHERE is_public <> (id IN (SELECT id FROM shown))
"""


@pytest.fixture
def moderation(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets whose comments wait."""

    def use(value: Moderation) -> None:
        monkeypatch.setattr(service, "settings", lambda: settings().model_copy(update={"comment_moderation": value}))

    return use


async def write(client: AsyncClient, post_id: UUID, member: Member, **more: Any) -> dict[str, Any]:
    answer = await client.post(f"/posts/{post_id}/comments", json={"content": WORDS} | more, headers=member.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def listed(client: AsyncClient, post_id: UUID, by: Member | None = None, **query: Any) -> list[dict[str, Any]]:
    headers = by.headers if by else {}
    answer = await client.get(f"/posts/{post_id}/comments", params={"include_total": True} | query, headers=headers)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["page"]["total"] == len(page["items"])
    return page["items"]


def ids(comments: list[dict[str, Any]]) -> list[str]:
    return [comment["id"] for comment in comments]


async def sound(connection: Connection, post_id: UUID) -> None:
    """The counter is the count, and everybody sees what is approved and the places above it."""
    row = await connection.fetchrow(COUNTS, post_id)
    assert row is not None
    assert row[0] == row[1]
    assert await connection.fetch(WRONGLY_SHOWN) == []


async def judge(client: AsyncClient, moderator: Member, comment_id: str, what: str) -> dict[str, Any]:
    answer = await client.put(f"/comments/{comment_id}/{what}", headers={"If-Match": "*"} | moderator.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
async def moderator(make: Factory) -> Member:
    return await make.member("moderator")


@pytest.fixture
async def member(make: Factory) -> Member:
    return await make.member()


@pytest.fixture
async def post_id(make: Factory) -> UUID:
    return await make.post()
