"""listPosts, page by page: cursors that hold their place while posts come and go, numbers, and forgeries."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.factories import Factory, Member

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
SORTS = ["published_at", "-published_at", "created_at", "-created_at", "title", "-title"]


@pytest.fixture
async def author(make: Factory) -> Member:
    return await make.member()


@pytest.fixture
async def thirty(make: Factory, author: Member) -> list[str]:
    """The ids of thirty posts in the order of every sort; always three share their key."""
    ids: list[UUID] = []
    for number in range(30):
        moment = START + timedelta(hours=number // 3)
        ids.append(await make.post(author, title=f"Cards {number // 3:02}", published_at=moment, created_at=moment))
    return [str(identifier) for identifier in ids]


async def page(client: AsyncClient, **params: Any) -> tuple[list[str], dict[str, Any]]:
    answer = await client.get("/posts", params={"limit": 7} | params)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return [post["id"] for post in body["items"]], body["page"]


class TestListPosts:
    @pytest.mark.parametrize("sort", SORTS)
    async def test_cursors_lead_through_all_and_back(self, client: AsyncClient, thirty: list[str], sort: str) -> None:
        expected = thirty[::-1] if sort.startswith("-") else thirty
        shown, described = await page(client, sort=sort)
        forward = [shown]
        assert not described["has_previous"]
        while described["has_next"]:
            shown, described = await page(client, sort=sort, cursor=described["next_cursor"])
            forward.append(shown)
        assert [len(part) for part in forward] == [7, 7, 7, 7, 2]
        assert [post for part in forward for post in part] == expected
        backward = [shown]
        while described["has_previous"]:
            shown, described = await page(client, sort=sort, cursor=described["previous_cursor"])
            backward.insert(0, shown)
        assert backward == forward
        assert described["has_next"]

    @pytest.mark.parametrize("sort", SORTS)
    async def test_nothing_is_skipped_or_shown_twice_while_posts_come_and_go(
        self, client: AsyncClient, thirty: list[str], author: Member, connection: Connection, sort: str
    ) -> None:
        make = Factory(connection)
        order = thirty[::-1] if sort.startswith("-") else thirty
        seen, described = await page(client, sort=sort)
        gone: set[str] = set()
        while described["has_next"]:
            # What was shown last, and what would come next, are deleted; others appear before and behind.
            coming = [post for post in order if post not in seen and post not in gone]
            for victim in (seen[-1], *coming[:1]):
                await connection.execute("DELETE FROM posts WHERE id = $1", UUID(victim))
                gone.add(victim)
            for title, moment in (
                ("AAA before all", START - timedelta(days=1)),
                ("Zzz behind", START + timedelta(days=9)),
            ):
                await make.post(author, title=title, published_at=moment, created_at=moment)
            shown, described = await page(client, sort=sort, cursor=described["next_cursor"])
            assert not set(shown) & set(seen)
            seen += shown
            if not coming[1:]:
                break
        # All that were there from the beginning to the end were shown, in their order.
        assert [post for post in seen if post in order and post not in gone] == [
            post for post in order if post not in gone
        ]

    async def test_the_link_header_leads_to_the_neighbours(self, client: AsyncClient, thirty: list[str]) -> None:
        first = await client.get("/posts", params={"limit": 10, "sort": "title", "include_total": "true"})
        (target,) = first.headers["link"].split(", ")
        assert target.endswith('; rel="next"')
        query = parse_qs(urlsplit(target[1 : target.index(">")]).query)
        assert (query["limit"], query["sort"], query["include_total"]) == (["10"], ["title"], ["true"])
        second = await client.get(f"/posts{target[1 : target.index('>')]}")
        assert [post["id"] for post in second.json()["items"]] == thirty[10:20]
        relations = [part.partition("; ")[2] for part in second.headers["link"].split(", ")]
        assert relations == ['rel="next"', 'rel="prev"']
        assert second.json()["page"]["total"] == 30

    async def test_numbered_pages(self, client: AsyncClient, thirty: list[str]) -> None:
        shown, described = await page(client, sort="title", page=5)
        assert shown == thirty[28:]
        assert (described["number"], described["pages"], described["total"]) == (5, 5, 30)
        assert (described["has_next"], described["has_previous"], described["size"]) == (False, True, 2)
        back, _ = await page(client, sort="title", cursor=described["previous_cursor"])
        assert back == thirty[21:28]
        beyond, described = await page(client, sort="title", page=6)
        assert (beyond, described["size"], described["has_next"]) == ([], 0, False)

    async def test_a_cursor_is_good_for_its_list_only(self, client: AsyncClient, thirty: list[str]) -> None:
        assert thirty
        _, described = await page(client, sort="title", featured="false")
        cursor = described["next_cursor"]
        for params in ({"sort": "title"}, {"sort": "-title", "featured": "false"}, {"sort": "title", "tag": "looms"}):
            answer = await client.get("/posts", params=params | {"cursor": cursor})
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "cursor_invalid")
        other = await client.get("/tags", params={"cursor": cursor})
        assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "cursor_invalid")
        # Another limit is no other list.
        assert (await page(client, sort="title", featured="false", cursor=cursor, limit=3))[0] == thirty[7:10]

    async def test_forged_cursors_are_refused(self, client: AsyncClient, thirty: list[str]) -> None:
        assert thirty
        _, described = await page(client)
        cursor: str = described["next_cursor"]
        middle = len(cursor) // 2
        changed = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]
        for forgery in (changed, cursor[:-4], cursor[4:], "A", "AAAA", "A" * 600, cursor + "AAAA"):
            answer = await client.get("/posts", params={"cursor": forgery})
            assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "cursor"), forgery
            assert forgery not in answer.text or len(forgery) < 5

    async def test_the_longest_titles_make_cursors_that_are_taken_back(
        self, client: AsyncClient, make: Factory, author: Member
    ) -> None:
        titles = ["🧶" * 199 + end for end in "ab"] + ['"\\' * 100]
        ids = {title: str(await make.post(author, title=title)) for title in titles}
        found: list[str] = []
        cursor: dict[str, str] = {}
        for _ in titles:
            shown, described = await page(client, sort="title", limit=1, **cursor)
            found += shown
            cursor = {"cursor": described["next_cursor"]}
        assert found == [ids[title] for title in sorted(titles)]
