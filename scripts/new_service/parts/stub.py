"""What an operation answers before anybody has written it: its examples, or the least that its schemas allow.

`stub.answer()` in a handler answers the operation that is being asked for. Nothing is stored; only what was deleted is
remembered, per process, because a client may rely on that. When the last handler is real, delete this file.
"""

import re
import struct
from dataclasses import dataclass
from functools import cache
from typing import Any, cast
from zlib import compress, crc32

from app import writes
from app.contract import BASE_PATH, Operation, bundle, operations, resolve
from app.current import current
from app.problems import NotFound
from generated.server import HTTPResult

# What the frame sends with every answer.
FRAME_HEADERS = frozenset(
    {
        "X-Request-ID",
        "Server-Timing",
        "RateLimit-Policy",
        "RateLimit",
        "Cache-Control",
        "Retry-After",
        "WWW-Authenticate",
    }
)
# The least that each format has; a schema's own example goes before.
FORMATS = {
    "uuid": "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11",
    "date": "2027-05-16",
    "date-time": "2027-05-16T18:30:00Z",
    "time": "18:30:00Z",
    "email": "somebody@example.org",
    "uri": "https://example.org/",
    "uri-reference": "/",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}
# What is no JSON and text all the same; everything else is bytes.
TEXTUAL = re.compile(r"text/|application/(x-ndjson|jsonl|xml)$|.*\+xml$")
MAX_DEPTH = 12

_gone: set[str] = set()


class Unanswerable(Exception):
    """No value can be made for a schema; the message says which and what helps."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers every time."""

    operation: Operation
    status: int
    body: Any
    headers: dict[str, str]


def answer() -> HTTPResult[Any]:
    """Return the answer of the operation that is being asked for. Raises NotFound for what was deleted."""
    made = answer_of(current().operation)
    path, method = current().path, made.operation.method
    if method == "PUT":
        _gone.discard(path)
    if any(path == gone or path.startswith(f"{gone}/") for gone in _gone):
        raise NotFound
    if method == "DELETE":
        _gone.add(path)
    headers = dict(made.headers)
    if "Location" in headers:
        headers["Location"] = _location(made)
        _gone.discard(headers["Location"])
    if method != "GET":
        # A commit would say so; here there is none.
        writes.happened()
    return HTTPResult(made.status, made.body, headers)


@cache
def answer_of(name: str) -> Answer:
    """Return what an operation answers. Raises Unanswerable where the contract gives too little to make it from."""
    operation = operations()[name]
    responses: dict[str, Any] = bundle()["paths"][operation.path][operation.method.lower()]["responses"]
    status = min((int(status) for status in responses if status.startswith("2")), default=0)
    if not status:
        raise Unanswerable(f"{name} declares no success: add a 2xx response to it")
    response = resolve(responses[str(status)])
    headers = {
        header: str(instance(node["schema"], f"{name}, header {header}"))
        for header, node in ((header, resolve(node)) for header, node in response.get("headers", {}).items())
        if node.get("required") and header not in FRAME_HEADERS
    }
    return Answer(operation, status, _body(response.get("content", {}), name), headers)


def _body(content: dict[str, Any], name: str) -> Any:
    """Return the body in the first media type of an answer, None where there is none."""
    for media_type, media in content.items():
        if "example" in media:
            return media["example"]
        if "examples" in media:
            return resolve(next(iter(media["examples"].values())))["value"]
        if "json" in media_type:
            return instance(media["schema"], name)
        if TEXTUAL.match(media_type):
            return instance(media["schema"], name) if "schema" in media else ""
        return _picture() if media_type == "image/png" else b""
    return None


def _location(made: Answer) -> str:
    """Return the address of what was created: the path that goes on with the id of the body, if there is one."""
    place = current().path
    below = re.escape(made.operation.path) + r"/\{(\w+)\}"
    for other in operations().values():
        if (match := re.fullmatch(below, other.path)) and isinstance(made.body, dict):
            body = cast("dict[str, object]", made.body)
            return f"{place}/{body.get(match[1], body.get('id'))}"
    return place or BASE_PATH


def instance(schema: dict[str, Any], place: str, depth: int = 0) -> Any:
    """Return a value that the schema allows; `place` says where in the contract, should there be none."""
    schema = resolve(schema)
    said = [schema[keyword] for keyword in ("const", "example", "default") if keyword in schema]
    said += [schema[keyword][0] for keyword in ("examples", "enum") if schema.get(keyword)]
    if said:
        return said[0]
    if "allOf" in schema:
        return _merged(schema, place, depth)
    if branches := schema.get("oneOf") or schema.get("anyOf"):
        return _branch(branches, place, depth)
    return _of_type(schema, place, depth)


def _of_type(schema: dict[str, Any], place: str, depth: int) -> Any:
    kinds: str | list[str] = schema.get("type", "object")
    match kinds if isinstance(kinds, str) else kinds[0]:
        case "object":
            return _object(schema, place, depth)
        case "array":
            number = max(schema.get("minItems", 0), int(depth < MAX_DEPTH))
            return [instance(schema["items"], place, depth + 1)] * number
        case "string":
            return _text(schema, place)
        case "integer" | "number":
            return max(schema.get("minimum", 0), schema.get("exclusiveMinimum", -1) + 1)
        case kind:
            return False if kind == "boolean" else None


def _object(schema: dict[str, Any], place: str, depth: int) -> dict[str, Any]:
    """Return an object with all its members, or deep down, where schemas may recur, with those that it must have."""
    required = schema.get("required", [])
    return {
        name: instance(member, f"{place}, {name}", depth + 1)
        for name, member in schema.get("properties", {}).items()
        if name in required or depth < MAX_DEPTH
    }


def _merged(schema: dict[str, Any], place: str, depth: int) -> dict[str, Any]:
    made = _object(schema, place, depth)
    for part in schema["allOf"]:
        made |= instance(part, place, depth)
    return made


def _branch(branches: list[dict[str, Any]], place: str, depth: int) -> Any:
    """Return a value of the first branch that has an example, or null where that may be, or a value of the first."""
    resolved = [resolve(branch) for branch in branches]
    telling = next((branch for branch in resolved if branch.get("examples") or "const" in branch), None)
    if telling is None and any(branch.get("type") == "null" for branch in resolved):
        return None
    return instance(telling or resolved[0], place, depth + 1)


def _text(schema: dict[str, Any], place: str) -> str:
    least: str = "a" * max(schema.get("minLength", 0), 1)
    form: str = schema.get("format", "")
    made: str = FORMATS.get(form, least)
    if "pattern" in schema and not re.search(schema["pattern"], made):
        raise Unanswerable(f"{place}: no text was found for {schema['pattern']}; give its schema `examples`")
    return made


def _picture() -> bytes:
    """Return the smallest PNG (ISO/IEC 15948): one black pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", compress(b"\0\0")) + chunk(b"IEND", b"")
