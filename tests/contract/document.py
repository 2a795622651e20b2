"""The contract as the tests read it: from the bundle alone, so that a mistake of the service's own reading shows."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

BUNDLE = Path(__file__).parents[2] / "generated/openapi.json"
METHODS = ("get", "put", "post", "patch", "delete")

Node = dict[str, Any]


@cache
def contract() -> Node:
    """Return the bundle."""
    return json.loads(BUNDLE.read_bytes())


def resolve(node: Node, document: Node | None = None) -> Node:
    """Follow the `$ref` of a node, if it is one."""
    root = document or contract()
    while "$ref" in node:
        target: Any = root
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


@dataclass(frozen=True)
class Operation:
    """An operation of the contract."""

    name: str
    method: str
    path: str
    parameters: tuple[Node, ...]
    content: Node
    security: tuple[Node, ...]
    tag: str
    responses: Node
    # What a member gets who does not own the thing, and the scope that makes up for that; nothing where nobody owns it.
    owned: Node | None

    def __str__(self) -> str:
        return self.name

    def named(self, place: str) -> dict[str, Node]:
        """Return the parameters in `path`, `query` or `header` by name."""
        return {entry["name"]: entry for entry in self.parameters if entry["in"] == place}

    @property
    def media_type(self) -> str:
        """The media type that the operation takes, or nothing."""
        return next(iter(self.content), "")

    @property
    def takes_credentials(self) -> bool:
        """Whether credentials mean anything to the operation."""
        return any(self.security)

    @property
    def needs_credentials(self) -> bool:
        """Whether nobody is served without credentials."""
        return bool(self.security) and {} not in self.security

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes without which the operation is refused."""
        return frozenset(scope for entry in self.security for scopes in entry.values() for scope in scopes)

    @property
    def statuses(self) -> frozenset[int]:
        """The statuses that the contract names; `default` is none."""
        return frozenset(int(status) for status in self.responses if status.isdigit())


def _operation(document: Node, path: str, method: str) -> Operation:
    item = document["paths"][path]
    node = item[method]
    return Operation(
        name=node["operationId"],
        method=method.upper(),
        path=path,
        parameters=tuple(
            resolve(entry, document) for entry in [*item.get("parameters", []), *node.get("parameters", [])]
        ),
        content=resolve(node.get("requestBody", {}), document).get("content", {}),
        security=tuple(node.get("security", document.get("security", []))),
        tag=node["tags"][0],
        responses=node["responses"],
        owned=node.get("x-owned") or None,
    )


def operations_of(document: Node) -> Iterator[Operation]:
    """Yield the operations of a contract in its order."""
    for path, item in document["paths"].items():
        yield from (_operation(document, path, method) for method in METHODS if method in item)


@cache
def operations() -> tuple[Operation, ...]:
    """Return the operations of our contract."""
    return tuple(operations_of(contract()))


def base_path(document: Node) -> str:
    """Return the path below which the operations are served."""
    return str(document["servers"][0]["url"])
