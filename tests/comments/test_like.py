"""likeComment and unlikeComment."""

from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.factories import Factory, Member


@pytest.fixture
async def comment_id(make: Factory) -> UUID:
    return await make.comment(await make.post())


async def likes(client: AsyncClient, comment_id: UUID) -> int:
    return (await client.get(f"/comments/{comment_id}")).json()["likes"]


class TestLikeComment:
    async def test_counts_once_per_member(self, client: AsyncClient, make: Factory, comment_id: UUID) -> None:
        members = [await make.member() for _ in range(3)]
        for member in [*members, members[0]]:
            answer = await client.put(f"/comments/{comment_id}/like", headers=member.headers)
            assert (answer.status_code, answer.content) == (204, b"")
        assert await likes(client, comment_id) == 3

    @pytest.mark.actor("user")
    async def test_is_no_edit(self, client: AsyncClient, comment_id: UUID) -> None:
        before = (await client.get(f"/comments/{comment_id}")).json()
        await client.put(f"/comments/{comment_id}/like")
        after = (await client.get(f"/comments/{comment_id}")).json()
        assert after == before | {"likes": 1}

    @pytest.mark.actor("user")
    async def test_below_a_post_that_must_not_be_seen_is_404(
        self, client: AsyncClient, make: Factory, actor: Member
    ) -> None:
        comment_id = await make.comment(await make.post(status="archived"), actor)
        for answer in (
            await client.put(f"/comments/{comment_id}/like"),
            await client.delete(f"/comments/{comment_id}/like"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    @pytest.mark.actor("user")
    async def test_below_ones_own_unpublished_post_is_409(
        self, client: AsyncClient, make: Factory, actor: Member
    ) -> None:
        comment_id = await make.comment(await make.post(actor, status="archived"))
        answer = await client.put(f"/comments/{comment_id}/like")
        assert (answer.status_code, answer.json()["code"]) == (409, "post_not_published")
        assert await likes(client, comment_id) == 0


class TestUnlikeComment:
    @pytest.mark.actor("user")
    async def test_is_possible_when_the_post_is_no_longer_published(
        self, client: AsyncClient, make: Factory, actor: Member, connection: Connection
    ) -> None:
        comment_id = await make.comment(await make.post(actor))
        await client.put(f"/comments/{comment_id}/like")
        await connection.execute("UPDATE posts SET status = 'archived'")
        assert (await client.delete(f"/comments/{comment_id}/like")).status_code == 204
        assert await likes(client, comment_id) == 0

    @pytest.mark.actor("user")
    async def test_takes_only_ones_own_like_back(
        self, client: AsyncClient, make: Factory, connection: Connection, comment_id: UUID
    ) -> None:
        other = await make.member()
        await client.put(f"/comments/{comment_id}/like", headers=other.headers)
        assert (await client.delete(f"/comments/{comment_id}/like")).status_code == 204
        assert await likes(client, comment_id) == 1
        await client.put(f"/comments/{comment_id}/like")
        for _ in range(2):
            assert (await client.delete(f"/comments/{comment_id}/like")).status_code == 204
        assert await likes(client, comment_id) == 1
        assert [row["user_id"] for row in await connection.fetch("SELECT user_id FROM comment_likes")] == [other.id]

    @pytest.mark.actor("user")
    async def test_a_deleted_one_is_404_like_liking_it(
        self, client: AsyncClient, connection: Connection, comment_id: UUID
    ) -> None:
        await connection.execute("UPDATE comments SET deleted_at = now() WHERE id = $1", comment_id)
        assert (await client.put(f"/comments/{comment_id}/like")).status_code == 404
        assert (await client.delete(f"/comments/{comment_id}/like")).status_code == 404
