"""The HTML pages and the assets that they load."""

import re

import httpx2
import pytest

from app.meta.assets import FROM_WHEEL, OUR_OWN, assets
from app.meta.pages import addresses
from app.problems import catalogue
from generated.models import ProblemCode
from tests.contract.document import METHODS, Node, contract, operations

HTML = {"Accept": "text/html"}
PAGES = sorted(addresses())
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
        assert "unsafe-inline" not in str(rules)

    async def test_names_no_other_host(self, client: httpx2.AsyncClient, path: str) -> None:
        page = (await client.get(path, headers=HTML)).text
        # Code that readers copy names the host that they will send it to.
        shown = re.sub(r"<pre.*?</pre>", "", page, flags=re.DOTALL)
        assert re.findall(r"""(?:href|src|action)=["']?(?:https?:)?//""", shown) == []

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

    async def test_is_sent_compressed_and_known_by_its_tag(self, client: httpx2.AsyncClient, path: str) -> None:
        packed = await client.get(path, headers={**HTML, "Accept-Encoding": "gzip"})
        assert packed.headers.get("content-encoding") == "gzip"
        again = {**HTML, "Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]}
        assert (await client.get(path, headers=again)).status_code == 304


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


class TestReference:
    async def test_every_operation_has_a_section_on_the_page_of_its_tag(self, client: httpx2.AsyncClient) -> None:
        overview = (await client.get("/redoc")).text
        for operation in operations():
            address = f"/redoc/{operation.tag.lower()}"
            assert f'href="{address}#{operation.name}"' in overview
            assert f'id="{operation.name}"' in (await client.get(address)).text


class TestProblemPage:
    @pytest.mark.parametrize("code", list(ProblemCode))
    async def test_every_code_of_the_contract_has_one(self, client: httpx2.AsyncClient, code: str) -> None:
        response = await client.get(f"/problems/{code}")
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert code in response.text

    async def test_explains_and_advises_and_says_who_answers_with_it(self, client: httpx2.AsyncClient) -> None:
        page = (await client.get("/problems/precondition_required")).text
        assert "The request needs If-Match." in page
        assert "428" in page
        assert "so that it cannot undo somebody else" in page
        assert "Read the resource first and send its <code>ETag</code>" in page
        assert 'href="/redoc/posts#updatePost"' in page
        assert "createPost" not in page

    @pytest.mark.parametrize("code", ["unknown", "NOT_FOUND", "%3Cscript%3E"])
    async def test_unknown_codes_are_404(self, client: httpx2.AsyncClient, code: str) -> None:
        assert (await client.get(f"/problems/{code}")).status_code == 404

    def test_every_code_is_explained_and_somebody_answers_with_it(self) -> None:
        codes = contract()["components"]["schemas"]["ProblemCode"]
        assert list(codes["x-problems"]) == codes["enum"]
        anywhere = {code for code, entry in codes["x-problems"].items() if entry.get("anywhere")}
        items = contract()["paths"].values()
        nodes: list[Node] = [item[method] for item in items for method in METHODS if method in item]
        assert set(codes["enum"]) == anywhere.union(*(node.get("x-problem-codes", []) for node in nodes))

    def test_the_code_says_what_the_contract_says(self) -> None:
        explained = contract()["components"]["schemas"]["ProblemCode"]["x-problems"]
        kinds = [kind for kind in catalogue() if kind.__module__.startswith("app.")]
        assert {kind.code.value for kind in kinds} == set(explained)
        assert [(kind.code.value, kind.status, kind.title) for kind in kinds] == [
            (kind.code.value, explained[kind.code.value]["status"], explained[kind.code.value]["title"])
            for kind in kinds
        ]


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
