"""The bundle, with every reference followed and every operation at hand."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Node = dict[str, Any]

METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")


class SiteError(Exception):
    """The site cannot be made; the message names file, place and remedy in one line."""


@dataclass(frozen=True)
class Operation:
    """An operation where a reader finds it."""

    name: str
    method: str
    path: str
    tag: str
    node: Node
    parameters: tuple[Node, ...]
    responses: dict[str, Node]

    @property
    def href(self) -> str:
        """The address of its section."""
        return f"/redoc/{slug(self.tag)}#{self.name}"

    @property
    def summary(self) -> str:
        """What it does, in a few words."""
        return self.node.get("summary", self.name)

    @property
    def codes(self) -> list[str]:
        """The codes of the failures that are its own."""
        return self.node.get("x-problem-codes", [])


def slug(name: str) -> str:
    """Return a name as a segment of an address: `Fan mail` becomes `fan-mail`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "other"


class Document:
    """A bundle: one OpenAPI 3.1 document whose references all stay inside."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.operations = {operation.name: operation for operation in self._operations()}

    def follow(self, node: Node) -> Node:
        """Return what a reference leads to; what stands beside `$ref` goes first (OpenAPI 3.1, 4.8.23)."""
        while "$ref" in node:
            target: Any = self.root
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
        return node

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.root.get("paths", {}).items():
            shared = item.get("parameters", [])
            for method in METHODS:
                if method not in item:
                    continue
                node = item[method]
                given = [self.follow(entry) for entry in [*shared, *node.get("parameters", [])]]
                yield Operation(
                    name=node.get("operationId", f"{method}-{slug(path)}"),
                    method=method.upper(),
                    path=path,
                    tag=next(iter(node.get("tags", [])), "Other"),
                    node=node,
                    # An operation's own parameter replaces the path's of the same name and place.
                    parameters=tuple({(entry["name"], entry["in"]): entry for entry in given}.values()),
                    responses={status: self.follow(answer) for status, answer in node.get("responses", {}).items()},
                )

    @property
    def title(self) -> str:
        """The name of the service."""
        return self.root["info"]["title"]

    @property
    def base_path(self) -> str:
        """The path under which the operations are served."""
        servers = self.root.get("servers", [])
        return re.sub(r"^https?://[^/]+", "", servers[0]["url"]).rstrip("/") if servers else ""

    def schemas(self) -> dict[str, Node]:
        """Return every named schema."""
        return self.root.get("components", {}).get("schemas", {})

    def tags(self) -> dict[str, tuple[str, list[Operation]]]:
        """Return description and operations of every tag, in the order of the contract."""
        known = {entry["name"]: entry.get("description", "") for entry in self.root.get("tags", [])}
        found: dict[str, tuple[str, list[Operation]]] = {name: (text, []) for name, text in known.items()}
        for operation in self.operations.values():
            found.setdefault(operation.tag, ("", []))[1].append(operation)
        return {name: entry for name, entry in found.items() if entry[1]}

    def access(self, operation: Operation) -> list[str]:
        """Say who may call it, an entry per alternative; Markdown."""
        alternatives = operation.node.get("security", self.root.get("security", []))
        if not alternatives:
            return ["Everybody; credentials are not looked at."]
        said: list[str] = []
        for alternative in alternatives:
            parts = [f"{self._credential(name)} (`{name}`){_scopes(scopes)}" for name, scopes in alternative.items()]
            said.append(f"{' and '.join(parts)}." if parts else "Everybody, without credentials.")
        return sorted(said, key=lambda text: text.startswith("Everybody"))

    def _credential(self, name: str) -> str:
        scheme = self.follow(self.root.get("components", {}).get("securitySchemes", {}).get(name, {}))
        if scheme.get("type") == "apiKey":
            return f"The {scheme['in']} `{scheme['name']}`"
        return (
            "Who sends an access token"
            if scheme.get("type") in {"oauth2", "openIdConnect"}
            else "Who sends credentials"
        )


def _scopes(scopes: list[str]) -> str:
    if not scopes:
        return ""
    return f" with the scope{'s' if len(scopes) > 1 else ''} " + ", ".join(f"`{scope}`" for scope in scopes)
