"""Schemas in words: what type a value has, what bounds it, and what it is made of."""

import json
from dataclasses import dataclass, field
from typing import Any

from scripts.site.document import Document, Node

# A reader who wants to go deeper follows the name of the schema.
MAX_DEPTH = 3
_BOUNDS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
    "minProperties": "at least {} members",
    "maxProperties": "at most {} members",
}


@dataclass
class Value:
    """A parameter, a header, a member of an object or a whole body."""

    name: str
    kind: str
    # The schema that it is named after, if readers can look it up.
    schema: str
    text: str
    required: bool
    facts: list[str] = field(default_factory=list[str])
    pattern: str = ""
    choices: list[str] = field(default_factory=list[str])
    members: list["Value"] = field(default_factory=list["Value"])


def shown(value: Any) -> str:
    """Write a JSON value as a reader writes it in a sentence: text without quotes, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _named(node: Node) -> str:
    return node.get("$ref", "").rpartition("/")[2]


class Shapes:
    """Describes schemas of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def is_listed(self, name: str) -> bool:
        """Tell whether a named schema has a section of its own: objects, enums and choices, not plain scalars."""
        node = self._document.schemas().get(name, {})
        return bool({"properties", "enum", "oneOf", "anyOf", "allOf"} & node.keys())

    def alternatives(self, node: Node) -> tuple[list[Node], bool]:
        """Return what a value may be besides null, and whether it may be null."""
        plain = self._document.follow(node)
        branches: list[Node] = plain.get("oneOf") or plain.get("anyOf") or []
        if not branches:
            kinds = plain.get("type")
            return [node], isinstance(kinds, list) and "null" in kinds
        rest = [branch for branch in branches if branch.get("type") != "null"]
        return rest, len(rest) < len(branches)

    def kind(self, node: Node) -> str:
        """Say the type, such as `string (date-time) or null` or `array of Post`."""
        branches, nullable = self.alternatives(node)
        words = [self._kind(branch) for branch in branches] + (["null"] if nullable else [])
        return " or ".join(dict.fromkeys(words))

    def _kind(self, node: Node) -> str:
        name = _named(node)
        plain = self._document.follow(node)
        kinds = plain.get("type", "any value")
        kinds = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
        if "array" in kinds:
            return f"array of {self.kind(plain.get('items', {}))}"
        if name and self.is_listed(name) and "enum" not in plain:
            return name
        form = f" ({plain['format']})" if "format" in plain else ""
        return " or ".join(kinds) + form

    def value(self, name: str, node: Node, *, required: bool, text: str = "", above: tuple[str, ...] = ()) -> Value:
        """Describe a value; `above` are the schemas that it stands in, so that a tree of comments ends."""
        branches, _ = self.alternatives(node)
        only = branches[0] if len(branches) == 1 else {}
        plain = self._document.follow(only)
        items = plain.get("items", {})
        entry = self._document.follow(items)
        schema = _named(only) or _named(items)
        outer = self._document.follow(node)
        described = Value(
            name=name,
            kind=self.kind(node),
            schema=schema if self.is_listed(schema) else "",
            text=text or outer.get("description") or plain.get("description") or "",
            required=required,
            facts=self._facts({**plain, **outer}),
            pattern=plain.get("pattern", ""),
            choices=[shown(choice) for choice in plain.get("enum", entry.get("enum", []))],
        )
        if len(above) < MAX_DEPTH and schema not in above:
            described.members = self.members(entry if items else plain, (*above, schema))
        return described

    def members(self, node: Node, above: tuple[str, ...]) -> list[Value]:
        """Describe the members of an object, those of all parts of an `allOf` included."""
        plain = self._document.follow(node)
        needed = plain.get("required", [])
        found = [value for part in plain.get("allOf", []) for value in self.members(part, above)]
        for name, member in plain.get("properties", {}).items():
            found.append(self.value(name, member, required=name in needed, above=above))
        return found

    def _facts(self, plain: Node) -> list[str]:
        # That a text or a list may be empty is nothing to say; that a number begins at 0 is.
        told = [key for key in _BOUNDS if key in plain and not (plain[key] == 0 and key in _EMPTY)]
        facts = [_BOUNDS[key].format(plain[key]) for key in told]
        if plain.get("uniqueItems"):
            facts.append("no entry twice")
        if "default" in plain:
            facts.append(f"default {shown(plain['default'])}")
        facts += [word for key, word in _FLAGS.items() if plain.get(key)]
        return facts


_EMPTY = ("minLength", "minItems", "minProperties")
_FLAGS = {"readOnly": "read only", "writeOnly": "write only", "deprecated": "deprecated"}
