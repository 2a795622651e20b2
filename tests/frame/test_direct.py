"""Direct calls: which operations have one, and that they answer as FastAPI does."""

from typing import Any

import pytest
from httpx2 import AsyncClient, Response

import app.gate as gate_module
from app.direct import Call, compiled
from app.main import create_app, operations
from tests.conftest import BASE_URL
from tests.contract.checked import checked_client
from tests.factories import Factory

# They take a form, a body as it comes, or an integer in their path, which the generated layer adapts by a dependency.
FASTAPIS_WAY = {
    "logIn",
    "openSession",
    "importPosts",
    "uploadMedia",
    "uploadItemImages",
    "getRevision",
    "compareRevisions",
    "restoreRevision",
}
VOLATILE = ("request_id", "timestamp")
REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/posts", {}),
    ("GET", "/posts", {"params": {"limit": "2", "include_total": "true", "sort": "title", "tag": "engines"}}),
    ("GET", "/posts", {"params": {"limit": "0"}}),
    ("GET", "/posts", {"params": {"limit": "two"}}),
    ("GET", "/posts", {"params": {"limit": " 2"}}),
    ("GET", "/posts", {"params": {"include_total": "yes"}}),
    ("GET", "/posts", {"params": {"sort": "nothing"}}),
    ("GET", "/posts", {"params": {"author": "ab", "limit": "101"}}),
    ("GET", "/posts", {"params": {"published_after": "2020-01-01T00:00:00Z"}}),
    ("GET", "/posts/{post}", {}),
    ("GET", "/posts/{post}", {"headers": {"If-None-Match": "*"}}),
    ("GET", "/posts/{post}", {"headers": {"If-None-Match": "x" * 501}}),
    ("GET", "/posts/{post}", {"headers": {"Authorization": "Bearer nonsense"}}),
    ("GET", "/posts/{post}", {"headers": {"Authorization": "Basic nonsense"}}),
    ("GET", "/posts/search", {}),
    ("GET", "/posts/search", {"params": {"q": "engine"}}),
    ("GET", "/posts/by-slug/Not-A-Slug", {}),
    ("POST", "/posts", {"json": {"title": "No", "content": 5}}),
    ("POST", "/posts", {"json": {"title": "The engine weaves", "content": "It weaves patterns.", "more": 1}}),
    ("POST", "/posts", {"content": b"", "headers": {"Content-Type": "application/json"}}),
    ("POST", "/posts", {"json": {}, "headers": {"Authorization": ""}}),
    ("DELETE", "/posts/{post}", {}),
    ("PUT", "/posts/{post}/like", {}),
]


def test_every_operation_but_the_unusual_is_called_directly() -> None:
    assert {route.operation_id for route in operations() if compiled(route) is None} == FASTAPIS_WAY


def essence(answer: Response) -> tuple[int, Any, str | None]:
    """Return what must be the same of two answers."""
    members: dict[str, Any] = answer.json() if answer.content else {}
    body = {name: value for name, value in members.items() if name not in VOLATILE}
    return answer.status_code, body, answer.headers.get("etag")


@pytest.mark.parametrize("request_of", REQUESTS)
async def test_both_ways_answer_alike(
    client: AsyncClient,
    make: Factory,
    monkeypatch: pytest.MonkeyPatch,
    request_of: tuple[str, str, dict[str, Any]],
) -> None:
    method, path, options = request_of
    author = await make.member()
    post = await make.post(author, tags=["engines"])
    headers = author.headers | options.get("headers", {})
    path = path.format(post=post)

    def never(_: object) -> Call | None:
        return None

    monkeypatch.setattr(gate_module, "compiled", never)
    async with checked_client(create_app(), BASE_URL) as other:
        direct = await client.request(method, path, **options | {"headers": headers})
        framework = await other.request(method, path, **options | {"headers": headers})
    assert essence(direct) == essence(framework)
