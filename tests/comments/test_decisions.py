"""approveComment and rejectComment, while the author writes."""

from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.comments.judging import member, moderator, sound
from tests.factories import Factory, Member

__all__ = ["member", "moderator"]


class TestApproveRejectComment:
    @pytest.mark.parametrize("what", ["approval", "rejection"])
    async def test_what_was_edited_since_is_not_judged_unseen(  # noqa: PLR0913, PLR0917 - Fixtures.
        self, client: AsyncClient, connection: Connection, make: Factory, moderator: Member, member: Member, what: str
    ) -> None:
        post_id = await make.post()
        comment_id = str(await make.comment(post_id, member, status="pending"))
        await make.report(UUID(comment_id))

        async def judge_as_read(tag: str) -> tuple[int, str]:
            headers = {"If-Match": tag} | moderator.headers
            answer = await client.put(f"/comments/{comment_id}/{what}", headers=headers)
            return answer.status_code, answer.json().get("code", answer.json().get("content"))

        async def read() -> str:
            (entry,) = (await client.get("/comments/moderation-queue", headers=moderator.headers)).json()["items"]
            got = await client.get(f"/comments/{comment_id}", headers=moderator.headers)
            assert entry["etag"] == got.headers["etag"]
            return entry["etag"]

        tag = await read()
        merge = {"If-Match": "*", "Content-Type": "application/merge-patch+json"} | member.headers
        edit = await client.patch(f"/comments/{comment_id}", json={"content": "Buy my looms!"}, headers=merge)
        assert edit.status_code == 200
        assert await judge_as_read(tag) == (412, "precondition_failed")
        # Nothing was decided: it waits, its report is open and nothing is on record.
        row = await connection.fetchrow("SELECT status, report_count FROM comments WHERE id = $1", UUID(comment_id))
        assert row is not None
        assert tuple(row) == ("pending", 1)
        assert await connection.fetchval("SELECT count(*) FROM audit_events") == 0
        newer = await read()
        assert await judge_as_read(newer) == (200, "Buy my looms!")
        # A retry whose answer was lost is the same.
        assert await judge_as_read(newer) == (200, "Buy my looms!")
        await sound(connection, post_id)
