"""The contract's schemas as validators, in their own words and closed.

Schemas of answers are open in the contract, so that a member added later breaks no client. Our own service, though, has
no business sending what the contract does not name, and so the tests read the schemas closed.
"""

from typing import Any

from jsonschema_rs import Draft202012Validator

from tests.contract.document import Node

# Where the twin of a component stands that is not closed, for use inside `allOf`, which adds members to it.
OPEN = "x-open"
_SUBSCHEMAS = ("oneOf", "anyOf", "prefixItems")
_SUBSCHEMA = ("items", "additionalProperties", "contains", "not", "if", "then", "else")


def _any_text(_: str) -> bool:
    """Take any text: the formats of numbers and of bytes (OpenAPI 3.1, section 4.4) say nothing of it.

    Of numbers they say what the bounds say already, as the lint of the contract sees to. Here they only have to be
    known, so that no other unknown format slips through.
    """
    return True


def closed(schema: Any, *, composed: bool = False) -> Any:
    """Return the schema without room for members that it does not name, at any depth."""
    if not isinstance(schema, dict):
        return schema
    node: Node = dict(schema)  # pyright: ignore[reportUnknownArgumentType] - JSON.
    if composed and "$ref" in node:
        node["$ref"] = node["$ref"].replace("#/components/schemas/", f"#/{OPEN}/")
    for word in _SUBSCHEMA:
        if word in node:
            node[word] = closed(node[word])
    for word in _SUBSCHEMAS:
        if word in node:
            node[word] = [closed(child) for child in node[word]]
    if "allOf" in node:
        node["allOf"] = [closed(child, composed=True) for child in node["allOf"]]
    if "properties" in node:
        node["properties"] = {name: closed(child) for name, child in node["properties"].items()}
    if not composed and "additionalProperties" not in node and not node.keys().isdisjoint({"properties", "allOf"}):
        node["unevaluatedProperties"] = False
    return node


class Schemas:
    """The validators of one contract."""

    def __init__(self, document: Node) -> None:
        schemas = document["components"]["schemas"]
        self._root: Node = {
            "components": {"schemas": {name: closed(schema) for name, schema in schemas.items()}},
            OPEN: {name: closed(schema, composed=True) for name, schema in schemas.items()},
        }
        self._validators: dict[str, Draft202012Validator] = {}

    def complaints(self, schema: Node, value: Any) -> list[str]:
        """Say what is wrong with the value, place by place, without repeating it."""
        key = repr(schema)
        if key not in self._validators:
            self._validators[key] = Draft202012Validator(
                self._root | closed(schema),
                validate_formats=True,
                ignore_unknown_formats=False,
                formats=dict.fromkeys(("int32", "int64", "binary"), _any_text),
                mask="(value)",
            )
        errors = self._validators[key].iter_errors(value)
        return [f"/{'/'.join(map(str, error.instance_path))}: {error.message}" for error in errors]
