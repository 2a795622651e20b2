"""updateComment and deleteComment."""

from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.factories import Factory, Member

PATCH = {"Content-Type": "application/merge-patch+json"}
ANY = {"If-Match": "*"}
TEXT = {"content": "Punched cards, of course."}
LEFT = "SELECT id, deleted_at IS NOT NULL AS is_deleted FROM comments WHERE post_id = $1 ORDER BY depth, id"
COUNT = (
    "UPDATE posts SET comment_count = (SELECT count(*) FROM comments WHERE post_id = posts.id AND deleted_at IS NULL)"
)


async def left(connection: Connection, post_id: UUID) -> list[tuple[UUID, bool]]:
    """Return which comments are left, and whether only their place is."""
    return [(row["id"], row["is_deleted"]) for row in await connection.fetch(LEFT, post_id)]


async def counted(connection: Connection, post_id: UUID) -> int:
    return await connection.fetchval("SELECT comment_count FROM posts WHERE id = $1", post_id)


@pytest.fixture
async def post_id(make: Factory) -> UUID:
    return await make.post()


class TestUpdateComment:
    @pytest.mark.actor("user")
    async def test_changes_the_text(self, client: AsyncClient, make: Factory, actor: Member, post_id: UUID) -> None:
        comment_id = await make.comment(post_id, actor)
        tag = (await client.get(f"/comments/{comment_id}")).headers["etag"]
        answer = await client.patch(f"/comments/{comment_id}", json=TEXT, headers=PATCH | {"If-Match": tag})
        assert answer.status_code == 200
        assert (answer.json()["content"], answer.json()["version"]) == (TEXT["content"], 2)
        again = await client.get(f"/comments/{comment_id}")
        assert (again.json(), again.headers["etag"]) == (answer.json(), answer.headers["etag"])
        stale = await client.patch(f"/comments/{comment_id}", json=TEXT, headers=PATCH | {"If-Match": tag})
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")

    @pytest.mark.actor("user")
    async def test_a_like_in_between_does_not_stop_it(
        self, client: AsyncClient, make: Factory, actor: Member, post_id: UUID
    ) -> None:
        comment_id = await make.comment(post_id, actor)
        tag = (await client.get(f"/comments/{comment_id}")).headers["etag"]
        await client.put(f"/comments/{comment_id}/like")
        answer = await client.patch(f"/comments/{comment_id}", json=TEXT, headers=PATCH | {"If-Match": tag})
        assert (answer.status_code, answer.json()["likes"]) == (200, 1)

    @pytest.mark.actor("moderator")
    async def test_of_others_is_403_even_for_moderators(
        self, client: AsyncClient, make: Factory, post_id: UUID
    ) -> None:
        comment_id = await make.comment(post_id)
        answer = await client.patch(f"/comments/{comment_id}", json=TEXT, headers=PATCH | ANY)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")

    @pytest.mark.actor("user")
    async def test_below_a_post_that_must_not_be_seen_is_404(
        self, client: AsyncClient, make: Factory, actor: Member
    ) -> None:
        comment_id = await make.comment(await make.post(status="archived"), actor)
        answer = await client.patch(f"/comments/{comment_id}", json=TEXT, headers=PATCH | ANY)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    @pytest.mark.actor("user")
    async def test_a_deleted_one_is_404(
        self, client: AsyncClient, make: Factory, actor: Member, connection: Connection, post_id: UUID
    ) -> None:
        comment_id = await make.comment(post_id, actor)
        await make.comment(post_id, parent=comment_id)
        await connection.execute("UPDATE comments SET deleted_at = now() WHERE id = $1", comment_id)
        answer = await client.patch(f"/comments/{comment_id}", json=TEXT, headers=PATCH | ANY)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    @pytest.mark.actor("user")
    @pytest.mark.parametrize("patch", [{}, {"content": None}, {"content": "four"}, {"likes": 7}])
    async def test_a_wrong_patch_is_422(
        self, client: AsyncClient, make: Factory, actor: Member, post_id: UUID, patch: dict[str, object]
    ) -> None:
        comment_id = await make.comment(post_id, actor)
        answer = await client.patch(f"/comments/{comment_id}", json=patch, headers=PATCH | ANY)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        assert (await client.get(f"/comments/{comment_id}")).json()["version"] == 1


class TestDeleteComment:
    @pytest.mark.actor("user")
    async def test_without_answers_it_is_gone(
        self, client: AsyncClient, make: Factory, actor: Member, connection: Connection, post_id: UUID
    ) -> None:
        comment_id, other = await make.comment(post_id, actor), await make.comment(post_id)
        await client.put(f"/comments/{comment_id}/like")
        await connection.execute(COUNT)
        tag = (await client.get(f"/comments/{comment_id}")).headers["etag"]
        answer = await client.delete(f"/comments/{comment_id}", headers={"If-Match": tag})
        assert (answer.status_code, answer.content) == (204, b"")
        assert await left(connection, post_id) == [(other, False)]
        assert await counted(connection, post_id) == 1
        again = await client.delete(f"/comments/{comment_id}", headers=ANY)
        assert (again.status_code, again.json()["code"]) == (404, "not_found")
        assert await counted(connection, post_id) == 1

    @pytest.mark.actor("user")
    async def test_with_answers_its_place_is_left_and_its_text_and_likes_are_erased(
        self, client: AsyncClient, make: Factory, actor: Member, connection: Connection, post_id: UUID
    ) -> None:
        comment_id = await make.comment(post_id, actor)
        answer_id = await make.comment(post_id, parent=comment_id)
        await client.put(f"/comments/{comment_id}/like")
        await connection.execute(COUNT)
        assert (await client.delete(f"/comments/{comment_id}", headers=ANY)).status_code == 204
        assert await left(connection, post_id) == [(comment_id, True), (answer_id, False)]
        assert await counted(connection, post_id) == 1
        place = (await client.get(f"/comments/{comment_id}")).json()
        assert (place["is_deleted"], place["content"], place["author"], place["likes"]) == (True, None, None, 0)
        assert place["updated_at"] >= place["created_at"]
        row = await connection.fetchrow("SELECT content FROM comments WHERE id = $1", comment_id)
        assert row is not None
        assert row["content"] == ""
        assert await connection.fetchval("SELECT count(*) FROM comment_likes") == 0
        again = await client.delete(f"/comments/{comment_id}", headers=ANY)
        assert (again.status_code, again.json()["code"]) == (404, "not_found")
        assert await counted(connection, post_id) == 1

    @pytest.mark.actor("moderator")
    async def test_places_above_go_with_the_last_answer(
        self, client: AsyncClient, make: Factory, connection: Connection, post_id: UUID
    ) -> None:
        path: list[UUID] = []
        for _ in range(5):
            path.append(await make.comment(post_id, parent=path[-1] if path else None))
        beside = await make.comment(post_id, parent=path[3])
        await connection.execute(COUNT)
        # The third lives; the places of the second and the fourth are left.
        for number in (1, 3):
            assert (await client.delete(f"/comments/{path[number]}", headers=ANY)).status_code == 204
        assert await client.delete(f"/comments/{path[4]}", headers=ANY)
        places = [(path[0], False), (path[1], True), (path[2], False), (path[3], True), (beside, False)]
        assert await left(connection, post_id) == places
        assert (await client.delete(f"/comments/{beside}", headers=ANY)).status_code == 204
        # With the last answer goes the fourth, but not the second: the third still answers it.
        assert await left(connection, post_id) == places[:3]
        assert await counted(connection, post_id) == 2
        assert (await client.delete(f"/comments/{path[2]}", headers=ANY)).status_code == 204
        assert await left(connection, post_id) == [(path[0], False)]
        assert (await client.delete(f"/comments/{path[0]}", headers=ANY)).status_code == 204
        assert (await left(connection, post_id), await counted(connection, post_id)) == ([], 0)

    @pytest.mark.actor("moderator")
    async def test_a_whole_thread_of_places_goes_at_once(
        self, client: AsyncClient, make: Factory, connection: Connection, post_id: UUID
    ) -> None:
        path: list[UUID] = []
        for _ in range(5):
            path.append(await make.comment(post_id, parent=path[-1] if path else None))
        await connection.execute(COUNT)
        for comment_id in path:
            assert (await client.delete(f"/comments/{comment_id}", headers=ANY)).status_code == 204
        assert (await left(connection, post_id), await counted(connection, post_id)) == ([], 0)

    @pytest.mark.actor("user")
    async def test_of_others_is_403(
        self, client: AsyncClient, make: Factory, connection: Connection, post_id: UUID
    ) -> None:
        comment_id = await make.comment(post_id)
        answer = await client.delete(f"/comments/{comment_id}", headers=ANY)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert await left(connection, post_id) == [(comment_id, False)]

    @pytest.mark.actor("user")
    async def test_the_author_of_the_post_does_not_delete_what_others_say(
        self, client: AsyncClient, make: Factory, actor: Member
    ) -> None:
        comment_id = await make.comment(await make.post(actor))
        assert (await client.delete(f"/comments/{comment_id}", headers=ANY)).status_code == 403

    @pytest.mark.actor("user")
    async def test_a_stale_tag_is_412(
        self, client: AsyncClient, make: Factory, actor: Member, connection: Connection, post_id: UUID
    ) -> None:
        comment_id = await make.comment(post_id, actor, version=2)
        answer = await client.delete(f"/comments/{comment_id}", headers={"If-Match": '"1-00000000"'})
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
        assert await left(connection, post_id) == [(comment_id, False)]

    @pytest.mark.actor("user")
    async def test_below_a_post_that_must_not_be_seen_is_404(
        self, client: AsyncClient, make: Factory, actor: Member
    ) -> None:
        comment_id = await make.comment(await make.post(status="draft"), actor)
        answer = await client.delete(f"/comments/{comment_id}", headers=ANY)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
