"""createComment."""

from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.ids import new_id
from app.sql import Connection
from tests.factories import Factory, Member

WORDS = "Looms, yes: but who weaves the cards?"
pytestmark = pytest.mark.actor("user")


async def counted(connection: Connection, post_id: UUID) -> int:
    return await connection.fetchval("SELECT comment_count FROM posts WHERE id = $1", post_id)


class TestCreateComment:
    async def test_answers_a_post(
        self, client: AsyncClient, make: Factory, actor: Member, connection: Connection
    ) -> None:
        post_id = await make.post()
        answer = await client.post(f"/posts/{post_id}/comments", json={"content": f"  {WORDS}\n"})
        assert answer.status_code == 201
        comment = answer.json()
        assert comment["content"] == WORDS
        assert comment["author"] == {"username": actor.username, "full_name": None, "avatar_url": None}
        assert (comment["post_id"], comment["parent_id"], comment["depth"]) == (str(post_id), None, 1)
        assert (comment["likes"], comment["reply_count"], comment["version"]) == (0, 0, 1)
        assert comment["is_deleted"] is False
        assert answer.headers["location"] == f"/api/v1/comments/{comment['id']}"
        again = await client.get(f"/comments/{comment['id']}")
        assert (again.json(), again.headers["etag"]) == (comment, answer.headers["etag"])
        assert await counted(connection, post_id) == 1

    async def test_answers_a_comment(self, client: AsyncClient, make: Factory, connection: Connection) -> None:
        post_id = await make.post()
        parent_id = await make.comment(post_id)
        draft = {"content": WORDS, "parent_id": str(parent_id)}
        answer = await client.post(f"/posts/{post_id}/comments", json=draft)
        assert answer.status_code == 201
        assert (answer.json()["parent_id"], answer.json()["depth"]) == (str(parent_id), 2)
        parent = await client.get(f"/comments/{parent_id}")
        assert parent.json()["reply_count"] == 1
        row = await connection.fetchrow("SELECT root_id FROM comments WHERE id = $1", UUID(answer.json()["id"]))
        assert row is not None
        assert row["root_id"] == parent_id

    async def test_null_as_parent_answers_the_post(self, client: AsyncClient, make: Factory) -> None:
        answer = await client.post(f"/posts/{await make.post()}/comments", json={"content": WORDS, "parent_id": None})
        assert (answer.status_code, answer.json()["parent_id"]) == (201, None)

    async def test_an_answer_to_the_fifth_level_joins_it(self, client: AsyncClient, make: Factory) -> None:
        post_id = await make.post()
        path: list[str | None] = [None]
        places: list[tuple[int, str | None]] = []
        for _ in range(7):
            draft = {"content": WORDS, "parent_id": path[-1]}
            comment = (await client.post(f"/posts/{post_id}/comments", json=draft)).json()
            places.append((comment["depth"], comment["parent_id"]))
            path.append(comment["id"])
        # The sixth answers the fifth and the seventh the sixth, but both stand beside the fifth, below the fourth.
        assert places == [*((depth, path[depth - 1]) for depth in range(1, 6)), (5, path[4]), (5, path[4])]
        fourth = await client.get(f"/comments/{path[4]}")
        assert fourth.json()["reply_count"] == 3

    async def test_of_nothing_is_404(self, client: AsyncClient) -> None:
        answer = await client.post(f"/posts/{new_id()}/comments", json={"content": WORDS})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    @pytest.mark.parametrize("status", ["draft", "archived"])
    async def test_a_post_that_must_not_be_seen_is_404(self, client: AsyncClient, make: Factory, status: str) -> None:
        post_id = await make.post(status=status)
        answer = await client.post(f"/posts/{post_id}/comments", json={"content": WORDS})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    @pytest.mark.parametrize("status", ["draft", "archived"])
    async def test_ones_own_unpublished_post_is_409(
        self, client: AsyncClient, make: Factory, actor: Member, connection: Connection, status: str
    ) -> None:
        post_id = await make.post(actor, status=status)
        answer = await client.post(f"/posts/{post_id}/comments", json={"content": WORDS})
        assert (answer.status_code, answer.json()["code"]) == (409, "post_not_published")
        assert await counted(connection, post_id) == 0

    @pytest.mark.actor("moderator")
    async def test_a_moderator_sees_that_a_post_is_not_published(self, client: AsyncClient, make: Factory) -> None:
        answer = await client.post(f"/posts/{await make.post(status='draft')}/comments", json={"content": WORDS})
        assert (answer.status_code, answer.json()["code"]) == (409, "post_not_published")

    @pytest.mark.parametrize("parent", ["unknown", "of another post"])
    async def test_a_parent_that_the_post_does_not_have_is_422(
        self, client: AsyncClient, make: Factory, connection: Connection, parent: str
    ) -> None:
        post_id = await make.post()
        parent_id = await make.comment(await make.post()) if parent == "of another post" else new_id()
        draft = {"content": WORDS, "parent_id": str(parent_id)}
        answer = await client.post(f"/posts/{post_id}/comments", json=draft)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [
            ("/parent_id", "unknown_parent")
        ]
        assert await counted(connection, post_id) == 0
        assert await connection.fetchval("SELECT count(*) FROM comments WHERE post_id = $1", post_id) == 0

    async def test_a_deleted_parent_is_409(self, client: AsyncClient, make: Factory, connection: Connection) -> None:
        post_id = await make.post()
        parent_id = await make.comment(post_id)
        await make.comment(post_id, parent=parent_id)
        await connection.execute("UPDATE comments SET deleted_at = now() WHERE id = $1", parent_id)
        draft = {"content": WORDS, "parent_id": str(parent_id)}
        answer = await client.post(f"/posts/{post_id}/comments", json=draft)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert await counted(connection, post_id) == 0

    @pytest.mark.parametrize(
        ("draft", "pointer"),
        [
            ({}, "/content"),
            ({"content": "four"}, "/content"),
            ({"content": "   4 2   "}, "/content"),
            ({"content": "x" * 1001}, "/content"),
            ({"content": None}, "/content"),
            ({"content": WORDS, "parent_id": "1"}, "/parent_id"),
            ({"content": WORDS, "author": "ada"}, "/author"),
        ],
    )
    async def test_a_wrong_value_is_named(
        self, client: AsyncClient, make: Factory, draft: dict[str, Any], pointer: str
    ) -> None:
        answer = await client.post(f"/posts/{await make.post()}/comments", json=draft)
        assert answer.status_code == 422
        assert pointer in {error["pointer"] for error in answer.json()["errors"]}

    async def test_the_longest_and_the_shortest_text_fit(self, client: AsyncClient, make: Factory) -> None:
        post_id = await make.post()
        for text in ("fives", "é" * 1000):
            answer = await client.post(f"/posts/{post_id}/comments", json={"content": text})
            assert (answer.status_code, answer.json()["content"]) == (201, text)

    async def test_needs_credentials_and_the_write_scope(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        post_id = await make.post()
        client.headers.pop("authorization")
        answer = await client.post(f"/posts/{post_id}/comments", json={"content": WORDS})
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        reader = await make.member(scopes=frozenset({"posts:write"}))
        answer = await client.post(f"/posts/{post_id}/comments", json={"content": WORDS}, headers=reader.headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert await counted(connection, post_id) == 0

    async def test_a_retry_with_the_same_key_writes_once(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        post_id = await make.post()
        key = {"Idempotency-Key": "loom-1"}
        first = await client.post(f"/posts/{post_id}/comments", json={"content": WORDS}, headers=key)
        again = await client.post(f"/posts/{post_id}/comments", json={"content": WORDS}, headers=key)
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotent-replayed"] == "true"
        assert await counted(connection, post_id) == 1
        other = await client.post(f"/posts/{post_id}/comments", json={"content": f"{WORDS}?"}, headers=key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")

    async def test_a_key_is_good_for_one_post(self, client: AsyncClient, make: Factory) -> None:
        key = {"Idempotency-Key": "loom-1"}
        answers = [
            await client.post(f"/posts/{await make.post()}/comments", json={"content": WORDS}, headers=key)
            for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json()["post_id"] != answers[1].json()["post_id"]
        assert "idempotent-replayed" not in answers[1].headers
