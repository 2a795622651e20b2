"""What likes notify of, and mentions in posts."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.posts import steps
from app.sql import Connection
from tests.committed import Committed, at_once
from tests.factories import Factory, Member
from tests.notifications.reading import comment, kinds, mute, of, unread


async def like(client: AsyncClient, member: Member, path: str) -> None:
    assert (await client.put(f"{path}/like", headers=member.headers)).status_code == 204


async def unlike(client: AsyncClient, member: Member, path: str) -> None:
    assert (await client.delete(f"{path}/like", headers=member.headers)).status_code == 204


@pytest.fixture
async def author(make: Factory) -> Member:
    return await make.member()


@pytest.fixture(params=["post", "comment"])
async def path(request: pytest.FixtureRequest, make: Factory, author: Member) -> str:
    """The address of what is liked."""
    if request.param == "post":
        return f"/posts/{await make.post(author, title='On looms')}"
    return f"/comments/{await make.comment(await make.post(), author, content='On looms')}"


class TestLike:
    async def test_likes_of_a_thing_are_one_notification(
        self, client: AsyncClient, make: Factory, author: Member, path: str
    ) -> None:
        readers = [await make.member() for _ in range(3)]
        for number, reader in enumerate(readers, 1):
            await like(client, reader, path)
            (found,) = await of(client, author)
            assert (found["kind"], found["count"], found["text"]) == ("like", number, "On looms")
            assert found["actor"]["username"] == reader.username
            assert found["post_id"]
            assert (found["comment_id"] is None) == path.startswith("/posts")
        assert await unread(client, author) == 1

    async def test_ones_own_is_not_counted(self, client: AsyncClient, make: Factory, author: Member, path: str) -> None:
        await like(client, author, path)
        assert await of(client, author) == []
        await like(client, await make.member(), path)
        assert [found["count"] for found in await of(client, author)] == [1]

    async def test_back_and_forth_says_nothing_new(
        self, client: AsyncClient, make: Factory, author: Member, path: str
    ) -> None:
        first, second = await make.member(), await make.member()
        await like(client, first, path)
        (found,) = await of(client, author)
        await client.put(f"/notifications/{found['id']}/read", headers=author.headers)
        (before,) = await of(client, author)
        for _ in range(2):
            await unlike(client, first, path)
            assert await of(client, author) == []
            await like(client, first, path)
            assert await of(client, author) == [before]
        await like(client, second, path)
        (after,) = await of(client, author, unread="true")
        assert (after["id"], after["count"]) == (before["id"], 2)

    async def test_who_took_it_back_is_not_named(
        self, client: AsyncClient, make: Factory, author: Member, path: str
    ) -> None:
        first, second = await make.member(), await make.member()
        await like(client, first, path)
        await like(client, second, path)
        await unlike(client, second, path)
        (found,) = await of(client, author)
        assert (found["count"], found["actor"]["username"]) == (1, first.username)

    async def test_switched_off_it_is_not_written(
        self, client: AsyncClient, make: Factory, author: Member, path: str
    ) -> None:
        await mute(client, author, "like")
        reader = await make.member()
        await like(client, reader, path)
        await unlike(client, reader, path)
        assert await of(client, author) == []

    async def test_many_at_once_are_one(self, committed: Committed) -> None:
        make = committed.make
        author = await make.member()
        post_id = await make.post(author)
        comment_id = await make.comment(post_id, author)
        readers = [await make.member() for _ in range(16)]
        paths = (f"/posts/{post_id}/like", f"/comments/{comment_id}/like")
        calls = [committed.client.put(path, headers=reader.headers) for reader in readers for path in paths]
        marks = [committed.client.put("/notifications/read", headers=author.headers) for _ in range(4)]
        answers = await asyncio.wait_for(at_once(calls + marks), 60)
        assert {answer.status_code for answer in answers} == {204}
        assert sorted(found["count"] for found in await of(committed.client, author)) == [16, 16]


async def publication(client: AsyncClient, author: Member, post_id: Any, method: str = "PUT") -> None:
    answer = await client.request(method, f"/posts/{post_id}/publication", headers=author.headers)
    assert answer.status_code == 200, answer.text


class TestPostMention:
    async def test_is_heard_of_at_publication(
        self, client: AsyncClient, make: Factory, author: Member, connection: Connection
    ) -> None:
        bram, coder = await make.member(username="bram"), await make.member(username="coder")
        content = "Thanks to @Bram.\n\n```py\n@coder\n```\n\nAnd `@coder`."
        post_id = await make.post(author, status="draft", content=content, title="On looms")
        assert await of(client, bram) == []
        await publication(client, author, post_id)
        (found,) = await of(client, bram)
        assert (found["kind"], found["post_id"], found["text"]) == ("mention", str(post_id), "On looms")
        assert (found["comment_id"], found["actor"]["username"]) == (None, author.username)
        assert await of(client, coder) == []
        told = await connection.fetch("SELECT kind, topic FROM domain_events")
        assert [tuple(row) for row in told] == [("notification.created", f"member:{bram.id}")]

    async def test_is_heard_of_at_the_time_it_is_scheduled_for(
        self, client: AsyncClient, make: Factory, author: Member, connection: Connection
    ) -> None:
        bram = await make.member(username="bram")
        post_id = await make.post(author, status="draft", content="Thanks to @bram for all.")
        await connection.execute("UPDATE posts SET status = 'scheduled', publish_at = now() WHERE id = $1", post_id)
        moment = await connection.fetchval("SELECT publish_at FROM posts WHERE id = $1", post_id)
        assert await steps.publish_scheduled(connection, post_id, moment)
        assert await kinds(client, bram) == ["mention"]

    async def test_is_withheld_while_the_post_is_not_published(
        self, client: AsyncClient, make: Factory, author: Member
    ) -> None:
        bram = await make.member(username="bram")
        post_id = await make.post(author, status="draft", content="Thanks to @bram for all.")
        await publication(client, author, post_id)
        asks = await comment(client, bram, post_id)
        await comment(client, await make.member(), post_id, parent_id=asks)
        before = [await of(client, bram), await of(client, author)]
        assert [len(found) for found in before] == [2, 2]
        await publication(client, author, post_id, "DELETE")
        assert await of(client, bram) == []
        # The author sees the post, and what was said of it.
        assert await of(client, author) == before[1]
        await publication(client, author, post_id)
        assert [await of(client, bram), await of(client, author)] == before

    async def test_an_edit_tells_the_new_ones_only(
        self, client: AsyncClient, make: Factory, author: Member, connection: Connection
    ) -> None:
        bram, carla = await make.member(username="bram"), await make.member(username="carla")
        post_id = await make.post(author, status="draft", content="Thanks to @bram for all.")
        await publication(client, author, post_id)
        # As a month later, when it has been forgotten.
        await connection.execute("DELETE FROM notifications")
        headers = author.headers | {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
        for content in ("Thanks to @bram and to @carla.", "Thanks to @bram alone, @alone."):
            answer = await client.patch(f"/posts/{post_id}", headers=headers, json={"content": content})
            assert answer.status_code == 200
            assert await kinds(client, bram) == []
            assert await kinds(client, carla) == (["mention"] if "carla" in content else [])

    async def test_of_a_post_that_is_no_more_is_gone(self, client: AsyncClient, make: Factory, author: Member) -> None:
        bram = await make.member(username="bram")
        post_id = await make.post(author, status="draft", content="Thanks to @bram for all.")
        await publication(client, author, post_id)
        await client.delete(f"/posts/{post_id}", headers=author.headers | {"If-Match": "*"})
        assert await of(client, bram) == []

    async def test_twenty_are_told_at_most(self, client: AsyncClient, make: Factory, author: Member) -> None:
        named = [await make.member() for _ in range(22)]
        content = "Thanks to " + ", ".join(f"@{member.username}" for member in named)
        post_id: UUID = await make.post(author, status="draft", content=content)
        await publication(client, author, post_id)
        assert [len(await of(client, member)) for member in named] == [1] * 20 + [0] * 2
