"""Tags under concurrency: renames, deletions, publications and edits of posts at the same time."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import pytest
from httpx2 import Response

from app import views
from app.access import Principal
from app.db import transaction
from app.posts import service as posts
from app.settings import settings
from generated.models import PostCreate
from tests.committed import Committed, at_once

pytestmark = pytest.mark.xdist_group("committed")

MATCH = {"If-Match": "*"}
PATCH = MATCH | {"Content-Type": "application/merge-patch+json"}
STRAYS = """
    SELECT id, name FROM posts, unnest(tags) AS carried (name)
    WHERE NOT EXISTS (SELECT FROM tags WHERE tags.name = carried.name)
"""
WRONG_COUNTS = """
    SELECT name, post_count, true_count FROM tags, LATERAL (
        SELECT count(*) AS true_count FROM posts WHERE status = 'published' AND tags.name = ANY (posts.tags)
    ) AS counted WHERE post_count <> true_count
"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


async def assert_consistent(committed: Committed) -> None:
    """No post carries a tag that does not exist, and every tag counts its published posts."""
    assert await committed.connection.fetch(STRAYS) == []
    assert await committed.connection.fetch(WRONG_COUNTS) == []


def statuses(answers: list[Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


class TestUpdateTag:
    async def test_waits_for_a_post_that_is_taking_the_old_name(self, committed: Committed) -> None:
        manager = await committed.make.member("manager")
        tag_id = await committed.make.tag("looms")
        author = Principal(manager.id, manager.session_id, "manager", frozenset())
        draft = PostCreate(title="The engine weaves", content="It weaves patterns.", tags=["looms"])
        async with transaction() as connection:
            await posts.create(connection, author, draft)
            headers = PATCH | manager.headers
            rename = asyncio.create_task(
                committed.client.patch(f"/tags/{tag_id}", json={"name": "weaving"}, headers=headers)
            )
            await asyncio.sleep(0.3)
            assert not rename.done()
        assert (await rename).status_code == 200
        assert await committed.connection.fetchval("SELECT tags FROM posts") == ["weaving"]
        await assert_consistent(committed)

    async def test_has_more_time_than_other_statements(self, committed: Committed) -> None:
        """A post that somebody holds for two seconds stands for fifty thousand that take as long to write."""
        manager = await committed.make.member("manager")
        tag_id = await committed.make.tag("looms", post_count=1)
        await committed.make.post(manager, tags=["looms"])
        async with committed.connection.transaction():
            await committed.connection.execute("SELECT FROM posts FOR UPDATE")
            headers = PATCH | manager.headers
            rename = asyncio.create_task(
                committed.client.patch(f"/tags/{tag_id}", json={"name": "weaving"}, headers=headers)
            )
            await asyncio.sleep(settings().database_command_timeout + 0.5)
            assert not rename.done()
        assert (await rename).status_code == 200
        await assert_consistent(committed)

    async def test_everything_at_once_neither_deadlocks_nor_miscounts(self, committed: Committed) -> None:
        chance = random.Random(1843)  # noqa: S311 - A shuffle that repeats.
        manager = await committed.make.member("manager")
        names = [f"tag-{number}" for number in range(6)]
        tags = [await committed.make.tag(name) for name in names]
        drafts = [await committed.make.post(manager, tags=chance.sample(names, 3), status="draft") for _ in range(10)]

        def call(method: str, path: str, body: Any = None) -> Awaitable[Response]:
            headers = PATCH if body else MATCH
            return committed.client.request(method, path, json=body, headers=headers | manager.headers)

        def step() -> Awaitable[Response]:
            post, tag = chance.choice(drafts), chance.choice(tags)
            choices: list[tuple[str, str, Any]] = [
                ("PUT", f"/posts/{post}/publication", None),
                ("DELETE", f"/posts/{post}/publication", None),
                ("PATCH", f"/posts/{post}", {"tags": chance.sample([*names, "new-1", "new-2"], 3)}),
                ("PATCH", f"/tags/{tag}", {"name": chance.choice([*names, "other-1", "other-2"])}),
                ("PATCH", f"/tags/{tag}", {"color": "#123456"}),
            ]
            return call(*chance.choice(choices))

        seen: Counter[int] = Counter()
        for number in range(8):
            calls = [step() for _ in range(30)] + [call("GET", f"/posts/{post_id}") for post_id in drafts]
            if number == 5:
                calls += [call("DELETE", f"/tags/{tags[0]}"), call("DELETE", f"/posts/{drafts[0]}")]
            # Writing the views locks many posts at once.
            answers, _ = await asyncio.gather(at_once(calls), views.flush())
            seen += statuses(answers)
        # Forbidden steps, names that are taken and things that are gone are answers; 503 would be a deadlock.
        assert seen.keys() <= {200, 204, 404, 409}, seen
        assert seen[200] > 100
        assert await committed.connection.fetchval(DEADLOCKS) == 0
        await assert_consistent(committed)


class TestUpdatePost:
    async def test_swapped_tags_do_not_deadlock(self, committed: Committed) -> None:
        """One post goes from a to b while another goes from b to a: both need both rows, in one order."""
        author = await committed.make.member()
        for name in ("a", "b"):
            await committed.make.tag(name, post_count=5)
        first = [await committed.make.post(author, tags=["a"]) for _ in range(5)]
        second = [await committed.make.post(author, tags=["b"]) for _ in range(5)]
        for turn in range(6):
            there, back = (["b"], ["a"]) if turn % 2 == 0 else (["a"], ["b"])
            calls = [
                committed.client.patch(f"/posts/{post}", json={"tags": wanted}, headers=PATCH | author.headers)
                for pair in zip(first, second, strict=True)
                for post, wanted in zip(pair, (there, back), strict=True)
            ]
            assert statuses(await at_once(calls)) == {200: 10}
        await assert_consistent(committed)


class TestMergeTag:
    async def test_both_ways_at_once_leaves_one_of_the_two(self, committed: Committed) -> None:
        manager = await committed.make.member("manager")
        for _ in range(10):
            pair = [await committed.make.tag(name, post_count=1) for name in ("a", "b")]
            for name in ("a", "b"):
                await committed.make.post(manager, tags=[name])
            calls = [
                committed.client.put(f"/tags/{tag}/merge", json={"into": str(into)}, headers=MATCH | manager.headers)
                for tag, into in (pair, pair[::-1])
            ]
            # Who comes second finds its tag gone, or the one that it should become.
            assert statuses(await at_once(calls)) in ({200: 1, 404: 1}, {200: 1, 422: 1})
            assert await committed.connection.fetchval("SELECT sum(post_count) FROM tags") == 2
            await assert_consistent(committed)
            await committed.connection.execute("DELETE FROM posts; DELETE FROM tags")

    async def test_among_everything_else_neither_deadlocks_nor_miscounts(self, committed: Committed) -> None:
        chance = random.Random(1843)  # noqa: S311 - A shuffle that repeats.
        manager = await committed.make.member("manager")
        names = [f"tag-{number}" for number in range(12)]
        tags = [await committed.make.tag(name) for name in names]
        posts = [await committed.make.post(manager, tags=chance.sample(names, 4), status="draft") for _ in range(15)]

        def call(method: str, path: str, body: Any = None) -> Awaitable[Response]:
            headers = (PATCH if method == "PATCH" else MATCH) | manager.headers
            return committed.client.request(method, path, json=body, headers=headers)

        def step(_: int) -> Awaitable[Response]:
            post, tag, into = chance.choice(posts), chance.choice(tags), chance.choice(tags)
            choices: list[tuple[str, str, Any]] = [
                ("PUT", f"/posts/{post}/publication", None),
                ("PUT", f"/posts/{post}/publication", None),
                ("DELETE", f"/posts/{post}/publication", None),
                ("PATCH", f"/posts/{post}", {"tags": chance.sample(names, 4)}),
                ("PUT", f"/posts/{post}/revisions/1/restoration", None),
                ("PUT", f"/tags/{tag}/merge", {"into": str(into)}),
            ]
            return call(*chance.choice(choices))

        seen: Counter[int] = Counter()
        for _ in range(8):
            seen += statuses(await at_once([step(number) for number in range(30)]))
        # Merging what is gone, or a tag with itself, is refused; 503 would be a deadlock.
        assert seen.keys() <= {200, 404, 409, 422}, seen
        assert seen[200] > 100
        assert await committed.connection.fetchval(DEADLOCKS) == 0
        await assert_consistent(committed)
