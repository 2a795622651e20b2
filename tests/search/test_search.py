"""searchEverything."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from app.words.tasks import learn
from tests.factories import Factory

MEMBERS = {"post": "post", "tag": "tag", "person": "person"}


async def search(client: AsyncClient, q: str, **params: Any) -> dict[str, Any]:
    answer = await client.get("/search", params={"q": q} | params)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    for item in page["items"]:
        # The member that the type names is there, and of the others none; a post has a snippet.
        assert item.keys() - {"type", "rank", "snippet"} == {item["type"]}
        assert ("snippet" in item) is (item["type"] == "post")
    return page


def kinds(page: dict[str, Any]) -> list[str]:
    return [item["type"] for item in page["items"]]


@pytest.fixture
async def publication(make: Factory) -> None:
    """A tag, a member and posts that have a word in common."""
    author = await make.member(username="jacquard", full_name="Joseph Marie")
    await make.member(username="another", full_name="Marie Jacquard")
    await make.member(username="jacquard_2", is_active=False)
    await make.tag("jacquard")
    await make.tag("jacquards")
    await make.tag("engines")
    await make.post(author, title="The Jacquard loom", content="It reads cards < & weaves.", excerpt=None)
    await make.post(author, title="On engines", content="Like that of Jacquard, it reads cards.", excerpt=None)
    await make.post(author, status="draft", title="A jacquard draft", content="Nobody reads this yet.")


@pytest.mark.usefixtures("publication")
class TestSearchEverything:
    async def test_finds_posts_tags_and_people(self, client: AsyncClient) -> None:
        page = await search(client, "Jacquard")
        # What is called so comes first, then what is called nearly so, then what speaks of it.
        assert sorted(kinds(page)[:2]) == ["person", "tag"]
        assert sorted(kinds(page)[2:4]) == ["person", "tag"]
        assert kinds(page)[4:] == ["post", "post"]
        ranks = [item["rank"] for item in page["items"]]
        assert ranks == sorted(ranks, reverse=True)
        assert 1 == ranks[0] > ranks[-1] > 0

    async def test_shows_what_everybody_may_see(self, client: AsyncClient) -> None:
        page = await search(client, "jacquard")
        people = {item["person"]["username"] for item in page["items"] if item["type"] == "person"}
        assert people == {"jacquard", "another"}
        assert not any(item["person"].keys() & {"email", "id", "role"} for item in page["items"] if "person" in item)
        posts = [item["post"]["title"] for item in page["items"] if item["type"] == "post"]
        assert posts == ["The Jacquard loom", "On engines"]

    async def test_marks_words_in_safe_html(self, client: AsyncClient) -> None:
        snippets = [item["snippet"] for item in (await search(client, "cards"))["items"] if item["type"] == "post"]
        assert any("<mark>cards</mark> &lt; &amp;" in snippet for snippet in snippets)

    @pytest.mark.parametrize(("kind", "number"), [("post", 2), ("tag", 2), ("person", 2)])
    async def test_of_one_kind_alone(self, client: AsyncClient, kind: str, number: int) -> None:
        page = await search(client, "jacquard", kind=kind)
        assert kinds(page) == [kind] * number

    async def test_pages_lead_through_all_kinds_and_back(self, client: AsyncClient) -> None:
        whole = (await search(client, "jacquard"))["items"]
        pages = [await search(client, "jacquard", limit=2)]
        while pages[-1]["page"]["has_next"]:
            pages.append(await search(client, "jacquard", limit=2, cursor=pages[-1]["page"]["next_cursor"]))
        assert [item for page in pages for item in page["items"]] == whole
        back = await search(client, "jacquard", limit=2, cursor=pages[-1]["page"]["previous_cursor"])
        assert back["items"] == pages[-2]["items"]

    async def test_a_typo_finds_what_was_meant(self, client: AsyncClient, connection: Connection) -> None:
        await learn(connection)
        page = await search(client, "weavess")
        assert (kinds(page), page["did_you_mean"]) == (["post"], "weaves")

    async def test_a_name_is_found_although_it_is_misspelt(self, client: AsyncClient) -> None:
        page = await search(client, "jaquard")
        assert "did_you_mean" not in page
        assert {"tag", "person"} == set(kinds(page))

    async def test_finds_nothing_where_there_is_nothing(self, client: AsyncClient) -> None:
        page = await search(client, "xylophone")
        assert (page["items"], page["page"]["has_next"]) == ([], False)

    @pytest.mark.parametrize("params", [{}, {"q": "lo"}, {"q": "loom", "kind": "item"}, {"q": "loom", "page": "1"}])
    async def test_wrong_parameters_are_422(self, client: AsyncClient, params: dict[str, str]) -> None:
        assert (await client.get("/search", params=params)).status_code == 422
