"""What the headers of every answer promise, whichever operation it is of."""

import pytest
from httpx2 import AsyncClient

from tests.contract.document import Operation, operations
from tests.contract.requests import Call
from tests.factories import Member

PUBLIC = "public, max-age=60"


# Everybody may ask for these, and gets what is used where everybody looks (tests/media/test_use.py).
THEIR_OWNERS = {"getMedia", "downloadMedia", "downloadVariant"}


# What they answer never changes, and may be kept by who may see it.
UNCHANGING = {"downloadMedia", "downloadVariant"}


def is_public(operation: Operation) -> bool:
    """Whether the answer is the same for everybody who does not say who they are."""
    return operation.method == "GET" and not operation.needs_credentials and operation.name not in THEIR_OWNERS


@pytest.mark.parametrize("operation", operations(), ids=str)
class TestRequestId:
    async def test_is_the_clients(self, client: AsyncClient, call: Call) -> None:
        answer = await call.with_headers(X_Request_ID="order-66.a").send(client)
        assert answer.headers["X-Request-ID"] == "order-66.a"

    async def test_is_another_for_every_request(self, client: AsyncClient, call: Call) -> None:
        answers = [await call.send(client) for _ in range(2)]
        assert len({answer.headers["X-Request-ID"] for answer in answers}) == 2


@pytest.mark.parametrize("operation", operations(), ids=str)
class TestCacheControl:
    async def test_keeps_from_others_what_is_for_one(
        self, client: AsyncClient, call: Call, operation: Operation, author: Member
    ) -> None:
        kept = "private, max-age=86400, immutable" if operation.name in UNCHANGING else "private, no-store"
        headers = author.headers if operation.takes_credentials else {"Authorization": "Basic QWRhOmxvb20="}
        answer = await call.with_headers(**headers).send(client)
        # Of a problem it says no more than that.
        assert answer.headers["Cache-Control"] == (kept if answer.is_success else "no-store")

    async def test_lets_everybody_keep_what_is_for_all(
        self, client: AsyncClient, call: Call, operation: Operation
    ) -> None:
        answer = await call.by({}).send(client)
        if is_public(operation):
            assert answer.headers["Cache-Control"] == PUBLIC
            assert "Authorization" in answer.headers["Vary"]
        else:
            assert "public" not in answer.headers.get("Cache-Control", "")
