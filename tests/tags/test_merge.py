"""mergeTag."""

from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient, Response

from app.sql import Connection
from tests.factories import Factory, Member


@pytest.fixture
async def manager(make: Factory) -> Member:
    return await make.member("manager")


async def merge(client: AsyncClient, who: Member, tag: UUID, into: UUID, match: str = "*") -> Response:
    headers = {"If-Match": match} | who.headers
    return await client.put(f"/tags/{tag}/merge", json={"into": str(into)}, headers=headers)


class TestMergeTag:
    async def test_puts_one_in_the_place_of_the_other_once(
        self, client: AsyncClient, make: Factory, connection: Connection, manager: Member
    ) -> None:
        author = await make.member()
        old = await make.tag("weaving", post_count=3, color="#111111")
        new = await make.tag("looms", post_count=3, color="#222222", description="Of wood.")
        await make.tag("cards", post_count=1)
        carried: list[tuple[list[str], list[str], int, str]] = [
            (["cards", "weaving"], ["cards", "looms"], 2, "published"),
            (["weaving", "looms"], ["looms"], 2, "published"),
            (["looms", "weaving"], ["looms"], 2, "published"),
            (["looms"], ["looms"], 1, "published"),
            (["weaving"], ["looms"], 2, "draft"),
            ([], [], 1, "published"),
        ]
        posts = [await make.post(author, tags=before, status=status) for before, _, _, status in carried]
        answer = await merge(client, manager, old, new)
        tag = answer.json()
        assert (answer.status_code, tag["id"], tag["name"], tag["version"]) == (200, str(new), "looms", 2)
        # Three carried the one, three the other, and two of them both.
        assert (tag["post_count"], tag["color"], tag["description"]) == (4, "#222222", "Of wood.")
        assert answer.headers["etag"] == (await client.get(f"/tags/{new}")).headers["etag"]
        for post, (_, after, version, _) in zip(posts, carried, strict=True):
            read = (await client.get(f"/posts/{post}", headers=author.headers)).json()
            assert (read["tags"], read["version"]) == (after, version)
        assert await connection.fetchval("SELECT array_agg(name ORDER BY name) FROM tags") == ["cards", "looms"]
        assert (await client.get(f"/tags/{old}")).status_code == 404
        assert (await merge(client, manager, old, new)).status_code == 404

    async def test_moves_items_and_counts_those_that_are_active(
        self, client: AsyncClient, make: Factory, connection: Connection, manager: Member
    ) -> None:
        owner = await make.member()
        old = await make.tag("weaving", post_count=1, item_count=2)
        new = await make.tag("looms", item_count=2)
        carried: list[tuple[list[str], list[str], int, str]] = [
            (["weaving"], ["looms"], 2, "active"),
            (["looms", "weaving"], ["looms"], 2, "active"),
            (["looms"], ["looms"], 1, "active"),
            (["weaving", "looms"], ["looms"], 2, "inactive"),
        ]
        items = [await make.item(owner, tags=before, status=status) for before, _, _, status in carried]
        await make.post(tags=["weaving"])
        tag = (await merge(client, manager, old, new)).json()
        assert (tag["post_count"], tag["item_count"]) == (1, 3)
        for item, (_, after, version, _) in zip(items, carried, strict=True):
            read = (await client.get(f"/items/{item}", headers=owner.headers)).json()
            assert (read["tags"], read["version"]) == (after, version)
        assert await connection.fetchval("SELECT count(*) FROM posts WHERE tags = '{looms}'") == 1

    async def test_an_author_with_the_old_name_on_the_desk_gets_412(
        self, client: AsyncClient, make: Factory, manager: Member
    ) -> None:
        author = await make.member()
        old, new = await make.tag("weaving", post_count=1), await make.tag("looms")
        path = f"/posts/{await make.post(author, tags=['weaving'])}"
        held = (await client.get(path)).headers["etag"]
        await merge(client, manager, old, new)
        headers = {"If-Match": held, "Content-Type": "application/merge-patch+json"} | author.headers
        assert (await client.patch(path, json={"tags": ["weaving"]}, headers=headers)).status_code == 412

    async def test_needs_another_tag_that_is_there(self, client: AsyncClient, make: Factory, manager: Member) -> None:
        tag = await make.tag("weaving")
        for into, code in ((tag, "same_tag"), (uuid4(), "unknown_tag")):
            answer = await merge(client, manager, tag, into)
            (error,) = answer.json()["errors"]
            assert (answer.status_code, error["pointer"], error["code"]) == (422, "/into", code)
        assert (await client.get(f"/tags/{tag}")).status_code == 200

    async def test_needs_the_version_that_was_read(self, client: AsyncClient, make: Factory, manager: Member) -> None:
        old, new = await make.tag("weaving"), await make.tag("looms")
        assert (await merge(client, manager, old, new, '"7-00000000"')).status_code == 412
        read = (await client.get(f"/tags/{old}")).headers["etag"]
        assert (await merge(client, manager, old, new, read)).status_code == 200
