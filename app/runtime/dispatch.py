"""From a request to its plan: one look-up per path segment, whatever the number of operations.

What has no place in the contract is refused here, before any code of an operation runs. What is no operation at all
goes on to the framework.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import unquote

from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from app import csrf, problems
from app.contract import BASE_PATH, Operation, credential_headers
from app.current import current
from app.limits import DEFAULT, in_force
from app.problems import MethodNotAllowed, NotFound
from app.runtime.arrived import Arrived
from app.runtime.kept import Kept, Key
from app.runtime.plans import Plan
from app.strict import read_parameters

_PREFIX = f"{BASE_PATH}/"
_BASE = BASE_PATH.split("/")
_CREDENTIALS = frozenset(name.lower().encode() for name in credential_headers())
_PUBLIC = b"public, max-age=60"
_PRIVATE = b"private, no-store"


@dataclass(slots=True)
class _Place:
    """A path segment: what may follow it, and the plans that end here by method."""

    literal: dict[str, "_Place"] = field(default_factory=dict)
    parameter: "_Place | None" = None
    name: str = ""
    plans: dict[str, Plan] = field(default_factory=dict)


def _find(place: _Place, segments: list[str], at: int, values: dict[str, str]) -> _Place | None:
    """Return the place that the segments lead to, and write down what the parameters on the way are.

    What is written out goes before a parameter, unless it leads nowhere. An empty segment, which `//` and a slash at
    the end have, is no value of a parameter.
    """
    if at == len(segments):
        return place if place.plans else None
    segment = segments[at]
    following = place.literal.get(segment)
    if following is not None and (found := _find(following, segments, at + 1, values)) is not None:
        return found
    if segment and place.parameter is not None:
        found = _find(place.parameter, segments, at + 1, values)
        if found is not None:
            values[place.parameter.name] = segment
        return found
    return None


class Dispatch:
    """An ASGI application that serves the operations of the contract, and leaves everything else to another one."""

    def __init__(self, app: ASGIApp, plans: Iterable[Plan], kept: Kept | None = None) -> None:
        """Build the tree of paths. `kept` keeps what everybody is answered alike; without it nothing is."""
        self._app = app
        self._kept = Kept(0) if kept is None else kept
        self._root = _Place()
        for plan in plans:
            self._add(plan)

    def _add(self, plan: Plan) -> None:
        place = self._root
        for segment in plan.operation.path.strip("/").split("/"):
            if segment.startswith("{"):
                place.parameter = place.parameter or _Place(name=segment[1:-1])
                place = place.parameter
                if place.name != segment[1:-1]:
                    raise RuntimeError(f"{plan.operation.path}: what others call {place.name} is {segment[1:-1]} here")
            else:
                place = place.literal.setdefault(segment, _Place())
        place.plans[plan.operation.method] = plan

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(_PREFIX):
            await self._app(scope, receive, send)
            return
        try:
            answer = await self._answer(scope, receive)
        except Exception as failure:  # noqa: BLE001 - Whatever it is, it is answered and, if unexpected, logged.
            answer = problems.answer(scope["path"], failure)
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> ASGIApp:
        """Return what answers the request. Raises the problem that there is with it."""
        values: dict[str, str] = {}
        place = _find(self._root, _segments(scope), 0, values)
        plan = place.plans.get(scope["method"]) if place else None
        headers = _headers(scope["headers"])
        await in_force().admit(plan.operation.limit if plan else DEFAULT, headers)
        if place is None:
            raise NotFound
        if plan is None:
            raise MethodNotAllowed(headers={"Allow": ", ".join(sorted(place.plans))})
        operation = plan.operation
        request = current()
        request.template, request.operation = BASE_PATH + operation.path, operation.name
        request.cache_control = _cache_control(operation, headers)
        request.notices = operation.notices
        if plan.shared is None or request.cache_control is not _PUBLIC or not self._kept.seconds:
            return await self._serve(plan, values, headers, scope, receive)
        key = Key(scope["raw_path"], scope["query_string"], tuple(headers.get(name) for name in plan.shared))
        return self._kept.find(key) or await self._kept.make(
            key, partial(self._serve, plan, values, headers, scope, receive)
        )

    async def _serve(
        self, plan: Plan, values: dict[str, str], headers: dict[bytes, bytes], scope: Scope, receive: Receive
    ) -> ASGIApp:
        """Return what the plan answers. Raises the problem that there is with the request."""
        operation = plan.operation
        cookies = _cookies(scope, headers) if b"cookie" in headers else {}
        if operation.method != "GET":
            csrf.check(operation, headers, cookies)
            current().cookies = cookies
        query = read_parameters(operation, values, scope["query_string"])
        document: object = None
        if plan.body is not None:
            document, receive = await plan.body.accept(scope, headers, receive)
        return await plan.answer(Arrived(values, query, headers, cookies, scope, receive, document))


def _segments(scope: Scope) -> list[str]:
    """Return the segments of the path below the base path; a slash that was encoded is part of one (RFC 3986, 2.2)."""
    raw: bytes = scope.get("raw_path") or b""
    if b"%2f" not in raw and b"%2F" not in raw:
        return scope["path"][len(_PREFIX) :].split("/")
    segments = [unquote(segment) for segment in raw.decode("ascii").split("/")]
    # A slash of the base path itself that was encoded makes it another path, under which nothing is.
    return segments[len(_BASE) :] if segments[: len(_BASE)] == _BASE else []


def _headers(lines: Collection[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return the headers; lines of the same name are one list of values (RFC 9110, section 5.3).

    Whoever reads one of them alone, as one in front of us may, could believe another one than we do.
    """
    headers = dict(lines)
    if len(headers) < len(lines):
        values: dict[bytes, list[bytes]] = {}
        for name, value in lines:
            values.setdefault(name, []).append(value)
        # Of Content-Type there is no list; more than one is refused as such.
        headers |= {name: b", ".join(values[name]) for name in values if name != b"content-type"}
    return headers


def _cookies(scope: Scope, headers: dict[bytes, bytes]) -> dict[str, str]:
    """Return the cookies; HTTP/2 lets a client send them in several headers (RFC 9113, section 8.2.3)."""
    lines = [value for name, value in scope["headers"] if name == b"cookie"]
    return cookie_parser(b"; ".join(lines or [headers[b"cookie"]]).decode("latin-1"))


def _cache_control(operation: Operation, headers: dict[bytes, bytes]) -> bytes:
    """Say who may keep the answer: everybody for a public read without credentials, nobody else for the rest."""
    anonymous = _CREDENTIALS.isdisjoint(headers)
    return _PUBLIC if operation.public and operation.method == "GET" and anonymous else _PRIVATE
