"""What the service knows of its contract: the bundle, read once, and a plan per operation."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from app.naming import snake

BUNDLE = Path(__file__).parents[1] / "generated/openapi.json"
METHODS = frozenset({"get", "put", "post", "delete", "patch"})
# What comes in lines is as long as a file, and is read by its handler as it comes; so are files.
LINES, FILES = "application/x-ndjson", "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Operation:
    """What is needed of an operation before its handler runs."""

    name: str
    method: str
    path: str
    # Which of the services has its handler: that of its tag.
    service: str
    # Query parameters by name; the value is its format, if any.
    query: dict[str, str | None]
    path_formats: dict[str, str]
    media_types: frozenset[str]
    public: bool
    # Under which policy a request for it counts.
    limit: str = "default"
    # Whether the handler reads the body for itself, as it comes.
    streamed: bool = False
    # What every answer of a deprecated operation says of its end; nothing for all others.
    notices: tuple[tuple[bytes, bytes], ...] = ()
    # Its parameters, and all else that the contract says of it.
    parameters: tuple[dict[str, Any], ...] = ()
    document: dict[str, Any] = field(default_factory=dict[str, Any])


@cache
def bundle() -> dict[str, Any]:
    """Return the contract."""
    contract: dict[str, Any] = orjson.loads(BUNDLE.read_bytes())
    return contract


# The path below which the operations are served.
BASE_PATH = urlsplit(str(bundle()["servers"][0]["url"])).path.rstrip("/")


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    """Follow the `$ref` of a node, if it is one."""
    while "$ref" in node:
        target: Any = bundle()
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def _midnight(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def _notices(operation: dict[str, Any]) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that announce the end of an operation, none when it is not deprecated.

    `Deprecation` (RFC 9745) is a date of structured fields, `Sunset` (RFC 8594) one of HTTP; both are midnight in UTC
    of the day that the contract names.
    """
    if not operation.get("deprecated"):
        return ()
    headers: list[tuple[bytes, bytes]] = []
    if since := operation.get("x-deprecated-since"):
        headers.append((b"deprecation", b"@%d" % _midnight(since).timestamp()))
    if sunset := operation.get("x-sunset"):
        headers.append((b"sunset", format_datetime(_midnight(sunset), usegmt=True).encode()))
    return tuple(headers)


def _operation(path: str, method: str, item: dict[str, Any]) -> Operation:
    operation = item[method]
    parameters = [resolve(entry) for entry in [*item.get("parameters", []), *operation.get("parameters", [])]]
    formats: dict[str, str | None] = {entry["name"]: resolve(entry["schema"]).get("format") for entry in parameters}
    in_path = {entry["name"]: formats[entry["name"]] for entry in parameters if entry["in"] == "path"}
    security = operation.get("security", bundle().get("security", []))
    media_types = frozenset(resolve(operation.get("requestBody", {})).get("content", {}))
    return Operation(
        name=operation["operationId"],
        method=method.upper(),
        path=path,
        service=snake(operation["tags"][0]),
        query={entry["name"]: formats[entry["name"]] for entry in parameters if entry["in"] == "query"},
        path_formats={name: form for name, form in in_path.items() if form},
        media_types=media_types,
        public={} in security or not security,
        limit=operation.get("x-rate-limit", "default"),
        streamed=not media_types.isdisjoint((LINES, FILES)),
        notices=_notices(operation),
        parameters=tuple(parameters),
        document=operation,
    )


@cache
def operations() -> dict[str, Operation]:
    """Return every operation by its operationId."""
    found = [
        _operation(path, method, item)
        for path, item in bundle()["paths"].items()
        for method in sorted(METHODS & item.keys())
    ]
    return {operation.name: operation for operation in found}


@cache
def rate_limit_policies() -> dict[str, dict[str, str]]:
    """Return the policies of the contract by name; one that says nothing of it has the one that all have."""
    return bundle().get("x-rate-limit-policies", {"default": {"per": "user"}})


@cache
def credential_headers() -> dict[str, str]:
    """Return the headers that carry credentials, each with its challenge (RFC 9110, section 11.6.1).

    A key in a header of its own has no registered scheme; the name that most services send stands for it.
    """
    found: dict[str, str] = {}
    for scheme in bundle()["components"].get("securitySchemes", {}).values():
        match scheme:
            case {"type": "apiKey", "in": "header", "name": name}:
                found[name] = "ApiKey"
            case {"type": "apiKey", "in": "cookie"}:
                found["Cookie"] = "Cookie"
            case {"type": "http", "scheme": "basic"}:
                found.setdefault("Authorization", 'Basic realm="api", charset="UTF-8"')
            case _:
                found["Authorization"] = "Bearer"
    return found


class Csrf(NamedTuple):
    """What a cookie needs beside it in order to change something: a header that repeats another cookie."""

    header: str
    cookie: str
    # The cookies that authenticate, and the headers that do so without one.
    credentials: frozenset[str]
    others: frozenset[str]


@cache
def csrf() -> Csrf | None:
    """Return how requests by cookie are protected, or None where no scheme says so with `x-csrf-cookie`."""
    schemes = bundle()["components"].get("securitySchemes", {}).values()
    cookies = frozenset(scheme["name"] for scheme in schemes if scheme.get("in") == "cookie")
    for scheme in schemes:
        if "x-csrf-cookie" in scheme:
            others = credential_headers().keys() - {"Cookie", scheme["name"]}
            return Csrf(scheme["name"], scheme["x-csrf-cookie"], cookies, frozenset(others))
    return None


@cache
def request_headers() -> frozenset[str]:
    """Return the headers that a client may have to send: credentials, and the parameters of all operations."""
    parameters = [
        resolve(entry)
        for item in bundle()["paths"].values()
        for holder in (item, *(item[method] for method in METHODS & item.keys()))
        for entry in holder.get("parameters", [])
    ]
    return frozenset({entry["name"] for entry in parameters if entry["in"] == "header"} | credential_headers().keys())


def _responses() -> Iterator[dict[str, Any]]:
    """Yield every answer that the contract declares."""
    for item in bundle()["paths"].values():
        for method in METHODS & item.keys():
            yield from map(resolve, item[method]["responses"].values())


@cache
def response_headers() -> frozenset[str]:
    """Return every header that some answer declares."""
    return frozenset(name for response in _responses() for name in response.get("headers", {}))


@cache
def file_types() -> frozenset[str]:
    """Return the media types of answers that are bytes to the contract, and no text."""
    return frozenset(
        media_type
        for response in _responses()
        for media_type, media in response.get("content", {}).items()
        if resolve(media.get("schema", {})).get("format") == "binary"
    )


@cache
def challenge() -> str:
    """Return the `WWW-Authenticate` of a 401: every way to authenticate that the contract offers."""
    return ", ".join(dict.fromkeys(credential_headers().values())) or "Bearer"


@cache
def role_scopes() -> dict[str, frozenset[str]]:
    """Return the scopes that each role may hold, as the contract's security scheme states them."""
    schemes = bundle()["components"]["securitySchemes"].values()
    return {role: frozenset(held) for scheme in schemes for role, held in scheme.get("x-role-scopes", {}).items()}
