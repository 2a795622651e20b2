"""Whoever asks too often is told so by every operation, and every answer tells beforehand how much is left."""

import re
from collections.abc import Iterator

import pytest
from httpx2 import AsyncClient

from app import limits
from app.access import identify
from app.limits import Limits
from app.settings import Settings
from app.sql import Connection
from tests.contract.document import Operation, contract, operations
from tests.contract.requests import Call, fingerprint

QUOTA = 2
LIMIT = re.compile('"([a-z]+)";r=([0-9]+);t=([0-9]+)')


@pytest.fixture
def few() -> Iterator[None]:
    """Limits that allow two requests in a day, under every policy."""
    before = limits.in_force()
    limits.use(Limits(Settings(rate_limit=f"{QUOTA}/day", rate_limit_auth=f"{QUOTA}/day"), identify))
    yield
    limits.use(before)


def policy_of(operation: Operation) -> str:
    """Return the policy that the contract names for the operation."""
    return contract()["paths"][operation.path][operation.method.lower()].get("x-rate-limit", "default")


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("operation", operations(), ids=str)
class TestQuota:
    async def test_is_counted_down_and_then_refused(
        self, client: AsyncClient, call: Call, operation: Operation, connection: Connection
    ) -> None:
        for left in (1, 0):
            answer = await call.send(client)
            assert answer.headers["RateLimit-Policy"] == f'"{policy_of(operation)}";q={QUOTA};w=86400'
            found = LIMIT.fullmatch(answer.headers["RateLimit"])
            assert found is not None
            assert (found[1], int(found[2])) == (policy_of(operation), left)
            assert 86_300 < int(found[3]) <= 86_400
        before = await fingerprint(connection)
        refused = await call.send(client)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert 86_300 < int(refused.headers["Retry-After"]) <= 86_400
        assert refused.headers["RateLimit"] == f'"{policy_of(operation)}";r=0;t={refused.headers["Retry-After"]}'
        assert await fingerprint(connection) == before

    async def test_is_used_up_by_what_cannot_be_read_as_well(self, client: AsyncClient, call: Call) -> None:
        for _ in range(QUOTA):
            answer = await call.with_headers(Content_Length="many").without_header("Authorization").send(client)
            assert answer.status_code != 429
        refused = await call.without_header("Authorization").send(client)
        assert refused.status_code == 429


@pytest.mark.usefixtures("few")
class TestDefault:
    @pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("DELETE", "/tags"), ("HEAD", "/tags")])
    async def test_counts_what_is_no_operation(self, client: AsyncClient, method: str, path: str) -> None:
        answers = [await client.request(method, path) for _ in range(QUOTA + 1)]
        assert [answer.status_code for answer in answers[1:]] == [answers[0].status_code, 429]

    async def test_counts_a_request_for_another_host(self, client: AsyncClient) -> None:
        for left in (1, 0, 0):
            answer = await client.get("/tags", headers={"Host": "evil.example"})
            assert answer.status_code == 400
            assert answer.headers["RateLimit"].startswith(f'"default";r={left};')
        assert (await client.get("/tags")).status_code == 429

    @pytest.mark.parametrize("path", ["/", "/health", "/openapi.json", "/docs", "/nowhere"])
    async def test_is_for_operations_alone(self, client: AsyncClient, path: str) -> None:
        answers = [await client.get(f"http://localhost{path}") for _ in range(QUOTA + 2)]
        assert 429 not in {answer.status_code for answer in answers}
        assert "RateLimit" not in answers[0].headers


class TestPolicies:
    def test_are_all_named_by_some_operation(self) -> None:
        named = {policy_of(operation) for operation in operations()}
        assert named == set(contract()["x-rate-limit-policies"])
