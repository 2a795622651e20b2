"""Mutants of what an answer says truly in form and falsely in fact: pages, counts, tags and places of things."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.contract.document import Operation
from tests.mutants.answers import has_answer, merged
from tests.mutants.headers import declared
from tests.mutants.mutant import Answer, Asked, Mutant, Say, is_object, named

Change = Callable[[dict[str, Any]], dict[str, Any]]


def _page(**members: Any) -> Change:
    return lambda document: {**document, "page": {**document["page"], **members}}


def _turned(document: dict[str, Any]) -> dict[str, Any]:
    page = document["page"]
    return _page(next_cursor=page["previous_cursor"], previous_cursor=page["next_cursor"])(document)


def _more(name: str) -> Change:
    def change(document: dict[str, Any]) -> dict[str, Any]:
        value = document["page"].get(name)
        return document if value is None else _page(**{name: value + 1})(document)

    return change


LISTS: dict[str, Change] = {
    "a list is in the opposite order": lambda document: {**document, "items": document["items"][::-1]},
    "a list lacks its last item": lambda document: {**document, "items": document["items"][:-1]},
    "a list lacks its first item": lambda document: {**document, "items": document["items"][1:]},
    "a list repeats an item": lambda document: {**document, "items": document["items"][:1] + document["items"]},
    "a list is empty": lambda document: {**document, "items": []},
    "a list always goes on": _page(has_next=True),
    "a list never goes on": _page(has_next=False),
    "a list always has something before it": _page(has_previous=True),
    "a list never has something before it": _page(has_previous=False),
    "a list loses its next cursor": _page(next_cursor=None),
    "a list loses its previous cursor": _page(previous_cursor=None),
    "a list turns its cursors round": _turned,
    "the size of a page is one more": _more("size"),
    "the total is one more": _more("total"),
    "the number of pages is one more": _more("pages"),
    "the number of the page is one more": _more("number"),
}


def _of_lists(change: Change) -> Say:
    def say(_: Asked, answer: Answer) -> Answer:
        document = answer.document
        if answer.status != 200 or not is_object(document) or not {"items", "page"} <= document.keys():
            return answer
        changed = change(document)
        return answer.with_document(changed) if changed != document else answer

    return say


def _counted(name: str) -> Say:
    def say(_: Asked, answer: Answer) -> Answer:
        document = answer.document
        if not is_object(document) or answer.status >= 300:
            return answer
        value: Any = document.get(name)
        if isinstance(value, bool):
            return answer.with_document({**document, name: not value})
        if isinstance(value, int):
            return answer.with_document({**document, name: value + 1})
        return answer

    return say


def _counts(operation: Operation) -> Iterator[str]:
    """Name the numbers and truths of what the operation answers."""
    for status in ("200", "201"):
        content = operation.responses.get(status, {}).get("content", {}).get("application/json")
        if content:
            properties = merged(content["schema"], {})["properties"]
            yield from (name for name, schema in properties.items() if _kind(schema) in ("integer", "boolean"))


def _kind(schema: Any) -> str:
    return str(merged(schema, 0).get("type", ""))


class _First:
    """Repeats of a header what it was the first time, for each path: the cache that nobody empties."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._known = ""

    def __call__(self, _: Asked, answer: Answer) -> Answer:
        value = answer.headers.get(self._name)
        if value is None:
            return answer
        self._known = self._known or value
        return answer.with_header(self._name, self._known)


def _header(name: str, change: Callable[[str], str]) -> Say:
    return lambda _, answer: (
        answer.with_header(name, change(answer.headers[name])) if name in answer.headers else answer
    )


def _next_id(location: str) -> str:
    """Return the place of something else."""
    return location[:-1] + ("0" if location[-1] != "0" else "1")


def _renamed_links(link: str) -> str:
    return link.replace('"next"', '"later"').replace('"prev"', '"next"')


def _as_cached(control: str) -> str:
    return "public, max-age=60" if control.startswith("private") else "private, no-store"


HEADERS: dict[str, tuple[str, Callable[[str], str]]] = {
    "Location leads to something else": ("location", _next_id),
    "ETag is of another version": (
        "etag",
        lambda tag: f'"{int(tag[1:].partition("-")[0]) + 1}-{tag.partition("-")[2]}' if "-" in tag else '"00000000"',
    ),
    "Link turns the pages round": ("link", _renamed_links),
    "Cache-Control is that of other answers": ("cache-control", _as_cached),
    "the challenge does not say what was wrong": ("www-authenticate", lambda _: 'Bearer error="invalid_request"'),
}


def mutants() -> Iterator[Mutant]:
    """Yield every kind for every operation that it fits."""
    for operation in named(has_answer):
        if "limit" in operation.named("query"):
            yield from (Mutant(kind, operation.name, say=_of_lists(change)) for kind, change in LISTS.items())
        for name in _counts(operation):
            yield Mutant("a number or a truth is another", operation.name, name, say=_counted(name))
    for operation in named(lambda _: True):
        headers = {name.lower() for name in declared(operation)}
        for kind, (name, change) in HEADERS.items():
            if name in headers:
                yield Mutant(kind, operation.name, say=_header(name, change))
        if "etag" in headers:
            yield Mutant("ETag is stale", operation.name, say=_First("etag"))
        yield Mutant("every answer has the same request id", operation.name, say=_First("x-request-id"))
