"""listTags, getTag and createTag."""

from collections.abc import Sequence
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.factories import Factory

NAMES = ["algebra", "cards", "engines", "flowers", "leaves", "looms", "weaving"]


def names(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [tag["name"] for tag in answer["items"]]


class TestListTags:
    @pytest.fixture(autouse=True)
    async def seven_tags(self, make: Factory) -> None:
        # Made in another order than any of the list's; two share a count.
        for name, count in zip(NAMES[::2] + NAMES[1::2], (3, 1, 4, 1, 5, 9, 2), strict=True):
            await make.tag(name, post_count=count)

    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            (None, NAMES),
            ("name", NAMES),
            ("-name", NAMES[::-1]),
            ("-post_count", ["flowers", "cards", "leaves", "algebra", "looms"]),
        ],
    )
    async def test_is_in_the_order_asked_for(
        self, client: AsyncClient, sort: str | None, expected: Sequence[str]
    ) -> None:
        answer = await client.get("/tags", params={"sort": sort} if sort else {})
        assert answer.status_code == 200
        found = names(answer.json())
        if sort == "-post_count":
            counts = [tag["post_count"] for tag in answer.json()["items"]]
            assert counts == [9, 5, 4, 3, 2, 1, 1]
        else:
            assert found == expected
        assert sorted(found) == NAMES

    @pytest.mark.parametrize("sort", ["name", "-name", "-post_count"])
    async def test_cursors_lead_forward_and_back_through_all(self, client: AsyncClient, sort: str) -> None:
        whole = names((await client.get("/tags", params={"sort": sort})).json())
        pages: list[list[str]] = []
        cursor, last = None, ""
        while cursor or not pages:
            params = {"sort": sort, "limit": "3"} | ({"cursor": cursor} if cursor else {})
            answer = (await client.get("/tags", params=params)).json()
            pages.append(names(answer))
            cursor, last = answer["page"]["next_cursor"], answer["page"]["previous_cursor"] or last
        assert pages == [whole[:3], whole[3:6], whole[6:]]
        back = (await client.get("/tags", params={"sort": sort, "limit": "3", "cursor": last})).json()
        assert names(back) == whole[3:6]
        assert back["page"]["has_next"]
        assert back["page"]["has_previous"]

    async def test_numbered_pages_tell_how_many_there_are(self, client: AsyncClient) -> None:
        answer = await client.get("/tags", params={"page": "2", "limit": "3"})
        assert names(answer.json()) == NAMES[3:6]
        page = answer.json()["page"]
        assert (page["total"], page["number"], page["pages"], page["size"]) == (7, 2, 3, 3)
        assert 'rel="next"' in answer.headers["link"]
        assert 'rel="prev"' in answer.headers["link"]

    async def test_tells_the_total_when_asked(self, client: AsyncClient) -> None:
        counted = await client.get("/tags", params={"include_total": "true", "limit": "3"})
        assert (names(counted.json()), counted.json()["page"]["total"]) == (NAMES[:3], 7)
        uncounted = await client.get("/tags", params={"include_total": "false", "limit": "3"})
        assert "total" not in uncounted.json()["page"]

    async def test_a_cursor_of_another_order_is_refused(self, client: AsyncClient) -> None:
        answer = await client.get("/tags", params={"limit": "2", "sort": "-name"})
        cursor = answer.json()["page"]["next_cursor"]
        refused = await client.get("/tags", params={"limit": "2", "sort": "name", "cursor": cursor})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["parameter"] == "cursor"


class TestGetTag:
    async def test_describes_the_tag(self, client: AsyncClient, make: Factory) -> None:
        tag_id = await make.tag("looms", color="#aa3300", description="What weaves.", post_count=2)
        answer = await client.get(f"/tags/{tag_id}")
        assert answer.status_code == 200
        tag = answer.json()
        assert (tag["id"], tag["name"], tag["color"]) == (str(tag_id), "looms", "#aa3300")
        assert (tag["description"], tag["post_count"], tag["version"]) == ("What weaves.", 2, 1)
        assert answer.headers["cache-control"] == "public, max-age=60"

    async def test_unchanged_is_304_until_it_changes(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        tag_id = await make.tag("looms")
        etag = (await client.get(f"/tags/{tag_id}")).headers["etag"]
        same = await client.get(f"/tags/{tag_id}", headers={"If-None-Match": etag})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
        await connection.execute("UPDATE tags SET post_count = 1")
        assert (await client.get(f"/tags/{tag_id}", headers={"If-None-Match": etag})).status_code == 200

    async def test_unknown_is_404(self, client: AsyncClient) -> None:
        answer = await client.get(f"/tags/{uuid4()}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


class TestCreateTag:
    @pytest.mark.actor("manager")
    async def test_describes_a_new_tag(self, client: AsyncClient) -> None:
        answer = await client.post("/tags", json={"name": "looms", "description": " What weaves. "})
        assert answer.status_code == 201
        tag = answer.json()
        assert (tag["name"], tag["color"], tag["description"]) == ("looms", "#6b7280", "What weaves.")
        assert (tag["post_count"], tag["version"]) == (0, 1)
        assert answer.headers["location"] == f"/api/v1/tags/{tag['id']}"
        again = await client.get(f"/tags/{tag['id']}")
        assert (again.json(), again.headers["etag"]) == (tag, answer.headers["etag"])

    @pytest.mark.actor("manager")
    async def test_a_taken_name_is_409(self, client: AsyncClient, make: Factory, connection: Connection) -> None:
        await make.tag("looms")
        answer = await client.post("/tags", json={"name": "looms"})
        assert (answer.status_code, answer.json()["code"]) == (409, "tag_taken")
        assert await connection.fetchval("SELECT count(*) FROM tags") == 1

    @pytest.mark.actor("manager")
    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"name": ""},
            {"name": "two words"},
            {"name": "Looms"},
            {"name": "l" * 51},
            {"name": None},
            {"name": "looms", "color": "red"},
            {"name": "looms", "color": None},
            {"name": "looms", "post_count": 3},
        ],
    )
    async def test_what_the_contract_does_not_allow_is_422(
        self, client: AsyncClient, connection: Connection, body: dict[str, object]
    ) -> None:
        answer = await client.post("/tags", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        assert answer.json()["errors"][0]["pointer"].startswith("/")
        assert await connection.fetchval("SELECT count(*) FROM tags") == 0

    @pytest.mark.actor("manager")
    async def test_a_key_makes_a_retry_safe(self, client: AsyncClient, connection: Connection) -> None:
        key = {"Idempotency-Key": "once"}
        first = await client.post("/tags", json={"name": "looms"}, headers=key)
        again = await client.post("/tags", json={"name": "looms"}, headers=key)
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotent-replayed"] == "true"
        assert again.headers["location"] == first.headers["location"]
        other = await client.post("/tags", json={"name": "cards"}, headers=key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert await connection.fetchval("SELECT count(*) FROM tags") == 1

    @pytest.mark.parametrize(("actor_role", "status"), [(None, 401), ("user", 403), ("moderator", 403)])
    async def test_is_for_who_keeps_the_vocabulary(
        self, client: AsyncClient, make: Factory, actor_role: str | None, status: int
    ) -> None:
        headers = (await make.member(role=actor_role)).headers if actor_role else {}
        answer = await client.post("/tags", json={"name": "looms"}, headers=headers)
        assert answer.status_code == status
