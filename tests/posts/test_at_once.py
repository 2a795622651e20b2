"""Posts under concurrency, on a database where work is really committed."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from app import views
from tests.committed import Committed, at_once

pytestmark = pytest.mark.xdist_group("committed")

MERGE = {"Content-Type": "application/merge-patch+json"}
DRAFT: dict[str, Any] = {"title": "The engine weaves", "content": "It weaves algebraical patterns.", "tags": ["looms"]}


class TestLikePost:
    async def test_twenty_members_at_once_are_twenty_likes(self, committed: Committed) -> None:
        post_id = await committed.make.post()
        fans = [await committed.make.member() for _ in range(20)]
        path = f"/posts/{post_id}/like"
        answers = await at_once(committed.client.put(path, headers=fan.headers) for fan in (*fans, *fans))
        assert {answer.status_code for answer in answers} == {204}
        likes = "SELECT likes, (SELECT count(*) FROM post_likes WHERE post_id = posts.id) FROM posts"
        assert tuple(await committed.connection.fetchrow(likes) or ()) == (20, 20)
        calls = [committed.client.delete(path, headers=fan.headers) for fan in fans[:10]]
        calls += [committed.client.put(path, headers=fan.headers) for fan in fans[5:15]]
        answers = await at_once(calls)
        assert {answer.status_code for answer in answers} == {204}
        counted, there = await committed.connection.fetchrow(likes) or (0, 1)
        assert counted == there
        # Five of those who took theirs back liked it again, sooner or later.
        assert there in range(10, 16)


class TestUpdatePost:
    async def test_fifty_writers_lose_no_acknowledged_update(self, committed: Committed) -> None:
        author = await committed.make.member()
        post_id = await committed.make.post(author, content="Beginning of it all.")
        path = f"/posts/{post_id}"

        async def append(number: int) -> None:
            """Add a line to what is there, and start over when somebody else was faster."""
            while True:
                read = await committed.client.get(path)
                content = f"{read.json()['content']}\n{number}"
                headers = MERGE | author.headers | {"If-Match": read.headers["etag"]}
                written = await committed.client.patch(path, json={"content": content}, headers=headers)
                if written.status_code == 200:
                    return
                assert written.status_code == 412

        await asyncio.gather(*(append(number) for number in range(50)))
        post = (await committed.client.get(path)).json()
        assert sorted(map(int, post["content"].splitlines()[1:])) == list(range(50))
        assert post["version"] == 51


class TestCreatePost:
    async def test_fifty_retries_with_one_key_have_one_effect(self, committed: Committed) -> None:
        author = await committed.make.member()
        headers = author.headers | {"Idempotency-Key": "one-intent"}
        answers = await at_once(committed.client.post("/posts", json=DRAFT, headers=headers) for _ in range(50))
        seen = Counter(answer.status_code for answer in answers)
        assert seen.keys() <= {201, 409}, seen
        assert len({answer.text for answer in answers if answer.status_code == 201}) == 1
        refusals = {answer.json()["code"] for answer in answers if answer.status_code == 409}
        assert refusals <= {"idempotency_in_progress"}
        again = await committed.client.post("/posts", json=DRAFT, headers=headers)
        assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
        assert again.text in {answer.text for answer in answers}
        assert await committed.connection.fetchval("SELECT count(*) FROM posts") == 1
        assert await committed.connection.fetchval("SELECT count(*) FROM idempotency_records") == 1

    async def test_equal_titles_at_once_get_slugs_of_their_own(self, committed: Committed) -> None:
        author = await committed.make.member()
        answers = await at_once(committed.client.post("/posts", json=DRAFT, headers=author.headers) for _ in range(30))
        assert {answer.status_code for answer in answers} == {201}
        slugs = {answer.json()["slug"] for answer in answers}
        assert len(slugs) == 30
        assert {"the-engine-weaves", "the-engine-weaves-2"} <= slugs
        assert await committed.connection.fetchval("SELECT count(*) FROM post_slugs") == 30
        assert await committed.connection.fetchval("SELECT array_agg(name) FROM tags") == ["looms"]


class TestPublishPost:
    async def test_steps_at_once_keep_the_counters_true(self, committed: Committed) -> None:
        author = await committed.make.member()
        await committed.make.tag("looms")
        posts = [await committed.make.post(author, status="draft", tags=["looms"]) for _ in range(6)]
        for _ in range(4):
            calls = [
                committed.client.request(method, f"/posts/{post}/{place}", headers=author.headers)
                for post in posts
                for method, place in (("PUT", "publication"), ("DELETE", "publication"), ("PUT", "archive"))
            ]
            assert {answer.status_code for answer in await at_once(calls)} <= {200, 409}
        published = await committed.connection.fetchval("SELECT count(*) FROM posts WHERE status = 'published'")
        assert await committed.connection.fetchval("SELECT post_count FROM users") == published
        assert await committed.connection.fetchval("SELECT post_count FROM tags") == published


class TestGetPost:
    async def test_views_of_many_readers_are_all_counted(self, committed: Committed) -> None:
        await views.flush()
        posts = [await committed.make.post() for _ in range(3)]

        async def read(number: int) -> None:
            await committed.client.get(f"/posts/{posts[number % 3]}")
            if number % 10 == 0:
                await views.flush()

        await asyncio.gather(*(read(number) for number in range(90)))
        await views.flush()
        rows = await committed.connection.fetch("SELECT views FROM posts")
        assert [row["views"] for row in rows] == [30, 30, 30]
