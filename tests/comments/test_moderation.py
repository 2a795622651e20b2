"""Comments that wait and are judged: createComment, approveComment, rejectComment, and who sees what."""

from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.comments.judging import WORDS, ids, judge, listed, member, moderation, moderator, post_id, sound, write
from tests.factories import Factory, Member

__all__ = ["member", "moderation", "moderator", "post_id"]


class TestCreateComment:
    async def test_nothing_waits_unless_set(self, client: AsyncClient, post_id: UUID, member: Member) -> None:
        assert (await write(client, post_id, member))["status"] == "approved"

    async def test_all_wait_but_moderators(  # noqa: PLR0913, PLR0917 - Fixtures.
        self,
        client: AsyncClient,
        connection: Connection,
        post_id: UUID,
        member: Member,
        moderator: Member,
        moderation: Any,
    ) -> None:
        moderation("all")
        own = await write(client, post_id, moderator)
        waiting = await write(client, post_id, member)
        assert (own["status"], waiting["status"]) == ("approved", "pending")
        assert (waiting["content"], waiting["author"]["username"]) == (WORDS, member.username)
        again = await write(client, post_id, member)
        assert again["status"] == "pending"
        for layout in ("tree", "flat"):
            assert ids(await listed(client, post_id, layout=layout)) == [own["id"]]
            assert sorted(ids(await listed(client, post_id, member, layout=layout))) == sorted(
                [own["id"], waiting["id"], again["id"]]
            )
            assert len(await listed(client, post_id, moderator, layout=layout)) == 3
        await sound(connection, post_id)

    async def test_the_first_waits_until_one_is_approved(  # noqa: PLR0913, PLR0917 - Fixtures.
        self,
        client: AsyncClient,
        connection: Connection,
        post_id: UUID,
        member: Member,
        moderator: Member,
        moderation: Any,
    ) -> None:
        moderation("first")
        first, second = await write(client, post_id, member), await write(client, post_id, member)
        assert (first["status"], second["status"]) == ("pending", "pending")
        await judge(client, moderator, first["id"], "rejection")
        assert (await write(client, post_id, member))["status"] == "pending"
        await judge(client, moderator, second["id"], "approval")
        assert (await write(client, post_id, member))["status"] == "approved"
        await sound(connection, post_id)

    async def test_what_was_deleted_makes_nobody_known(
        self, client: AsyncClient, make: Factory, post_id: UUID, member: Member, moderation: Any
    ) -> None:
        moderation("first")
        old = await make.comment(await make.post(comment_count=1), member)
        await client.delete(f"/comments/{old}", headers=member.headers | {"If-Match": "*"})
        assert (await write(client, post_id, member))["status"] == "pending"

    @pytest.mark.parametrize("status", ["pending", "rejected"])
    async def test_what_is_not_approved_is_not_answered(  # noqa: PLR0913, PLR0917 - Fixtures.
        self, client: AsyncClient, make: Factory, post_id: UUID, member: Member, moderator: Member, status: str
    ) -> None:
        hidden = await make.comment(post_id, member, status=status)
        draft = {"content": WORDS, "parent_id": str(hidden)}
        stranger = await make.member()
        found = [
            (await client.post(f"/posts/{post_id}/comments", json=draft, headers=who.headers)).json()["code"]
            for who in (member, moderator, stranger)
        ]
        assert found == ["conflict", "conflict", "validation_failed"]

    async def test_an_answer_can_wait(  # noqa: PLR0913, PLR0917 - Fixtures.
        self,
        client: AsyncClient,
        connection: Connection,
        make: Factory,
        member: Member,
        moderator: Member,
        moderation: Any,
    ) -> None:
        moderation("all")
        post_id = await make.post(comment_count=1)
        parent = await make.comment(post_id)
        answer = await write(client, post_id, member, parent_id=str(parent))
        assert answer["status"] == "pending"
        (top,) = await listed(client, post_id)
        assert (top["reply_count"], top["replies"]) == (0, [])
        for who in (member, moderator):
            (top,) = await listed(client, post_id, who)
            assert (top["reply_count"], ids(top["replies"])) == (1, [answer["id"]])
            assert top["replies"][0]["status"] == "pending"
        await judge(client, moderator, answer["id"], "approval")
        assert ids((await listed(client, post_id))[0]["replies"]) == [answer["id"]]
        await sound(connection, post_id)


class TestGetComment:
    @pytest.mark.parametrize("status", ["pending", "rejected"])
    async def test_only_its_author_and_moderators_see_what_is_not_approved(  # noqa: PLR0913, PLR0917 - Fixtures.
        self, client: AsyncClient, make: Factory, post_id: UUID, member: Member, moderator: Member, status: str
    ) -> None:
        hidden = await make.comment(post_id, member, status=status)
        stranger = await make.member("manager")
        for who, expected in ((None, 404), (stranger, 404), (member, 200), (moderator, 200)):
            answer = await client.get(f"/comments/{hidden}", headers=who.headers if who else {})
            assert answer.status_code == expected
            assert expected == 404 or (answer.json()["status"], answer.json()["content"]) == (status, WORDS)

    async def test_nobody_else_likes_edits_deletes_or_reports_it(
        self, client: AsyncClient, make: Factory, post_id: UUID, member: Member
    ) -> None:
        hidden = await make.comment(post_id, member, status="pending")
        other = (await make.member()).headers | {"If-Match": "*"}
        patch = {"Content-Type": "application/merge-patch+json"}
        answers = [
            await client.put(f"/comments/{hidden}/like", headers=other),
            await client.delete(f"/comments/{hidden}/like", headers=other),
            await client.delete(f"/comments/{hidden}", headers=other),
            await client.patch(f"/comments/{hidden}", headers=other | patch, content=b'{"content": "It is mine."}'),
            await client.put(f"/comments/{hidden}/report", headers=other, json={"reason": "spam"}),
        ]
        assert [answer.status_code for answer in answers] == [404] * 5


class TestRejectComment:
    async def test_leaves_a_place_above_answers(
        self, client: AsyncClient, connection: Connection, make: Factory, member: Member, moderator: Member
    ) -> None:
        post_id = await make.post(comment_count=3)
        top = await make.comment(post_id, member, content="Look at @nobody here.", likes=0)
        middle = await make.comment(post_id, parent=top)
        low = await make.comment(post_id, parent=middle)
        rejected = await judge(client, moderator, str(top), "rejection")
        assert (rejected["status"], rejected["content"]) == ("rejected", "Look at @nobody here.")
        await sound(connection, post_id)
        place = (await client.get(f"/comments/{top}")).json()
        assert (place["content"], place["author"], place["is_deleted"], place["status"]) == (
            None,
            None,
            True,
            "rejected",
        )
        (shown,) = await listed(client, post_id)
        assert (shown["content"], ids(shown["replies"])) == (None, [str(middle)])
        assert sorted(ids(await listed(client, post_id, layout="flat"))) == sorted([str(middle), str(low)])
        assert (await listed(client, post_id, member))[0]["content"] == "Look at @nobody here."
        # Whoever sees the place alone can do nothing to it.
        stranger = await make.member()
        assert (await client.put(f"/comments/{top}/like", headers=stranger.headers)).status_code == 404
        draft = {"content": WORDS, "parent_id": str(top)}
        answer = await client.post(f"/posts/{post_id}/comments", json=draft, headers=stranger.headers)
        assert answer.json()["code"] == "conflict"
        # The place goes with the last answer, and comes back with it.
        await judge(client, moderator, str(low), "rejection")
        await judge(client, moderator, str(middle), "rejection")
        assert await listed(client, post_id) == []
        await sound(connection, post_id)
        await judge(client, moderator, str(low), "approval")
        assert (await listed(client, post_id))[0]["replies"][0]["replies"][0]["id"] == str(low)
        await sound(connection, post_id)

    async def test_repeated_changes_nothing_and_each_decision_is_on_record(
        self, client: AsyncClient, connection: Connection, make: Factory, moderator: Member
    ) -> None:
        post_id = await make.post(comment_count=1)
        comment_id = str(await make.comment(post_id))
        for what in ("rejection", "rejection", "approval", "approval"):
            await judge(client, moderator, comment_id, what)
            await sound(connection, post_id)
        rows = await connection.fetch(
            "SELECT action, actor_id FROM audit_events WHERE subject_id = $1 ORDER BY id", UUID(comment_id)
        )
        assert [row["action"] for row in rows] == ["comment_rejected", "comment_approved"]
        assert {row["actor_id"] for row in rows} == {moderator.id}

    @pytest.mark.parametrize("what", ["approval", "rejection"])
    async def test_what_was_deleted_is_404(  # noqa: PLR0913, PLR0917 - Fixtures.
        self, client: AsyncClient, connection: Connection, make: Factory, post_id: UUID, moderator: Member, what: str
    ) -> None:
        comment_id = await make.comment(post_id)
        await make.comment(post_id, parent=comment_id)
        await connection.execute("UPDATE comments SET deleted_at = now(), content = '' WHERE id = $1", comment_id)
        answer = await client.put(f"/comments/{comment_id}/{what}", headers={"If-Match": "*"} | moderator.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


class TestDeleteComment:
    async def test_places_of_what_waits_are_nobody_elses_business(
        self, client: AsyncClient, connection: Connection, make: Factory, member: Member, moderator: Member
    ) -> None:
        post_id = await make.post(comment_count=1)
        top = await make.comment(post_id, member)
        hidden = await make.comment(post_id, member, parent=top, status="pending")
        any_version = {"If-Match": "*"}
        await client.delete(f"/comments/{top}", headers=member.headers | any_version)
        # It stays, because something stands below it, which nobody else knows of.
        assert (await client.get(f"/comments/{top}")).status_code == 404
        assert await listed(client, post_id) == []
        await sound(connection, post_id)
        assert (await listed(client, post_id, moderator))[0]["is_deleted"] is True
        await judge(client, moderator, str(hidden), "approval")
        assert ids((await listed(client, post_id))[0]["replies"]) == [str(hidden)]
        await sound(connection, post_id)
        await client.delete(f"/comments/{hidden}", headers=moderator.headers | any_version)
        assert await connection.fetchval("SELECT count(*) FROM comments") == 0
        await sound(connection, post_id)

    async def test_what_waits_is_not_counted_down(
        self, client: AsyncClient, connection: Connection, make: Factory, member: Member
    ) -> None:
        post_id = await make.post()
        hidden = await make.comment(post_id, member, status="pending")
        answer = await client.delete(f"/comments/{hidden}", headers=member.headers | {"If-Match": "*"})
        assert answer.status_code == 204
        await sound(connection, post_id)


class TestUpdateComment:
    async def edit(self, client: AsyncClient, member: Member, comment_id: UUID, content: str) -> dict[str, Any]:
        headers = member.headers | {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
        answer = await client.patch(f"/comments/{comment_id}", headers=headers, json={"content": content})
        assert answer.status_code == 200, answer.text
        return answer.json()

    @pytest.mark.parametrize(
        ("value", "before", "after"),
        [
            ("all", "approved", "pending"),
            ("all", "pending", "pending"),
            ("all", "rejected", "rejected"),
            ("first", "approved", "approved"),
            ("first", "pending", "pending"),
            ("none", "approved", "approved"),
        ],
    )
    async def test_waits_again_where_all_wait(  # noqa: PLR0913, PLR0917 - Fixtures.
        self,
        client: AsyncClient,
        connection: Connection,
        make: Factory,
        member: Member,
        moderation: Any,
        value: str,
        before: str,
        after: str,
    ) -> None:
        moderation(value)
        post_id = await make.post(comment_count=int(before == "approved"))
        comment_id = await make.comment(post_id, member, status=before)
        assert (await self.edit(client, member, comment_id, "Another loom."))["status"] == after
        await sound(connection, post_id)

    async def test_mentions_follow_the_text(self, client: AsyncClient, make: Factory, post_id: UUID) -> None:
        member = await make.member(username="ada_l")
        await make.member(username="bram")
        await make.member(username="carla")
        comment_id = UUID((await write(client, post_id, member, content="Ask @bram and @carla."))["id"])
        assert (await self.edit(client, member, comment_id, "Ask @carla or @ada_l."))["mentions"] == ["ada_l", "carla"]
        assert (await self.edit(client, member, comment_id, "Ask nobody."))["mentions"] == []
