"""The judge of every answer: request and response against the contract, sharing no code with the service.

It is stricter than the contract itself in two places: an answer has no member and none of our headers that the contract
does not name, and `default` covers only what any operation may answer.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from app.naming import is_json
from tests.contract.document import METHODS, Node, Operation, base_path, contract, operations_of, resolve
from tests.contract.schemas import Schemas

# Headers that mean something to a client of ours; sent undeclared, they would be a promise that nobody wrote down.
OWN_HEADERS = frozenset(
    {
        "etag",
        "location",
        "link",
        "deprecation",
        "idempotent-replayed",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "www-authenticate",
        "server-timing",
        "sunset",
        "x-request-id",
    }
)
# What any operation may answer, whatever it does: unreadable requests, limits of the transport, failures of ours.
ANYWHERE = frozenset({400, 429, 431, *range(500, 600)})
NO_CONTENT = frozenset({204, 304})
PROBLEM = "application/problem+json"
LINES = "application/x-ndjson"
FIRST_FAILURE = 400


class ContractBroken(AssertionError):
    """The service did what its contract does not say."""


@dataclass(frozen=True)
class Exchange:
    """A request and its answer; `headers` are those of the answer, by lower-case name."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    # The names of the query parameters that were sent.
    query: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.method} {self.path} -> {self.status}"


class Judge:
    """Knows one contract and checks exchanges against it."""

    def __init__(self, document: Node) -> None:
        self._document = document
        self._schemas = Schemas(document)
        self._base = base_path(document)
        self._operations = {(item.method, item.path): item for item in operations_of(document)}

    def path_of(self, path: str) -> str | None:
        """Return the template that serves a path below the base path; literal segments go before parameters."""
        segments = path.removeprefix(self._base).split("/")
        fitting = [
            template
            for template in self._document["paths"]
            if len(parts := template.split("/")) == len(segments)
            and all(
                part == segment or (part.startswith("{") and segment)
                for part, segment in zip(parts, segments, strict=True)
            )
        ]
        return min(fitting, key=lambda template: [part.startswith("{") for part in template.split("/")], default=None)

    def judge(self, exchange: Exchange) -> Operation | None:
        """Return the operation that answered, if one did. Raises ContractBroken naming all that is wrong."""
        if not exchange.path.startswith(f"{self._base}/") or exchange.method == "OPTIONS":
            return None
        template = self.path_of(exchange.path)
        operation = self._operations.get((exchange.method, template or ""))
        complaints = list(self._of_operation(operation, exchange) if operation else self._of_none(template, exchange))
        if complaints:
            raise ContractBroken("\n  ".join([f"{operation or 'no operation'}: {exchange}", *complaints]))
        return operation

    def _of_operation(self, operation: Operation, exchange: Exchange) -> Iterable[str]:
        declared = operation.responses.get(str(exchange.status))
        if declared is None:
            if exchange.status not in ANYWHERE:
                yield f"status {exchange.status} is not declared, and `default` does not cover it"
            declared = operation.responses.get("default")
            if declared is None:
                return
        if exchange.status < FIRST_FAILURE:
            unknown = exchange.query - operation.named("query").keys()
            yield from (f"the parameter {name} is not declared, and was taken" for name in sorted(unknown))
        yield from self._of_response(resolve(declared, self._document), exchange)

    def _of_none(self, template: str | None, exchange: Exchange) -> Iterable[str]:
        """Check the refusal of what the contract does not have: an unknown path or another method."""
        expected = 405 if template else 404
        if exchange.status not in {expected, *ANYWHERE}:
            yield f"the contract has no such operation: {expected} is due"
            return
        if exchange.status == 405 and template:
            methods = {name.upper() for name in METHODS if name in self._document["paths"][template]}
            allowed = {name.strip() for name in exchange.headers.get("allow", "").split(",")}
            if allowed != methods:
                yield f"Allow names {sorted(allowed)}; the contract has {sorted(methods)}"
        if exchange.method != "HEAD":
            yield from self._of_response(self._document["components"]["responses"]["Problem"], exchange)

    def _of_response(self, response: Node, exchange: Exchange) -> Iterable[str]:
        yield from self._of_headers(response, exchange)
        content: Node = response.get("content", {})
        if exchange.status in NO_CONTENT or not content:
            if exchange.body:
                yield "there is a body where the contract has none"
            return
        media_type, _, rest = exchange.headers.get("content-type", "").partition(";")
        media_type = media_type.strip().lower()
        if media_type not in content:
            yield f"media type {media_type or '(none)'} is not declared; {', '.join(content)} is"
            return
        if media_type.endswith("json") and rest.strip().lower() not in ("", "charset=utf-8"):
            yield f"JSON is UTF-8 (RFC 8259, section 8.1), and not {rest.strip()}"
        yield from self._of_body(content[media_type]["schema"], media_type, exchange)

    def _of_headers(self, response: Node, exchange: Exchange) -> Iterable[str]:
        declared = {name.lower(): resolve(node, self._document) for name, node in response.get("headers", {}).items()}
        for name, header in declared.items():
            if name not in exchange.headers:
                if header.get("required"):
                    yield f"header {name} is missing"
                continue
            for complaint in self._schemas.complaints(header["schema"], exchange.headers[name]):
                yield f"header {name}{complaint}"
        for name in sorted(OWN_HEADERS & exchange.headers.keys() - declared.keys()):
            yield f"header {name} is sent but not declared"

    def _of_body(self, schema: Node, media_type: str, exchange: Exchange) -> Iterable[str]:
        try:
            document = _document(media_type, exchange.body)
            yield from self._of_lines(schema, media_type, exchange.body)
        except ValueError as failure:
            yield f"the body is not {'JSON' if 'json' in media_type else 'text'}: {failure}"
            return
        yield from (f"body {complaint}" for complaint in self._schemas.complaints(schema, document))
        if media_type == PROBLEM and document.get("status") != exchange.status:
            yield f"the problem's status is {document.get('status')}"
        if (exchange.status >= FIRST_FAILURE) != (media_type == PROBLEM):
            yield f"{media_type} does not belong to a status of {exchange.status}"

    def _of_lines(self, schema: Node, media_type: str, body: bytes) -> Iterable[str]:
        """Check each line of what is a document per line, by what the contract says of its content."""
        inside = resolve(schema, self._document).get("contentSchema")
        if media_type != LINES or inside is None:
            return
        if body and not body.endswith(b"\n"):
            yield "the last line does not end"
        for number, line in enumerate(body.splitlines(), 1):
            yield from (f"line {number} {complaint}" for complaint in self._schemas.complaints(inside, _read(line)))


def _read(body: bytes) -> Any:
    return json.loads(body.decode(), parse_constant=_refuse, object_pairs_hook=_each_member_once)


def _document(media_type: str, body: bytes) -> Any:
    """Return what a body is to JSON Schema, which takes bytes for a string of as many characters."""
    if is_json(media_type):
        return _read(body)
    return body.decode() if media_type.startswith("text/") or media_type == LINES else body.decode("latin-1")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _each_member_once(pairs: list[tuple[str, Any]]) -> Node:
    """Readers differ in which of two members of one name they believe (RFC 8259, section 4)."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is there twice")
    return members


@cache
def judge() -> Judge:
    """Return the judge of our contract."""
    return Judge(contract())


def exchange_of(
    method: str, raw_path: bytes | str, status: int, headers: Iterable[tuple[str, str]], body: bytes
) -> Exchange:
    """Put an exchange together from what an HTTP client or server has at hand."""
    target = raw_path.decode("ascii") if isinstance(raw_path, bytes) else raw_path
    path, _, query = target.partition("?")
    folded: dict[str, str] = {}
    for name, value in headers:
        folded[name.lower()] = f"{folded[name.lower()]}, {value}" if name.lower() in folded else value
    names = frozenset(name for name, _ in parse_qsl(query, keep_blank_values=True))
    # A slash that was encoded is part of a segment (RFC 3986, section 2.2).
    decoded = "/".join(unquote(segment).replace("/", "%2F") for segment in path.split("/"))
    return Exchange(method, decoded, status, folded, body, names)
