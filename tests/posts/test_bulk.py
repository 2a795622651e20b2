"""createPosts and deletePosts: all of them or none."""

from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.committed import Committed, at_once
from tests.contract.requests import fingerprint
from tests.factories import Factory, Member

NOWHERE = "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"
TEXT = "It weaves algebraical patterns."


def drafts(*titles: str, **members: Any) -> dict[str, Any]:
    return {"posts": [{"title": title, "content": TEXT, **members} for title in titles]}


@pytest.mark.actor("user")
class TestCreatePosts:
    async def test_writes_all_in_their_order(self, client: AsyncClient) -> None:
        titles = [f"The engine weaves {number}" for number in range(100)]
        answer = await client.post("/posts/bulk", json=drafts(*titles, tags=[" Looms", "engines"]))
        assert answer.status_code == 201
        items = answer.json()["items"]
        assert [item["title"] for item in items] == titles
        assert {item["status"] for item in items} == {"draft"}
        assert all(item["tags"] == ["looms", "engines"] for item in items)
        assert len({item["slug"] for item in items}) == 100
        listed = await client.get(answer.headers["location"].removeprefix("/api/v1") + "&limit=100")
        assert {item["id"] for item in listed.json()["items"]} == {item["id"] for item in items}

    async def test_writes_what_create_post_would(self, client: AsyncClient) -> None:
        one = (await client.post("/posts", json=drafts("The first engine")["posts"][0])).json()
        (other,) = (await client.post("/posts/bulk", json=drafts("The other engine"))).json()["items"]
        whole = (await client.get(f"/posts/{other['id']}")).json()
        varying = {"id", "title", "slug", "created_at", "updated_at"}
        assert {name: value for name, value in whole.items() if name not in varying} == {
            name: value for name, value in one.items() if name not in varying
        }

    async def test_gives_each_a_slug_of_its_own(self, client: AsyncClient, make: Factory) -> None:
        await make.post(slug="the-engine-weaves")
        answer = await client.post("/posts/bulk", json=drafts(*["The engine weaves"] * 6))
        slugs = [item["slug"] for item in answer.json()["items"]]
        assert slugs[:3] == [f"the-engine-weaves-{number}" for number in (2, 3, 4)]
        assert len(set(slugs)) == 6

    @pytest.mark.parametrize("place", [0, 1, 2])
    async def test_with_one_bad_entry_writes_nothing(
        self, client: AsyncClient, connection: Connection, place: int
    ) -> None:
        body = drafts("The first engine", "The second engine", "The third engine", tags=["looms"])
        body["posts"][place]["title"] = "No"
        before = await fingerprint(connection)
        answer = await client.post("/posts/bulk", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/posts/{place}/title")
        assert await fingerprint(connection) == before

    async def test_with_entries_that_only_the_database_refuses_writes_nothing(
        self, client: AsyncClient, connection: Connection
    ) -> None:
        await connection.execute("ALTER TABLE posts ADD CONSTRAINT fit CHECK (title NOT LIKE '%flies')")
        before = await fingerprint(connection)
        titles = [f"The engine {'flies' if number in {3, 58} else number}" for number in range(60)]
        answer = await client.post("/posts/bulk", json=drafts(*titles, tags=["looms"]))
        assert answer.status_code == 422
        found = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
        assert found == [("/posts/3", "not_storable"), ("/posts/58", "not_storable")]
        assert await fingerprint(connection) == before

    @pytest.mark.parametrize("number", [0, 101])
    async def test_takes_one_to_a_hundred(self, client: AsyncClient, number: int) -> None:
        answer = await client.post("/posts/bulk", json=drafts(*["The engine weaves"] * number))
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/posts")

    async def test_names_unknown_members_where_they_are(self, client: AsyncClient) -> None:
        body = drafts("The first engine", "The second engine")
        body["posts"][1]["status"] = "published"
        answer = await client.post("/posts/bulk", json=body)
        assert answer.json()["errors"][0]["pointer"] == "/posts/1/status"

    async def test_takes_tags_that_are_ten_of_fifty_characters(self, client: AsyncClient) -> None:
        tags = [f"{number}{'a' * 49}" for number in range(10)]
        answer = await client.post("/posts/bulk", json=drafts("The first engine", "The second engine", tags=tags))
        assert [item["tags"] for item in answer.json()["items"]] == [tags, tags]
        refused = await client.post("/posts/bulk", json=drafts("The engine weaves", tags=["\N{PILE OF POO}" * 50]))
        assert refused.json()["errors"][0]["pointer"] == "/posts/0/tags/0"


class TestCreatePostsAtOnce:
    async def test_two_batches_of_the_same_titles_share_no_slug(self, committed: Committed) -> None:
        members = [await committed.make.member() for _ in range(4)]
        body = drafts(*[f"The engine {number}" for number in range(20)], tags=["looms", "engines"])
        turned = {"posts": body["posts"][::-1]}
        answers = await at_once(
            committed.client.post("/posts/bulk", json=turned if number % 2 else body, headers=member.headers)
            for number, member in enumerate(members)
        )
        assert {answer.status_code for answer in answers} <= {201, 503}
        written = [item["slug"] for answer in answers if answer.status_code == 201 for item in answer.json()["items"]]
        assert len(written) == len(set(written)) >= 20
        assert await committed.connection.fetchval("SELECT count(*) FROM posts") == len(written)


@pytest.fixture
async def author(make: Factory) -> Member:
    return await make.member()


async def count_of(connection: Connection, author: Member) -> int:
    return await connection.fetchval("SELECT post_count FROM users WHERE id = $1", author.id)


class TestDeletePosts:
    async def test_deletes_all_with_what_hangs_on_them(
        self, client: AsyncClient, make: Factory, author: Member, connection: Connection
    ) -> None:
        ids = [
            await make.post(author, tags=["looms"]),
            await make.post(author, status="draft"),
            await make.post(author),
        ]
        await make.tag("looms", post_count=1)
        await connection.execute("UPDATE users SET post_count = 2 WHERE id = $1", author.id)
        await make.comment(ids[0])
        answer = await client.post("/posts/bulk-delete", json={"ids": [*map(str, ids)]}, headers=author.headers)
        assert (answer.status_code, answer.content) == (204, b"")
        for table in ("posts", "comments", "post_slugs"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - Names of ours.
        assert await connection.fetchval("SELECT post_count FROM tags") == 0
        assert await count_of(connection, author) == 0

    async def test_points_at_every_unknown_one_and_deletes_nothing(
        self, client: AsyncClient, make: Factory, author: Member, connection: Connection
    ) -> None:
        mine, hidden = await make.post(author), await make.post(status="draft")
        before = await fingerprint(connection)
        ids = [str(mine), NOWHERE, str(hidden), NOWHERE]
        answer = await client.post("/posts/bulk-delete", json={"ids": ids}, headers=author.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/ids/1", "/ids/2", "/ids/3"]
        assert await fingerprint(connection) == before

    async def test_points_at_every_foreign_one_and_deletes_nothing(
        self, client: AsyncClient, make: Factory, author: Member, connection: Connection
    ) -> None:
        mine, foreign = await make.post(author), await make.post()
        before = await fingerprint(connection)
        ids = [str(mine), str(foreign)]
        answer = await client.post("/posts/bulk-delete", json={"ids": ids}, headers=author.headers)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (403, "/ids/1")
        assert await fingerprint(connection) == before

    @pytest.mark.actor("moderator")
    async def test_lets_moderators_delete_anybodys(self, client: AsyncClient, make: Factory) -> None:
        ids = [str(await make.post()), str(await make.post(status="draft"))]
        assert (await client.post("/posts/bulk-delete", json={"ids": ids})).status_code == 204

    async def test_counts_a_repeated_id_once(
        self, client: AsyncClient, make: Factory, author: Member, connection: Connection
    ) -> None:
        await connection.execute("UPDATE users SET post_count = 5 WHERE id = $1", author.id)
        post_id = str(await make.post(author))
        answer = await client.post(
            "/posts/bulk-delete", json={"ids": [post_id, post_id.upper()]}, headers=author.headers
        )
        assert answer.status_code == 204
        assert await count_of(connection, author) == 4

    async def test_takes_one_to_a_hundred(self, client: AsyncClient, author: Member) -> None:
        for ids in ([], [NOWHERE] * 101, [NOWHERE, "no id"]):
            answer = await client.post("/posts/bulk-delete", json={"ids": ids}, headers=author.headers)
            assert answer.json()["errors"][0]["pointer"] == ("/ids/1" if len(ids) == 2 else "/ids")

    async def test_and_deletion_at_once_count_once(self, committed: Committed) -> None:
        author = await committed.make.member()
        ids: list[UUID] = [await committed.make.post(author) for _ in range(20)]
        await committed.connection.execute("UPDATE users SET post_count = 20")
        body = {"ids": [*map(str, ids)]}
        answers = await at_once(
            committed.client.post("/posts/bulk-delete", json=body, headers=author.headers) for _ in range(4)
        )
        assert sorted(answer.status_code for answer in answers) == [204, 404, 404, 404]
        assert await committed.connection.fetchval("SELECT post_count FROM users WHERE id = $1", author.id) == 0
