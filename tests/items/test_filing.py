"""Items under tags and in categories."""

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.factories import Factory
from tests.items.calls import ANYWAY, PATCH, create, edit


async def counts(connection: Connection) -> dict[str, int]:
    """Return the number of items of each tag and of each category."""
    rows = await connection.fetch(
        "SELECT name, item_count FROM tags UNION ALL SELECT '/' || slug, item_count FROM categories"
    )
    return {row["name"]: row["item_count"] for row in rows if row["item_count"]}


class TestCounts:
    async def test_follow_what_is_active(self, client: AsyncClient, make: Factory, connection: Connection) -> None:
        owner = await make.member()
        tools, paper = await make.category("tools"), await make.category("paper")
        item = (await create(client, owner, tags=["wood", "brass"], category_id=str(tools))).json()["id"]
        assert await counts(connection) == {"wood": 1, "brass": 1, "/tools": 1}
        await edit(client, owner, item, tags=["brass", "linen"], category_id=str(paper))
        assert await counts(connection) == {"brass": 1, "linen": 1, "/paper": 1}
        for status in ("inactive", "draft"):
            await edit(client, owner, item, status=status)
            assert await counts(connection) == {}
        await edit(client, owner, item, tags=["wood"])
        assert await counts(connection) == {}
        await edit(client, owner, item, status="active", category_id=None, tags=["wood", "linen"])
        assert await counts(connection) == {"wood": 1, "linen": 1}
        await edit(client, owner, item, category_id=str(tools), price="1.00")
        assert await counts(connection) == {"wood": 1, "linen": 1, "/tools": 1}
        await client.delete(f"/items/{item}", headers=ANYWAY | owner.headers)
        assert await counts(connection) == {}
        assert await connection.fetchval("SELECT max(post_count) FROM tags") == 0

    async def test_of_a_draft_are_none(self, client: AsyncClient, make: Factory, connection: Connection) -> None:
        owner, tools = await make.member(), await make.category("tools")
        await create(client, owner, tags=["wood"], category_id=str(tools), status="draft")
        assert await counts(connection) == {}

    async def test_are_answered_with_tags_and_categories(self, client: AsyncClient, make: Factory) -> None:
        owner, tools = await make.member(), await make.category("tools")
        await create(client, owner, tags=["wood"], category_id=str(tools))
        (tag,) = (await client.get("/tags")).json()["items"]
        (category,) = (await client.get("/categories")).json()["items"]
        assert [(it["post_count"], it["item_count"]) for it in (tag, category)] == [(0, 1), (0, 1)]

    async def test_stay_true_when_their_owner_goes(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        owner, other, admin = await make.member(), await make.member(), await make.member("admin")
        tools = await make.category("tools")
        for who in (owner, owner, other):
            await create(client, who, tags=["wood"], category_id=str(tools))
        await create(client, owner, tags=["wood"], category_id=str(tools), status="draft")
        await make.post(owner, tags=["wood"])
        await connection.execute("UPDATE tags SET post_count = 1")
        assert (await client.delete(f"/users/{owner.id}", headers=ANYWAY | admin.headers)).status_code == 204
        assert await counts(connection) == {"wood": 1, "/tools": 1}
        assert await connection.fetchval("SELECT post_count FROM tags") == 0
        assert await connection.fetchval("SELECT count(*) FROM items") == 1


class TestWhatIsDoneToThem:
    async def test_a_renamed_tag_is_renamed_in_items(self, client: AsyncClient, make: Factory) -> None:
        owner, manager = await make.member(), await make.member("manager")
        tag, item = await make.tag("wood", item_count=1), await make.item(owner, tags=["wood", "brass"])
        held = (await client.get(f"/items/{item}")).headers["etag"]
        await client.patch(f"/tags/{tag}", json={"name": "timber"}, headers=PATCH | manager.headers)
        read = (await client.get(f"/items/{item}")).json()
        assert (read["tags"], read["version"]) == (["timber", "brass"], 2)
        late = await client.patch(
            f"/items/{item}", json={"tags": ["wood"]}, headers=PATCH | owner.headers | {"If-Match": held}
        )
        assert late.status_code == 412

    async def test_a_deleted_tag_is_taken_off_items(self, client: AsyncClient, make: Factory) -> None:
        manager = await make.member("manager")
        tag, item = await make.tag("wood", item_count=1), await make.item(tags=["wood", "brass"])
        assert (await client.delete(f"/tags/{tag}", headers=ANYWAY | manager.headers)).status_code == 204
        read = (await client.get(f"/items/{item}")).json()
        assert (read["tags"], read["version"]) == (["brass"], 2)

    @pytest.mark.parametrize("status", ["active", "draft"])
    async def test_a_deleted_category_lets_go_of_items(self, client: AsyncClient, make: Factory, status: str) -> None:
        owner, manager, tools = await make.member(), await make.member("manager"), await make.category("tools")
        item = await make.item(owner, category_id=tools, status=status)
        assert (await client.delete(f"/categories/{tools}", headers=ANYWAY | manager.headers)).status_code == 204
        read = (await client.get(f"/items/{item}", headers=owner.headers)).json()
        assert (read["category_id"], read["version"]) == (None, 2)
