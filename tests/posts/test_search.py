"""searchPosts."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.factories import Factory

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def search(client: AsyncClient, q: str, **params: Any) -> dict[str, Any]:
    answer = await client.get("/posts/search", params={"q": q} | params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def found(page: dict[str, Any]) -> list[str]:
    return [hit["post"]["id"] for hit in page["items"]]


class TestSearchPosts:
    async def test_a_title_counts_more_than_the_text(self, client: AsyncClient, make: Factory) -> None:
        in_text = await make.post(title="On engines", content="Somebody mentions a loom here.", excerpt=None)
        in_title = await make.post(title="On looms", content="Somebody mentions an engine here.", excerpt=None)
        await make.post(title="On engines alone", content="Nothing of the kind stands here.", excerpt=None)
        page = await search(client, "loom")
        assert found(page) == [str(in_title), str(in_text)]
        ranks = [hit["rank"] for hit in page["items"]]
        assert 1 >= ranks[0] > ranks[1] > 0

    async def test_words_are_found_in_their_forms_and_marked(self, client: AsyncClient, make: Factory) -> None:
        await make.post(title="On engines", content="She was weaving flowers all day long.")
        (hit,) = (await search(client, "weaves"))["items"]
        assert "<mark>weaving</mark> flowers" in hit["snippet"]
        assert "content" not in hit["post"]

    async def test_operators_of_web_searches_work(self, client: AsyncClient, make: Factory) -> None:
        both = await make.post(title="First post", content="The loom weaves the card.", excerpt=None)
        one = await make.post(title="Second post", content="The card weaves the loom.", excerpt=None)
        other = await make.post(title="Third post", content="Only an abacus is here.", excerpt=None)
        assert found(await search(client, '"loom weaves"')) == [str(both)]
        assert sorted(found(await search(client, "loom or abacus"))) == sorted(map(str, (both, one, other)))
        assert sorted(found(await search(client, "card -abacus"))) == sorted(map(str, (both, one)))

    @pytest.mark.parametrize("q", ["---", '"""', "the or and", "or or or", "& | !", ":*:*", "()<->", "\\\\\\", "''''"])
    async def test_operators_alone_find_nothing_and_fail_nothing(
        self, client: AsyncClient, make: Factory, q: str
    ) -> None:
        await make.post()
        assert found(await search(client, q)) == []

    async def test_only_published_posts_are_found(self, client: AsyncClient, make: Factory) -> None:
        author = await make.member()
        await make.post(author, status="draft", content="A loom in a draft.")
        await make.post(author, status="archived", content="A loom in the archive.")
        page = await client.get("/posts/search", params={"q": "loom"}, headers=author.headers)
        assert page.json()["items"] == []

    @pytest.mark.parametrize(
        "content",
        [
            "A loom <script>alert('loom')</script> & more looms.",
            "A <mark>loom</mark> that marks itself, and \x02looms\x03 that control.",
            "A loom <img src=x onerror=alert(1)> &lt;loom&gt; \" ' `",
        ],
    )
    async def test_the_snippet_is_safe_html(self, client: AsyncClient, make: Factory, content: str) -> None:
        await make.post(content=content)
        (hit,) = (await search(client, "loom"))["items"]
        snippet = hit["snippet"]
        assert set(re.findall("<[^>]*>?", snippet)) == {"<mark>", "</mark>"}
        assert snippet.count("<mark>") == snippet.count("</mark>") >= 1
        assert not re.search("&(?!amp;|lt;|gt;|quot;|#)", snippet)
        plain = html.unescape(snippet.replace("<mark>", "").replace("</mark>", ""))
        assert "\x02" not in plain

    @pytest.mark.parametrize("filler", ["&", "<", "& < ", "x&", "🧶", '"'])
    async def test_a_long_snippet_ends_well(self, client: AsyncClient, make: Factory, filler: str) -> None:
        await make.post(content=f"loom {filler * 3000} loom {filler * 700} loom")
        (hit,) = (await search(client, "loom"))["items"]
        snippet = hit["snippet"]
        assert len(snippet) <= 2000
        assert snippet.count("<mark>") == snippet.count("</mark>")
        assert set(re.findall("<[^>]*>?", snippet)) <= {"<mark>", "</mark>"}
        assert not re.search("&(?!amp;|lt;|gt;|quot;|#x27;)", snippet)

    async def test_cursors_lead_through_all_and_back(self, client: AsyncClient, make: Factory) -> None:
        author = await make.member()
        # More looms, more rank; some tie.
        for number in range(10):
            moment = START + timedelta(hours=number)
            await make.post(author, content="A card. " + "loom " * (1 + number // 2), excerpt=None, published_at=moment)
        whole = await search(client, "loom")
        ranks = [hit["rank"] for hit in whole["items"]]
        assert ranks == sorted(ranks, reverse=True)
        assert len(set(ranks)) == 5
        answer = await client.get("/posts/search", params={"q": "loom", "limit": 4})
        pages = [answer.json()]
        assert 'rel="next"' in answer.headers["link"]
        while pages[-1]["page"]["has_next"]:
            pages.append(await search(client, "loom", limit=4, cursor=pages[-1]["page"]["next_cursor"]))
        assert [len(page["items"]) for page in pages] == [4, 4, 2]
        assert [post for page in pages for post in found(page)] == found(whole)
        back = await search(client, "loom", limit=4, cursor=pages[2]["page"]["previous_cursor"])
        assert found(back) == found(pages[1])
        other = await client.get("/posts/search", params={"q": "card", "cursor": back["page"]["next_cursor"]})
        assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "cursor_invalid")

    @pytest.mark.parametrize(
        "params", [{}, {"q": "lo"}, {"q": "l" * 201}, {"q": "loom", "page": "1"}, {"q": "lo\x00om"}]
    )
    async def test_wrong_parameters_are_422(self, client: AsyncClient, params: dict[str, str]) -> None:
        assert (await client.get("/posts/search", params=params)).status_code == 422

    async def test_the_longest_post_is_found_by_its_beginning(self, client: AsyncClient, make: Factory) -> None:
        words = " ".join(f"word{number}" for number in range(22_000))
        post_id = await make.post(content=f"A loom first. {words}"[:200_000])
        assert found(await search(client, "word12")) == [str(post_id)]

    async def test_links_keep_what_was_asked_even_unencoded(self, client: AsyncClient, make: Factory) -> None:
        """A client may send what would end the link in a header."""
        for _ in range(2):
            await make.post(content="A text on looms.")
        answer = await client.get('/posts/search?limit=1&q="looms">')
        assert answer.status_code == 200, answer.text
        assert re.fullmatch(r'<\?limit=1&q=%22looms%22%3E&cursor=[\w-]+>; rel="next"', answer.headers["Link"])
