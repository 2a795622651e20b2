"""listPosts: what it shows to whom, in which order."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.factories import Factory, Member

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def listed(client: AsyncClient, who: Member | None = None, **params: str) -> list[str]:
    """Return the ids of a page."""
    answer = await client.get("/posts", params=params, headers=who.headers if who else None)
    assert answer.status_code == 200, answer.text
    return [post["id"] for post in answer.json()["items"]]


def texts(*ids: UUID) -> list[str]:
    return [str(identifier) for identifier in ids]


class TestListPosts:
    async def test_an_empty_list_is_a_list(self, client: AsyncClient) -> None:
        answer = await client.get("/posts")
        page = {"size": 0, "has_next": False, "has_previous": False, "next_cursor": None, "previous_cursor": None}
        assert answer.json() == {"items": [], "page": page}
        assert "link" not in answer.headers

    async def test_shows_what_is_published_newest_first(self, client: AsyncClient, make: Factory) -> None:
        older = await make.post(published_at=START)
        newer = await make.post(published_at=START + timedelta(days=1))
        await make.post(status="draft")
        await make.post(status="archived")
        assert await listed(client) == texts(newer, older)

    async def test_a_summary_has_everything_but_the_content(self, client: AsyncClient, make: Factory) -> None:
        author = await make.member(full_name="Ada Lindqvist")
        post_id = await make.post(author, tags=["looms"], likes=3, views=7, comment_count=2, featured=True)
        answer = await client.get("/posts")
        (post,) = answer.json()["items"]
        whole = (await client.get(f"/posts/{post_id}")).json()
        assert post == {name: value for name, value in whole.items() if name != "content"}
        assert post["author"]["username"] == author.username
        assert post["author"]["full_name"] == "Ada Lindqvist"

    @pytest.mark.parametrize("status", ["published", "draft", "archived"])
    async def test_is_the_same_with_and_without_models(
        self, client: AsyncClient, make: Factory, connection: Connection, status: str
    ) -> None:
        """Posts to which nothing is added are answered from their rows."""
        author = await make.member()
        await make.post(author, status=status)
        full = await make.post(author, status=status, tags=["looms"], likes=3, featured=status == "published")
        category = await make.category("looms")
        await connection.execute("UPDATE posts SET category_id = $1 WHERE id = $2", category, full)
        asked = {"status": status}
        rows = (await client.get("/posts", params=asked, headers=author.headers)).json()["items"]
        models = (await client.get("/posts", params=asked | {"include": "content_html"}, headers=author.headers)).json()
        for post in models["items"]:
            assert post.pop("content_html")
        assert len(rows) == 2
        assert [list(post.items()) for post in rows] == [list(post.items()) for post in models["items"]]

    @pytest.mark.parametrize(("sort", "factor"), [("published_at", 7), ("created_at", 5), ("title", 11)])
    async def test_sorts_in_both_directions(self, client: AsyncClient, make: Factory, sort: str, factor: int) -> None:
        author = await make.member()
        ids: dict[int, str] = {}
        for number in range(12):
            post_id = await make.post(
                author,
                title=f"The engine weaves {(number * 11) % 12:02}",
                published_at=START + timedelta(hours=(number * 7) % 12),
                created_at=START - timedelta(days=1) + timedelta(hours=(number * 5) % 12),
            )
            ids[number] = str(post_id)
        expected = [ids[number] for number in sorted(ids, key=lambda number: number * factor % 12)]
        assert await listed(client, sort=sort) == expected
        assert await listed(client, sort=f"-{sort}") == expected[::-1]

    async def test_filters_by_author_in_any_case(self, client: AsyncClient, make: Factory) -> None:
        ada = await make.member(username="Ada_L")
        mine = await make.post(ada)
        await make.post()
        assert await listed(client, author="ada_l") == texts(mine)
        assert await listed(client, author="ADA_L") == texts(mine)
        assert await listed(client, author="nobody_here") == []

    async def test_filters_by_tag(self, client: AsyncClient, make: Factory) -> None:
        tagged = await make.post(tags=["cards", "looms"])
        await make.post(tags=["loom"])
        assert await listed(client, tag="looms") == texts(tagged)

    async def test_filters_by_featured(self, client: AsyncClient, make: Factory) -> None:
        put_forward, other = await make.post(featured=True), await make.post()
        assert await listed(client, featured="true") == texts(put_forward)
        assert await listed(client, featured="false") == texts(other)

    async def test_filters_by_publication_from_inclusive_to_exclusive(self, client: AsyncClient, make: Factory) -> None:
        first, second, third = [await make.post(published_at=START + timedelta(days=day)) for day in range(3)]
        after, before = "2026-01-02T12:00:00Z", "2026-01-03T13:00:00+01:00"
        assert await listed(client, published_after=after) == texts(third, second)
        assert await listed(client, published_before=before) == texts(second, first)
        assert await listed(client, published_after=after, published_before=before) == texts(second)

    async def test_filters_narrow_together(self, client: AsyncClient, make: Factory) -> None:
        ada = await make.member(username="ada_l")
        wanted = await make.post(ada, tags=["looms"], featured=True, published_at=START)
        await make.post(ada, tags=["looms"], published_at=START)
        await make.post(ada, featured=True, published_at=START)
        await make.post(tags=["looms"], featured=True, published_at=START)
        narrow = {"author": "ada_l", "tag": "looms", "featured": "true"}
        assert await listed(client, None, **narrow, published_before="2027-01-01T00:00:00Z") == texts(wanted)

    @pytest.mark.parametrize("status", ["draft", "archived"])
    async def test_unpublished_posts_are_for_their_author_and_moderators(
        self, client: AsyncClient, make: Factory, status: str
    ) -> None:
        author, reader = await make.member(), await make.member("manager")
        moderator = await make.member("moderator")
        mine = await make.post(author, status=status)
        other = await make.post(status=status)
        assert await listed(client, author, status=status) == texts(mine)
        assert await listed(client, reader, status=status) == []
        assert sorted(await listed(client, moderator, status=status)) == sorted(texts(mine, other))
        anonymous = await client.get("/posts", params={"status": status})
        assert (anonymous.status_code, anonymous.json()["code"]) == (401, "not_authenticated")

    async def test_counts_on_demand_what_the_caller_may_see(self, client: AsyncClient, make: Factory) -> None:
        author = await make.member()
        for status in ("published", "published", "draft", "draft"):
            await make.post(author, status=status)
        await make.post(status="draft")
        counted = await client.get("/posts", params={"include_total": "true", "limit": "1"})
        assert counted.json()["page"]["total"] == 2
        own = {"include_total": "true", "status": "draft"}
        drafts = await client.get("/posts", params=own, headers=author.headers)
        assert drafts.json()["page"]["total"] == 2
        assert "total" not in (await client.get("/posts")).json()["page"]

    async def test_is_one_query(self, client: AsyncClient, make: Factory, connection: Any) -> None:
        for _ in range(3):
            await make.post(tags=["looms"])
        queries: list[str] = []

        def note(record: Any) -> None:
            queries.append(record.query)

        with connection.query_logger(note):
            await client.get("/posts", params={"tag": "looms", "sort": "title"})
            # The log is written in the next turn of the loop.
            await asyncio.sleep(0)
        assert len(queries) == 1, queries

    @pytest.mark.parametrize(
        ("params", "parameter"),
        [
            ({"limit": "0"}, "limit"),
            ({"limit": "101"}, "limit"),
            ({"limit": "ten"}, "limit"),
            ({"page": "0"}, "page"),
            ({"page": "101", "limit": "100"}, "page"),
            ({"page": "1", "cursor": "AAAA"}, "page"),
            ({"sort": "likes"}, "sort"),
            ({"status": "planned"}, "status"),
            ({"tag": "Two Words"}, "tag"),
            ({"featured": "perhaps"}, "featured"),
            ({"published_after": "2026-01-01"}, "published_after"),
            ({"published_after": "1767268800"}, "published_after"),
            ({"published_before": "0001-01-01T00:00:00+14:00"}, "published_before"),
            ({"author": "a b"}, "author"),
            ({"category": "Two Words"}, "category"),
            ({"colour": "x"}, "colour"),
        ],
    )
    async def test_wrong_parameters_are_named(
        self, client: AsyncClient, params: dict[str, str], parameter: str
    ) -> None:
        answer = await client.get("/posts", params=params)
        assert answer.status_code == 422
        assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


class TestListPostsVisibility:
    async def test_public_pages_may_be_kept_and_private_ones_not(self, client: AsyncClient, make: Factory) -> None:
        member: Member = await make.member()
        public = await client.get("/posts")
        assert public.headers["cache-control"] == "public, max-age=60"
        private = await client.get("/posts", headers=member.headers)
        assert private.headers["cache-control"] == "private, no-store"
        assert "authorization" in public.headers["vary"].lower()
        assert "authorization" in private.headers["vary"].lower()

    async def test_a_post_that_is_withdrawn_leaves_the_list(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        post_id = await make.post()
        await connection.execute("UPDATE posts SET status = 'draft', published_at = NULL WHERE id = $1", post_id)
        assert await listed(client) == []
