"""`GET /docs`, `/redoc`, `/problems/{code}` and the assets that they load."""

import re

import httpx2
import pytest

from app.contract import bundle
from app.meta.assets import EMPTY_IMAGE, FOREIGN_LOGO, FROM_WHEEL, OUR_OWN, assets
from app.meta.pages import problem_pages, render
from app.problems import Conflict
from generated.models import ProblemCode

HTML = {"Accept": "text/html"}
PAGES = ["/", "/docs", "/redoc", "/problems/validation_failed"]
EVERYTHING = [*PAGES, "/health", "/health/ready", "/openapi.json", "/openapi.yaml"]


def policy(response: httpx2.Response) -> dict[str, str]:
    """Return the Content-Security-Policy by directive."""
    directives = (entry.strip().partition(" ") for entry in response.headers["content-security-policy"].split(";"))
    return {name: sources for name, _, sources in directives}


@pytest.mark.parametrize("path", PAGES)
class TestPage:
    async def test_has_a_strict_policy(self, client: httpx2.AsyncClient, path: str) -> None:
        rules = policy(await client.get(path, headers=HTML))
        assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
        assert rules.get("script-src", "'none'") in {"'self'", "'none'"}
        assert "unsafe-eval" not in str(rules)
        # Redoc alone writes style elements while it runs.
        relaxed = {name for name, sources in rules.items() if "unsafe-inline" in sources}
        assert relaxed == ({"style-src-elem"} if path == "/redoc" else set())

    async def test_names_no_other_host(self, client: httpx2.AsyncClient, path: str) -> None:
        page = (await client.get(path, headers=HTML)).text
        assert "//" not in page.replace("<!doctype html>", "")

    async def test_has_no_inline_script_or_style(self, client: httpx2.AsyncClient, path: str) -> None:
        page = (await client.get(path, headers=HTML)).text
        assert re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", page) == []

    async def test_loads_only_assets_that_are_there(self, client: httpx2.AsyncClient, path: str) -> None:
        page = (await client.get(path, headers=HTML)).text
        loaded = re.findall(r'"(/static/[^"]+)"', page)
        assert len(loaded) >= 2
        for address in loaded:
            assert (await client.get(address)).status_code == 200

    async def test_is_made_for_phones_and_says_its_language(self, client: httpx2.AsyncClient, path: str) -> None:
        page = (await client.get(path, headers=HTML)).text
        assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
        assert '<html lang="en"' in page


class TestAssets:
    @pytest.mark.parametrize("name", [*OUR_OWN, *FROM_WHEEL])
    async def test_may_be_kept_for_ever(self, client: httpx2.AsyncClient, name: str) -> None:
        response = await client.get(assets().addresses[name])
        kinds = {
            "css": "text/css; charset=utf-8",
            "js": "text/javascript; charset=utf-8",
            "svg": "image/svg+xml",
        }
        assert response.headers["content-type"] == kinds[name.rpartition(".")[2]]
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"

    @pytest.mark.parametrize("name", ["docs.js", "nothing.css", "..%2f__init__.py", "%2e%2e", "galley.0.css"])
    async def test_other_names_are_not_files(self, client: httpx2.AsyncClient, name: str) -> None:
        assert (await client.get(f"/static/{name}")).status_code == 404

    def test_redoc_fetches_no_foreign_logo(self) -> None:
        address = assets().addresses["redoc.standalone.js"]
        served = assets().documents[address.rpartition("/")[2]].body
        assert served.count(EMPTY_IMAGE) >= 1
        assert FOREIGN_LOGO not in served
        # A foreign address in a link or a comment is harmless; a picture, a font or a script is not.
        assert re.findall(rb"""https?://[^"'\s]+\.(?:svg|png|woff2?|js|css)["']""", served) == []


class TestProblemPage:
    @pytest.mark.parametrize("code", list(ProblemCode))
    async def test_every_code_of_the_contract_has_one(self, client: httpx2.AsyncClient, code: str) -> None:
        response = await client.get(f"/problems/{code}")
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert code in response.text

    async def test_explains_and_advises(self, client: httpx2.AsyncClient) -> None:
        page = (await client.get("/problems/precondition_required")).text
        assert "The request needs If-Match." in page
        assert "Status 428" in page
        assert "it cannot undo somebody else&#x27;s" in page
        assert "Read the resource first and send its <code>ETag</code>" in page

    @pytest.mark.parametrize("code", ["unknown", "NOT_FOUND", "%3Cscript%3E"])
    async def test_unknown_codes_are_404(self, client: httpx2.AsyncClient, code: str) -> None:
        assert (await client.get(f"/problems/{code}")).status_code == 404

    def test_a_code_without_a_problem_says_so(self) -> None:
        pages = problem_pages([])
        assert set(pages) == set(bundle()["components"]["schemas"]["ProblemCode"]["enum"])
        assert b"no operation of this version answers with it" in pages["not_found"].body

    def test_every_problem_of_a_code_stands_on_its_page(self) -> None:
        page = problem_pages([Conflict, Conflict])["conflict"].body.decode()
        assert page.count(f"<h2>{Conflict.title}</h2>") == 2


class TestRender:
    def test_escapes_what_is_not_markup(self) -> None:
        card = render("card", href='"><script>', name="<b>", text="&")
        link = '<li><a href="&quot;&gt;&lt;script&gt;"><strong>&lt;b&gt;</strong>&amp;</a></li>'
        assert card.strip() == link

    def test_takes_markup_as_it_is(self) -> None:
        card = render("card", href="/", name="&", text="")
        assert card in render(
            "docs", **dict.fromkeys(("title", "service", "icon", "theme", "scripts"), ""), styles=card
        )


@pytest.mark.parametrize("path", EVERYTHING)
async def test_head_says_the_same_as_get(client: httpx2.AsyncClient, path: str) -> None:
    get, head = await client.get(path), await client.head(path)
    assert head.status_code == get.status_code
    assert head.content == b""
    # Readiness measures a time, so its length may differ by a digit.
    varying = {"content-length"} if path == "/health/ready" else set[str]()
    assert {name: head.headers.get(name) for name in get.headers.keys() - varying} == {
        name: get.headers[name] for name in get.headers.keys() - varying
    }
    assert int(head.headers["content-length"]) > 0
