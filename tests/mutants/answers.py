"""Mutants of what answers hold: members, types, bounds, formats, and bodies as a whole."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.contract.document import Node, Operation, contract, resolve
from tests.contract.schemas import Schemas
from tests.mutants.mutant import Answer, Asked, Mutant, is_object, named


@dataclass(frozen=True)
class Place:
    """A value in an answer, what the contract says of it, and where it stands."""

    path: tuple[str | int, ...]
    schema: Node
    value: Any


def _branches(schema: Node, value: Any) -> Iterator[Node]:
    """Yield the schemas that apply to the value: references followed, `allOf` and the fitting `oneOf` opened."""
    node = resolve(schema)
    yield node
    for child in node.get("allOf", []):
        yield from _branches(child, value)
    for word in ("oneOf", "anyOf"):
        for child in node.get(word, []):
            if not Schemas(contract()).complaints(child, value):
                yield from _branches(child, value)
                break


def merged(schema: Node, value: Any) -> Node:
    """Return the keywords that apply to the value in one schema; of lists of members, all that are named."""
    found: Node = {"properties": {}, "required": []}
    for branch in _branches(schema, value):
        found |= {word: rule for word, rule in branch.items() if word not in ("properties", "required")}
        found["properties"] |= branch.get("properties", {})
        found["required"] += branch.get("required", [])
    return found


def places(schema: Node, value: Any, path: tuple[str | int, ...] = ()) -> Iterator[Place]:
    """Yield every value of an answer, the answer itself first; of lists only the first item."""
    rules = merged(schema, value)
    yield Place(path, rules, value)
    if is_object(value):
        for name, child in value.items():
            if name in rules["properties"]:
                yield from places(rules["properties"][name], child, (*path, str(name)))
    elif isinstance(value, list) and value and "items" in rules:
        yield from places(rules["items"], value[0], (*path, 0))


def replaced(document: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """Return a copy of the document in which another value stands at the path."""
    if not path:
        return value
    step, *rest = path
    if is_object(document):
        return {
            name: replaced(child, tuple(rest), value) if name == step else child for name, child in document.items()
        }
    return [replaced(child, tuple(rest), value) if number == step else child for number, child in enumerate(document)]


UNFIT = object()
Spoil = Callable[[Place], Any]


def _required(place: Place) -> list[str]:
    return [name for name in place.schema["required"] if is_object(place.value) and name in place.value]


def _without(place: Place) -> Any:
    names = _required(place)
    return {name: child for name, child in place.value.items() if name != names[-1]} if names else UNFIT


def _renamed(place: Place) -> Any:
    names = _required(place)
    if not names:
        return UNFIT
    return {(f"{name}_" if name == names[0] else name): child for name, child in place.value.items()}


def _camel(place: Place) -> Any:
    if not is_object(place.value) or not any("_" in name for name in place.value):
        return UNFIT

    def camel(name: str) -> str:
        first, *rest = name.split("_")
        return first + "".join(word.title() for word in rest)

    return {camel(str(name)): child for name, child in place.value.items()}


def _added(place: Place) -> Any:
    return {**place.value, "undreamt": "of"} if is_object(place.value) and place.value else UNFIT


def of(kind: type, spoil: Callable[[Any], Any]) -> Spoil:
    """Spoil values of exactly this type."""
    return lambda place: spoil(place.value) if type(place.value) is kind and place.path else UNFIT


def where(keyword: str, spoil: Callable[[Any, Any], Any]) -> Spoil:
    """Spoil values of which the contract says something with this keyword."""
    return lambda place: (
        spoil(place.value, place.schema[keyword])
        if keyword in place.schema and place.value is not None and place.path
        else UNFIT
    )


def formatted(name: str, spoil: Callable[[Any], Any]) -> Spoil:
    """Spoil texts of this format."""
    return where("format", lambda value, form: spoil(value) if form == name else UNFIT)


VALUES: dict[str, Spoil] = {
    "a member is dropped": lambda place: UNFIT if place.path else _without(place),
    "a member of a member is dropped": lambda place: _without(place) if place.path else UNFIT,
    "a member is renamed": lambda place: UNFIT if place.path else _renamed(place),
    "a member of a member is renamed": lambda place: _renamed(place) if place.path else UNFIT,
    "members are named in camel case": _camel,
    "a member is added": lambda place: UNFIT if place.path else _added(place),
    "a member of a member is added": lambda place: _added(place) if place.path else UNFIT,
    "a number becomes a text": of(int, str),
    "a number becomes a fraction": of(int, lambda value: value + 0.5),
    "a truth becomes a text": of(bool, lambda value: str(value).lower()),
    "a truth becomes a number": of(bool, int),
    "a text becomes a number": of(str, lambda _: 7),
    "a text becomes a list": of(str, lambda value: [value]),
    "a list becomes an object": of(list, lambda value: {str(number): item for number, item in enumerate(value)}),
    "a list becomes null": of(list, lambda _: None),
    "an object becomes its id": of(dict, lambda value: value.get("id", UNFIT)),
    "null stands where nothing may be missing": lambda place: (
        None if place.path and "null" not in place.schema.get("type", "null") and place.value is not None else UNFIT
    ),
    "a number is below its minimum": where("minimum", lambda _, least: least - 1),
    "a number is above its maximum": where("maximum", lambda _, most: most + 1),
    "a text is too long": where("maxLength", lambda value, most: (value or "a") * (most // len(value or "a") + 1)),
    "a text does not fit its pattern": where("pattern", lambda value, _: f"\u00e9{value}\n"),
    "an enum value is not listed": where("enum", lambda value, _: f"{value}_too" if isinstance(value, str) else UNFIT),
    "an enum value has another case": where(
        "enum", lambda value, _: value.upper() if isinstance(value, str) and value.upper() != value else UNFIT
    ),
    "a list is too long": where("maxItems", lambda value, most: value * (most + 1) if value else UNFIT),
    "an id is no UUID": formatted("uuid", lambda value: value.replace("-", "")),
    "a time has no zone": formatted("date-time", lambda value: value.removesuffix("Z")),
    "a time is a number": formatted("date-time", lambda _: 1_795_000_000),
    "a time is written with a blank": formatted("date-time", lambda value: value.replace("T", " at ")),
}


def spoilt(spoil: Spoil) -> Callable[[Asked, Answer], Answer]:
    """Return what spoils the first value that it fits."""

    def say(_: Asked, answer: Answer) -> Answer:
        document = answer.document
        if answer.schema and is_object(document):
            for place in places(answer.schema, document):
                value = spoil(place)
                if value is not UNFIT:
                    return answer.with_document(replaced(document, place.path, value))
        return answer

    return say


def _twice(answer: Answer) -> Answer:
    """Name a member twice: readers differ in which of the two they believe."""
    return answer.with_body(answer.body.replace(b"{", b'{"id":null,', 1)) if b'"id":' in answer.body else answer


BODIES: dict[str, Callable[[Answer], Answer]] = {
    "the body is cut off": lambda answer: answer.with_body(answer.body[:-2]),
    "the body is empty": lambda answer: answer.with_body(b""),
    "the body has something after it": lambda answer: answer.with_body(answer.body + b"\n{}"),
    "the body holds NaN": lambda answer: answer.with_body(answer.body.replace(b":0", b":NaN").replace(b":1", b":NaN")),
    "the body is in another encoding": lambda answer: answer.with_body(answer.body.decode().encode("utf-16")),
    "a member is named twice": _twice,
    "the body is a list": lambda answer: answer.with_document([answer.document]),
    "the body is wrapped": lambda answer: answer.with_document({"data": answer.document}),
}


def has_answer(operation: Operation) -> bool:
    """Whether a success of the operation has a body."""
    return any("content" in resolve(node) for status, node in operation.responses.items() if status.startswith("2"))


def mutants() -> Iterator[Mutant]:
    """Yield every kind for every operation that answers with a body."""
    for operation in named(has_answer):
        for kind, spoil in VALUES.items():
            yield Mutant(kind, operation.name, say=spoilt(spoil), common=True)
        for kind, change in BODIES.items():
            yield Mutant(kind, operation.name, say=_if_body(change), common=True)


def _if_body(change: Callable[[Answer], Answer]) -> Callable[[Asked, Answer], Answer]:
    return lambda _, answer: change(answer) if answer.body else answer
