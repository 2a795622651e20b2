"""What the service knows of its contract: the bundle, read once, and a plan per operation."""

from dataclasses import dataclass
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
