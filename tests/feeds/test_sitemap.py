"""/sitemap.xml, and the files that it is made of."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from httpx2 import AsyncClient

from app import sitemap
from app.sql import Connection
from tests.factories import Factory

MAP = "http://localhost/sitemap.xml"
NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
START = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    sitemap.forget()
    yield
    sitemap.forget()


def root_of(content: bytes) -> Any:
    return ET.fromstring(content)  # noqa: S314 - Our own.


def places(content: bytes) -> list[str]:
    return [node.text for node in root_of(content).iter(f"{NAMESPACE}loc")]


class TestSitemap:
    async def test_names_every_published_post(self, client: AsyncClient, make: Factory) -> None:
        await make.post(slug="looms", updated_at=START)
        await make.post(slug="engines", updated_at=START)
        await make.post(slug="hidden", status="draft")
        await make.post(slug="archived", status="archived")
        answer = await client.get(MAP)
        assert answer.headers["content-type"] == "application/xml; charset=utf-8"
        root = root_of(answer.content)
        assert root.tag == f"{NAMESPACE}urlset"
        assert {node.tag for node in root} == {f"{NAMESPACE}url"}
        assert places(answer.content) == [
            "http://localhost:8000/api/v1/posts/by-slug/looms",
            "http://localhost:8000/api/v1/posts/by-slug/engines",
        ]
        assert {node.text for node in root.iter(f"{NAMESPACE}lastmod")} == {"2026-01-01T12:00:00Z"}

    async def test_without_posts_is_empty(self, client: AsyncClient) -> None:
        assert places((await client.get(MAP)).content) == []

    async def test_is_an_index_where_one_file_is_not_enough(
        self, client: AsyncClient, make: Factory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sitemap, "SIZE", 2)
        for number in range(4):
            await make.post(slug=f"engine-{number}")
        sitemap.forget()
        files = places((await client.get(MAP)).content)
        assert files == [f"http://localhost:8000/sitemap-{number}.xml" for number in (1, 2)]
        await make.post(slug="engine-4")
        sitemap.forget()
        index = await client.get(MAP)
        assert root_of(index.content).tag == f"{NAMESPACE}sitemapindex"
        held = [places((await client.get(f"http://localhost/sitemap-{number}.xml")).content) for number in (1, 2, 3)]
        assert [[place.rpartition("/")[2] for place in part] for part in held] == [
            ["engine-0", "engine-1"],
            ["engine-2", "engine-3"],
            ["engine-4"],
        ]
        same = await client.get(MAP, headers={"If-None-Match": index.headers["etag"]})
        assert same.status_code == 304
        for number in (0, 4, 10**30):
            assert (await client.get(f"http://localhost/sitemap-{number}.xml")).status_code == 404

    async def test_has_no_parts_where_one_file_is_enough(self, client: AsyncClient) -> None:
        assert (await client.get("http://localhost/sitemap-1.xml")).status_code == 404

    async def test_is_the_same_until_something_happens(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        post_id = await make.post(updated_at=START)
        await make.post(updated_at=START)
        seen: set[str] = set()
        for change in (
            "UPDATE posts SET views = views + 1",
            # An edit that was begun before another one and ends after it.
            "UPDATE posts SET version = version + 1 WHERE id = $1",
            "UPDATE posts SET status = 'draft', version = version + 1 WHERE id = $1",
            "DELETE FROM posts WHERE id <> $1",
        ):
            first = await client.get(MAP)
            seen.add(first.headers["etag"])
            for condition in ("If-None-Match", "If-Modified-Since"):
                value = first.headers["etag" if condition == "If-None-Match" else "last-modified"]
                again = await client.get(MAP, headers={condition: value})
                assert (again.status_code, again.content) == (304, b"")
            await connection.execute(change, *([post_id] if "$1" in change else []))
        seen.add((await client.get(MAP)).headers["etag"])
        # Views are no edits.
        assert len(seen) == 4

    async def test_answers_head(self, client: AsyncClient, make: Factory) -> None:
        await make.post()
        whole, head = await client.get(MAP), await client.head(MAP)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(whole.content))
