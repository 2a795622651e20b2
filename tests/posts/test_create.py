"""createPost."""

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.factories import Factory

DRAFT = {"title": "The engine weaves", "content": "It weaves algebraical patterns."}


class TestCreatePost:
    @pytest.mark.actor("user")
    async def test_starts_as_a_draft_of_its_author(self, client: AsyncClient) -> None:
        answer = await client.post("/posts", json=DRAFT | {"title": "  The engine weaves\n"})
        assert answer.status_code == 201
        post = answer.json()
        assert (post["title"], post["slug"], post["status"]) == ("The engine weaves", "the-engine-weaves", "draft")
        assert answer.headers["location"] == f"/api/v1/posts/{post['id']}"
        again = await client.get(f"/posts/{post['id']}")
        assert (again.json(), again.headers["etag"]) == (post, answer.headers["etag"])

    @pytest.mark.actor("user")
    async def test_tags_are_trimmed_lowered_and_unique_in_order(self, client: AsyncClient) -> None:
        answer = await client.post("/posts", json=DRAFT | {"tags": [" Looms ", "", "engines", "LOOMS"]})
        assert answer.json()["tags"] == ["looms", "engines"]

    @pytest.mark.actor("user")
    async def test_a_taken_slug_gets_a_suffix(self, client: AsyncClient, make: Factory) -> None:
        await make.post(slug="the-engine-weaves")
        answer = await client.post("/posts", json=DRAFT)
        assert answer.json()["slug"] == "the-engine-weaves-2"

    async def test_needs_credentials(self, client: AsyncClient, connection: Connection) -> None:
        answer = await client.post("/posts", json=DRAFT)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert await connection.fetchval("SELECT count(*) FROM posts") == 0

    async def test_needs_the_write_scope(self, client: AsyncClient, make: Factory) -> None:
        reader = await make.member(scopes=frozenset({"comments:write"}))
        answer = await client.post("/posts", json=DRAFT, headers=reader.headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
