"""`GET /`."""

import httpx2
import pytest

from app.contract import bundle

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


class TestIndex:
    async def test_programs_get_json(self, client: httpx2.AsyncClient) -> None:
        response = await client.get("/")
        index = response.json()
        assert response.headers["content-type"] == "application/json"
        assert index["name"] == "Galley"
        assert index["version"] == bundle()["info"]["version"]

    async def test_every_link_of_the_root_leads_somewhere(self, client: httpx2.AsyncClient) -> None:
        links = (await client.get("/")).json()["links"]
        assert links.pop("api") == "/api/v1"
        for href in links.values():
            assert (await client.get(href)).status_code == 200

    @pytest.mark.parametrize(
        "accept", [BROWSER, "text/html", "TEXT/HTML", "application/json;q=0.5, text/html;q=0.9", "text/*"]
    )
    async def test_who_prefers_html_gets_a_page(self, client: httpx2.AsyncClient, accept: str) -> None:
        response = await client.get("/", headers={"Accept": accept})
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert 'href="/docs"' in response.text

    @pytest.mark.parametrize(
        "accept",
        [
            "*/*",
            "application/json",
            "text/html;q=0.1, application/json",
            "text/html;q=0",
            "text/html;q=no",
            "",
        ],
    )
    async def test_who_does_not_gets_json(self, client: httpx2.AsyncClient, accept: str) -> None:
        response = await client.get("/", headers={"Accept": accept})
        assert response.headers["content-type"] == "application/json"

    async def test_caches_keep_both_forms_apart(self, client: httpx2.AsyncClient) -> None:
        page = await client.get("/", headers={"Accept": "text/html"})
        index = await client.get("/")
        assert page.headers["etag"] != index.headers["etag"]
        assert page.headers["vary"] == index.headers["vary"] == "Accept, Accept-Encoding"
