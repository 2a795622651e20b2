"""getOembed."""

import pytest
from httpx2 import AsyncClient

from app.settings import Settings
from tests.factories import Factory

PLACE = "http://localhost:8000/api/v1/posts/by-slug/"


class TestOembed:
    async def test_says_what_a_post_is(self, client: AsyncClient, make: Factory) -> None:
        author = await make.member(full_name="Ada <Lovelace>")
        await make.post(author, title="Looms & <engines>", slug="looms")
        answer = await client.get("/oembed", params={"url": f"{PLACE}looms", "format": "json", "maxwidth": 300})
        assert answer.json() == {
            "type": "link",
            "version": "1.0",
            "title": "Looms & <engines>",
            "author_name": "Ada <Lovelace>",
            "author_url": f"http://localhost:8000/api/v1/profiles/{author.username}",
            "provider_name": "Galley",
            "provider_url": "http://localhost:8000",
            "cache_age": 60,
        }
        tall = await client.get("/oembed", params={"url": f"{PLACE}looms?utm=1#top", "maxheight": 300})
        assert tall.json() == answer.json()

    @pytest.mark.parametrize(
        "url",
        [
            f"{PLACE}nothing",
            f"{PLACE}a-draft",
            f"{PLACE}looms/",
            f"{PLACE}looms%00",
            f"{PLACE}../looms",
            PLACE,
            "http://localhost:8000@evil.example/api/v1/posts/by-slug/looms",
            "https://evil.example/api/v1/posts/by-slug/looms",
            "http://[::1/",
            "looms",
        ],
    )
    async def test_knows_only_published_posts_of_ours(self, client: AsyncClient, make: Factory, url: str) -> None:
        await make.post(slug="looms")
        await make.post(slug="a-draft", status="draft")
        answer = await client.get("/oembed", params={"url": url})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


class TestPostUrl:
    @pytest.mark.parametrize(
        "value",
        [
            "https://www.example.org/",
            "/posts/{slug}",
            "https://{slug}.example.org/",
            "ftp://example.org/{slug}",
            "https://example.org/{slug}/{slug}",
            "https://example.org/a b/{slug}",
        ],
    )
    def test_is_an_address_with_a_place_for_the_slug(self, value: str) -> None:
        with pytest.raises(ValueError, match="slug"):
            Settings(post_url=value)

    def test_follows_the_public_address(self) -> None:
        assert Settings(public_url="https://example.org").post_url == "https://example.org/api/v1/posts/by-slug/{slug}"
        assert Settings(post_url="https://example.org/read/{slug}.html").post_url.endswith("{slug}.html")
