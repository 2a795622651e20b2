"""Faults that a compiler of contracts could have; each must be told by the comparison."""

from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any, NamedTuple

from app.contract import Operation, operations, resolve
from app.runtime.plans import Plan
from tests.differential.sides import planned
from tests.differential.stubs import Stage


class Fault(NamedTuple):
    """A fault in one operation: of what is read of the contract, or of the plan that is made of it."""

    name: str
    operation: str
    misread: Callable[[Operation], Operation] = lambda it: it
    misplan: Callable[[Plan], Plan] = lambda it: it

    def plan(self, stage: Stage) -> Plan:
        """Return the plan that has the fault."""
        return self.misplan(planned(self.misread(operations()[self.operation]), stage))


def _schema(name: str, **keywords: Any) -> Callable[[Operation], Operation]:
    """Read other keywords of a parameter's schema; None is one that is passed over."""

    def misread(operation: Operation) -> Operation:
        entries = [dict(entry) for entry in operation.parameters]
        for entry in entries:
            if entry["name"] == name:
                schema = {**resolve(entry["schema"]), **keywords}
                entry["schema"] = {key: value for key, value in schema.items() if value is not None}
        return replace(operation, parameters=tuple(entries))

    return misread


def _document(change: Callable[[dict[str, Any]], object]) -> Callable[[Operation], Operation]:
    """Read something else of an operation."""

    def misread(operation: Operation) -> Operation:
        document = deepcopy(operation.document)
        change(document)
        return replace(operation, document=document)

    return misread


def _formless(operation: Operation) -> Operation:
    return replace(operation, query=dict.fromkeys(operation.query))


def _no_condition(compiled: Plan) -> Plan:
    """Pass no If-None-Match."""
    handler = compiled.handler

    def unconditionally(**arguments: object) -> Awaitable[object]:
        return handler(**{**arguments, "if_none_match": None})

    return replace(compiled, handler=unconditionally)


def _scopeless(document: dict[str, Any]) -> None:
    document["security"] = [dict.fromkeys(entry, ()) for entry in document["security"]]


def _no_keys(document: dict[str, Any]) -> None:
    document["security"] = [entry for entry in document["security"] if "apiKey" not in entry]


def _members_only(document: dict[str, Any]) -> None:
    document["security"] = [entry for entry in document["security"] if entry]


def _text(document: dict[str, Any]) -> None:
    content = document["responses"]["200"]["content"]
    document["responses"]["200"]["content"] = {"text/plain": next(iter(content.values()))}


def _comment(document: dict[str, Any]) -> None:
    media = document["requestBody"]["content"]["application/json"]
    media["schema"] = {"$ref": "#/components/schemas/MessageCreate"}


FAULTS = (
    Fault("a bound is loosened", "listTags", _schema("limit", maximum=1000)),
    Fault("a pattern is passed over", "listPosts", _schema("author", pattern=None)),
    Fault("a default is dropped", "listTags", _schema("limit", default=None)),
    Fault("a format is passed over", "listPosts", _formless),
    Fault("a header is not passed", "getPost", misplan=_no_condition),
    Fault("scopes are lost", "createPost", _document(_scopeless)),
    Fault("an alternative is lost", "createPost", _document(_no_keys)),
    Fault("nobody is let in without credentials", "getPost", _document(_members_only)),
    Fault("a body may be missing", "createPost", _document(lambda it: it["requestBody"].update(required=False))),
    Fault("a body is another model", "createComment", _document(_comment)),
    Fault("an answer is of another media type", "getAtomFeed", _document(_text)),
)
