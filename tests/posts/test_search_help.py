"""searchPosts: what age does to a rank, what it is narrowed by, and what helps who mistypes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from app.words.tasks import learn, learn_words
from tests.factories import Factory
from tests.posts.test_search import found, search

NOW = datetime.now(UTC)
# Operators and quotes of every kind of search, in every order that somebody may fall over them.
OPERATORS = [
    *("-" * n for n in (3, 60, 200)),
    *('"' * n for n in (3, 4, 199)),
    "or or or or",
    "and OR not",
    '-"-',
    '-"' * 99,
    "- " * 99,
    '"-' * 99,
    '"-" or -""',
    "- - - loom",
    "--loom",
    "!loom & | (abacus",
    "loom <-> <2> abacus",
    "loom:*ABCD",
    "'loom''",
    "\\'loom\\",
    "%%% ___",
    "(((((((((",
    "/* loom */ --",
    "\u202eloom\u200b",
    "loom\ttab\nline",
    "🧶🧶🧶",
    "ﬁﬁﬁ ß",
    "l" * 200,
    "a b " * 50,
    ("-loom or " * 23)[:199],
    ('"loom abacus" ' * 15)[:199],
    "http://loom.example/a?b=c&d",
    "1e400 NaN -0",
]


class TestFreshness:
    async def test_of_two_alike_the_newer_comes_first(self, client: AsyncClient, make: Factory) -> None:
        old = await make.post(title="On looms", content="A loom stands here.", published_at=NOW - timedelta(days=400))
        new = await make.post(title="On looms", content="A loom stands here.", published_at=NOW)
        page = await search(client, "loom")
        assert found(page) == [str(new), str(old)]

    async def test_three_years_halve_a_rank(self, client: AsyncClient, make: Factory) -> None:
        for days in (0, 1096):
            await make.post(title="On looms", content="A loom stands here.", published_at=NOW - timedelta(days=days))
        new, old = [hit["rank"] for hit in (await search(client, "loom"))["items"]]
        assert old == pytest.approx(new / 2, rel=0.01)

    async def test_much_said_outweighs_a_year(self, client: AsyncClient, make: Factory) -> None:
        much = await make.post(title="Looms", content="A loom. " * 8, published_at=NOW - timedelta(days=365))
        little = await make.post(title="On engines", content="Somebody mentions a loom here.", published_at=NOW)
        assert found(await search(client, "loom")) == [str(much), str(little)]

    async def test_a_post_from_the_future_is_as_new_as_one_of_today(self, client: AsyncClient, make: Factory) -> None:
        for days in (0, -5000):
            await make.post(title="On looms", content="A loom stands here.", published_at=NOW - timedelta(days=days))
        first, second = [hit["rank"] for hit in (await search(client, "loom"))["items"]]
        assert first == second <= 1


class TestFilters:
    async def test_narrow_what_is_found(self, client: AsyncClient, make: Factory) -> None:
        ada, bram = await make.member(username="ada_l"), await make.member(username="bram")
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        text = {"content": "A loom stands here."}
        looms = await make.category("looms")
        await make.category("hand-looms", looms)
        one = str(await make.post(ada, tags=["weaving"], featured=True, published_at=moment, category_id=looms, **text))
        two = str(await make.post(bram, tags=["engines"], published_at=moment + timedelta(days=1), **text))
        await make.post(bram, tags=["weaving"], status="draft", category_id=looms, **text)
        expected: dict[str, list[str]] = {
            "author=ADA_L": [one],
            "author=nobody_here": [],
            "tag=weaving": [one],
            "category=looms": [one],
            "category=hand-looms": [],
            "category=nothing": [],
            "category=looms&author=bram": [],
            "featured=true": [one],
            "featured=false": [two],
            "published_after=2026-01-02T00:00:00Z": [two],
            "published_before=2026-01-02T00:00:00Z": [one],
            "tag=weaving&author=bram": [],
        }
        for query, ids in expected.items():
            answer = await client.get(f"/posts/search?q=loom&{query}")
            assert found(answer.json()) == ids, query

    async def test_a_cursor_is_good_for_its_filters_alone(self, client: AsyncClient, make: Factory) -> None:
        for _ in range(2):
            await make.post(tags=["weaving"], content="A loom stands here.")
        cursor = (await search(client, "loom", tag="weaving", limit=1))["page"]["next_cursor"]
        assert (await search(client, "loom", tag="weaving", limit=1, cursor=cursor))["page"]["size"] == 1
        answer = await client.get("/posts/search", params={"q": "loom", "cursor": cursor})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "cursor_invalid")


class TestOperators:
    @pytest.mark.parametrize("q", OPERATORS)
    @pytest.mark.parametrize("path", ["/posts/search", "/search"])
    async def test_never_fail(
        self, client: AsyncClient, make: Factory, connection: Connection, q: str, path: str
    ) -> None:
        await make.post(content="A loom stands beside the abacus.")
        await learn(connection)
        answer = await client.get(path, params={"q": q})
        assert answer.status_code == 200, answer.text


class TestTypos:
    @pytest.mark.parametrize(
        ("q", "meant"),
        [
            ("looooms", "looms"),
            ("weavnig", "weaving"),
            ("Jaquard", "jacquard"),
            ("weavnig jaquard", "weaving jacquard"),
            ('"weavnig looms"', '"weaving looms"'),
            ("weavnig -abacus", "weaving -abacus"),
        ],
    )
    async def test_find_what_was_meant_and_say_so(
        self, client: AsyncClient, connection: Connection, make: Factory, q: str, meant: str
    ) -> None:
        post_id = await make.post(title="Of weaving", content="On weaving looms, after Jacquard himself.", excerpt=None)
        await learn(connection)
        page = await search(client, q)
        assert (found(page), page.get("did_you_mean")) == ([str(post_id)], meant)
        assert "<mark>" in page["items"][0]["snippet"]

    async def test_are_not_looked_for_where_something_is_found(
        self, client: AsyncClient, connection: Connection, make: Factory
    ) -> None:
        await make.post(content="A rare loomz stands here.", excerpt=None)
        await make.post(content="Many looms stand here.", excerpt=None)
        await learn(connection)
        page = await search(client, "loomz")
        assert len(page["items"]) == 1
        assert "did_you_mean" not in page

    @pytest.mark.parametrize("status", ["draft", "archived"])
    async def test_tell_nothing_of_what_must_not_be_seen(
        self, client: AsyncClient, connection: Connection, make: Factory, status: str
    ) -> None:
        post_id = await make.post(content="A secret merger of the Jacquard works.", excerpt=None)
        await learn(connection)
        await connection.execute("UPDATE posts SET status = $2 WHERE id = $1", post_id, status)
        # The word is known still, but finds nothing any more.
        assert await connection.fetchval("SELECT count(*) FROM words WHERE word = 'merger'") == 1
        page = await search(client, "mergerr")
        assert (page["items"], page.get("did_you_mean")) == ([], None)

    async def test_drafts_teach_nothing(self, connection: Connection, make: Factory) -> None:
        await make.post(status="draft", content="A secret merger.")
        await learn(connection)
        assert await connection.fetchval("SELECT count(*) FROM words") == 0

    async def test_are_paged(self, client: AsyncClient, connection: Connection, make: Factory) -> None:
        posts = [await make.post(content="A jacquard stands here.", excerpt=None) for _ in range(3)]
        await learn(connection)
        first = await search(client, "jaquard", limit=2)
        second = await search(client, "jaquard", limit=2, cursor=first["page"]["next_cursor"])
        assert sorted([*found(first), *found(second)]) == sorted(map(str, posts))
        assert second["did_you_mean"] == "jacquard"

    async def test_words_are_learned_by_a_job(
        self, connection: Connection, make: Factory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.words.tasks.STEPS", 3)

        class Job:
            async def report(self, progress: int) -> None:
                assert 0 <= progress <= 100

        job: Any = Job()
        await make.post(title="On looms", content="Weaving.", excerpt=None)
        assert await learn_words({}, job) == {"steps": 1}
        known = {row["word"] for row in await connection.fetch("SELECT word FROM words")}
        assert known == {"looms", "weaving"}
        await make.post(title="On engines", content="Steaming 12345 x.", excerpt=None)
        assert await learn_words({}, job) == {"steps": 1}
        assert await connection.fetchval("SELECT count(*) FROM words") == 4
