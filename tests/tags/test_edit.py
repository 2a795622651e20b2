"""updateTag and deleteTag."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient, Response

from app.sql import Connection
from tests.factories import Factory

PATCH = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}


async def patch(client: AsyncClient, tag_id: UUID, body: dict[str, Any], **headers: str) -> Response:
    given = PATCH | {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.patch(f"/tags/{tag_id}", json=body, headers=given)


@pytest.mark.actor("manager")
class TestUpdateTag:
    async def test_what_is_absent_stays_and_null_clears(self, client: AsyncClient, make: Factory) -> None:
        tag_id = await make.tag("looms", color="#112233", description="What weaves.")
        answer = await patch(client, tag_id, {"description": None})
        assert answer.status_code == 200
        tag = answer.json()
        assert (tag["name"], tag["color"], tag["description"]) == ("looms", "#112233", None)
        assert tag["version"] == 2
        assert answer.headers["etag"] == (await client.get(f"/tags/{tag_id}")).headers["etag"]

    async def test_a_new_name_is_written_into_every_post(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        tag_id = await make.tag("looms", post_count=1)
        await make.tag("cards")
        ids = [
            await make.post(tags=["cards", "looms"]),
            await make.post(tags=["looms"], status="draft"),
            await make.post(tags=["cards"]),
        ]
        before = await connection.fetchval("SELECT updated_at FROM posts WHERE id = $1", ids[0])
        answer = await patch(client, tag_id, {"name": "weaving"})
        assert (answer.json()["name"], answer.json()["post_count"]) == ("weaving", 1)
        rows = await connection.fetch("SELECT tags, version FROM posts ORDER BY id")
        found = [(row["tags"], row["version"]) for row in rows]
        assert found == [(["cards", "weaving"], 2), (["weaving"], 2), (["cards"], 1)]
        assert await connection.fetchval("SELECT updated_at FROM posts WHERE id = $1", ids[0]) == before
        listed = await client.get("/posts", params={"tag": "weaving"})
        assert [post["id"] for post in listed.json()["items"]] == [str(ids[0])]

    async def test_an_author_with_the_old_name_on_the_desk_gets_412(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        author = await make.member()
        tag_id = await make.tag("looms")
        post_id = await make.post(author, tags=["looms"])
        etag = (await client.get(f"/posts/{post_id}")).headers["etag"]
        await patch(client, tag_id, {"name": "weaving"})
        stale = await client.patch(
            f"/posts/{post_id}", json={"tags": ["looms"]}, headers=PATCH | author.headers | {"If-Match": etag}
        )
        assert stale.status_code == 412
        assert await connection.fetchval("SELECT array_agg(name) FROM tags") == ["weaving"]

    async def test_a_taken_name_is_409_and_changes_nothing(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        tag_id = await make.tag("looms")
        await make.tag("cards")
        await make.post(tags=["looms"])
        answer = await patch(client, tag_id, {"name": "cards", "color": "#000000"})
        assert (answer.status_code, answer.json()["code"]) == (409, "tag_taken")
        assert await connection.fetchval("SELECT tags FROM posts") == ["looms"]
        assert await connection.fetchval("SELECT count(*) FROM tags WHERE color = '#000000'") == 0

    async def test_its_own_name_is_free(self, client: AsyncClient, make: Factory, connection: Connection) -> None:
        tag_id = await make.tag("looms")
        await make.post(tags=["looms"])
        answer = await patch(client, tag_id, {"name": "looms", "color": "#abcdef"})
        assert (answer.status_code, answer.json()["color"]) == (200, "#abcdef")
        assert await connection.fetchval("SELECT version FROM posts") == 1

    async def test_a_stale_etag_is_412(self, client: AsyncClient, make: Factory, connection: Connection) -> None:
        tag_id = await make.tag("looms")
        etag = (await client.get(f"/tags/{tag_id}")).headers["etag"]
        first = await patch(client, tag_id, {"color": "#111111"}, If_Match=etag)
        second = await patch(client, tag_id, {"color": "#222222"}, If_Match=etag)
        assert (first.status_code, second.status_code) == (200, 412)
        assert await connection.fetchval("SELECT color FROM tags") == "#111111"

    async def test_without_if_match_is_428(self, client: AsyncClient, make: Factory) -> None:
        tag_id = await make.tag("looms")
        headers = {"Content-Type": PATCH["Content-Type"]}
        answer = await client.patch(f"/tags/{tag_id}", json={"color": "#111111"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (428, "precondition_required")

    @pytest.mark.parametrize("body", [{}, {"name": None}, {"name": "Two Words"}, {"color": "#12345"}, {"id": "x"}])
    async def test_what_the_contract_does_not_allow_is_422(
        self, client: AsyncClient, make: Factory, connection: Connection, body: dict[str, Any]
    ) -> None:
        tag_id = await make.tag("looms")
        assert (await patch(client, tag_id, body)).status_code == 422
        assert await connection.fetchval("SELECT version FROM tags") == 1

    async def test_unknown_is_404(self, client: AsyncClient) -> None:
        assert (await patch(client, uuid4(), {"color": "#111111"})).status_code == 404

    async def test_authors_may_not(self, client: AsyncClient, make: Factory) -> None:
        tag_id = await make.tag("looms")
        author = await make.member()
        answer = await patch(client, tag_id, {"color": "#111111"}, **author.headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


@pytest.mark.actor("manager")
class TestDeleteTag:
    async def test_is_taken_off_every_post(self, client: AsyncClient, make: Factory, connection: Connection) -> None:
        tag_id = await make.tag("looms", post_count=1)
        await make.tag("cards", post_count=1)
        await make.post(tags=["looms", "cards"])
        await make.post(tags=["looms"], status="draft")
        answer = await client.delete(f"/tags/{tag_id}", headers={"If-Match": "*"})
        assert (answer.status_code, answer.content) == (204, b"")
        rows = await connection.fetch("SELECT tags, version FROM posts ORDER BY id")
        assert [(row["tags"], row["version"]) for row in rows] == [(["cards"], 2), ([], 2)]
        rows = await connection.fetch("SELECT name, post_count FROM tags")
        assert [tuple(row) for row in rows] == [("cards", 1)]

    async def test_repeated_is_404(self, client: AsyncClient, make: Factory) -> None:
        tag_id = await make.tag("looms")
        answers = [await client.delete(f"/tags/{tag_id}", headers={"If-Match": "*"}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [204, 404]

    async def test_needs_the_current_etag(self, client: AsyncClient, make: Factory, connection: Connection) -> None:
        tag_id = await make.tag("looms")
        etag = (await client.get(f"/tags/{tag_id}")).headers["etag"]
        assert (await client.delete(f"/tags/{tag_id}")).status_code == 428
        await patch(client, tag_id, {"color": "#111111"})
        assert (await client.delete(f"/tags/{tag_id}", headers={"If-Match": etag})).status_code == 412
        assert await connection.fetchval("SELECT count(*) FROM tags") == 1

    async def test_authors_and_strangers_may_not(self, client: AsyncClient, make: Factory) -> None:
        tag_id = await make.tag("looms")
        author = await make.member()
        headers = {"If-Match": "*"}
        assert (await client.delete(f"/tags/{tag_id}", headers=headers | author.headers)).status_code == 403
        client.headers.pop("Authorization")
        assert (await client.delete(f"/tags/{tag_id}", headers=headers)).status_code == 401
