"""getPost and getPostBySlug."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from app import views
from app.sql import Connection
from tests.factories import Factory


class TestGetPost:
    async def test_answers_the_whole_post(self, client: AsyncClient, make: Factory) -> None:
        author = await make.member(full_name="Ada Lindqvist", avatar_url="https://ada.example/me.png")
        moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
        post_id = await make.post(author, tags=["looms"], published_at=moment, created_at=moment, updated_at=moment)
        answer = await client.get(f"/posts/{post_id}")
        post = answer.json()
        assert (answer.status_code, post["id"], post["tags"]) == (200, str(post_id), ["looms"])
        assert post["published_at"] == "2026-01-01T12:00:00Z"
        profile = {
            "username": author.username,
            "full_name": "Ada Lindqvist",
            "avatar_url": "https://ada.example/me.png",
        }
        assert post["author"] == profile

    async def test_unknown_is_404(self, client: AsyncClient) -> None:
        answer = await client.get(f"/posts/{uuid4()}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    @pytest.mark.parametrize("status", ["draft", "archived"])
    async def test_unpublished_posts_do_not_exist_for_others(
        self, client: AsyncClient, make: Factory, status: str
    ) -> None:
        author = await make.member()
        post_id = await make.post(author, status=status)
        expected = {"user": 404, "manager": 404, "moderator": 200, "admin": 200}
        assert (await client.get(f"/posts/{post_id}")).status_code == 404
        assert (await client.get(f"/posts/{post_id}", headers=author.headers)).status_code == 200
        for role, wanted in expected.items():
            other = await make.member(role)
            assert (await client.get(f"/posts/{post_id}", headers=other.headers)).status_code == wanted, role

    async def test_a_moderator_whose_token_lacks_the_scope_sees_no_drafts(
        self, client: AsyncClient, make: Factory
    ) -> None:
        post_id = await make.post(status="draft")
        narrow = await make.member("moderator", scopes=frozenset({"posts:write"}))
        assert (await client.get(f"/posts/{post_id}", headers=narrow.headers)).status_code == 404

    async def test_unchanged_is_304_until_a_like_comes(self, client: AsyncClient, make: Factory) -> None:
        post_id, fan = await make.post(), await make.member()
        etag = (await client.get(f"/posts/{post_id}")).headers["etag"]
        for condition in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            answer = await client.get(f"/posts/{post_id}", headers={"If-None-Match": condition})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
        await client.put(f"/posts/{post_id}/like", headers=fan.headers)
        answer = await client.get(f"/posts/{post_id}", headers={"If-None-Match": etag})
        assert (answer.status_code, answer.json()["likes"]) == (200, 1)
        assert answer.headers["etag"] != etag

    async def test_a_wrong_token_is_refused_though_none_is_needed(self, client: AsyncClient, make: Factory) -> None:
        post_id = await make.post()
        answer = await client.get(f"/posts/{post_id}", headers={"Authorization": "Bearer forged"})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")

    async def test_is_one_query(self, client: AsyncClient, make: Factory, connection: Any) -> None:
        post_id = await make.post(tags=["looms"])
        queries: list[str] = []

        def note(record: Any) -> None:
            queries.append(record.query)

        with connection.query_logger(note):
            await client.get(f"/posts/{post_id}")
            # The log is written in the next turn of the loop.
            await asyncio.sleep(0)
        assert len(queries) == 1, queries


class TestGetPostBySlug:
    async def test_answers_what_get_post_answers(self, client: AsyncClient, make: Factory) -> None:
        post_id = await make.post(slug="the-engine-weaves")
        by_slug = await client.get("/posts/by-slug/the-engine-weaves")
        by_id = await client.get(f"/posts/{post_id}")
        assert (by_slug.status_code, by_slug.json()) == (200, by_id.json())
        assert by_slug.headers["etag"] == by_id.headers["etag"]
        same = await client.get("/posts/by-slug/the-engine-weaves", headers={"If-None-Match": by_id.headers["etag"]})
        assert same.status_code == 304

    @pytest.mark.actor("user")
    async def test_an_old_slug_leads_to_the_new_one(self, client: AsyncClient) -> None:
        draft = {"title": "The engine weaves", "content": "It weaves patterns."}
        post = (await client.post("/posts", json=draft)).json()
        merge = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
        await client.patch(f"/posts/{post['id']}", json={"title": "The loom weaves"}, headers=merge)
        old = await client.get("/posts/by-slug/the-engine-weaves")
        assert (old.status_code, old.headers["location"]) == (308, "/api/v1/posts/by-slug/the-loom-weaves")
        new = await client.get("http://localhost" + old.headers["location"])
        assert (new.status_code, new.json()["id"]) == (200, post["id"])

    async def test_slugs_of_drafts_tell_nothing(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        post_id = await make.post(slug="the-engine-weaves", status="draft")
        await connection.execute("INSERT INTO post_slugs VALUES ('an-old-one', $1)", post_id)
        for slug in ("the-engine-weaves", "an-old-one", "never-used"):
            answer = await client.get(f"/posts/by-slug/{slug}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    @pytest.mark.parametrize("status", ["draft", "archived"])
    async def test_leads_the_author_to_what_is_not_published(
        self, client: AsyncClient, make: Factory, status: str
    ) -> None:
        author = await make.member()
        await make.post(author, slug="the-engine-weaves", status=status)
        answer = await client.get("/posts/by-slug/the-engine-weaves", headers=author.headers)
        assert (answer.status_code, answer.json()["status"]) == (200, status)

    @pytest.mark.parametrize("slug", ["Upper", "under_score", "%00", "a%20b", "a" * 200, "é"])
    async def test_what_cannot_be_a_slug_is_422(self, client: AsyncClient, slug: str) -> None:
        assert (await client.get(f"/posts/by-slug/{slug}")).status_code == 422


class TestViews:
    async def test_are_counted_together_and_only_for_what_is_published(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        await views.flush()
        author = await make.member()
        shown, hidden = await make.post(author, slug="shown"), await make.post(author, status="draft")
        etag = (await client.get(f"/posts/{shown}")).headers["etag"]
        await client.get("/posts/by-slug/shown")
        await client.get(f"/posts/{shown}", headers={"If-None-Match": etag})
        await client.get(f"/posts/{hidden}", headers=author.headers)
        counts = "SELECT views FROM posts WHERE id = $1"
        assert await connection.fetchval(counts, shown) == 0
        await views.flush()
        assert await connection.fetchval(counts, shown) == 3
        assert await connection.fetchval(counts, hidden) == 0
        await views.flush()
        assert await connection.fetchval(counts, shown) == 3
        assert (await client.get(f"/posts/{shown}")).json()["views"] == 3

    async def test_of_a_post_that_has_gone_are_dropped(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        gone, stays = await make.post(), await make.post()
        for post_id in (gone, stays):
            await client.get(f"/posts/{post_id}")
        await connection.execute("DELETE FROM posts WHERE id = $1", gone)
        await views.flush()
        assert await connection.fetchval("SELECT views FROM posts WHERE id = $1", stays) == 1

    async def test_that_could_not_be_written_are_kept(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        post_id = await make.post()
        await client.get(f"/posts/{post_id}")
        await connection.execute("ALTER TABLE posts RENAME TO elsewhere")
        with pytest.raises(Exception, match="posts"):
            await views.flush()
        await connection.execute("ALTER TABLE elsewhere RENAME TO posts")
        await views.flush()
        assert await connection.fetchval("SELECT views FROM posts WHERE id = $1", post_id) == 1
