"""Which plan a request finds, whatever its path looks like."""

from collections.abc import Mapping
from inspect import Parameter, Signature
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access import authorize
from app.contract import BASE_PATH, Operation
from app.current import Current, begin
from app.runtime.dispatch import Dispatch
from app.runtime.plans import Options, Plan, plan
from app.runtime.results import HTTPResult

OPTIONS = Options(1000, 1000, 0)


def planned(path: str, method: str = "GET") -> Plan:
    """Return a plan that answers with its own path and what stands in the place of its parameters."""
    names = [segment[1:-1] for segment in path.split("/") if segment.startswith("{")]

    async def handler(**values: str) -> HTTPResult[str]:
        return HTTPResult(200, f"{path} {sorted(values.items())}")

    described = tuple(
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "maxLength": 9}} for name in names
    )
    document: dict[str, Any] = {"responses": {"200": {"content": {"text/plain": {}}}}, "security": []}
    operation = Operation(
        "getThing", method, path, "things", {}, {}, frozenset(), public=True, parameters=described, document=document
    )
    # Each path asks for other arguments.
    taken = Signature([Parameter(name, Parameter.KEYWORD_ONLY) for name in names])
    setattr(handler, "__signature__", taken)  # noqa: B010 - It is in the documentation, but not in the stubs.
    return plan(operation, handler, authorize, OPTIONS)


async def unknown(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what is no operation."""
    del scope, receive
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def asked(app: ASGIApp, raw: str, path: str, method: str = "GET") -> tuple[int, str, Mapping[bytes, bytes]]:
    """Ask for a path, and return status, body and headers."""
    found: list[Message] = []

    async def send(message: Message) -> None:
        found.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    scope: Scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": raw.encode(),
        "query_string": b"",
        "headers": [],
    }
    begin(Current(address="127.0.0.1"))
    await app(scope, receive, send)
    return found[0]["status"], found[1]["body"].decode(), dict(found[0]["headers"])


@pytest.fixture
def dispatch(app: ASGIApp) -> Dispatch:
    del app
    paths = ("/things", "/things/{thing}", "/things/new", "/things/{thing}/parts", "/things/new/{part}")
    return Dispatch(unknown, [*map(planned, paths), planned("/things/{thing}", "DELETE")])


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("/things", "/things []"),
        ("/things/1", "/things/{thing} [('thing', '1')]"),
        ("/things/new", "/things/new []"),
        ("/things/new/1", "/things/new/{part} [('part', '1')]"),
        # What is written out leads here as well, but `parts` is written out further on.
        ("/things/old/parts", "/things/{thing}/parts [('thing', 'old')]"),
        ("/things/a%2Fb", "/things/{thing} [('thing', 'a/b')]"),
        ("/things/a%2fb/parts", "/things/{thing}/parts [('thing', 'a/b')]"),
        ("/things/%25", "/things/{thing} [('thing', '%')]"),
        ("/th%69ngs/n%65w", "/things/new []"),
    ],
)
async def test_a_path_finds_its_plan(dispatch: Dispatch, raw: str, expected: str) -> None:
    status, body, _ = await asked(dispatch, BASE_PATH + raw, BASE_PATH + unquote(raw))
    assert (status, body) == (200, expected)


@pytest.mark.parametrize(
    "path",
    ["", "/", "/things/", "/things//parts", "//things", "/things/1/parts/", "/things/1/2", "/nothing", "/THINGS"],
)
async def test_what_leads_nowhere_is_not_found(dispatch: Dispatch, path: str) -> None:
    assert (await asked(dispatch, BASE_PATH + path, BASE_PATH + path))[0] == 404


async def test_an_encoded_slash_is_none_of_the_base_path(dispatch: Dispatch) -> None:
    raw = BASE_PATH.replace("/", "%2F", 2).replace("%2F", "/", 1) + "/things"
    assert (await asked(dispatch, raw, f"{BASE_PATH}/things"))[0] == 404


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "get"])
async def test_another_method_is_told_which_there_are(dispatch: Dispatch, method: str) -> None:
    path = f"{BASE_PATH}/things/1"
    status, _, headers = await asked(dispatch, path, path, method)
    assert (status, headers[b"allow"]) == (405, b"DELETE, GET")


@pytest.mark.parametrize("path", ["/", "/health", "/api/v10/things", f"{BASE_PATH}x/things"])
async def test_what_is_outside_goes_on(dispatch: Dispatch, path: str) -> None:
    assert (await asked(dispatch, path, path))[0] == 299


def test_one_place_has_one_name() -> None:
    with pytest.raises(RuntimeError, match="what others call thing is other here"):
        Dispatch(unknown, [planned("/things/{thing}"), planned("/things/{other}/parts")])
