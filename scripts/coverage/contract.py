"""The contract as coverage reads it: every operation and webhook, and from them the cells that are due."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from scripts.coverage.enums import Members, Node, enumerated, resolve, show

BUNDLE = Path(__file__).parents[2] / "generated/openapi.json"
METHODS = ("get", "put", "post", "patch", "delete", "head", "options", "trace")
# Where a cell stands that no operation has for itself: the codes of the problem that all of them share.
ANY = "any operation"
NOBODY = "nobody"
# Notices of the end (RFC 9745, RFC 8594) stand in answers that all share; due they are of operations that will end.
_ANNOUNCED = {"deprecation": "deprecated", "sunset": "x-sunset"}
NOTICES = frozenset(_ANNOUNCED)
ACCEPTED, REFUSED, REFUSED_WITHOUT = "accepted", "refused", "refused without "


class Cell(NamedTuple):
    """One thing that must have been seen, for example createPost, security, bearer, refused."""

    operation: str
    dimension: str
    place: str
    value: str


STATUS, SENDS, ANSWERS, SECURITY = "status", "request media type", "response media type", "security"
PARAMETER, ENUM, HEADER, CODE = "parameter", "enum value", "response header", "problem code"
DIMENSIONS = (STATUS, SENDS, ANSWERS, SECURITY, PARAMETER, ENUM, HEADER, CODE)
# Where an operation names the codes of its problems, one by one.
NAMED_CODES = "x-problem-codes"


@dataclass(frozen=True)
class Parameter:
    """A parameter in `path`, `query`, `header` or `cookie`."""

    place: str
    name: str
    members: Members


@dataclass(frozen=True)
class Answer:
    """What an operation answers with a status; a `default` answer is due to no operation in particular.

    `headers` are the optional ones: every single answer is held against those that are required.
    """

    content: dict[str, Members]
    headers: dict[str, Members]


@dataclass(frozen=True)
class Alternative:
    """An entry of `security`: what of a request carries its credentials, and the scopes it needs."""

    name: str
    carriers: frozenset[str]
    scopes: frozenset[str]


@dataclass(frozen=True)
class Operation:
    """An operation, or a webhook: then the service is who calls, and `path` is empty."""

    name: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    sends: dict[str, Members]
    answers: dict[str, Answer]
    security: tuple[Alternative, ...]
    codes: tuple[str, ...] = ()
    webhook: bool = False

    def answer(self, status: int) -> tuple[str, Answer] | None:
        """Return the answer that the contract has for a status, and under which name: 404, 4XX."""
        for name in (str(status), f"{status // 100}XX"):
            if name in self.answers:
                return name, self.answers[name]
        return None


def carrier(scheme: Node) -> str:
    """Return what carries the credentials of a security scheme: `header authorization bearer`, `cookie session`."""
    kind = scheme["type"]
    if kind == "apiKey":
        return f"{scheme['in']} {str(scheme['name']).lower() if scheme['in'] == 'header' else scheme['name']}"
    if kind == "http":
        return f"header authorization {str(scheme['scheme']).lower()}"
    return "mutual TLS" if kind == "mutualTLS" else "header authorization bearer"


class Contract:
    """One contract; `fingerprint` tells what has been recorded with another one."""

    def __init__(self, document: Node, fingerprint: str = "") -> None:
        self.document = document
        self.fingerprint = fingerprint
        servers: list[Node] = document.get("servers") or [{"url": "/"}]
        self.base = urlsplit(str(servers[0]["url"])).path.rstrip("/")
        self._schemes: Node = document.get("components", {}).get("securitySchemes", {})
        self.carriers = frozenset(map(carrier, self._schemes.values()))
        self.operations = tuple(self._read())

    @classmethod
    def load(cls, path: Path = BUNDLE) -> "Contract":
        """Read a bundle."""
        content = path.read_bytes()
        return cls(json.loads(content), sha256(content).hexdigest())

    def _read(self) -> Iterator[Operation]:
        for section in ("paths", "webhooks"):
            for path, entry in self.document.get(section, {}).items():
                item = resolve(entry, self.document)
                for method in METHODS:
                    if method in item:
                        yield self._operation(path, item, method, webhook=section == "webhooks")

    def _operation(self, path: str, item: Node, method: str, *, webhook: bool) -> Operation:
        node = item[method]
        parameters = {
            (parameter["in"], parameter["name"]): parameter
            for entry in [*item.get("parameters", []), *node.get("parameters", [])]
            for parameter in [resolve(entry, self.document)]
        }
        answers = {status: resolve(entry, self.document) for status, entry in node.get("responses", {}).items()}
        default = answers.pop("default", {}).get("content", {})
        announced = {name for name, member in _ANNOUNCED.items() if node.get(member)}
        return Operation(
            name=path if webhook else node.get("operationId", f"{method.upper()} {path}"),
            method=method.upper(),
            path="" if webhook else path,
            parameters=tuple(
                Parameter(place, name, self._members(parameter)) for (place, name), parameter in parameters.items()
            ),
            sends=self._content(resolve(node.get("requestBody", {}), self.document).get("content", {})),
            answers={status: self._answer(answer, default, NOTICES - announced) for status, answer in answers.items()},
            # Who receives a webhook has a security of his own.
            security=() if webhook else tuple(self._security(node)),
            codes=tuple(node.get(NAMED_CODES, ())),
            webhook=webhook,
        )

    def _members(self, node: Node) -> Members:
        """Return the enumerated members of a parameter, header or media type."""
        media = next(iter(node.get("content", {}).values()), node)
        return enumerated(media.get("schema"), self.document)

    def _content(self, content: Node) -> dict[str, Members]:
        return {kind.lower(): self._members(node) for kind, node in content.items()}

    def _answer(self, answer: Node, default: Node, undue: frozenset[str]) -> Answer:
        """Read an answer but for headers that are not due.

        The members of a body that `default` has as well are due to no operation in particular.
        """
        content: dict[str, Members] = {
            kind: {} if node.get("schema") == default.get(kind, {}).get("schema", ...) else self._members(node)
            for kind, node in answer.get("content", {}).items()
        }
        headers = {name.lower(): resolve(node, self.document) for name, node in answer.get("headers", {}).items()}
        return Answer(
            {kind.lower(): members for kind, members in content.items()},
            {
                name: self._members(node)
                for name, node in headers.items()
                if not node.get("required") and name not in undue
            },
        )

    def _security(self, node: Node) -> Iterator[Alternative]:
        entries: list[dict[str, list[str]]] = node.get("security", self.document.get("security", []))
        for entry in entries or [{}]:
            yield Alternative(
                " + ".join(sorted(entry)) or NOBODY,
                frozenset(carrier(self._schemes[name]) for name in entry),
                frozenset(scope for scopes in entry.values() for scope in scopes),
            )

    @cached_property
    def shared(self) -> dict[str, Members]:
        """The enumerated members of what any operation may answer, by media type: the codes of problems."""
        found: dict[str, Members] = {}
        for section in ("paths", "webhooks"):
            for entry in self.document.get(section, {}).values():
                item = resolve(entry, self.document)
                for method in METHODS:
                    node: Node = item.get(method, {})
                    default = resolve(node.get("responses", {}).get("default", {}), self.document)
                    found |= self._content(default.get("content", {}))
        return found

    @cached_property
    def due(self) -> dict[Cell, None]:
        """Every cell of the contract, in its order."""
        cells = {cell: None for operation in self.operations for cell in _cells(operation)}
        for kind, members in self.shared.items():
            cells |= dict.fromkeys(_values(ANY, kind, members))
        return cells


def _values(operation: str, place: str, members: Members) -> Iterator[Cell]:
    for pointer, values in members.items():
        name = f"{place} {show(pointer)}" if pointer else place
        yield from (Cell(operation, ENUM, name, value) for value in values)


def _cells(operation: Operation) -> Iterator[Cell]:
    name = operation.name
    for status, answer in operation.answers.items():
        yield Cell(name, STATUS, "", status)
        for kind, members in answer.content.items():
            yield Cell(name, ANSWERS, status, kind)
            yield from _values(name, status, members)
        for field, members in answer.headers.items():
            yield Cell(name, HEADER, status, field)
            yield from _values(name, f"{status} header {field}", members)
    for kind, members in operation.sends.items():
        yield Cell(name, SENDS, "", kind)
        yield from _values(name, "body", members)
    for parameter in operation.parameters:
        yield Cell(name, PARAMETER, parameter.place, parameter.name)
        yield from _values(name, f"{parameter.place} {parameter.name}", parameter.members)
    yield from (Cell(name, CODE, "", code) for code in operation.codes)
    yield from _security_cells(operation)


def _security_cells(operation: Operation) -> Iterator[Cell]:
    """Each alternative is accepted, and refused when it is forged or lacks a scope; nobody is one or the other."""
    name = operation.name
    for alternative in operation.security:
        yield Cell(name, SECURITY, alternative.name, ACCEPTED)
        if alternative.carriers:
            yield Cell(name, SECURITY, alternative.name, REFUSED)
        for scope in sorted(alternative.scopes):
            yield Cell(name, SECURITY, alternative.name, REFUSED_WITHOUT + scope)
    if operation.security and all(alternative.carriers for alternative in operation.security):
        yield Cell(name, SECURITY, NOBODY, REFUSED)
