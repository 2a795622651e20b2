"""Mutants that make the service overlook something in a request, or take what it should refuse."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import orjson

from tests.contract.document import Node, Operation, resolve
from tests.mutants.mutant import Ask, Asked, Mutant, is_object, named

DEFAULT_LIMIT = 20


def _without_parameter(name: str) -> Ask:
    return lambda asked: asked.with_parameters([pair for pair in asked.parameters if pair[0] != name])


def _only_parameters(names: frozenset[str]) -> Ask:
    return lambda asked: asked.with_parameters([pair for pair in asked.parameters if pair[0] in names])


def _one_of_each(asked: Asked) -> Asked:
    return asked.with_parameters(list(dict(asked.parameters).items()))


def _other_limit(surplus: int) -> Ask:
    def ask(asked: Asked) -> Asked:
        given = dict(asked.parameters)
        limit = given.get("limit", str(DEFAULT_LIMIT))
        if not limit.isdigit() or not 1 <= int(limit) + surplus <= 100:
            return asked
        return asked.with_parameters(list((given | {"limit": str(int(limit) + surplus)}).items()))

    return ask


def _without_member(name: str) -> Ask:
    def ask(asked: Asked) -> Asked:
        document = asked.document
        if not is_object(document) or name not in document:
            return asked
        return asked.with_body(orjson.dumps({key: value for key, value in document.items() if key != name}))

    return ask


def _only_members(names: frozenset[str]) -> Ask:
    def ask(asked: Asked) -> Asked:
        document = asked.document
        if not is_object(document) or document.keys() <= names:
            return asked
        return asked.with_body(orjson.dumps({key: value for key, value in document.items() if key in names}))

    return ask


def _without_nulls(asked: Asked) -> Asked:
    document = asked.document
    if not is_object(document) or None not in document.values():
        return asked
    return asked.with_body(orjson.dumps({key: value for key, value in document.items() if value is not None}))


def _nulls_as_texts(asked: Asked) -> Asked:
    return asked.with_body(asked.body.replace(b"null", b'""'))


def _as_media_type(media_type: str) -> Ask:
    return lambda asked: (
        asked.with_header("content-type", media_type)
        if asked.headers.get("content-type", media_type) != media_type
        else asked
    )


def _cleaned(asked: Asked) -> Asked:
    return asked.with_body(asked.body.replace(b"\\u0000", b"").replace(b"\x00", b""))


def _as_finite(asked: Asked) -> Asked:
    return asked.with_body(asked.body.replace(b"NaN", b"0").replace(b"1e400", b"0"))


def _small(asked: Asked) -> Asked:
    return asked.with_body(b"{}") if len(asked.body) > 1_048_576 else asked


def _weakly(asked: Asked) -> Asked:
    """Compare entity tags as if they were weak."""
    return (
        asked.with_header("if-match", asked.headers["if-match"].replace("W/", ""))
        if "if-match" in asked.headers
        else asked
    )


def _any_version(asked: Asked) -> Asked:
    return asked.with_header("if-match", "*") if "if-match" in asked.headers else asked


def _body_schema(operation: Operation) -> Node:
    return resolve(operation.content[operation.media_type]["schema"])


def _lists(operation: Operation) -> bool:
    return "limit" in operation.named("query")


def _takes_json(operation: Operation) -> bool:
    return operation.media_type.endswith(("/json", "+json"))


def _says_something(operation: Operation) -> bool:
    """Whether a member of the request is a text that every request has."""
    body = _body_schema(operation)
    members = body.get("required") or list(body["properties"])[: body.get("minProperties", 0)]
    return any(resolve(body["properties"][name]).get("type") == "string" for name in members)


def _clears(operation: Operation) -> bool:
    """Whether a null in the request clears something."""
    members = _body_schema(operation)["properties"].values() if operation.method == "PATCH" else ()
    return any("null" in str(resolve(schema).get("type", schema.get("oneOf"))) for schema in members)


def _bodies() -> Iterator[tuple[str, Operation, Ask]]:
    for operation in named(lambda operation: operation.media_type):
        yield "another media type is taken", operation, _as_media_type(operation.media_type)
        yield "a content encoding is overlooked", operation, lambda asked: asked.without_header("content-encoding")
        yield "a body over the limit is taken", operation, _small
    for operation in named(_takes_json):
        yield "an unknown member is taken", operation, _only_members(frozenset(_body_schema(operation)["properties"]))
        if _says_something(operation):
            yield "NUL is taken out of texts", operation, _cleaned
        yield "NaN is taken", operation, _as_finite
    for operation in named(_clears):
        yield "null leaves a member as it is", operation, _without_nulls
        yield "null becomes an empty text", operation, _nulls_as_texts


def _parameters() -> Iterator[tuple[str, Operation, Ask]]:
    for operation in named(lambda _: True):
        known = frozenset(operation.named("query"))
        yield "an unknown parameter is taken", operation, _only_parameters(known)
        if known:
            yield "a repeated parameter is taken", operation, _one_of_each
    for operation in named(_lists):
        yield "a page holds one too many", operation, _other_limit(1)
        yield "a page holds one too few", operation, _other_limit(-1)


def _headers() -> Iterator[tuple[str, Operation, Ask]]:
    for operation in named(lambda _: True):
        headers = operation.named("header")
        yield "the client's request id is overlooked", operation, lambda asked: asked.without_header("x-request-id")
        if operation.takes_credentials and not operation.needs_credentials:
            yield "credentials are overlooked", operation, lambda asked: asked.without_header("authorization")
        if "If-Match" in headers:
            yield "If-Match is overlooked", operation, _any_version
            yield "If-Match is compared weakly", operation, _weakly
            yield (
                "If-Match is not needed",
                operation,
                lambda asked: replace(asked, headers={"if-match": "*"} | asked.headers),
            )
        if "If-None-Match" in headers:
            yield "If-None-Match is overlooked", operation, lambda asked: asked.without_header("if-none-match")
        if "Idempotency-Key" in headers:
            yield "Idempotency-Key is overlooked", operation, lambda asked: asked.without_header("idempotency-key")


def mutants() -> Iterator[Mutant]:
    """Yield every kind for every operation that it fits."""
    groups: tuple[Callable[[], Iterator[tuple[str, Operation, Ask]]], ...] = (_bodies, _parameters, _headers)
    for group in groups:
        yield from (Mutant(kind, operation.name, ask=ask) for kind, operation, ask in group())
    for operation in named(lambda _: True):
        for name in operation.named("query"):
            yield Mutant(f"the parameter {name} is overlooked", operation.name, ask=_without_parameter(name))
    for operation in named(_takes_json):
        for name in _body_schema(operation)["properties"]:
            yield Mutant("a member of the request is overlooked", operation.name, name, ask=_without_member(name))
