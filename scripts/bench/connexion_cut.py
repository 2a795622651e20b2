"""What Connexion is given: a contract of one operation, cut out of the service's own, and who looks at tokens.

Two things of the contract go: it is called OpenAPI 3.0, which is what Connexion knows and in which these schemas mean
the same, and of the ways to log in the token alone is left.
"""

import hmac
import os
from collections.abc import Iterator
from typing import Any, cast

from jose import JWTError, jwt

Node = dict[str, Any]
SCHEME = "bearer"
# What tells readers something, and programs nothing.
WORDS = ("description", "examples")


def resolved(bundle: Node, node: Any) -> Any:
    """Follow every `$ref`, and leave out what is there for readers."""
    if isinstance(node, list):
        return [resolved(bundle, entry) for entry in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    members = cast("Node", node)
    if "$ref" in members:
        target: Any = bundle
        for part in str(members["$ref"]).removeprefix("#/").split("/"):
            target = target[part]
        return resolved(bundle, target)
    return {name: resolved(bundle, value) for name, value in members.items() if name not in WORDS}


def _operations(bundle: Node) -> Iterator[tuple[str, str, Node]]:
    paths: dict[str, Node] = bundle["paths"]
    for path, item in paths.items():
        for method, operation in item.items():
            if isinstance(operation, dict):
                yield path, method, cast("Node", operation)


def cut(bundle: Node, name: str) -> Node:
    """Return a contract of one operation."""
    path, method, operation = next(found for found in _operations(bundle) if found[2].get("operationId") == name)
    ways: list[Node] = operation["security"]
    scheme: Node = resolved(bundle, bundle["components"]["securitySchemes"][SCHEME])
    described: Node = {
        "operationId": name,
        "security": [way for way in ways if way.keys() == {SCHEME}],
        "parameters": resolved(bundle, operation["parameters"]),
        "responses": {"200": {"description": "A page.", "content": {"application/json": {}}}},
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": bundle["info"]["title"], "version": bundle["info"]["version"]},
        "servers": bundle["servers"],
        "paths": {path: {method: described}},
        "components": {"securitySchemes": {SCHEME: scheme | {"x-tokenInfoFunc": f"{__name__}.token_info"}}},
    }


def token_info(token: str) -> dict[str, Any] | None:
    """Return what a token of the service says, or None; Connexion compares its `scope` with the operation's."""
    # As app/auth/tokens.py derives it.
    key = hmac.digest(os.environ["SECRET_KEY"].encode(), b"galley tokens", "sha256")
    try:
        return jwt.decode(token, key, algorithms=["HS256"], audience="galley-api", issuer="galley")
    except JWTError:
        return None
