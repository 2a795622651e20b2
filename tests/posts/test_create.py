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
        assert answer.headers["www-authenticate"] == "Bearer, Cookie, ApiKey"
        assert await connection.fetchval("SELECT count(*) FROM posts") == 0

    async def test_needs_the_write_scope(self, client: AsyncClient, make: Factory) -> None:
        reader = await make.member(scopes=frozenset({"comments:write"}))
        answer = await client.post("/posts", json=DRAFT, headers=reader.headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")

    @pytest.mark.actor("user")
    async def test_a_key_makes_a_retry_safe(self, client: AsyncClient, connection: Connection) -> None:
        key = {"Idempotency-Key": "one-intent"}
        first = await client.post("/posts", json=DRAFT, headers=key)
        again = await client.post("/posts", json=DRAFT, headers=key)
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotent-replayed"] == "true"
        assert (again.headers["location"], again.headers["etag"]) == (
            first.headers["location"],
            first.headers["etag"],
        )
        assert "idempotent-replayed" not in first.headers
        assert await connection.fetchval("SELECT count(*) FROM posts") == 1

    @pytest.mark.actor("user")
    async def test_a_key_is_good_for_one_body_one_caller_and_one_day(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        key = {"Idempotency-Key": "one-intent"}
        await client.post("/posts", json=DRAFT, headers=key)
        changed = await client.post("/posts", json=DRAFT | {"title": "Another engine"}, headers=key)
        assert (changed.status_code, changed.json()["code"]) == (422, "idempotency_key_reused")
        other = await make.member()
        theirs = await client.post("/posts", json=DRAFT, headers=key | other.headers)
        assert (theirs.status_code, theirs.json()["author"]["username"]) == (201, other.username)
        await connection.execute("UPDATE idempotency_records SET created_at = now() - interval '25 hours'")
        later = await client.post("/posts", json=DRAFT | {"title": "Another engine"}, headers=key)
        assert (later.status_code, later.json()["title"]) == (201, "Another engine")

    @pytest.mark.actor("user")
    async def test_a_refusal_is_not_kept_under_the_key(self, client: AsyncClient) -> None:
        key = {"Idempotency-Key": "one-intent"}
        assert (await client.post("/posts", json={"title": "Four"}, headers=key)).status_code == 422
        assert (await client.post("/posts", json=DRAFT, headers=key)).status_code == 201

    @pytest.mark.actor("user")
    @pytest.mark.parametrize(
        ("title", "slug"),
        [
            ("Ärger über Öl", "arger-uber-ol"),
            ("  C++ & the Loom!  ", "c-the-loom"),
            ("機械は織る機", "post"),
            ("--- --- ---", "post"),
            ("a" * 200, "a" * 80),
            ("Search by slug", "search-by-slug"),
        ],
    )
    async def test_the_slug_is_made_of_the_title(self, client: AsyncClient, title: str, slug: str) -> None:
        answer = await client.post("/posts", json=DRAFT | {"title": title})
        assert (answer.status_code, answer.json()["slug"]) == (201, slug)
        assert (await client.get(f"/posts/by-slug/{slug}")).json()["id"] == answer.json()["id"]

    @pytest.mark.actor("user")
    async def test_bounds_are_inclusive(self, client: AsyncClient) -> None:
        largest = {
            "title": "🧶" * 200,
            "content": "c" * 200_000,
            "excerpt": "e" * 300,
            "tags": [f"t{n}" for n in range(10)],
        }
        smallest = {"title": "Loom!", "content": "0123456789"}
        for body in (largest, smallest):
            answer = await client.post("/posts", json=body)
            assert answer.status_code == 201, answer.text
            assert {name: answer.json()[name] for name in body} == body
