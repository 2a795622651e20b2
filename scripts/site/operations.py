"""What the reference says of one operation, ready to be laid out."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from markupsafe import Markup

from scripts.site.document import Document, Node, Operation
from scripts.site.problems import Problem
from scripts.site.prose import as_json, code
from scripts.site.schemas import Shapes, Value

_PLACES = {"path": "Path", "query": "Query", "header": "Headers", "cookie": "Cookies"}
FIRST_FAILURE = 400


class Shown(NamedTuple):
    """Code under a tab."""

    label: str
    code: Markup


class Body(NamedTuple):
    """One media type of a request or an answer."""

    media_type: str
    value: Value
    required: bool


class Answer(NamedTuple):
    """One status of success, or `default`."""

    status: str
    text: str
    bodies: list[Body]
    headers: list[Value]


class Failure(NamedTuple):
    """One status of failure, and the codes with which the operation gives it."""

    status: str
    text: str
    problems: list[Problem]


class Next(NamedTuple):
    """What can be done with an answer."""

    href: str
    summary: str
    text: str


@dataclass(frozen=True)
class Page:
    """All of it."""

    path: str
    access: list[str]
    parameters: list[tuple[str, list[Value]]]
    bodies: list[Body]
    answers: list[Answer]
    failures: list[Failure]
    next: list[Next]
    samples: list[Shown]
    requests: list[Shown]
    replies: list[Shown]


def page(document: Document, operation: Operation, problems: list[Problem], samples: list[dict[str, str]]) -> Page:
    """Describe an operation; `samples` are its calls by the real clients: `lang`, `label` and `source` of each."""
    shapes = Shapes(document)
    request = document.follow(operation.node.get("requestBody", {}))
    return Page(
        path=document.base_path + operation.path,
        access=document.access(operation),
        parameters=_parameters(shapes, operation),
        bodies=_bodies(shapes, request),
        answers=[
            Answer(status, answer["description"], _bodies(shapes, answer), _headers(document, shapes, answer))
            for status, answer in operation.responses.items()
            if _succeeds(status)
        ],
        failures=_failures(operation, problems),
        next=_next(document, operation),
        samples=[Shown(sample["label"], code(sample["source"], sample["lang"])) for sample in samples],
        requests=_examples(document, "", request),
        replies=[
            shown
            for status, answer in operation.responses.items()
            if status != "default"
            for shown in _examples(document, f"{status} ", answer)
        ],
    )


def _succeeds(status: str) -> bool:
    return status != "default" and int(status[0]) * 100 < FIRST_FAILURE


def _parameters(shapes: Shapes, operation: Operation) -> list[tuple[str, list[Value]]]:
    found: list[tuple[str, list[Value]]] = []
    for place, title in _PLACES.items():
        entries = [entry for entry in operation.parameters if entry["in"] == place]
        if entries:
            found.append((title, [_parameter(shapes, entry) for entry in entries]))
    return found


def _parameter(shapes: Shapes, entry: Node) -> Value:
    # A parameter has a schema, or a media type that has one (OpenAPI 3.1, 4.8.12).
    content: dict[str, Node] = entry.get("content", {})
    schemas: list[Node] = [holder["schema"] for holder in (entry, *content.values()) if "schema" in holder]
    schema: Node = schemas[0] if schemas else {}
    required: bool = entry.get("required", False)
    return shapes.value(entry["name"], schema, required=required, text=entry.get("description", ""))


def _headers(document: Document, shapes: Shapes, answer: Node) -> list[Value]:
    return [
        _parameter(shapes, {"name": name, **document.follow(header)})
        for name, header in answer.get("headers", {}).items()
    ]


def _bodies(shapes: Shapes, node: Node) -> list[Body]:
    return [
        Body(name, shapes.value("body", media.get("schema", {}), required=True), node.get("required", False))
        for name, media in node.get("content", {}).items()
    ]


def _failures(operation: Operation, problems: list[Problem]) -> list[Failure]:
    return [
        Failure(
            "other" if status == "default" else status,
            answer["description"],
            [problem for problem in problems if operation in problem.operations and str(problem.status) == status],
        )
        for status, answer in operation.responses.items()
        if not _succeeds(status)
    ]


def _next(document: Document, operation: Operation) -> list[Next]:
    links = [link for answer in operation.responses.values() for link in answer.get("links", {}).values()]
    followed = [document.follow(link) for link in links]
    targets = [(document.operations.get(link.get("operationId", "")), link.get("description", "")) for link in followed]
    return [Next(target.href, target.summary, text) for target, text in targets if target is not None]


def _examples(document: Document, before: str, node: Node) -> list[Shown]:
    found: list[Shown] = []
    for name, media in node.get("content", {}).items():
        examples: dict[str, Node] = {key: document.follow(entry) for key, entry in media.get("examples", {}).items()}
        if "example" in media:
            examples.setdefault("example", {"value": media["example"]})
        for key, example in examples.items():
            if "value" in example:
                label = example.get("summary") or key.replace("_", " ").replace("-", " ").capitalize()
                found.append(Shown(f"{before}{label}", _example(example["value"], name)))
    return found


def _example(value: Any, media_type: str) -> Markup:
    return code(value, "text") if isinstance(value, str) and not media_type.endswith("json") else as_json(value)
