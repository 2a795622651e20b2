"""Items, posts, tags, categories and members who leave, all at the same time."""

import random
from collections import Counter
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import pytest
from httpx2 import Response

from tests.committed import Committed, at_once
from tests.factories import Member
from tests.items.calls import ANYWAY, NEW, PATCH

pytestmark = pytest.mark.xdist_group("committed")

WRONG = {
    "tags": """
        SELECT name FROM tags WHERE
            (post_count, item_count) IS DISTINCT FROM (
                (SELECT count(*) FROM posts WHERE status = 'published' AND tags.name = ANY (posts.tags)),
                (SELECT count(*) FROM items WHERE status = 'active' AND tags.name = ANY (items.tags)))""",
    "categories": """
        SELECT slug FROM categories WHERE item_count <>
            (SELECT count(*) FROM items WHERE status = 'active' AND category_id = categories.id)""",
    "strays": """
        SELECT id FROM items, unnest(tags) AS carried (name)
        WHERE NOT EXISTS (SELECT FROM tags WHERE tags.name = carried.name)""",
    "discounts": "SELECT id FROM items WHERE discount_price >= price",
    "deadlocks": "SELECT 1 FROM pg_stat_database WHERE datname = current_database() AND deadlocks > 0",
}
TAGS = ("wood", "brass", "linen", "paper")
STATUSES = ("active", "inactive")


class Shop:
    """Everything that happens to items, and to what they share with posts."""

    def __init__(self, committed: Committed, admin: Member) -> None:
        self.committed = committed
        self.admin = admin
        self.chance = random.Random(1843)  # noqa: S311 - A shuffle that repeats.
        self.items: list[UUID] = []
        self.posts: list[UUID] = []
        self.categories: list[UUID] = []
        self.tags: list[str] = []

    async def open(self) -> None:
        """Make what the rest is done to."""
        make = self.committed.make
        self.categories = [await make.category(f"category-{number}") for number in range(3)]
        self.items = [await make.item(self.admin, status="draft") for _ in range(12)]
        self.posts = [await make.post(self.admin, status="draft") for _ in range(4)]

    async def look(self) -> list[Member]:
        """Learn which tags there are, and return members who are about to leave."""
        self.tags = [str(row["id"]) for row in await self.committed.connection.fetch("SELECT id FROM tags")]
        return [await self.committed.make.member() for _ in range(3)]

    async def call(self, method: str, path: str, body: Any = None, who: Member | None = None) -> Response:
        """Send a request of the administrator, or of somebody else."""
        headers: dict[str, str] = {"PATCH": PATCH, "POST": {}}.get(method, ANYWAY)
        headers = headers | (who or self.admin).headers
        return await self.committed.client.request(method, path, json=body, headers=headers)

    def filed(self) -> dict[str, Any]:
        """Return tags and a category."""
        return {"tags": self.chance.sample(TAGS, 2), "category_id": str(self.chance.choice(self.categories))}

    def item(self) -> str:
        """Return the path of an item."""
        return f"/items/{self.chance.choice(self.items)}"

    async def publish(self) -> Response:
        """Give a post tags, and publish or withdraw it."""
        post = f"/posts/{self.chance.choice(self.posts)}"
        await self.call("PATCH", post, {"tags": self.chance.sample(TAGS, 2)})
        return await self.call(self.chance.choice(["PUT", "DELETE"]), f"{post}/publication")

    async def merge(self) -> Response:
        """Make one tag of two, once there are any."""
        old, new = (self.chance.choice(self.tags or [str(self.items[0])]) for _ in range(2))
        return await self.call("PUT", f"/tags/{old}/merge", {"into": new})

    async def leave(self, member: Member) -> Response:
        """Let a member offer something and go."""
        await self.call("POST", "/items", NEW | self.filed(), member)
        return await self.call("DELETE", f"/users/{member.id}")

    def steps(self, leaving: list[Member]) -> list[Awaitable[Response]]:
        """Return what is done at the same time."""
        edits = [self.call("PATCH", self.item(), self.filed()) for _ in range(2)]
        turns = [self.call("PATCH", self.item(), {"status": self.chance.choice(STATUSES)}) for _ in range(3)]
        made = [self.call("POST", "/items", NEW | self.filed()) for _ in range(2)]
        return [*edits, *turns, *made, self.publish(), self.publish(), self.merge(), *map(self.leave, leaving)]


class TestItems:
    async def test_neither_deadlock_nor_miscount(self, committed: Committed) -> None:
        shop = Shop(committed, await committed.make.member("admin"))
        await shop.open()
        seen: Counter[int] = Counter()
        for _ in range(12):
            leaving = await shop.look()
            seen.update(answer.status_code for answer in await at_once(shop.steps(leaving)))
        assert set(seen) <= {200, 201, 204, 404, 409, 422}
        assert {200, 201, 204} <= set(seen)
        for name, query in WRONG.items():
            assert await committed.connection.fetch(query) == [], name

    async def test_two_edits_of_a_pair_of_prices_leave_one_that_fits(self, committed: Committed) -> None:
        owner = await committed.make.member()
        for _ in range(10):
            item = await committed.make.item(owner, price="20.00", discount_price="5.00")
            path, headers = f"/items/{item}", PATCH | owner.headers
            # Each fits what there is; one of them does not fit what the other leaves.
            answers = await at_once(
                committed.client.patch(path, json=body, headers=headers)
                for body in ({"price": "10.00"}, {"discount_price": "15.00"})
            )
            assert sorted(answer.status_code for answer in answers) == [200, 422]
        assert await committed.connection.fetch(WRONG["discounts"]) == []

    async def test_of_two_edits_of_one_version_one_is_lost_to_nobody(self, committed: Committed) -> None:
        owner = await committed.make.member()
        path = f"/items/{await committed.make.item(owner)}"
        tag = (await committed.client.get(path)).headers["etag"]
        headers = PATCH | owner.headers | {"If-Match": tag}
        answers = await at_once(
            committed.client.patch(path, json={"price": f"{number}.00"}, headers=headers) for number in range(1, 9)
        )
        assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 7}
