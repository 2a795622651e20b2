"""getComment."""

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.factories import Factory


class TestGetComment:
    async def test_anybody_reads_a_comment_on_a_published_post(self, client: AsyncClient, make: Factory) -> None:
        author = await make.member(full_name="Ada Lovelace")
        comment_id = await make.comment(await make.post(), author, content="It weaves.", likes=3)
        answer = await client.get(f"/comments/{comment_id}")
        assert answer.status_code == 200
        comment = answer.json()
        assert (comment["id"], comment["content"], comment["likes"]) == (str(comment_id), "It weaves.", 3)
        assert comment["author"] == {"username": author.username, "full_name": "Ada Lovelace", "avatar_url": None}
        assert "replies" not in comment

    async def test_counts_direct_answers_alone(self, client: AsyncClient, make: Factory) -> None:
        post_id = await make.post()
        top = await make.comment(post_id)
        answers = [await make.comment(post_id, parent=top) for _ in range(2)]
        await make.comment(post_id, parent=answers[0])
        assert (await client.get(f"/comments/{top}")).json()["reply_count"] == 2

    async def test_is_not_sent_again_while_it_is_current(self, client: AsyncClient, make: Factory) -> None:
        path = f"/comments/{await make.comment(await make.post())}"
        tag = (await client.get(path)).headers["etag"]
        unchanged = await client.get(path, headers={"If-None-Match": tag})
        assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", tag)
        assert (await client.get(path, headers={"If-None-Match": '"0-00000000"'})).status_code == 200

    @pytest.mark.parametrize("status", ["draft", "archived"])
    async def test_is_seen_by_whoever_sees_its_post(self, client: AsyncClient, make: Factory, status: str) -> None:
        owner, commenter, moderator = await make.member(), await make.member(), await make.member("moderator")
        comment_id = await make.comment(await make.post(owner, status=status), commenter)
        seen = {
            "nobody": (await client.get(f"/comments/{comment_id}")).status_code,
            "commenter": (await client.get(f"/comments/{comment_id}", headers=commenter.headers)).status_code,
            "owner": (await client.get(f"/comments/{comment_id}", headers=owner.headers)).status_code,
            "moderator": (await client.get(f"/comments/{comment_id}", headers=moderator.headers)).status_code,
        }
        assert seen == {"nobody": 404, "commenter": 404, "owner": 200, "moderator": 200}

    async def test_of_a_deleted_one_the_place_is_left(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        post_id = await make.post()
        comment_id = await make.comment(post_id)
        await make.comment(post_id, parent=comment_id)
        await connection.execute("UPDATE comments SET deleted_at = now() WHERE id = $1", comment_id)
        comment = (await client.get(f"/comments/{comment_id}")).json()
        assert (comment["is_deleted"], comment["content"], comment["author"]) == (True, None, None)
        assert comment["reply_count"] == 1
