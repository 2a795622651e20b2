"""The gate before the framework: it finds the operation that is asked for and refuses what has no place in it.

The framework walks all routes to find one. Here one look-up per path segment finds it, what is refused is refused
before any code of an operation runs, and what is in order is called directly. What is not, and what is no operation
at all, goes on to the framework.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from fastapi.routing import APIRoute
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import csrf, problems
from app.contract import BASE_PATH, Operation, credential_headers, operations
from app.current import current
from app.direct import Arrived, Call, compiled
from app.limits import DEFAULT, in_force
from app.problems import MethodNotAllowed, NotFound, UnsupportedMediaType
from app.strict import check_form, limited, parse_json, read_body, read_parameters

_FORM = "application/x-www-form-urlencoded"
_PREFIX = f"{BASE_PATH}/"
_CREDENTIALS = frozenset(name.lower().encode() for name in credential_headers())
_PUBLIC = b"public, max-age=60"
_PRIVATE = b"private, no-store"


class _Served(NamedTuple):
    """An operation, its route, and the direct call of its endpoint if there is one."""

    operation: Operation
    route: APIRoute
    call: Call | None


@dataclass(slots=True)
class _Place:
    """A path segment: what may follow it, and the routes that end here by method."""

    literal: dict[str, "_Place"] = field(default_factory=dict)
    parameter: "_Place | None" = None
    name: str = ""
    routes: dict[str, _Served] = field(default_factory=dict)


def _find(place: _Place | None, segments: list[str]) -> tuple[_Place | None, dict[str, str]]:
    """Return the place that the segments lead to and what the parameters on the way are, or None.

    What is written out goes before a parameter, unless it leads nowhere. An empty segment, which `//` and a slash at
    the end have, is no value of a parameter.
    """
    if place is None or not segments:
        return (place if place and place.routes else None), {}
    found, values = _find(place.literal.get(segments[0]), segments[1:])
    if found is None and segments[0] and place.parameter is not None:
        found, values = _find(place.parameter, segments[1:])
        values[place.parameter.name] = segments[0]
    return found, values


async def framework_way(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve an operation as FastAPI does; the gate has found the route."""
    route: APIRoute = scope["route"]
    await route.app(scope, receive, send)


class Gate:
    """An ASGI application that serves the operations of the contract."""

    def __init__(
        self, app: ASGIApp, routes: Iterable[APIRoute], *, max_body_bytes: int, max_streamed_bytes: int
    ) -> None:
        """Build the tree of paths; every operation needs exactly one route, and every route an operation.

        `app` is the framework, in which `framework_way` is mounted at the base path. Bodies that handlers read for
        themselves have a limit of their own.
        """
        self._app = app
        self._root = _Place()
        self._max_bytes = {False: max_body_bytes, True: max_streamed_bytes}
        waiting = dict(operations())
        for route in routes:
            operation = waiting.pop(route.operation_id or "", None)
            if operation is None or BASE_PATH + operation.path != BASE_PATH + route.path:
                raise RuntimeError(f"{route.path} is served but is no operation of the contract")
            self._add(route, operation)
        if waiting:
            raise RuntimeError(f"no route serves {', '.join(sorted(waiting))}")

    def _add(self, route: APIRoute, operation: Operation) -> None:
        place = self._root
        for segment in operation.path.strip("/").split("/"):
            if segment.startswith("{"):
                place.parameter = place.parameter or _Place(name=segment[1:-1])
                place = place.parameter
            else:
                place = place.literal.setdefault(segment, _Place())
        place.routes[operation.method] = _Served(operation, route, compiled(route))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(_PREFIX):
            await self._app(scope, receive, send)
            return
        try:
            response = await self._respond(scope, receive)
        except Exception as failure:  # noqa: BLE001 - Whatever it is, it is answered and, if unexpected, logged.
            response = problems.answer(scope["path"], failure)
        await response(scope, receive, send)

    async def _respond(self, scope: Scope, receive: Receive) -> ASGIApp:
        """Return what answers the request: a response, or the framework."""
        place, values = _find(self._root, scope["path"][len(_PREFIX) :].split("/"))
        served = place.routes.get(scope["method"]) if place else None
        headers: dict[bytes, bytes] = dict(scope["headers"])
        await in_force().admit(served.operation.limit if served else DEFAULT, headers)
        if place is None:
            raise NotFound
        if served is None:
            raise MethodNotAllowed(headers={"Allow": ", ".join(sorted(place.routes))})
        operation, route, call = served
        request = current()
        request.template, request.operation = BASE_PATH + operation.path, operation.name
        request.cache_control = _cache_control(operation, headers)
        request.notices = operation.notices
        cookies = _cookies(scope, headers)
        if operation.method != "GET":
            csrf.check(operation, headers, cookies)
            request.cookies = cookies
        query = read_parameters(operation, values, scope["query_string"])
        document: object = None
        if operation.media_types:
            document, receive = await self._body(operation, scope, headers, receive)
        response = await call(Arrived(values, query, headers, cookies, document)) if call else None
        if response is not None:
            return response
        scope["path_params"], scope["route"], scope["endpoint"] = values, route, route.endpoint
        return self._again(receive)

    def _again(self, receive: Receive) -> ASGIApp:
        async def framework(scope: Scope, _: Receive, send: Send) -> None:
            await self._app(scope, receive, send)

        return framework

    async def _body(
        self, operation: Operation, scope: Scope, headers: dict[bytes, bytes], receive: Receive
    ) -> tuple[object, Receive]:
        """Return the JSON document that the body is, if it is one, and a `receive` that gives the body once more.

        A body that is streamed stays where it is until its handler asks for it.
        """
        content_type = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
        receive = limited(receive, headers.get(b"content-length"), self._max_bytes[operation.streamed])
        body = b"" if operation.streamed else await read_body(receive)
        if content_type not in operation.media_types and not (not body and not content_type):
            raise UnsupportedMediaType(f"Send {' or '.join(sorted(operation.media_types))}.")
        if sum(name == b"content-type" for name, _ in scope["headers"]) > 1:
            # Two readers could each believe another one.
            raise UnsupportedMediaType("Send one Content-Type.")
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise UnsupportedMediaType("Send the body without Content-Encoding.")
        if operation.streamed:
            return None, receive
        document = parse_json(body) if body and content_type.endswith("json") else None
        if body and content_type == _FORM:
            check_form(body)

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        return document, replay


def _cookies(scope: Scope, headers: dict[bytes, bytes]) -> dict[str, str]:
    """Return the cookies; HTTP/2 lets a client send them in several headers (RFC 9113, section 8.2.3)."""
    if b"cookie" not in headers:
        return {}
    lines = [value for name, value in scope["headers"] if name == b"cookie"]
    return cookie_parser(b"; ".join(lines).decode("latin-1"))


def _cache_control(operation: Operation, headers: dict[bytes, bytes]) -> bytes:
    """Say who may keep the answer: everybody for a public read without credentials, nobody else for the rest."""
    anonymous = _CREDENTIALS.isdisjoint(headers)
    return _PUBLIC if operation.public and operation.method == "GET" and anonymous else _PRIVATE
