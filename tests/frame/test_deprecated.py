"""A deprecated operation says so in every answer; planted in the contract, told by the service."""

import json
from collections.abc import AsyncIterator, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx2
import pytest
from httpx2 import AsyncClient
from starlette.types import ASGIApp

from app import contract
from app.main import create_app
from app.sql import Connection
from tests.conftest import BASE_URL
from tests.contract.checked import checked_client
from tests.contract.document import contract as ours
from tests.contract.document import resolve
from tests.contract.validation import Judge, exchange_of
from tests.factories import Factory

# logIn goes FastAPI's way, the others are called directly.
DEPRECATED = {("/posts", "get"), ("/posts", "post"), ("/posts/{post_id}", "get"), ("/auth/login", "post")}
SINCE, SUNSET = "2026-12-31", "2028-02-29"
SAID = {"deprecation": "@1798675200", "sunset": "Tue, 29 Feb 2028 00:00:00 GMT"}


@pytest.fixture(scope="module")
def planted() -> Any:
    """Our contract with deprecated operations, declared as the lint demands it."""
    document = deepcopy(ours())
    declared = {name: {"$ref": f"#/components/headers/{name}"} for name in ("Deprecation", "Sunset")}
    for path, method in DEPRECATED:
        operation = document["paths"][path][method]
        operation |= {"deprecated": True, "x-deprecated-since": SINCE, "x-sunset": SUNSET}
        for response in operation["responses"].values():
            resolve(response, document).setdefault("headers", {}).update(declared)
    return document


@pytest.fixture(scope="module")
def deprecating(planted: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ASGIApp]:
    """The service, started on that contract."""
    file = tmp_path_factory.mktemp("contract") / "openapi.json"
    file.write_text(json.dumps(planted))

    def forget() -> None:
        contract.bundle.cache_clear()
        contract.operations.cache_clear()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contract, "BUNDLE", Path(file))
        forget()
        yield create_app()
    forget()


@pytest.fixture
async def caller(deprecating: ASGIApp, planted: Any, connection: Connection) -> AsyncIterator[AsyncClient]:
    """Speaks HTTP with that service; every answer is checked against that contract."""
    del connection
    judge = Judge(planted)

    async def check(answer: httpx2.Response) -> None:
        await answer.aread()
        sent = answer.request
        judge.judge(
            exchange_of(
                sent.method, sent.url.raw_path, answer.status_code, answer.headers.multi_items(), answer.content
            )
        )

    async with checked_client(deprecating, BASE_URL) as client:
        client.event_hooks = {"response": [check]}
        yield client


def said(answer: httpx2.Response) -> dict[str, str]:
    """Return what an answer says of its operation's end."""
    return {name: answer.headers[name] for name in SAID if name in answer.headers}


class TestDeprecatedOperation:
    async def test_says_so_when_it_succeeds(self, caller: AsyncClient, make: Factory) -> None:
        author = await make.member()
        post = await make.post(author)
        found = await caller.get(f"/posts/{post}")
        assert (found.status_code, said(found)) == (200, SAID)
        known = await caller.get(f"/posts/{post}", headers={"If-None-Match": found.headers["etag"]})
        assert (known.status_code, said(known)) == (304, SAID)
        draft = {"title": "The engine weaves", "content": "It weaves patterns."}
        made = await caller.post("/posts", json=draft, headers=author.headers)
        assert (made.status_code, said(made)) == (201, SAID)

    async def test_says_so_when_it_fails(self, caller: AsyncClient) -> None:
        answers = {
            400: await caller.post("/posts", content=b"{", headers={"Content-Type": "application/json"}),
            401: await caller.post("/posts", json={"title": "The engine weaves", "content": "Patterns."}),
            404: await caller.get("/posts/01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
            415: await caller.post("/posts", content=b"{}", headers={"Content-Type": "text/plain"}),
            422: await caller.get("/posts", params={"limit": "0"}),
        }
        for status, answer in answers.items():
            assert (answer.status_code, said(answer)) == (status, SAID)

    async def test_says_so_on_fastapis_way(self, caller: AsyncClient, make: Factory) -> None:
        member = await make.member()
        good = await caller.post("/auth/login", data={"username": member.username, "password": "Tr0mbone!"})
        bad = await caller.post("/auth/login", data={"username": member.username})
        assert [good.status_code, bad.status_code] == [401, 422]
        assert said(good) == said(bad) == SAID

    async def test_says_so_across_origins(self, caller: AsyncClient) -> None:
        answer = await caller.get("/posts", headers={"Origin": "http://localhost:3000"})
        exposed = {name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")}
        assert exposed >= SAID.keys()


class TestOtherOperation:
    async def test_says_nothing(self, caller: AsyncClient) -> None:
        for answer in (await caller.get("/tags"), await caller.get("/nothing"), await caller.put("/posts")):
            assert said(answer) == {}

    def test_carries_nothing(self, deprecating: ASGIApp, planted: Any) -> None:
        del deprecating
        deprecated = {planted["paths"][path][method]["operationId"] for path, method in DEPRECATED}
        carrying = {name for name, operation in contract.operations().items() if operation.notices}
        assert carrying == deprecated
