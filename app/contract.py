"""What the service knows of its contract: the bundle, read once, and a plan per operation."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson

BASE_PATH = "/api/v1"
BUNDLE = Path(__file__).parents[1] / "generated/openapi.json"
METHODS = frozenset({"get", "put", "post", "delete", "patch"})


@dataclass(frozen=True, slots=True)
class Operation:
    """What is needed of an operation before its handler runs."""

    name: str
    method: str
    path: str
    # Query parameters by name; the value is the format that the generated layer reads too laxly, if any.
    query: dict[str, str | None]
    path_formats: dict[str, str]
    media_types: frozenset[str]
    public: bool
    # What every answer of a deprecated operation says of its end; nothing for all others.
    notices: tuple[tuple[bytes, bytes], ...] = ()


@cache
def bundle() -> dict[str, Any]:
    """Return the contract."""
    contract: dict[str, Any] = orjson.loads(BUNDLE.read_bytes())
    return contract


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
    return Operation(
        name=operation["operationId"],
        method=method.upper(),
        path=path,
        query={entry["name"]: formats[entry["name"]] for entry in parameters if entry["in"] == "query"},
        path_formats={name: form for name, form in in_path.items() if form},
        media_types=frozenset(resolve(operation.get("requestBody", {})).get("content", {})),
        public={} in security or not security,
        notices=_notices(operation),
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
def role_scopes() -> dict[str, frozenset[str]]:
    """Return the scopes that each role may hold, as the contract's security scheme states them."""
    roles = bundle()["components"]["securitySchemes"]["bearer"]["x-role-scopes"]
    return {role: frozenset(scopes) for role, scopes in roles.items()}
