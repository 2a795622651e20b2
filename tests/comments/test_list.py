"""listComments: the tree, the flat list and their pages."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.comments import queries
from app.ids import new_id
from app.sql import Connection
from tests.factories import Factory, Member

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
BURY = "UPDATE comments SET deleted_at = now(), content = '' WHERE id = $1"


@pytest.fixture
async def author(make: Factory) -> Member:
    return await make.member()


@pytest.fixture
async def post_id(make: Factory, author: Member) -> UUID:
    return await make.post(author)


async def thread(make: Factory, post_id: UUID, author: Member, count: int, parent: UUID | None = None) -> list[str]:
    """Write comments a second apart, and return their ids."""
    moments = [START + timedelta(seconds=number) for number in range(count)]
    return [str(await make.comment(post_id, author, parent=parent, created_at=moment)) for moment in moments]


async def repeat(connection: Connection, comment_id: str, times: int) -> None:
    """Write copies of a comment beside it, an hour later."""
    await connection.execute(
        "INSERT INTO comments (id, post_id, parent_id, root_id, depth, author_id, content, created_at) "
        "SELECT gen_random_uuid(), post_id, parent_id, root_id, depth, author_id, content, $2 "
        "FROM comments, generate_series(1, $3::int) WHERE id = $1",
        UUID(comment_id),
        START + timedelta(hours=1),
        times,
    )


def ids(comments: list[dict[str, Any]]) -> list[str]:
    return [comment["id"] for comment in comments]


def at(path: str, cursor: str) -> str:
    return f"{path}&cursor={cursor}"


async def walk(client: AsyncClient, path: str, direction: str, cursor: str | None = None) -> list[list[str]]:
    """Follow the cursors of one direction to the end, and return the ids page by page."""
    found: list[list[str]] = []
    while True:
        page = (await client.get(at(path, cursor) if cursor else path)).json()
        found.append(ids(page["items"]))
        cursor = page["page"][f"{direction}_cursor"]
        if cursor is None:
            return found


class TestTree:
    async def test_answers_stand_below_what_they_answer_oldest_first(
        self, client: AsyncClient, make: Factory, post_id: UUID, author: Member
    ) -> None:
        old, new = await thread(make, post_id, author, 2)
        answers = await thread(make, post_id, author, 3, UUID(old))
        (deep,) = await thread(make, post_id, author, 1, UUID(answers[1]))
        tree = (await client.get(f"/posts/{post_id}/comments")).json()["items"]
        assert ids(tree) == [new, old]
        assert tree[0]["replies"] == []
        assert (ids(tree[1]["replies"]), tree[1]["reply_count"]) == (answers, 3)
        assert [ids(answer["replies"]) for answer in tree[1]["replies"]] == [[], [deep], []]
        assert tree[1]["author"]["username"] == author.username

    async def test_goes_five_levels_deep(
        self, client: AsyncClient, make: Factory, post_id: UUID, author: Member
    ) -> None:
        path: list[str] = []
        for _ in range(5):
            path += await thread(make, post_id, author, 1, UUID(path[-1]) if path else None)
        level = (await client.get(f"/posts/{post_id}/comments")).json()["items"]
        for depth, identifier in enumerate(path, 1):
            assert [(comment["id"], comment["depth"]) for comment in level] == [(identifier, depth)]
            level = level[0]["replies"]
        assert level == []

    async def test_a_deleted_comment_keeps_its_place(
        self, client: AsyncClient, make: Factory, post_id: UUID, author: Member, connection: Connection
    ) -> None:
        (top,) = await thread(make, post_id, author, 1)
        (answer,) = await thread(make, post_id, author, 1, UUID(top))
        await connection.execute(BURY, UUID(top))
        (place,) = (await client.get(f"/posts/{post_id}/comments")).json()["items"]
        assert (place["is_deleted"], place["content"], place["author"]) == (True, None, None)
        assert ids(place["replies"]) == [answer]

    async def test_holds_its_own_posts_comments_alone(
        self, client: AsyncClient, make: Factory, post_id: UUID, author: Member
    ) -> None:
        await thread(make, await make.post(author), author, 2)
        page = (await client.get(f"/posts/{post_id}/comments")).json()
        assert page["items"] == []
        assert page["page"] == {
            "size": 0,
            "has_next": False,
            "has_previous": False,
            "next_cursor": None,
            "previous_cursor": None,
        }

    async def test_shows_the_nearest_and_oldest_answers_when_there_are_too_many(
        self, client: AsyncClient, make: Factory, post_id: UUID, author: Member, connection: Connection
    ) -> None:
        (top,) = await thread(make, post_id, author, 1)
        answers = await thread(make, post_id, author, 3, UUID(top))
        # The answer to the first answer is older than all, but one level further away than the thousandth.
        await make.comment(post_id, author, parent=UUID(answers[0]), created_at=START - timedelta(days=1))
        await repeat(connection, answers[0], queries.MAX_ANSWERS - 2)
        (tree,) = (await client.get(f"/posts/{post_id}/comments")).json()["items"]
        assert tree["reply_count"] == queries.MAX_ANSWERS + 1
        assert len(tree["replies"]) == queries.MAX_ANSWERS
        assert ids(tree["replies"])[:3] == answers
        assert (tree["replies"][0]["reply_count"], tree["replies"][0]["replies"]) == (1, [])

    async def test_the_answers_of_the_next_page_take_no_place(
        self, client: AsyncClient, make: Factory, post_id: UUID, author: Member, connection: Connection
    ) -> None:
        first, second = await thread(make, post_id, author, 2)
        (answer,) = await thread(make, post_id, author, 1, UUID(first))
        (below,) = await thread(make, post_id, author, 1, UUID(answer))
        (other,) = await thread(make, post_id, author, 1, UUID(second))
        await repeat(connection, other, queries.MAX_ANSWERS)
        page = (await client.get(f"/posts/{post_id}/comments?limit=1&sort=created_at")).json()
        assert ids(page["items"]) == [first]
        assert ids(page["items"][0]["replies"]) == [answer]
        assert ids(page["items"][0]["replies"][0]["replies"]) == [below]


class TestFlat:
    async def test_holds_every_living_comment_by_itself(
        self, client: AsyncClient, make: Factory, post_id: UUID, author: Member, connection: Connection
    ) -> None:
        top = await make.comment(post_id, author, created_at=START)
        buried = await make.comment(post_id, author, parent=top, created_at=START + timedelta(seconds=1))
        deep = await make.comment(post_id, author, parent=buried, created_at=START + timedelta(seconds=2))
        await connection.execute(BURY, buried)
        page = (await client.get(f"/posts/{post_id}/comments?layout=flat&include_total=true")).json()
        assert ids(page["items"]) == [str(deep), str(top)]
        assert [(item["depth"], item["reply_count"]) for item in page["items"]] == [(3, 0), (1, 1)]
        assert all("replies" not in item for item in page["items"])
        assert page["page"]["total"] == 2

    @pytest.mark.parametrize("sort", ["created_at", "-created_at"])
    async def test_pages_lead_through_all_and_back(
        self, client: AsyncClient, make: Factory, post_id: UUID, author: Member, sort: str
    ) -> None:
        (top,) = await thread(make, post_id, author, 1)
        written = [top, *await thread(make, post_id, author, 6, UUID(top))]
        path = f"/posts/{post_id}/comments?layout=flat&limit=3&sort={sort}"
        pages = await walk(client, path, "next")
        assert [len(page) for page in pages] == [3, 3, 1]
        assert [identifier for page in pages for identifier in page] == (
            written if sort == "created_at" else written[::-1]
        )


class TestPages:
    @pytest.mark.parametrize("sort", ["created_at", "-created_at"])
    async def test_are_cut_by_the_top_level_in_both_directions(
        self, client: AsyncClient, make: Factory, post_id: UUID, author: Member, sort: str
    ) -> None:
        tops = await thread(make, post_id, author, 7)
        answers = {top: await thread(make, post_id, author, 2, UUID(top)) for top in tops}
        path = f"/posts/{post_id}/comments?limit=3&sort={sort}"
        order = tops if sort == "created_at" else tops[::-1]
        expected = [order[:3], order[3:6], order[6:]]
        assert await walk(client, path, "next") == expected
        first = (await client.get(path)).json()["page"]
        second = (await client.get(at(path, first["next_cursor"]))).json()
        assert [ids(item["replies"]) for item in second["items"]] == [answers[item["id"]] for item in second["items"]]
        third = (await client.get(at(path, second["page"]["next_cursor"]))).json()["page"]
        assert (third["has_next"], third["has_previous"]) == (False, True)
        back = await walk(client, path, "previous", third["previous_cursor"])
        assert back == [expected[1], expected[0]]
        middle = (await client.get(at(path, third["previous_cursor"]))).json()
        assert [ids(item["replies"]) for item in middle["items"]] == [answers[item["id"]] for item in middle["items"]]

    async def test_stay_where_they_are_while_comments_come(
        self, client: AsyncClient, make: Factory, post_id: UUID, author: Member
    ) -> None:
        tops = await thread(make, post_id, author, 4)
        path = f"/posts/{post_id}/comments?limit=2"
        cursor = (await client.get(path)).json()["page"]["next_cursor"]
        await make.comment(post_id, author, created_at=START + timedelta(days=1))
        following = (await client.get(at(path, cursor))).json()
        assert ids(following["items"]) == [tops[1], tops[0]]

    async def test_have_numbers_and_totals_on_demand(
        self, client: AsyncClient, make: Factory, post_id: UUID, author: Member
    ) -> None:
        tops = await thread(make, post_id, author, 5)
        await thread(make, post_id, author, 4, UUID(tops[0]))
        answer = await client.get(f"/posts/{post_id}/comments?limit=2&page=2&sort=created_at")
        page = answer.json()["page"]
        assert (page["total"], page["number"], page["pages"]) == (5, 2, 3)
        assert ids(answer.json()["items"]) == tops[2:4]
        assert 'rel="next"' in answer.headers["link"]
        assert 'rel="prev"' in answer.headers["link"]
        beyond = (await client.get(f"/posts/{post_id}/comments?limit=2&page=9")).json()
        assert (beyond["items"], beyond["page"]["total"]) == ([], 5)

    async def test_refuse_the_cursor_of_another_list(
        self, client: AsyncClient, make: Factory, post_id: UUID, author: Member
    ) -> None:
        await thread(make, post_id, author, 3)
        path = f"/posts/{post_id}/comments?limit=2"
        cursor = (await client.get(path)).json()["page"]["next_cursor"]
        other = await make.post(author)
        for path in (
            f"/posts/{other}/comments?limit=2",
            f"/posts/{post_id}/comments?limit=2&layout=flat",
            f"/posts/{post_id}/comments?limit=2&sort=created_at",
        ):
            answer = await client.get(at(path, cursor))
            assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "cursor")
        answer = await client.get(f"/posts/{post_id}/comments", params={"cursor": cursor, "page": 1})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "page_with_cursor")


class TestListComments:
    async def test_of_nothing_is_404(self, client: AsyncClient) -> None:
        answer = await client.get(f"/posts/{new_id()}/comments")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    @pytest.mark.parametrize("layout", ["tree", "flat"])
    async def test_of_an_unpublished_post_is_for_those_who_see_it(
        self, client: AsyncClient, make: Factory, author: Member, layout: str
    ) -> None:
        post_id = await make.post(author, status="archived")
        await make.comment(post_id)
        path = f"/posts/{post_id}/comments?layout={layout}"
        moderator = await make.member("moderator")
        assert (await client.get(path)).status_code == 404
        assert (await client.get(path, headers=(await make.member()).headers)).status_code == 404
        assert len((await client.get(path, headers=author.headers)).json()["items"]) == 1
        assert len((await client.get(path, headers=moderator.headers)).json()["items"]) == 1

    @pytest.mark.parametrize("query", ["sort=likes", "layout=round", "limit=0", "limit=101"])
    async def test_an_unknown_order_is_422(self, client: AsyncClient, post_id: UUID, query: str) -> None:
        answer = await client.get(f"/posts/{post_id}/comments?{query}")
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, query.partition("=")[0])
