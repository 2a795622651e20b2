"""The members of a schema that are enumerated, and the values that stand there in a document."""

import json
from collections.abc import Iterable, Iterator
from functools import reduce
from typing import Any, cast

Node = dict[str, Any]
# The way to a member; `*` is any entry of an array or of an object whose names are not fixed.
Pointer = tuple[str, ...]
Members = dict[Pointer, tuple[str, ...]]

_ANY_OF = ("oneOf", "anyOf")
_ENTRIES = ("items", "additionalProperties", "contains", "unevaluatedItems", "unevaluatedProperties")
_CONDITIONAL = ("then", "else")


def text(value: Any) -> str:
    """Return a value as a cell names it: texts as they are, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def members_of(value: Any) -> Node:
    """Return the members of a JSON object; anything else has none."""
    return cast("Node", value) if isinstance(value, dict) else {}


def entries_of(value: Any) -> list[Any]:
    """Return the entries of a JSON array; anything else is one itself."""
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def resolve(node: Any, document: Node) -> Node:
    """Follow the `$ref` of a node that is nothing but one."""
    while "$ref" in members_of(node):
        node = look_up(node["$ref"], document)
    return members_of(node)


def look_up(reference: str, document: Node) -> Any:
    """Return what a reference inside the document leads to."""
    target: Any = document
    for part in reference.removeprefix("#/").split("/"):
        target = target[part.replace("~1", "/").replace("~0", "~")]
    return target


def _either(one: Members, other: Members) -> Members:
    """Join the members of two alternatives: each value of each."""
    return {
        pointer: tuple(dict.fromkeys((*one.get(pointer, ()), *other.get(pointer, ())))) for pointer in (*one, *other)
    }


def _both(one: Members, other: Members) -> Members:
    """Join the members of two schemas that hold at once: where both name values, those they share."""
    return {
        pointer: (
            tuple(value for value in one[pointer] if value in other[pointer])
            if pointer in one and pointer in other
            else (one | other)[pointer]
        )
        for pointer in (*one, *other)
    }


def _below(step: str, members: Members) -> Members:
    return {(step, *pointer): values for pointer, values in members.items()}


def enumerated(schema: Any, document: Node, inside: tuple[str, ...] = ()) -> Members:
    """Return the enumerated members of a schema with their values; a schema inside itself is read once."""
    node = members_of(schema)
    return reduce(_both, _parts(node, document, inside), {}) if node else {}


def _parts(node: Node, document: Node, inside: tuple[str, ...]) -> Iterator[Members]:
    """Yield what holds at once in a schema, keyword by keyword."""

    def one_of(children: Iterable[Any]) -> Members:
        return reduce(_either, (enumerated(child, document, inside) for child in children), {})

    reference = node.get("$ref")
    if reference is not None and reference not in inside:
        yield enumerated(look_up(reference, document), document, (*inside, reference))
    if "enum" in node or "const" in node:
        yield {(): tuple(text(value) for value in node.get("enum", [node.get("const")]))}
    for name, child in node.get("properties", {}).items():
        yield _below(name, enumerated(child, document, inside))
    for word in _ENTRIES:
        yield _below("*", enumerated(node.get(word), document, inside))
    yield _below("*", one_of(node.get("prefixItems", ())))
    for child in node.get("allOf", ()):
        yield enumerated(child, document, inside)
    for word in _ANY_OF:
        yield one_of(node.get(word, ()))
    yield one_of([node.get(word) for word in _CONDITIONAL])


def at(value: Any, pointer: Pointer) -> Iterator[str]:
    """Yield what stands at a pointer; where an array is expected, a lone value is its one entry, as in forms."""
    if not pointer:
        yield text(value)
    elif pointer[0] == "*":
        for child in members_of(value).values() if isinstance(value, dict) else entries_of(value):
            yield from at(child, pointer[1:])
    elif pointer[0] in members_of(value):
        yield from at(value[pointer[0]], pointer[1:])


def show(pointer: Pointer) -> str:
    """Return a pointer as people read it."""
    return "/" + "/".join(pointer)
