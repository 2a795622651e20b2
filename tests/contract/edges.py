"""Where the contract draws a line: values that are just within what a schema allows, and just outside."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from typing import Any

from tests.contract.document import Node, contract, resolve
from tests.contract.requests import sample
from tests.contract.schemas import Schemas

_LENGTHS = ("minLength", "maxLength")


@dataclass(frozen=True)
class Edge:
    """A value on one side of a line; `place` says which line."""

    place: str
    value: Any
    allowed: bool

    def __str__(self) -> str:
        return f"{self.place}-{'allowed' if self.allowed else 'refused'}"


@cache
def _schemas() -> Schemas:
    return Schemas(contract())


def fits(schema: Node, value: Any) -> bool:
    """Whether the schema allows the value."""
    return not _schemas().complaints(schema, value)


def _address(length: int) -> str:
    """Return a mail address of this length."""
    name = "a" * min(64, length - 5)
    labels: list[str] = []
    rest = length - len(name) - len("@cc")
    while rest > 0:
        labels.append("b" * min(63, rest - 1))
        rest -= len(labels[-1]) + 1
    return f"{name}@{''.join(f'{label}.' for label in labels)}cc"


def text_of(schema: Node, length: int) -> str | None:
    """Return a text of this length that the schema allows but for its length, or None where nothing comes to mind."""
    free = {word: value for word, value in schema.items() if word not in _LENGTHS}
    address = "https://e.org/"
    candidates = [
        "".join(islice(cycle("aB3"), length)),
        "a" * length,
        "+" + "4" * (length - 1),
        address + "a" * (length - len(address)),
        _address(length) if length > len("a@b.cc") else "a@b.cc",
    ]
    return next((text for text in candidates if len(text) == length and fits(free, text)), None)


def _of_text(schema: Node) -> Iterator[Edge]:
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    for length, allowed in ((least, True), (least - 1, False), (most, True), (most + 1 if most else None, False)):
        text = text_of(schema, length) if length is not None and length >= 0 else None
        if text is not None:
            yield Edge(f"length {length}", text, allowed)


def _of_list(schema: Node) -> Iterator[Edge]:
    def entries(number: int) -> list[Any]:
        return [f"{sample(schema['items'])}-{index}" for index in range(number)]

    for length, allowed in ((schema["maxItems"], True), (schema["maxItems"] + 1, False)):
        if fits(schema["items"], entries(1)[0]):
            yield Edge(f"{length} entries", entries(length), allowed)


def _of_number(schema: Node) -> Iterator[Edge]:
    for word, step in (("minimum", -1), ("maximum", 1)):
        yield Edge(word, schema[word], allowed=True)
        yield Edge(f"beyond {word}", schema[word] + step, allowed=False)


def edges(schema: Node) -> Iterator[Edge]:
    """Yield the edges of a schema; each is on the side that it is said to be on."""
    schema = resolve(schema)
    if "oneOf" in schema:
        branches = [resolve(branch) for branch in schema["oneOf"]]
        yield from (Edge("null", None, allowed=True) for branch in branches if branch["type"] == "null")
        yield from (edge for branch in branches if branch["type"] != "null" for edge in edges(branch))
    elif "enum" in schema:
        yield from (Edge(f"value {value}", value, allowed=True) for value in schema["enum"])
        yield Edge("another value", "undreamt", allowed=False)
    elif schema["type"] == "string":
        yield from _of_text(schema)
    elif schema["type"] == "array":
        yield from _of_list(schema)
    elif schema["type"] == "boolean":
        yield from (Edge(str(value).lower(), value, allowed=True) for value in (True, False))
    elif schema["type"] == "integer":
        yield from _of_number(schema)
