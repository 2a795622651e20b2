"""What comments, answers and mentions in them notify of."""

from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.comments.judging import judge, moderation
from tests.factories import Factory, Member
from tests.notifications.reading import comment, kinds, mute, of, unread

__all__ = ["moderation"]


@pytest.fixture
async def author(make: Factory) -> Member:
    return await make.member(full_name="Ada Loom")


@pytest.fixture
async def post_id(make: Factory, author: Member) -> UUID:
    return await make.post(author, title="On looms")


async def told(connection: Connection) -> list[tuple[str, str]]:
    """Return what listeners are told, in its order."""
    rows = await connection.fetch("SELECT kind, topic FROM domain_events ORDER BY id")
    return [(row["kind"], row["topic"]) for row in rows]


async def edit(client: AsyncClient, author: Member, comment_id: str, content: str) -> None:
    headers = author.headers | {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
    answer = await client.patch(f"/comments/{comment_id}", headers=headers, json={"content": content})
    assert answer.status_code == 200, answer.text


async def delete(client: AsyncClient, author: Member, comment_id: str) -> None:
    answer = await client.delete(f"/comments/{comment_id}", headers=author.headers | {"If-Match": "*"})
    assert answer.status_code == 204, answer.text


class TestComment:
    async def test_is_heard_of_by_the_author_of_the_post(
        self, client: AsyncClient, make: Factory, author: Member, post_id: UUID
    ) -> None:
        reader = await make.member()
        comment_id = await comment(client, reader, post_id, "Looms, yes: " + "and looms " * 40)
        (found,) = await of(client, author)
        assert found | {"id": 0, "created_at": 0} == {
            "id": 0,
            "kind": "comment",
            "actor": {"username": reader.username, "full_name": None, "avatar_url": None},
            "post_id": str(post_id),
            "comment_id": comment_id,
            "item_id": None,
            "event_id": None,
            "job_id": None,
            "text": ("Looms, yes: " + "and looms " * 40)[:200],
            "count": 1,
            "read_at": None,
            "created_at": 0,
        }
        assert await of(client, reader) == []

    async def test_own_ones_are_not(self, client: AsyncClient, author: Member, post_id: UUID) -> None:
        first = await comment(client, author, post_id)
        await comment(client, author, post_id, f"Yes, says @{author.username}.", parent_id=first)
        assert await of(client, author) == []

    async def test_is_told_to_listeners(
        self, client: AsyncClient, make: Factory, author: Member, post_id: UUID, connection: Connection
    ) -> None:
        reader = await make.member()
        comment_id = await comment(client, reader, post_id)
        await edit(client, reader, comment_id, "Looms, no.")
        await delete(client, reader, comment_id)
        topic = f"post:{post_id}"
        assert await told(connection) == [
            ("comment.created", topic),
            ("notification.created", f"member:{author.id}"),
            ("comment.updated", topic),
            ("comment.deleted", topic),
        ]

    async def test_what_is_refused_tells_nothing(
        self, client: AsyncClient, make: Factory, post_id: UUID, connection: Connection
    ) -> None:
        reader = await make.member()
        wrong = {"content": "Looms, yes.", "parent_id": str(await make.comment(await make.post()))}
        answer = await client.post(f"/posts/{post_id}/comments", headers=reader.headers, json=wrong)
        assert answer.status_code == 422
        assert await told(connection) == []

    async def test_closed_accounts_hear_of_nothing(
        self, client: AsyncClient, make: Factory, author: Member, post_id: UUID, connection: Connection
    ) -> None:
        await connection.execute("UPDATE users SET is_active = false WHERE id = $1", author.id)
        await comment(client, await make.member(), post_id)
        assert await connection.fetchval("SELECT count(*) FROM notifications") == 0


class TestReply:
    async def test_is_heard_of_by_who_is_answered_and_by_the_author(
        self, client: AsyncClient, make: Factory, author: Member, post_id: UUID
    ) -> None:
        asks, answers = await make.member(), await make.member()
        first = await comment(client, asks, post_id)
        await comment(client, answers, post_id, parent_id=first)
        assert await kinds(client, asks) == ["reply"]
        assert await kinds(client, author) == ["comment", "comment"]

    async def test_who_is_concerned_twice_hears_once(
        self, client: AsyncClient, make: Factory, author: Member, post_id: UUID
    ) -> None:
        first = await comment(client, author, post_id)
        await comment(client, await make.member(), post_id, f"Yes, @{author.username}!", parent_id=first)
        assert await kinds(client, author) == ["reply"]

    async def test_on_the_last_level_who_was_answered_hears(
        self, client: AsyncClient, make: Factory, post_id: UUID
    ) -> None:
        parent: UUID | None = None
        for _ in range(4):
            parent = await make.comment(post_id, parent=parent)
        asks = await make.member()
        last = await comment(client, asks, post_id, parent_id=str(parent))
        await comment(client, await make.member(), post_id, parent_id=last)
        assert await kinds(client, asks) == ["reply"]


class TestMention:
    async def test_is_heard_of_whatever_the_case(self, client: AsyncClient, make: Factory, post_id: UUID) -> None:
        bram, carla = await make.member(username="Bram"), await make.member(username="carla")
        text = "Ask @bram and @BRAM, not `@carla` nor press@carla.example."
        await comment(client, await make.member(), post_id, text)
        assert await kinds(client, bram) == ["mention"]
        assert await kinds(client, carla) == []

    async def test_an_edit_tells_the_new_ones_only(self, client: AsyncClient, make: Factory, post_id: UUID) -> None:
        bram, carla, dora = [await make.member(username=name) for name in ("bram", "carla", "dora_")]
        writer = await make.member()
        comment_id = await comment(client, writer, post_id, "Ask @bram and @dora_.")
        (before,) = await of(client, bram)
        await edit(client, writer, comment_id, "Ask @bram or @carla.")
        assert await of(client, bram) == [before | {"text": "Ask @bram or @carla."}]
        assert await kinds(client, carla) == ["mention"]
        # Who is named no longer need not look.
        assert await kinds(client, dora) == []

    async def test_who_switched_it_off_hears_nothing(
        self, client: AsyncClient, make: Factory, author: Member, post_id: UUID
    ) -> None:
        bram = await make.member(username="bram")
        await mute(client, bram, "mention")
        await mute(client, author, "comment")
        await comment(client, await make.member(), post_id, f"Ask @bram, @{author.username}.")
        assert await kinds(client, bram) == []
        # What is left is another reason to hear of it.
        assert await kinds(client, author) == ["mention"]


class TestJudging:
    async def test_is_heard_of_once_it_is_approved(
        self, client: AsyncClient, make: Factory, author: Member, post_id: UUID, moderation: Any
    ) -> None:
        moderation("all")
        writer, moderator = await make.member(), await make.member("moderator")
        comment_id = await comment(client, writer, post_id, "Ask me about looms.")
        assert await kinds(client, author) == []
        await judge(client, moderator, comment_id, "approval")
        (found,) = await of(client, author)
        assert (found["kind"], found["actor"]["username"]) == ("comment", writer.username)

    async def test_is_withheld_when_it_is_rejected_and_comes_back_as_it_was(
        self, client: AsyncClient, make: Factory, author: Member, post_id: UUID
    ) -> None:
        moderator = await make.member("moderator")
        comment_id = await comment(client, await make.member(), post_id)
        (before,) = await of(client, author)
        await client.put(f"/notifications/{before['id']}/read", headers=author.headers)
        (before,) = await of(client, author)
        await judge(client, moderator, comment_id, "rejection")
        assert (await of(client, author), await unread(client, author)) == ([], 0)
        answer = await client.put(f"/notifications/{before['id']}/read", headers=author.headers)
        assert answer.status_code == 404
        await judge(client, moderator, comment_id, "approval")
        assert await of(client, author) == [before]

    async def test_an_edit_that_waits_withholds_it(
        self, client: AsyncClient, make: Factory, author: Member, post_id: UUID, moderation: Any
    ) -> None:
        writer = await make.member()
        comment_id = await comment(client, writer, post_id)
        moderation("all")
        await edit(client, writer, comment_id, "Looms, perhaps.")
        assert await of(client, author) == []
        await judge(client, await make.member("moderator"), comment_id, "approval")
        assert [found["text"] for found in await of(client, author)] == ["Looms, perhaps."]


class TestDeletion:
    @pytest.mark.parametrize("answered", [False, True])
    async def test_takes_it_along(
        self, client: AsyncClient, make: Factory, author: Member, post_id: UUID, *, answered: bool
    ) -> None:
        writer = await make.member()
        comment_id = await comment(client, writer, post_id)
        if answered:
            await comment(client, author, post_id, parent_id=comment_id)
        await client.put(f"/comments/{comment_id}/like", headers=author.headers)
        await delete(client, writer, comment_id)
        assert await of(client, author) == []
        # Of the answer, whose place stays, its own notification stays.
        assert await kinds(client, writer) == (["reply"] if answered else [])

    async def test_of_the_post_does_so_too(
        self, client: AsyncClient, make: Factory, author: Member, post_id: UUID, connection: Connection
    ) -> None:
        await comment(client, await make.member(), post_id)
        await client.delete(f"/posts/{post_id}", headers=author.headers | {"If-Match": "*"})
        assert await connection.fetchval("SELECT count(*) FROM notifications") == 0
