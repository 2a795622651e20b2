"""Posts in categories."""

from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.factories import Factory

PATCH = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
ANYWAY = {"If-Match": "*"}


class TestCreateUpdatePost:
    async def test_count_while_they_are_published(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        author = await make.member()
        looms, cards = await make.category("looms"), await make.category("cards")

        async def counts() -> tuple[int, int]:
            rows = await connection.fetch("SELECT slug, post_count FROM categories")
            found = {row["slug"]: row["post_count"] for row in rows}
            return found["looms"], found["cards"]

        body = {"title": "The engine weaves", "content": "It weaves patterns.", "category_id": str(looms)}
        created = await client.post("/posts", json=body, headers=author.headers)
        assert (created.status_code, created.json()["category_id"]) == (201, str(looms))
        path = f"/posts/{created.json()['id']}"
        assert await counts() == (0, 0)
        await client.put(f"{path}/publication", headers=author.headers)
        assert await counts() == (1, 0)
        moved = await client.patch(path, json={"category_id": str(cards)}, headers=PATCH | author.headers)
        assert moved.json()["category_id"] == str(cards)
        assert await counts() == (0, 1)
        found = (await client.get("/posts", params={"category": "cards", "include_total": "true"})).json()
        assert ([item["id"] for item in found["items"]], found["page"]["total"]) == ([created.json()["id"]], 1)
        for missed in ("looms", "nothing"):
            assert (await client.get("/posts", params={"category": missed})).json()["items"] == []
        await client.put(f"{path}/archive", headers=author.headers)
        assert await counts() == (0, 0)
        await client.delete(f"{path}/publication", headers=author.headers)
        await client.put(f"{path}/publication", headers=author.headers)
        await client.patch(path, json={"category_id": None}, headers=PATCH | author.headers)
        assert await counts() == (0, 0)
        await client.patch(path, json={"category_id": str(looms)}, headers=PATCH | author.headers)
        assert await counts() == (1, 0)
        await client.delete(path, headers=ANYWAY | author.headers)
        assert await counts() == (0, 0)

    async def test_leave_the_counts_true_when_their_author_goes(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        author, admin = await make.member(), await make.member("admin")
        looms = await make.category("looms", post_count=3)
        await make.post(author, category_id=looms)
        await make.post(author, category_id=looms)
        await make.post(author, category_id=looms, status="draft")
        await make.post(category_id=looms)
        gone = await client.delete(f"/users/{author.id}", headers=ANYWAY | admin.headers)
        assert gone.status_code == 204
        assert await connection.fetchval("SELECT post_count FROM categories") == 1

    @pytest.mark.parametrize("way", ["createPost", "updatePost"])
    async def test_need_a_category_that_takes_them(self, client: AsyncClient, make: Factory, way: str) -> None:
        author = await make.member()
        closed = await make.category("closed", is_active=False)
        for category, code in ((closed, "inactive_category"), (uuid4(), "unknown_category")):
            body: dict[str, Any] = {"category_id": str(category)}
            if way == "createPost":
                whole = body | {"title": "The engine weaves", "content": "It weaves patterns."}
                answer = await client.post("/posts", json=whole, headers=author.headers)
            else:
                post = await make.post(author)
                answer = await client.patch(f"/posts/{post}", json=body, headers=PATCH | author.headers)
            (error,) = answer.json()["errors"]
            assert (answer.status_code, error["pointer"], error["code"]) == (422, "/category_id", code)

    async def test_stay_in_one_that_takes_no_more(self, client: AsyncClient, make: Factory) -> None:
        author = await make.member()
        closed = await make.category("closed", is_active=False)
        post = await make.post(author, category_id=closed)
        body = {"category_id": str(closed), "title": "Another title"}
        answer = await client.patch(f"/posts/{post}", json=body, headers=PATCH | author.headers)
        assert (answer.status_code, answer.json()["category_id"]) == (200, str(closed))


class TestCreateDeletePosts:
    """Many posts in categories, and many schedules."""

    async def test_points_at_every_category_that_takes_no_posts(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        author = await make.member()
        good, closed = await make.category("good"), await make.category("closed", is_active=False)
        post = {"title": "The engine weaves", "content": "It weaves patterns."}
        batch = [post | {"category_id": str(it)} for it in (good, closed, good, uuid4())]
        answer = await client.post("/posts/bulk", json={"posts": [post, *batch]}, headers=author.headers)
        found = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
        assert answer.status_code == 422
        assert found == [
            ("/posts/2/category_id", "inactive_category"),
            ("/posts/4/category_id", "unknown_category"),
        ]
        assert await connection.fetchval("SELECT count(*) FROM posts") == 0
        written = await client.post("/posts/bulk", json={"posts": [post, batch[0]]}, headers=author.headers)
        assert [item["category_id"] for item in written.json()["items"]] == [None, str(good)]

    async def test_leaves_counts_and_jobs_true(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        author = await make.member(post_count=2)
        looms = await make.category("looms", post_count=2)
        published = [await make.post(author, category_id=looms) for _ in range(2)]
        draft = await make.post(author, status="draft", category_id=looms)
        schedule = {"publish_at": "2029-01-01T00:00:00Z"}
        await client.put(f"/posts/{draft}/publication", json=schedule, headers=author.headers)
        ids = [str(post) for post in (published[0], draft)]
        answer = await client.post("/posts/bulk-delete", json={"ids": ids}, headers=author.headers)
        assert answer.status_code == 204, answer.text
        assert await connection.fetchval("SELECT post_count FROM categories") == 1
        assert await connection.fetchval("SELECT status FROM jobs WHERE kind = 'posts.publish'") == "cancelled"
