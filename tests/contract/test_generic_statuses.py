"""What every operation refuses in the same way, provoked from the contract; a new operation is covered at once."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient, Response

from app.sql import Connection
from tests.contract.document import METHODS, Node, Operation, contract, operations, resolve
from tests.contract.requests import FILES, FORM, JSON, LINES, Call, fingerprint
from tests.contract.resources import RESOURCES
from tests.contract.schemas import Schemas

MAX_BODY_BYTES = 1_048_576
MAX_STREAMED_BYTES = 268_435_456
# What a client sends is never repeated to it: it could be somebody else's secret, or a script.
MARKER = "Zx9MarkerQq"
STALE = '"999999-00000000"'


def every(fits: Callable[[Operation], Any] = lambda _: True) -> pytest.MarkDecorator:
    """Run a test for every operation that fits."""
    return pytest.mark.parametrize("operation", [item for item in operations() if fits(item)], ids=str)


def takes_json(operation: Operation) -> bool:
    return operation.media_type in JSON


def takes_body(operation: Operation) -> bool:
    return bool(operation.media_type)


def takes_lines(operation: Operation) -> bool:
    return operation.media_type in (LINES, FILES)


def takes_members(operation: Operation) -> bool:
    return takes_body(operation) and not takes_lines(operation)


def is_conditional(operation: Operation) -> bool:
    return "If-Match" in operation.named("header")


def is_about_something(operation: Operation) -> bool:
    return bool(operation.named("path"))


Send = Callable[[Call], Awaitable[Response]]


def sender(client: AsyncClient, connection: Connection) -> Send:
    """Return a function that sends a call that is to be refused, and sees that it leaves no trace in any table."""

    async def sent(call: Call) -> Response:
        before = await fingerprint(connection)
        answer = await call.send(client)
        after = await fingerprint(connection)
        if answer.status_code == 403 and answer.json()["code"] == "wrong_password":
            # That it was tried is counted, and nothing else.
            assert after.pop("login_attempts") != before.pop("login_attempts")
        assert after == before
        return answer

    return sent


@pytest.fixture
def send(client: AsyncClient, connection: Connection) -> Send:
    return sender(client, connection)


def refused(answer: Response, status: int, code: str) -> Node:
    """Assert that the answer is this problem, and return it."""
    problem = answer.json()
    assert (answer.status_code, problem.get("code")) == (status, code), problem
    return problem


def names(problem: Node, **place: str) -> bool:
    """Whether the problem names this place."""
    return any(place.items() <= error.items() for error in problem["errors"])


class TestBody:
    @every(takes_json)
    @pytest.mark.parametrize(
        "body",
        [
            b'{"',
            b"{'a': 1}",
            b'{"a": NaN}',
            b'{"a": 1e400}',
            b'{"a": "\\ud800"}',
            b'{"a": "\xff"}',
            b"[" * 100_000,
            b"{} {}",
            b'{"title": "' + MARKER.encode(),
        ],
        ids=["cut", "quotes", "nan", "huge", "surrogate", "latin-1", "deep", "two", "echo"],
    )
    async def test_that_is_no_json_is_400(self, send: Send, call: Call, body: bytes) -> None:
        answer = await send(replace(call, body=body))
        refused(answer, 400, "malformed_request")
        assert MARKER not in answer.text

    @every(lambda operation: operation.media_type == FORM)
    async def test_that_is_no_form_is_400(self, send: Send, call: Call) -> None:
        for name in call.body:
            refused(await send(replace(call, body=f"{name}=%ff".encode())), 400, "malformed_request")

    @every(takes_members)
    async def test_over_the_limit_is_413(self, send: Send, call: Call) -> None:
        large = MARKER.encode() * (MAX_BODY_BYTES // len(MARKER) + 1)
        answer = await send(replace(call, body=large))
        refused(answer, 413, "payload_too_large")
        assert MARKER not in answer.text

    @every(takes_lines)
    async def test_that_is_streamed_over_its_limit_is_413(self, send: Send, call: Call) -> None:
        # What it says of its length suffices; how much comes is counted as well (tests/frame/test_streamed.py).
        declared = call.with_headers(Content_Length=str(MAX_STREAMED_BYTES + 1))
        refused(await send(declared), 413, "payload_too_large")

    @every(takes_lines)
    async def test_that_is_empty_is_422(self, send: Send, call: Call) -> None:
        problem = refused(await send(replace(call, body=b"")), 422, "validation_failed")
        assert names(problem, pointer="", code="missing")

    @every(takes_body)
    async def test_of_another_media_type_is_415(self, send: Send, call: Call) -> None:
        refused(await send(call.with_headers(Content_Type="text/plain")), 415, "unsupported_media_type")
        refused(await send(call.with_headers(Content_Encoding="gzip")), 415, "unsupported_media_type")

    @every(takes_members)
    async def test_with_an_unknown_member_is_422(self, send: Send, call: Call) -> None:
        problem = refused(await send(replace(call, body=call.body | {"undreamt": "of"})), 422, "validation_failed")
        assert names(problem, pointer="/undreamt")

    @every(takes_json)
    @pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"1"])
    async def test_that_is_no_object_is_422(self, send: Send, call: Call, body: bytes) -> None:
        refused(await send(replace(call, body=body)), 422, "validation_failed")

    @every(takes_json)
    async def test_with_nul_in_a_text_is_422_and_not_echoed(self, send: Send, call: Call) -> None:
        for name, value in call.body.items():
            if isinstance(value, str):
                answer = await send(replace(call, body=call.body | {name: f"secret\x00{value}"}))
                assert names(refused(answer, 422, "validation_failed"), pointer=f"/{name}")
                assert "secret" not in answer.text


def malformed_paths() -> list[tuple[Operation, str, str]]:
    """Pair every operation and each parameter of its path with values that this does not allow."""
    schemas = Schemas(contract())
    values = ("!", "0", "\x00", "a b", "01936b2e5f8c7c3a9d402f6f0c1f7a11", "{nil}", "\N{PILE OF POO}", "x" * 300)
    return [
        (operation, name, value)
        for operation in operations()
        for name, parameter in operation.named("path").items()
        for value in values
        if schemas.complaints(parameter["schema"], value)
    ]


class TestParameters:
    @every()
    async def test_unknown_in_the_query_is_422(self, send: Send, call: Call) -> None:
        query = f"{call.query}{'&' if call.query else '?'}undreamt={MARKER}"
        answer = await send(replace(call, query=query))
        problem = refused(answer, 422, "validation_failed")
        assert names(problem, parameter="undreamt", code="unknown_parameter")
        assert MARKER not in answer.text

    @every()
    async def test_that_cannot_be_decoded_are_400(self, send: Send, call: Call) -> None:
        refused(await send(replace(call, query="?undreamt=%FF")), 400, "malformed_request")

    @pytest.mark.parametrize(("operation", "name", "value"), malformed_paths(), ids=repr)
    async def test_malformed_in_the_path_are_422(self, send: Send, call: Call, name: str, value: str) -> None:
        problem = refused(await send(replace(call, path=call.path | {name: value})), 422, "validation_failed")
        assert names(problem, parameter=name)

    @every(is_about_something)
    async def test_of_nothing_known_are_404(self, send: Send, call: Call, operation: Operation) -> None:
        unknown = {name: RESOURCES[name][1] for name in operation.named("path")}
        refused(await send(replace(call, path=unknown)), 404, "not_found")


# Where what they change is read, if not at their own path.
EDITED_AT = {
    "restoreRevision": "/posts/{post_id}",
    "mergeTag": "/tags/{tag_id}",
    "approveComment": "/comments/{comment_id}",
    "rejectComment": "/comments/{comment_id}",
}


class TestPreconditions:
    @every(is_conditional)
    async def test_are_needed(self, send: Send, call: Call) -> None:
        refused(await send(call.without_header("If-Match")), 428, "precondition_required")

    @every(is_conditional)
    @pytest.mark.parametrize("tag", [STALE, f"W/{STALE}", "no tag at all"])
    async def test_that_do_not_hold_are_412(self, send: Send, call: Call, tag: str) -> None:
        refused(await send(call.with_headers(If_Match=tag)), 412, "precondition_failed")

    @every(is_conditional)
    async def test_are_not_compared_weakly(self, client: AsyncClient, send: Send, call: Call) -> None:
        path = EDITED_AT.get(call.operation.name, call.operation.path)
        operation = replace(call.operation, method="GET", path=path)
        reading = replace(call, operation=operation, body=None).without_header("If-Match")
        tag = (await reading.without_header("Content-Type").send(client)).headers["ETag"]
        refused(await send(call.with_headers(If_Match=f"W/{tag}")), 412, "precondition_failed")
        assert (await call.with_headers(If_Match=tag).send(client)).is_success


def undeclared() -> list[tuple[Operation, str]]:
    """Pair an operation of every path with each method that the path does not have."""
    by_path = {operation.path: operation for operation in operations()}
    return [
        (by_path[path], method.upper())
        for path, item in contract()["paths"].items()
        for method in METHODS
        if method not in item
    ]


class TestMethods:
    @pytest.mark.parametrize(("operation", "method"), undeclared(), ids=str)
    async def test_undeclared_are_405(self, send: Send, call: Call, method: str) -> None:
        call = replace(call, operation=replace(call.operation, method=method))
        refused(await send(call), 405, "method_not_allowed")


def impossible(operation: Operation, call: Call) -> list[Call]:
    """Return the call with a marker in every parameter and every member, each time as a value that cannot be."""
    wrong = f"{MARKER} \N{PILE OF POO}"
    query = dict.fromkeys(operation.named("query"), wrong)
    headers = {name.replace("-", "_"): MARKER * 40 for name in operation.named("header")}
    calls = [replace(call, query=f"?{urlencode(query)}")] if query else []
    if takes_members(operation):
        members = resolve(operation.content[operation.media_type]["schema"])["properties"]
        form = operation.media_type == FORM
        values = (wrong * 10_000, MARKER, [MARKER], {MARKER: MARKER}, f"\x00{MARKER}")
        bodies = [dict.fromkeys(members, str(value) if form else value) for value in values]
        return calls + [replace(call.with_headers(**headers), body=body) for body in bodies]
    return [*calls, call.with_headers(**headers)] if "If_Match" in headers or takes_lines(operation) else calls


class TestEcho:
    @every(lambda operation: operation.media_type or operation.named("query") or is_conditional(operation))
    async def test_no_value_is_repeated(self, send: Send, call: Call, operation: Operation) -> None:
        for spoilt in impossible(operation, call):
            answer = await send(spoilt)
            assert 400 <= answer.status_code < 500, answer.text
            document = answer.json()
            # Names are named; the list inside a list was given one that is a value here.
            errors = [error for error in document.get("errors", []) if MARKER not in error.get("pointer", "")]
            assert MARKER not in str({**document, "errors": errors}), answer.text
            assert MARKER not in str(answer.headers.multi_items())
