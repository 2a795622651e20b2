"""listCategories, createCategory, getCategory, updateCategory and deleteCategory."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient, Response

from app.sql import Connection
from tests.factories import Factory, Member

PATCH = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
ANYWAY = {"If-Match": "*"}


@pytest.fixture
async def manager(make: Factory) -> Member:
    return await make.member("manager")


async def create(client: AsyncClient, who: Member, **body: Any) -> Response:
    return await client.post("/categories", json=body, headers=who.headers)


async def change(client: AsyncClient, who: Member, category: UUID | str, **body: Any) -> Response:
    return await client.patch(f"/categories/{category}", json=body, headers=PATCH | who.headers)


async def tree(client: AsyncClient, **query: Any) -> list[tuple[str, int]]:
    listed = await client.get("/categories", params=query)
    assert listed.status_code == 200
    return [(item["path"], item["depth"]) for item in listed.json()["items"]]


class TestCreateCategory:
    async def test_stands_at_the_top_or_below_another(self, client: AsyncClient, manager: Member) -> None:
        answer = await create(client, manager, name=" Café & Co. ", description=" Where we sit. ")
        top = answer.json()
        assert (answer.status_code, top["name"], top["slug"], top["path"]) == (201, "Café & Co.", "cafe-co", "cafe-co")
        assert (top["depth"], top["parent_id"], top["is_active"], top["post_count"]) == (1, None, True, 0)
        assert (top["description"], top["version"]) == ("Where we sit.", 1)
        assert answer.headers["location"] == f"/api/v1/categories/{top['id']}"
        below = (await create(client, manager, name="Tables", parent_id=top["id"], is_active=False)).json()
        assert (below["path"], below["depth"], below["parent_id"]) == ("cafe-co/tables", 2, top["id"])
        assert below["is_active"] is False

    async def test_without_letters_that_make_a_slug_has_one_all_the_same(
        self, client: AsyncClient, manager: Member
    ) -> None:
        assert (await create(client, manager, name="活字")).json()["slug"] == "category"
        taken = await create(client, manager, name="印刷")
        assert (taken.status_code, taken.json()["code"]) == (409, "category_taken")
        assert (await create(client, manager, name="印刷", slug="printing")).status_code == 201

    async def test_shares_its_slug_with_none_anywhere_in_the_tree(
        self, client: AsyncClient, make: Factory, manager: Member
    ) -> None:
        top = await make.category("looms")
        answer = await create(client, manager, name="Looms", parent_id=str(top))
        assert (answer.status_code, answer.json()["code"]) == (409, "category_taken")

    async def test_stands_on_the_fifth_level_at_the_deepest(
        self, client: AsyncClient, make: Factory, manager: Member
    ) -> None:
        parent = None
        for level in range(1, 5):
            parent = await make.category(f"level-{level}", parent)
        fifth = await create(client, manager, name="Level 5", parent_id=str(parent))
        assert (fifth.status_code, fifth.json()["depth"]) == (201, 5)
        sixth = await create(client, manager, name="Level 6", parent_id=fifth.json()["id"])
        assert (sixth.status_code, sixth.json()["code"]) == (409, "category_too_deep")

    async def test_needs_a_parent_that_is_there(self, client: AsyncClient, manager: Member) -> None:
        answer = await create(client, manager, name="Looms", parent_id=str(uuid4()))
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["pointer"], error["code"]) == (422, "/parent_id", "unknown_parent")


class TestListCategories:
    async def test_is_a_tree_from_top_to_bottom(self, client: AsyncClient, make: Factory) -> None:
        a, ab = await make.category("a"), await make.category("a-b")
        await make.category("z", a)
        c = await make.category("c", a)
        await make.category("d", c)
        await make.category("e", ab)
        assert await tree(client) == [
            ("a", 1),
            ("a/c", 2),
            ("a/c/d", 3),
            ("a/z", 2),
            ("a-b", 1),
            ("a-b/e", 2),
        ]
        assert await tree(client, parent_id=a) == [("a/c", 2), ("a/z", 2)]

    async def test_can_be_narrowed_and_sorted(self, client: AsyncClient, make: Factory) -> None:
        await make.category("looms", post_count=3, name="Zither")
        await make.category("cards", post_count=7, is_active=False, name="Yarn")
        assert [path for path, _ in await tree(client, is_active=True)] == ["looms"]
        assert [path for path, _ in await tree(client, is_active=False)] == ["cards"]
        assert [path for path, _ in await tree(client, sort="-post_count")] == ["cards", "looms"]
        assert [path for path, _ in await tree(client, sort="name")] == ["cards", "looms"]
        counted = await client.get("/categories", params={"include_total": "true", "is_active": "true"})
        assert counted.json()["page"]["total"] == 1


class TestGetCategory:
    async def test_is_found_by_anybody(self, client: AsyncClient, make: Factory) -> None:
        category = await make.category("looms")
        answer = await client.get(f"/categories/{category}")
        assert (answer.status_code, answer.json()["slug"]) == (200, "looms")
        known = {"If-None-Match": answer.headers["etag"]}
        assert (await client.get(f"/categories/{category}", headers=known)).status_code == 304
        assert (await client.get(f"/categories/{uuid4()}")).status_code == 404


class TestUpdateCategory:
    async def test_changes_what_is_given(self, client: AsyncClient, make: Factory, manager: Member) -> None:
        category = await make.category("looms", description="Of wood.")
        answer = await change(client, manager, category, name="Looms and cards", description=None, is_active=False)
        changed = answer.json()
        assert (changed["name"], changed["slug"]) == ("Looms and cards", "looms")
        assert (changed["description"], changed["is_active"], changed["version"]) == (None, False, 2)

    async def test_carries_along_what_stands_below(self, client: AsyncClient, make: Factory, manager: Member) -> None:
        a, b = await make.category("a"), await make.category("b")
        c = await make.category("c", a)
        await make.category("d", c)
        await make.category("a-x")
        moved = (await change(client, manager, c, parent_id=str(b))).json()
        assert (moved["path"], moved["parent_id"]) == ("b/c", str(b))
        assert await tree(client) == [("a", 1), ("a-x", 1), ("b", 1), ("b/c", 2), ("b/c/d", 3)]
        await change(client, manager, c, parent_id=None, slug="k")
        await change(client, manager, a, slug="z")
        assert await tree(client) == [("a-x", 1), ("b", 1), ("k", 1), ("k/d", 2), ("z", 1)]

    async def test_never_makes_a_circle(self, client: AsyncClient, make: Factory, manager: Member) -> None:
        a = await make.category("a")
        b = await make.category("b", a)
        c = await make.category("c", b)
        for parent in (a, b, c):
            answer = await change(client, manager, a, parent_id=str(parent))
            assert (answer.status_code, answer.json()["code"]) == (409, "category_cycle")
        assert await tree(client) == [("a", 1), ("a/b", 2), ("a/b/c", 3)]

    async def test_never_makes_the_tree_too_deep(self, client: AsyncClient, make: Factory, manager: Member) -> None:
        parent = None
        for level in range(1, 5):
            parent = await make.category(f"level-{level}", parent)
        branch = await make.category("branch")
        leaf = await make.category("leaf", branch)
        answer = await change(client, manager, branch, parent_id=str(parent))
        assert (answer.status_code, answer.json()["code"]) == (409, "category_too_deep")
        assert (await change(client, manager, leaf, parent_id=str(parent))).json()["depth"] == 5

    async def test_refuses_a_slug_that_is_taken_and_a_parent_that_is_not_there(
        self, client: AsyncClient, make: Factory, manager: Member
    ) -> None:
        await make.category("a")
        b = await make.category("b")
        assert (await change(client, manager, b, slug="a")).json()["code"] == "category_taken"

    async def test_refuses_a_parent_that_is_not_there(
        self, client: AsyncClient, make: Factory, manager: Member
    ) -> None:
        answer = await change(client, manager, await make.category("b"), parent_id=str(uuid4()))
        assert answer.json()["errors"][0]["code"] == "unknown_parent"

    async def test_needs_the_version_that_was_read(self, client: AsyncClient, make: Factory, manager: Member) -> None:
        category = await make.category("looms")
        read = {"If-Match": (await client.get(f"/categories/{category}")).headers["etag"]}
        await change(client, manager, category, name="Cards")
        late = await client.patch(
            f"/categories/{category}", json={"name": "Yarn"}, headers=PATCH | manager.headers | read
        )
        assert late.status_code == 412


class TestDeleteCategory:
    async def test_takes_posts_out_of_it(
        self, client: AsyncClient, make: Factory, manager: Member, connection: Connection
    ) -> None:
        category = await make.category("looms", post_count=1)
        author = await make.member()
        post = await make.post(author, category_id=category)
        held = (await client.get(f"/posts/{post}")).headers["etag"]
        answer = await client.delete(f"/categories/{category}", headers=ANYWAY | manager.headers)
        assert answer.status_code == 204
        assert (await client.get(f"/posts/{post}")).json()["category_id"] is None
        headers = PATCH | author.headers | {"If-Match": held}
        stale = await client.patch(f"/posts/{post}", json={"title": "Another title"}, headers=headers)
        assert stale.status_code == 412
        again = await client.delete(f"/categories/{category}", headers=ANYWAY | manager.headers)
        assert again.status_code == 404
        assert await connection.fetchval("SELECT count(*) FROM categories") == 0

    async def test_leaves_a_parent_that_has_children(self, client: AsyncClient, make: Factory, manager: Member) -> None:
        parent = await make.category("a")
        child = await make.category("b", parent)
        answer = await client.delete(f"/categories/{parent}", headers=ANYWAY | manager.headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "category_not_empty")
        for category in (child, parent):
            gone = await client.delete(f"/categories/{category}", headers=ANYWAY | manager.headers)
            assert gone.status_code == 204
