"""The contract without references, for tools that follow none."""

from typing import Any, cast

from scripts.releases.changes import members, trail
from scripts.releases.records import Node

# What tells people about a schema and rules out no value; elsewhere such words replace those of what is referred to.
_ANNOTATIONS = frozenset(
    {"title", "summary", "description", "examples", "example", "default", "deprecated", "readOnly"}
)
# Below these stand names that somebody has chosen, `default` and `value` among them.
_NAMES = frozenset(
    {
        "callbacks",
        "content",
        "$defs",
        "dependentSchemas",
        "encoding",
        "examples",
        "headers",
        "links",
        "paths",
        "patternProperties",
        "properties",
        "responses",
        "variables",
        "webhooks",
    }
)
# What stands below these is data, in which `$ref` is a name like any other.
_DATA = frozenset({"example", "default", "const", "enum", "value"})
_SCHEMAS = "#/components/schemas/"


class _Expansion:
    """Puts what is referred to in the place of the reference, but for what would then contain itself."""

    def __init__(self, contract: Node) -> None:
        self._contract = contract
        # References that had to stay.
        self.kept: set[str] = set()

    def expand(self, node: Any, within: tuple[str, ...] = (), *, names: bool = False) -> Any:
        """Return the node without references; `within` are those that lead to it.

        `names` says that the members of the node are names and not words of OpenAPI.
        """
        if isinstance(node, list):
            return [self.expand(entry, within) for entry in cast("list[Any]", node)]
        if not isinstance(node, dict):
            return node
        found = members(node)
        if names:
            return {name: self.expand(value, within) for name, value in found.items()}
        if isinstance(found.get("$ref"), str):
            return self._replaced(found, within)
        self.kept.update(target for target in members(found.get("mapping")).values() if is_schema(target))
        return {
            name: value if _is_data(name, value) else self.expand(value, within, names=name in _NAMES)
            for name, value in found.items()
        }

    def _replaced(self, node: Node, within: tuple[str, ...]) -> Any:
        reference: str = node["$ref"]
        beside = {name: self.expand(value, within) for name, value in node.items() if name != "$ref"}
        if reference in within:
            self.kept.add(reference)
            return {"$ref": reference, **beside}
        target = self.expand(trail(self._contract, reference)[-1], (*within, reference))
        if all(name in _ANNOTATIONS or name.startswith("x-") for name in beside):
            return {**target, **beside}
        return {"allOf": [target], **beside}


def _is_data(name: str, value: Any) -> bool:
    # The examples of a schema are a list of data, those of a body are objects with a `value`.
    return name in _DATA or (name == "examples" and isinstance(value, list))


def is_schema(target: Any) -> bool:
    """Whether this is a reference to a schema."""
    return isinstance(target, str) and target.startswith(_SCHEMAS)


def dereferenced(contract: Node) -> Node:
    """Return the contract with everything in its place.

    A schema that contains itself cannot be written out: it stays a component, and the reference to it stays where it
    would begin again. Other components are gone, but for the security schemes, which are referred to by name.
    """
    expansion = _Expansion(contract)
    outside = {name: expansion.expand(part) for name, part in contract.items() if name != "components"}
    schemas: Node = {}
    while missing := sorted(expansion.kept - {f"{_SCHEMAS}{name}" for name in schemas}):
        for reference in missing:
            node = trail(contract, reference)[-1]
            schemas[reference.removeprefix(_SCHEMAS)] = expansion.expand(node, (reference,))
    components = {"securitySchemes": contract["components"]["securitySchemes"]}
    return {**outside, "components": components | ({"schemas": dict(sorted(schemas.items()))} if schemas else {})}
