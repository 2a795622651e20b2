"""Categories under concurrency: moves, deletions and posts at the same time."""

import random
from collections import Counter
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import pytest
from httpx2 import Response

from tests.committed import Committed, at_once
from tests.factories import Member

pytestmark = pytest.mark.xdist_group("committed")

MATCH = {"If-Match": "*"}
PATCH = MATCH | {"Content-Type": "application/merge-patch+json"}
# Every category from the top down, by its parents alone.
MISPLACED = """
    WITH RECURSIVE tree AS (
        SELECT id, slug AS place, 1 AS depth FROM categories WHERE parent_id IS NULL
        UNION ALL
        SELECT child.id, tree.place || ' ' || child.slug, tree.depth + 1
        FROM categories AS child JOIN tree ON child.parent_id = tree.id
    )
    SELECT categories.slug FROM categories LEFT JOIN tree USING (id)
    WHERE tree.id IS NULL OR tree.place <> categories.place OR tree.depth <> categories.depth
"""
WRONG_COUNTS = """
    SELECT slug FROM categories WHERE post_count <>
        (SELECT count(*) FROM posts WHERE status = 'published' AND category_id = categories.id)
"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


async def assert_consistent(committed: Committed) -> None:
    """Every category hangs on the top of the tree, where its place says, and counts its published posts."""
    assert await committed.connection.fetch(MISPLACED) == []
    assert await committed.connection.fetch(WRONG_COUNTS) == []
    assert await committed.connection.fetchval(DEADLOCKS) == 0


def move(committed: Committed, who: Member, category: UUID, parent: UUID | None) -> Awaitable[Response]:
    body = {"parent_id": parent and str(parent)}
    return committed.client.patch(f"/categories/{category}", json=body, headers=PATCH | who.headers)


class TestUpdateCategory:
    async def test_two_moves_at_once_make_no_circle(self, committed: Committed) -> None:
        manager = await committed.make.member("manager")
        a, b = await committed.make.category("a"), await committed.make.category("b")
        for _ in range(20):
            answers = await at_once([move(committed, manager, a, b), move(committed, manager, b, a)])
            assert sorted(answer.status_code for answer in answers) == [200, 409]
            await assert_consistent(committed)
            await at_once([move(committed, manager, category, None) for category in (a, b)])

    async def test_a_ring_of_moves_at_once_makes_no_circle(self, committed: Committed) -> None:
        manager = await committed.make.member("manager")
        ring = [await committed.make.category(f"category-{number}") for number in range(4)]
        for _ in range(10):
            pairs = zip(ring, ring[1:] + ring[:1], strict=True)
            answers = await at_once([move(committed, manager, child, parent) for child, parent in pairs])
            assert Counter(answer.status_code for answer in answers) == {200: 3, 409: 1}
            await assert_consistent(committed)
            for category in ring:
                await move(committed, manager, category, None)

    async def test_among_everything_else_neither_deadlocks_nor_miscounts(self, committed: Committed) -> None:
        chance = random.Random(1843)  # noqa: S311 - A shuffle that repeats.
        manager = await committed.make.member("manager")
        categories = [await committed.make.category(f"category-{number}") for number in range(8)]
        posts = [await committed.make.post(manager, status="draft") for _ in range(15)]

        def call(method: str, path: str, body: Any = None) -> Awaitable[Response]:
            headers = (PATCH if method == "PATCH" else MATCH) | manager.headers
            return committed.client.request(method, path, json=body, headers=headers)

        def step(number: int) -> Awaitable[Response]:
            post, category, other = chance.choice(posts), chance.choice(categories), chance.choice(categories)
            choices: list[tuple[str, str, Any]] = [
                ("PUT", f"/posts/{post}/publication", None),
                ("DELETE", f"/posts/{post}/publication", None),
                ("PATCH", f"/posts/{post}", {"category_id": str(category)}),
                ("PATCH", f"/posts/{post}", {"category_id": str(other), "tags": ["looms"]}),
                ("PUT", f"/posts/{post}/revisions/1/restoration", None),
                ("PATCH", f"/categories/{category}", {"parent_id": str(other)}),
                ("PATCH", f"/categories/{category}", {"parent_id": None}),
                ("PATCH", f"/categories/{category}", {"slug": f"slug-{number}"}),
            ]
            return call(*chance.choice(choices))

        seen: Counter[int] = Counter()
        for number in range(8):
            calls = [step(place) for place in range(30)]
            if number % 3 == 2:
                calls.append(call("DELETE", f"/categories/{categories[number]}"))
            seen += Counter(answer.status_code for answer in await at_once(calls))
        # Circles, depths, slugs that are taken and what is gone are answers; 503 would be a deadlock.
        assert seen.keys() <= {200, 204, 404, 409, 422}, seen
        assert seen[200] > 100
        await assert_consistent(committed)


class TestDeleteCategory:
    async def test_while_posts_come_into_it_leaves_none_that_points_nowhere(self, committed: Committed) -> None:
        manager = await committed.make.member("manager")
        posts = [await committed.make.post(manager) for _ in range(10)]
        for _ in range(5):
            category = await committed.make.category("looms")
            body = {"category_id": str(category)}
            calls = [
                committed.client.patch(f"/posts/{post}", json=body, headers=PATCH | manager.headers) for post in posts
            ]
            calls.insert(5, committed.client.delete(f"/categories/{category}", headers=MATCH | manager.headers))
            seen = Counter(answer.status_code for answer in await at_once(calls))
            assert (seen[204], seen[200] + seen[422]) == (1, 10)
            assert await committed.connection.fetchval("SELECT count(category_id) FROM posts") == 0
            await assert_consistent(committed)
