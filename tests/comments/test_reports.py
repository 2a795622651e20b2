"""What comments mention, what members report of them, and what waits: reportComment and listModerationQueue."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.comments.judging import START, judge, listed, member, moderation, moderator, post_id, sound, write
from tests.factories import Factory, Member

__all__ = ["member", "moderation", "moderator", "post_id"]


class TestMentions:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Hello @bram, hello @BRAM!", ["bram"]),
            ("(@bram) and @carla: look.", ["bram", "carla"]),
            ("Write to press@bram or a.b@bram.example.", []),
            ("@nobody_at_all is not here.", []),
            ("@br is too short, @bramble is another.", []),
            ("@@bram is a slip of the pen.", []),
            ("https://social.example/@bram is an address.", []),
        ],
    )
    async def test_are_members_who_exist(  # noqa: PLR0913, PLR0917 - Fixtures.
        self, client: AsyncClient, make: Factory, post_id: UUID, member: Member, text: str, expected: list[str]
    ) -> None:
        for name in ("bram", "carla"):
            await make.member(username=name)
        await make.member(username="gone", is_active=False)
        comment = await write(client, post_id, member, content=f"{text} @gone")
        assert comment["mentions"] == expected
        for found in (
            (await client.get(f"/comments/{comment['id']}")).json(),
            (await listed(client, post_id))[0],
            (await listed(client, post_id, layout="flat"))[0],
        ):
            assert found["mentions"] == expected

    async def test_are_ten_at_most(
        self, client: AsyncClient, connection: Connection, make: Factory, post_id: UUID, member: Member
    ) -> None:
        names = [(await make.member()).username for _ in range(12)]
        comment = await write(client, post_id, member, content=" ".join(f"@{name}" for name in names))
        assert comment["mentions"] == sorted(names[:10])
        assert await connection.fetchval("SELECT count(*) FROM comment_mentions") == 10


class TestReportComment:
    async def test_counts_once_per_member(  # noqa: PLR0913, PLR0917 - Fixtures.
        self,
        client: AsyncClient,
        connection: Connection,
        make: Factory,
        post_id: UUID,
        member: Member,
        moderator: Member,
    ) -> None:
        comment_id = await make.comment(post_id)
        first = {"reason": "abuse", "text": "  It is not kind. "}
        for body in (first, {"reason": "other"}):
            answer = await client.put(f"/comments/{comment_id}/report", json=body, headers=member.headers)
            assert answer.status_code == 204
        other = await make.member()
        await client.put(f"/comments/{comment_id}/report", json={"reason": "spam", "text": None}, headers=other.headers)
        queue = (await client.get("/comments/moderation-queue", headers=moderator.headers)).json()
        (entry,) = queue["items"]
        assert (entry["comment"]["id"], entry["report_count"]) == (str(comment_id), 2)
        found = {(it["reason"], it["text"], it["reporter"]) for it in entry["reports"]}
        assert found == {("abuse", "It is not kind.", member.username), ("spam", None, other.username)}
        # It is approved, for that matter, and nobody else sees what was said of it.
        assert "report_count" not in (await client.get(f"/comments/{comment_id}")).json()
        assert await connection.fetchval("SELECT report_count FROM comments WHERE id = $1", comment_id) == 2

    @pytest.mark.parametrize("reason", ["spam", "abuse", "off_topic", "illegal", "other"])
    async def test_tells_moderators_the_reason(
        self, client: AsyncClient, make: Factory, post_id: UUID, moderator: Member, reason: str
    ) -> None:
        comment_id = await make.comment(post_id)
        reporter = await make.member()
        answer = await client.put(f"/comments/{comment_id}/report", json={"reason": reason}, headers=reporter.headers)
        assert answer.status_code == 204
        (entry,) = (await client.get("/comments/moderation-queue", headers=moderator.headers)).json()["items"]
        assert [it["reason"] for it in entry["reports"]] == [reason]

    async def test_is_settled_by_a_decision(
        self, client: AsyncClient, make: Factory, post_id: UUID, member: Member, moderator: Member
    ) -> None:
        comment_id = await make.comment(post_id)
        await make.report(comment_id, member)
        await judge(client, moderator, str(comment_id), "approval")
        await client.put(f"/comments/{comment_id}/report", json={"reason": "spam"}, headers=member.headers)
        assert (await client.get("/comments/moderation-queue", headers=moderator.headers)).json()["items"] == []
        other = await make.member()
        await client.put(f"/comments/{comment_id}/report", json={"reason": "illegal"}, headers=other.headers)
        (entry,) = (await client.get("/comments/moderation-queue", headers=moderator.headers)).json()["items"]
        assert [(it["reason"], it["reporter"]) for it in entry["reports"]] == [("illegal", other.username)]

    async def test_of_ones_own_that_waits_changes_nothing(
        self, client: AsyncClient, connection: Connection, make: Factory, post_id: UUID, member: Member
    ) -> None:
        comment_id = await make.comment(post_id, member, status="rejected")
        answer = await client.put(f"/comments/{comment_id}/report", json={"reason": "spam"}, headers=member.headers)
        assert answer.status_code == 204
        assert await connection.fetchval("SELECT count(*) FROM comment_reports") == 0

    @pytest.mark.parametrize(
        "body", [{}, {"reason": "boring"}, {"reason": "spam", "text": " "}, {"reason": "spam", "x": 1}]
    )
    async def test_what_is_not_a_report_is_422(
        self, client: AsyncClient, make: Factory, post_id: UUID, member: Member, body: dict[str, Any]
    ) -> None:
        comment_id = await make.comment(post_id)
        answer = await client.put(f"/comments/{comment_id}/report", json=body, headers=member.headers)
        assert answer.status_code == 422


class TestListModerationQueue:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", ["pending", "pending+reported", "approved+reported"]),
            ("?status=pending", ["pending", "pending+reported"]),
            ("?status=approved", ["approved+reported"]),
            ("?status=rejected", ["rejected"]),
            ("?reported=true", ["pending+reported", "approved+reported"]),
            ("?reported=false", ["pending"]),
            ("?status=rejected&reported=true", []),
            ("?status=rejected&reported=false", ["rejected"]),
            ("?status=approved&reported=false", []),
            ("?sort=-created_at", ["approved+reported", "pending+reported", "pending"]),
        ],
    )
    async def test_holds_what_waits(  # noqa: PLR0913, PLR0917 - Fixtures.
        self, client: AsyncClient, make: Factory, post_id: UUID, moderator: Member, query: str, expected: list[str]
    ) -> None:
        made: dict[str, str] = {}
        for number, name in enumerate(["pending", "pending+reported", "approved", "approved+reported", "rejected"]):
            moment = START + timedelta(seconds=number)
            comment_id = await make.comment(post_id, status=name.partition("+")[0], created_at=moment)
            if name.endswith("+reported"):
                await make.report(comment_id)
            made[str(comment_id)] = name
        answer = await client.get(f"/comments/moderation-queue{query}", headers=moderator.headers)
        assert answer.status_code == 200, answer.text
        entries = answer.json()["items"]
        assert [made[entry["comment"]["id"]] for entry in entries] == expected
        assert all(entry["post_title"].startswith("The engine") for entry in entries)

    async def test_shows_the_newest_ten_reports(
        self, client: AsyncClient, make: Factory, post_id: UUID, moderator: Member
    ) -> None:
        comment_id = await make.comment(post_id)
        for number in range(12):
            await make.report(comment_id, created_at=START + timedelta(seconds=number), text=f"Report {number}.")
        (entry,) = (await client.get("/comments/moderation-queue", headers=moderator.headers)).json()["items"]
        assert entry["report_count"] == 12
        assert [it["text"] for it in entry["reports"]] == [f"Report {number}." for number in range(11, 1, -1)]

    async def test_knows_nothing_of_the_deleted(
        self, client: AsyncClient, make: Factory, post_id: UUID, member: Member, moderator: Member
    ) -> None:
        comment_id = await make.comment(post_id, member)
        await make.comment(post_id, parent=comment_id)
        await make.report(comment_id)
        await client.delete(f"/comments/{comment_id}", headers=member.headers | {"If-Match": "*"})
        assert (await client.get("/comments/moderation-queue", headers=moderator.headers)).json()["items"] == []


class TestDeleteMe:
    async def test_takes_reports_and_mentions_back(
        self, client: AsyncClient, connection: Connection, make: Factory, member: Member, moderator: Member
    ) -> None:
        post_id = await make.post(comment_count=2)
        top = await make.comment(post_id, member)
        middle = await make.comment(post_id, member, parent=top)
        hidden = await make.comment(post_id, parent=middle, status="pending")
        other = await make.post(comment_count=1)
        reported = await make.comment(other, moderator)
        await make.report(reported, member)
        named = await write(client, other, moderator, content=f"Ask @{member.username}.")
        assert named["mentions"] == [member.username]
        assert (await client.delete("/users/me", headers=member.headers | {"If-Match": "*"})).status_code == 204
        await sound(connection, post_id)
        assert await listed(client, post_id) == []
        assert await connection.fetchval("SELECT report_count FROM comments WHERE id = $1", reported) == 0
        assert (await client.get(f"/comments/{named['id']}")).json()["mentions"] == []
        await judge(client, moderator, str(hidden), "approval")
        assert (await listed(client, post_id))[0]["is_deleted"] is True
        await sound(connection, post_id)
