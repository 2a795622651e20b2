"""Paths, methods, parameters and hosts that lead nowhere."""

from collections import defaultdict
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.contract.document import operations
from tests.factories import Factory
from tests.frame.conftest import Fingerprint

ROOT = "http://localhost"
ID = "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]


def allowed() -> dict[str, set[str]]:
    """Return the methods of every path of the contract."""
    found: dict[str, set[str]] = defaultdict(set)
    for operation in operations():
        found[operation.path].add(operation.method)
    return found


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            *(
                "/nowhere",
                "/posts/",
                "/posts//",
                "//posts",
                f"/posts/{ID}/",
                f"/posts//{ID}",
                f"/posts/by-slug/{ID}/a",
                "/POSTS",
            ),
            *(f"/posts/{ID}/likes", f"/posts/{ID}/like/more", "/posts/search/", "/.", "/%2e%2e/health", "/tags%2f"),
            *("/", "", "/posts;a=b", "/posts%00", "/posts%20", "/%ff%fe", "/" + "a" * 4000, "/auth", "/profiles"),
        ],
    )
    async def test_unknown_ones_are_404(self, client: AsyncClient, fingerprint: Fingerprint, path: str) -> None:
        before = await fingerprint()
        for method in ("GET", "POST", "DELETE"):
            answer = await client.request(method, f"{ROOT}/api/v1{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), method
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["instance"].startswith("/api/v1")
        assert await fingerprint() == before

    @pytest.mark.parametrize("path", ["/nowhere", "/api", "/api/v2/posts", "/health/", "/docs/", "/openapi", "/%00"])
    async def test_so_they_are_outside_the_operations(self, client: AsyncClient, path: str) -> None:
        answer = await client.get(ROOT + path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert answer.headers["content-type"] == "application/problem+json"


class TestMethods:
    @pytest.mark.parametrize("path", allowed())
    async def test_others_are_405_with_a_true_allow(
        self, client: AsyncClient, make: Factory, fingerprint: Fingerprint, path: str
    ) -> None:
        admin = await make.member("admin")
        before = await fingerprint()
        filled = path.replace("{slug}", "a").replace("{username}", "abc")
        for name in ("post_id", "comment_id", "tag_id"):
            filled = filled.replace(f"{{{name}}}", ID)
        for method in set(METHODS) - allowed()[path]:
            answer = await client.request(method, filled, headers=admin.headers)
            assert answer.status_code == 405, method
            assert set(answer.headers["allow"].split(", ")) == allowed()[path]
            if method != "HEAD":
                assert answer.json()["code"] == "method_not_allowed"
        assert await fingerprint() == before

    async def test_a_word_of_a_longer_path_is_a_value_where_the_path_ends(self, client: AsyncClient) -> None:
        """Only /posts/{post_id} fits, as the contract has no /posts/by-slug."""
        answer = await client.get("/posts/by-slug")
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "post_id")
        assert set((await client.post("/posts/by-slug")).headers["allow"].split(", ")) == {"GET", "PATCH", "DELETE"}

    @pytest.mark.parametrize("path", ["/health", "/openapi.json", "/docs"])
    async def test_outside_the_operations_as_well(self, client: AsyncClient, path: str) -> None:
        answer = await client.post(ROOT + path)
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert "GET" in answer.headers["allow"]


class TestParameters:
    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("limit=1&limit=2", "repeated_parameter"),
            ("limit=1&limit=1", "repeated_parameter"),
            ("Limit=1", "unknown_parameter"),
            ("limit[]=1", "unknown_parameter"),
            ("%6cimit=1&limit=2", "repeated_parameter"),
            ("=1", "unknown_parameter"),
            ("limit", None),
            ("limit=", None),
            ("limit=9223372036854775808", None),
            ("limit=" + "9" * 5000, None),
            ("limit=1e1", None),
            ("limit=+5", None),
            ("limit=%205", None),
            ("limit=5.0", None),
            ("limit=0x5", None),
            ("limit=%D9%A5", None),
            ("page=99999999999999999999", None),
            ("include_total=2", None),
        ],
    )
    async def test_are_taken_once_and_to_the_letter(self, client: AsyncClient, query: str, code: str | None) -> None:
        answer = await client.get(f"/posts?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), answer.text
        if code is not None:
            assert answer.json()["errors"][0]["code"] == code

    @pytest.mark.parametrize("query", ["author=%ff", "author=%ed%a0%80", "&".join(f"a{n}=1" for n in range(200))])
    async def test_that_cannot_be_decoded_are_400(self, client: AsyncClient, query: str) -> None:
        answer = await client.get(f"/posts?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")

    @pytest.mark.parametrize("query", ["author=%00", "tag=%00", "published_after=%00", "cursor=%00"])
    async def test_nul_never_reaches_the_database(self, client: AsyncClient, query: str) -> None:
        assert (await client.get(f"/posts?{query}")).status_code == 422


class TestHosts:
    @pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "localhost@evil.example", "\xe9"])
    async def test_foreign_ones_are_refused_as_problems(self, client: AsyncClient, host: str) -> None:
        headers: Any = [("Host", host.encode("latin-1"))]
        answer = await client.get("/posts", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
        assert answer.headers["content-type"] == "application/problem+json"
        assert "evil" not in answer.text


async def test_a_time_that_is_none_is_refused_by_a_name_for_programs(client: AsyncClient) -> None:
    refused = await client.get("/posts", params={"published_before": ""})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "date_time_format")
