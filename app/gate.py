"""The gate before the operations: it finds the one that is asked for and refuses what has no place in it.

The generated layer would let pass what the contract does not mention (unknown query parameters, `NaN`, a text sent as
JSON) and walks all routes to find one. Here one look-up per path segment finds the route, and what is refused is
refused before any code of an operation runs.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import cast
from urllib.parse import parse_qsl

import orjson
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from app.contract import BASE_PATH, Operation, operations
from app.current import current
from app.fields import TIMESTAMP_TEXT, UUID_TEXT
from app.problems import (
    MAX_ERRORS,
    FieldError,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    UnsupportedMediaType,
    ValidationFailed,
)

# Formats that the generated layer reads more laxly than the standards have them.
_FORMATS: dict[str, tuple[re.Pattern[str], str]] = {
    "uuid": (UUID_TEXT, "Must be a UUID such as 01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
    "date-time": (TIMESTAMP_TEXT, "Must be an RFC 3339 date and time with an offset"),
}
_FORM = "application/x-www-form-urlencoded"
_PUBLIC = "public, max-age=60"
_PRIVATE = "private, no-store"


@dataclass(slots=True)
class _Place:
    """A path segment: what may follow it, and the routes that end here by method."""

    literal: dict[str, "_Place"] = field(default_factory=dict)
    parameter: "_Place | None" = None
    name: str = ""
    routes: dict[str, tuple[APIRoute, Operation]] = field(default_factory=dict)


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


class Gate:
    """An ASGI application that serves the operations of the contract."""

    def __init__(self, routes: Iterable[APIRoute], *, max_body_bytes: int) -> None:
        """Build the tree of paths; every operation needs exactly one route, and every route an operation."""
        self._root = _Place()
        self._max_body_bytes = max_body_bytes
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
        place.routes[operation.method] = (route, operation)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        place, values = _find(self._root, path[1:].split("/"))
        if place is None:
            raise NotFound
        found = place.routes.get(scope["method"])
        if found is None:
            raise MethodNotAllowed(headers={"Allow": ", ".join(sorted(place.routes))})
        route, operation = found
        request = current()
        request.template, request.operation = BASE_PATH + operation.path, operation.name
        _check_parameters(operation, values, scope["query_string"])
        if operation.media_types:
            receive = await self._checked_body(operation, scope, receive)
        scope["path_params"], scope["route"], scope["endpoint"] = values, route, route.endpoint
        await route.app(scope, receive, _cached(operation, scope, send))

    async def _checked_body(self, operation: Operation, scope: Scope, receive: Receive) -> Receive:
        """Read the body, refuse what is not strict JSON, and return a `receive` that gives it once more."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        content_type = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
        body = await _read(receive, headers.get(b"content-length"), self._max_body_bytes)
        if content_type not in operation.media_types and not (not body and not content_type):
            raise UnsupportedMediaType(f"Send {' or '.join(sorted(operation.media_types))}.")
        if sum(name == b"content-type" for name, _ in scope["headers"]) > 1:
            # Two readers could each believe another one.
            raise UnsupportedMediaType("Send one Content-Type.")
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise UnsupportedMediaType("Send the body without Content-Encoding.")
        if body and content_type.endswith("json"):
            _check_json(body)
        elif body and content_type == _FORM:
            _check_form(body)

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        return replay


async def _read(receive: Receive, declared: bytes | None, limit: int) -> bytes:
    too_large = PayloadTooLarge(f"A body may have {limit:,} bytes.")
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise too_large
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise MalformedRequest("The body ended early.")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise too_large
        more = message.get("more_body", False)
    return b"".join(chunks)


def _check_json(body: bytes) -> None:
    """Refuse what RFC 8259 does not have (NaN, 1e400, lone surrogates, wrong encodings) and NUL in texts."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as failure:
        raise MalformedRequest(f"The body is not JSON: line {failure.lineno}, column {failure.colno}.") from None
    if not isinstance(document, dict):
        # The generated layer takes `null` for an absent body where the body is optional.
        raise ValidationFailed(
            errors=[FieldError(pointer="", code="object_type", detail="The body must be an object.")]
        )
    if b"\\u0000" in body and (pointers := list(islice(_nul_pointers(cast("object", document)), MAX_ERRORS))):
        raise ValidationFailed(
            errors=[
                FieldError(pointer=pointer, code="nul_character", detail="A text cannot hold NUL.")
                for pointer in pointers
            ]
        )


def _nul_pointers(document: object) -> Iterable[str]:
    """Yield where a text or a name has NUL.

    Without recursion, because JSON nests deeper than Python calls. A pointer is made only for what is found: one for
    each of many entries under a long name would fill the memory.
    """
    path: list[str | int] = []
    levels: list[Iterator[tuple[str | int, object]]] = [iter([("", document)])]
    while levels:
        for key, node in levels[-1]:
            if isinstance(key, str) and "\x00" in key:
                yield _pointer(path)
            if isinstance(node, str) and "\x00" in node:
                yield _pointer([*path, key])
            if isinstance(node, dict | list):
                path.append(key)
                levels.append(_entries(cast("dict[str | int, object] | list[object]", node)))
                break
        else:
            levels.pop()
            del path[-1:]


def _entries(node: dict[str | int, object] | list[object]) -> Iterator[tuple[str | int, object]]:
    return iter(node.items()) if isinstance(node, dict) else enumerate(node)


def _pointer(path: list[str | int]) -> str:
    """Return the JSON Pointer (RFC 6901), cut to what the contract allows."""
    return "/".join(str(part)[:1000].replace("~", "~0").replace("/", "~1") for part in path)[:1000]


def _check_form(body: bytes) -> None:
    """Refuse a form that says something twice (RFC 6749, section 3.2); the generated layer would take the last."""
    try:
        names = [
            name for name, _ in parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=100)
        ]
    except ValueError:
        raise MalformedRequest("The form cannot be decoded.") from None
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValidationFailed(
            errors=[
                FieldError(pointer=f"/{name[:200]}", code="repeated_member", detail="Send it once.")
                for name in repeated
            ]
        )


def _check_parameters(operation: Operation, path: Mapping[str, str], query: bytes) -> None:
    errors: list[FieldError] = []
    for name, form in operation.path_formats.items():
        _check_format(name, form, path[name], errors)
    if query:
        seen: set[str] = set()
        try:
            pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
        except ValueError:
            raise MalformedRequest("The query string cannot be decoded.") from None
        for name, value in pairs:
            if name not in operation.query:
                errors.append(
                    FieldError(parameter=name[:200], code="unknown_parameter", detail="There is no such parameter.")
                )
            elif name in seen:
                errors.append(FieldError(parameter=name, code="repeated_parameter", detail="Send it once."))
            else:
                _check_format(name, operation.query[name], value, errors)
            seen.add(name)
    if errors:
        raise ValidationFailed(errors=errors)


def _check_format(name: str, form: str | None, value: str, errors: list[FieldError]) -> None:
    pattern, detail = _FORMATS.get(form or "", (None, ""))
    if pattern is not None and not pattern.fullmatch(value):
        errors.append(FieldError(parameter=name, code=f"{form}_format", detail=detail))


def _cached(operation: Operation, scope: Scope, send: Send) -> Send:
    """Say who may keep the answer: everybody for a public read without credentials, nobody else for the rest."""
    anonymous = not any(name == b"authorization" for name, _ in scope["headers"])
    policy = _PUBLIC if operation.public and operation.method == "GET" and anonymous else _PRIVATE

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] < 400:  # noqa: PLR2004 - RFC 9110's border.
            headers = MutableHeaders(raw=message["headers"])
            headers["Cache-Control"] = policy
            headers.add_vary_header("Authorization")
        await send(message)

    return sent
