"""What surrounds every answer: its id, its timing, security headers, CORS, compression and caching."""

import re
from uuid import UUID

import pytest
from httpx2 import AsyncClient
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uuid_utils.compat import uuid7

from app import ids
from app.current import current
from app.frame import Frame
from app.logs import MASK, JSONFormatter
from app.sql import Connection
from tests.contract.checked import checked_client
from tests.factories import Factory

SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
ORIGIN = "http://localhost:3000"
ANSWERS = ["/posts", "/posts?limit=0", "/nowhere", "/users/me", "/posts/by-slug/none"]


class TestRequestId:
    @pytest.mark.parametrize("given", ["a", "01936b2e-5f8c", "A.b_c-9", "x" * 128])
    async def test_a_valid_one_is_kept(self, client: AsyncClient, given: str) -> None:
        answer = await client.get("/nowhere", headers={"X-Request-ID": given})
        assert answer.headers["x-request-id"] == given
        assert answer.json()["request_id"] == given

    @pytest.mark.parametrize("given", ["", "x" * 129, "a b", "<script>", "a\tb", "é", "a,b", '"a"'])
    async def test_another_is_replaced(self, client: AsyncClient, given: str) -> None:
        answer = await client.get("/nowhere", headers=[(b"X-Request-ID", given.encode())])
        made = answer.headers["x-request-id"]
        assert re.fullmatch("[0-9a-f]{32}", made)
        assert answer.json()["request_id"] == made

    async def test_without_one_every_answer_gets_its_own(self, client: AsyncClient) -> None:
        made = {(await client.get(path)).headers["x-request-id"] for path in ANSWERS * 2}
        assert len(made) == len(ANSWERS) * 2

    async def test_is_made_as_all_ids_are(self, client: AsyncClient) -> None:
        ids.use(lambda: UUID(int=7))
        try:
            answer = await client.get("/nowhere")
        finally:
            ids.use(uuid7)
        assert answer.headers["x-request-id"] == f"{7:032x}"


class TestLine:
    """What the log says of a request."""

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/posts/by-slug/none", ("GET", "/api/v1/posts/by-slug/{slug}", "getPostBySlug", 404, None)),
            ("/nowhere", ("GET", "/api/v1/nowhere", "", 404, None)),
            ("http://localhost/health", ("GET", "/health", "", 200, None)),
        ],
    )
    async def test_names_the_operation(
        self, client: AsyncClient, caplog: pytest.LogCaptureFixture, path: str, expected: tuple[object, ...]
    ) -> None:
        with caplog.at_level("INFO", "app.requests"):
            answer = await client.get(path)
        (record,) = [record for record in caplog.records if record.name == "app.requests"]
        said = vars(record)
        assert tuple(said[name] for name in ("method", "path", "operation", "status", "user_id")) == expected
        assert (record.levelname, record.getMessage()) == ("INFO", "request")
        assert said["request_id"] == answer.headers["x-request-id"]
        assert said["duration_ms"] > 0
        assert said["address"] == "127.0.0.1"

    @pytest.mark.parametrize(
        ("path", "request_id"), [("/token=hunter2", "a"), ("/nowhere", "eyJhbGciOiJIUzI1NiJ9.hunter2.hunter2")]
    )
    async def test_shows_no_secret_that_a_client_tells(
        self, client: AsyncClient, caplog: pytest.LogCaptureFixture, path: str, request_id: str
    ) -> None:
        with caplog.at_level("INFO", "app.requests"):
            await client.get(path, headers={"X-Request-ID": request_id})
        (line,) = [JSONFormatter().format(record) for record in caplog.records if record.name == "app.requests"]
        assert "hunter2" not in line
        assert MASK in line

    async def test_is_not_made_where_nobody_reads_it(
        self, client: AsyncClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level("WARNING", "app.requests"):
            await client.get("/nowhere")
        assert caplog.records == []


class TestHeaders:
    @pytest.mark.parametrize("path", ANSWERS)
    async def test_security_and_timing_are_on_every_answer(self, client: AsyncClient, path: str) -> None:
        answer = await client.get(path)
        assert {name: answer.headers[name] for name in SECURITY} == SECURITY
        assert re.fullmatch(r"app;dur=[0-9]+\.[0-9]", answer.headers["server-timing"])
        assert "server" not in answer.headers
        assert "x-xss-protection" not in answer.headers

    @pytest.mark.parametrize(("https_only", "told"), [(True, "max-age=63072000; includeSubDomains"), (False, None)])
    async def test_browsers_come_back_by_https_where_that_is_set(self, *, https_only: bool, told: str | None) -> None:
        async with checked_client(
            Frame(Response(status_code=204), https_only=https_only), "http://localhost"
        ) as client:
            assert (await client.get("/")).headers.get("strict-transport-security") == told

    @pytest.mark.parametrize("path", ["/docs", "/health", "/nowhere"])
    async def test_one_policy_says_what_may_be_loaded(self, client: AsyncClient, path: str) -> None:
        answer = await client.get(f"http://localhost{path}")
        assert len(answer.headers.get_list("content-security-policy")) == 1

    @pytest.mark.parametrize(("status", "policy"), [(200, "cross-origin"), (404, "same-origin")])
    async def test_other_sites_show_what_they_may_and_no_failure(self, status: int, policy: str) -> None:
        async def picture(scope: Scope, receive: Receive, send: Send) -> None:
            current().is_embeddable = True
            await Response(status_code=status)(scope, receive, send)

        async with checked_client(Frame(picture), "http://localhost") as client:
            assert (await client.get("/")).headers["cross-origin-resource-policy"] == policy

    @pytest.mark.parametrize("path", ANSWERS[1:])
    async def test_failures_are_kept_by_nobody(self, client: AsyncClient, path: str) -> None:
        answer = await client.get(path)
        assert answer.status_code >= 400
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == "application/problem+json"
        document = answer.json()
        assert document["status"] == answer.status_code
        assert document["type"].endswith(f"/problems/{document['code']}")
        page = await client.get(f"http://localhost/problems/{document['code']}")
        assert page.status_code == 200


class TestCaching:
    @pytest.mark.parametrize("path", ["/posts", "/posts/by-slug/looms", "/tags", "/posts/search?q=looms"])
    async def test_public_reads_are_public_only_without_credentials(
        self, client: AsyncClient, make: Factory, path: str
    ) -> None:
        await make.post(slug="looms")
        public = await client.get(path)
        assert (public.status_code, public.headers["cache-control"]) == (200, "public, max-age=60")
        member = await make.member()
        private = await client.get(path, headers=member.headers)
        assert (private.status_code, private.headers["cache-control"]) == (200, "private, no-store")
        for answer in (public, private):
            assert {"authorization"} <= {name.strip().lower() for name in answer.headers["vary"].split(",")}

    @pytest.mark.actor("user")
    async def test_what_is_ones_own_is_private(self, client: AsyncClient) -> None:
        assert (await client.get("/users/me")).headers["cache-control"] == "private, no-store"
        draft = {"title": "The engine weaves", "content": "It weaves patterns."}
        assert (await client.post("/posts", json=draft)).headers["cache-control"] == "private, no-store"


class TestCompression:
    async def test_begins_at_one_kibibyte(self, client: AsyncClient, make: Factory) -> None:
        small = await client.get("/posts", headers={"Accept-Encoding": "gzip"})
        assert len(small.content) < 1024
        assert "content-encoding" not in small.headers
        await make.post(slug="long", content="It weaves patterns. " * 100)
        packed = await client.get("/posts/by-slug/long", headers={"Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "accept-encoding" in packed.headers["vary"].lower()
        plain = await client.get("/posts/by-slug/long", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert len(plain.content) >= 1024
        assert packed.json() == plain.json()
        assert int(packed.headers["content-length"]) < len(plain.content) / 2
        assert "accept-encoding" in plain.headers["vary"].lower()


class TestCors:
    async def test_a_preflight_of_a_known_origin_is_answered(self, client: AsyncClient) -> None:
        headers = {
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization, if-match, content-type",
        }
        answer = await client.options("/posts", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "PATCH" in answer.headers["access-control-allow-methods"]
        assert "if-match" in answer.headers["access-control-allow-headers"].lower()
        assert answer.headers["access-control-max-age"] == "600"
        assert answer.headers["access-control-allow-credentials"] == "true"

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000.evil.example"])
    async def test_a_foreign_origin_is_not_let_in(self, client: AsyncClient, origin: str) -> None:
        preflight = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        refused = await client.options("/posts", headers=preflight)
        assert refused.status_code == 400
        assert refused.headers["content-type"] == "application/problem+json"
        assert "access-control-allow-origin" not in refused.headers
        simple = await client.get("/posts", headers={"Origin": origin, "Cookie": "a=b"})
        assert "access-control-allow-origin" not in simple.headers

    async def test_the_headers_of_an_answer_can_be_read(self, client: AsyncClient) -> None:
        for path in ("/posts", "/nowhere"):
            answer = await client.get(path, headers={"Origin": ORIGIN})
            assert answer.headers["access-control-allow-origin"] == ORIGIN
            assert "origin" in answer.headers["vary"].lower()
            exposed = {name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")}
            assert exposed >= {"etag", "location", "link", "x-request-id", "retry-after"}


class TestInternalError:
    async def test_tells_nothing_and_is_logged(
        self, client: AsyncClient, connection: Connection, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A table that has gone is a mistake of ours."""
        await connection.execute("ALTER TABLE tags RENAME TO elsewhere")
        answer = await client.get("/tags")
        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
        assert "tags" not in answer.json()["detail"]
        assert "relation" not in answer.text
        assert {name: answer.headers[name] for name in SECURITY} == SECURITY
        assert any("relation" in str(record.exc_info) for record in caplog.records)
