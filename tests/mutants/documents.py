"""Mutants of the contract: what the tests and the fuzzer hold against the service is not what it was made from."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.contract.document import METHODS, Node, operations
from tests.contract.edges import text_of
from tests.mutants.draft import Draft
from tests.mutants.mutant import Mutant

Change = Callable[[Draft], bool]
PROBLEM = "application/problem+json"


def _member(place: str, fits: Callable[[Node], bool], change: Callable[[Node], None]) -> Change:
    """Change the first member of the request or the answer that fits."""

    def apply(draft: Draft) -> bool:
        schema = draft.body() if place == "request" else draft.answer()
        for child in (schema or {}).get("properties", {}).values():
            if fits(child):
                change(child)
                return True
        return False

    return apply


def _parameter(fits: Callable[[Node], bool], change: Callable[[Node], None]) -> Change:
    """Change the first query parameter that fits."""

    def apply(draft: Draft) -> bool:
        for entry in draft.query():
            if fits(entry):
                change(entry)
                return True
        return False

    return apply


def _says(word: str) -> Callable[[Node], bool]:
    return lambda schema: word in schema


def _bounds(word: str, beyond: int = 0) -> Callable[[Node], bool]:
    """Whether a text of just this length, or of one beyond it, is a matter of this bound alone."""
    return lambda schema: word in schema and text_of(schema, schema[word] + beyond) is not None


def _shift(word: str, by: int) -> Callable[[Node], None]:
    def change(schema: Node) -> None:
        schema[word] += by

    return change


def _put(word: str, value: Any) -> Callable[[Node], None]:
    def change(node: Node) -> None:
        node[word] = value

    return change


def _drop_from(word: str) -> Callable[[Node], None]:
    def change(schema: Node) -> None:
        schema[word].pop()

    return change


def _without_null(schema: Node) -> None:
    schema["type"] = next(kind for kind in schema["type"] if kind != "null")


def _in_schema(change: Callable[[Node], None]) -> Callable[[Node], None]:
    return lambda entry: change(entry["schema"])


def _schema_says(word: str) -> Callable[[Node], bool]:
    return lambda entry: word in entry["schema"]


def _may_be_absent(entry: Node) -> bool:
    return not entry.get("required") and "default" not in entry["schema"]


def _nullable(schema: Node) -> bool:
    return isinstance(schema.get("type"), list)


def _demanded(place: str) -> Change:
    def apply(draft: Draft) -> bool:
        schema = draft.body() if place == "request" else draft.answer()
        if schema is None:
            return False
        schema["properties"]["undreamt"] = {"type": "string", "maxLength": 10}
        schema["required"] = [*schema.get("required", []), "undreamt"]
        return True

    return apply


def _optional(draft: Draft) -> bool:
    schema = draft.body()
    if not schema or not schema.get("required"):
        return False
    schema["required"] = schema["required"][1:]
    return True


def _member_gone(place: str) -> Change:
    def apply(draft: Draft) -> bool:
        schema = draft.body() if place == "request" else draft.answer()
        if not schema or not schema["properties"]:
            return False
        name = (schema.get("required") or list(schema["properties"]))[-1]
        del schema["properties"][name]
        schema["required"] = [other for other in schema.get("required", []) if other != name]
        return True

    return apply


def _open_body(draft: Draft) -> bool:
    schema = draft.body()
    if not schema:
        return False
    schema["additionalProperties"] = True
    return True


def _status_gone(status: str) -> Change:
    return lambda draft: draft.node["responses"].pop(status, None) is not None


def _success_as(other: str) -> Change:
    def apply(draft: Draft) -> bool:
        responses = draft.node["responses"]
        success = next(status for status in responses if status.startswith("2"))
        responses[other] = responses.pop(success)
        return success != other

    return apply


def _header_gone(draft: Draft) -> bool:
    for status, response in draft.node["responses"].items():
        if status.startswith("2"):
            own = [name for name in response.get("headers", {}) if name in ("ETag", "Location", "Link")]
            for name in own[:1]:
                del response["headers"][name]
            return bool(own)
    return False


def _header_due(draft: Draft) -> bool:
    for status, response in draft.node["responses"].items():
        if status.startswith("2"):
            response.setdefault("headers", {})["X-Undreamt"] = {"required": True, "schema": {"type": "string"}}
    return True


def _media_type(draft: Draft) -> bool:
    for status, response in draft.node["responses"].items():
        if status.startswith("2") and "content" in response:
            response["content"] = {"application/xml": next(iter(response["content"].values()))}
            return True
    return False


def _failure_media_type(draft: Draft) -> bool:
    failure = draft.node["responses"]["default"]
    for response in draft.node["responses"].values():
        if PROBLEM in response.get("content", {}):
            response["content"] = {"application/json": response["content"][PROBLEM]}
    return bool(failure)


def _request_media_type(draft: Draft) -> bool:
    content: Node = draft.node.get("requestBody", {}).get("content", {})
    if not content:
        return False
    draft.node["requestBody"]["content"] = {"application/xml": next(iter(content.values()))}
    return True


def _public(draft: Draft) -> bool:
    secured = bool(draft.node["security"]) and {} not in draft.node["security"]
    draft.node["security"] = [{}]
    draft.node["responses"].pop("401", None)
    return secured


def _secured(draft: Draft) -> bool:
    open_to_all = {} in draft.node["security"]
    draft.node["security"] = [entry for entry in draft.node["security"] if entry]
    return open_to_all


def _no_parameters(draft: Draft) -> bool:
    known = draft.query()
    draft.node["parameters"] = [entry for entry in draft.node["parameters"] if entry is not known[-1]] if known else []
    return bool(known)


def _another_parameter(draft: Draft) -> bool:
    draft.node["parameters"].append(
        {"name": "undreamt", "in": "query", "schema": {"type": "string", "enum": ["of"]}, "required": True}
    )
    return True


def _gone(draft: Draft) -> bool:
    """Drop the operation, and nothing else of its path."""
    for method in METHODS:
        if draft.item.get(method) is draft.node:
            del draft.item[method]
    return True


def _moved(draft: Draft) -> bool:
    paths = draft.document["paths"]
    path = next(path for path, item in paths.items() if item is draft.item)
    paths[f"{path}-moved"] = paths.pop(path)
    return True


CHANGES: dict[str, Change] = {
    "a text of the request may be longer": _member("request", _bounds("maxLength", 1), _shift("maxLength", 1)),
    "a text of the request must be shorter": _member("request", _bounds("maxLength"), _shift("maxLength", -1)),
    "a text of the request may be shorter": _member("request", _bounds("minLength", -1), _shift("minLength", -1)),
    "a text of the request must be longer": _member("request", _bounds("minLength"), _shift("minLength", 1)),
    "a text of the request has another pattern": _member("request", _says("pattern"), _put("pattern", "^[0-9]{4}$")),
    "a text of the request has no pattern": _member("request", _says("pattern"), lambda schema: schema.pop("pattern")),
    "a list of the request may be longer": _member("request", _says("maxItems"), _shift("maxItems", 1)),
    "a list of the request must be shorter": _member("request", _says("maxItems"), _shift("maxItems", -1)),
    "a member of the request has another type": _member("request", _says("maxLength"), _put("type", "integer")),
    "null is not allowed in the request": _member("request", _nullable, _without_null),
    "a member is due in the request": _demanded("request"),
    "a member of the request is optional": _optional,
    "a member of the request is unknown": _member_gone("request"),
    "unknown members are allowed in the request": _open_body,
    "the request has another media type": _request_media_type,
    "a number may be greater": _parameter(_schema_says("maximum"), _in_schema(_shift("maximum", 1))),
    "a number must be smaller": _parameter(_schema_says("maximum"), _in_schema(_shift("maximum", -1))),
    "a number may be smaller": _parameter(_schema_says("minimum"), _in_schema(_shift("minimum", -1))),
    "a parameter has another enum value": _parameter(
        _schema_says("enum"), lambda entry: entry["schema"]["enum"].append("undreamt")
    ),
    "a parameter lacks an enum value": _parameter(_schema_says("enum"), _in_schema(_drop_from("enum"))),
    "a parameter has another name": _parameter(lambda _: True, _put("name", "undreamt")),
    # One with a default is there even when nobody sends it.
    "a parameter is due": _parameter(_may_be_absent, _put("required", value=True)),
    "a parameter is unknown": _no_parameters,
    "a parameter is due that the service does not have": _another_parameter,
    "a member of the answer has another type": _member("answer", _says("type"), _put("type", "boolean")),
    "a member is due in the answer": _demanded("answer"),
    "a member of the answer is unknown": _member_gone("answer"),
    "null is not allowed in the answer": _member("answer", _nullable, _without_null),
    "a success has another status": _success_as("203"),
    "a conflict is not declared": _status_gone("409"),
    "a missing thing is not declared": _status_gone("404"),
    "an unchanged thing is not declared": _status_gone("304"),
    "a lost update is not declared": _status_gone("412"),
    "a header is not declared": _header_gone,
    "a header is due that nobody sends": _header_due,
    "the answer has another media type": _media_type,
    "problems have another media type": _failure_media_type,
    "anybody may": _public,
    "nobody may without credentials": _secured,
    "the operation is not there": _gone,
    "the operation is elsewhere": _moved,
}


def mutants() -> Iterator[Mutant]:
    """Yield every kind for every operation that it fits."""
    for operation in operations():
        for kind, change in CHANGES.items():
            draft = Draft(operation)
            if change(draft):
                yield Mutant(kind, operation.name, document=draft.document)
