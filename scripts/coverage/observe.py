"""Which cells of the contract an exchange has met."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from scripts.coverage.contract import (
    ACCEPTED,
    ANSWERS,
    ANY,
    CODE,
    ENUM,
    HEADER,
    NOBODY,
    PARAMETER,
    REFUSED,
    REFUSED_WITHOUT,
    SECURITY,
    SENDS,
    STATUS,
    Cell,
    Contract,
    Operation,
    Parameter,
)
from scripts.coverage.enums import Members, at, show
from scripts.coverage.exchange import Exchange, documents, header, media_type

UNAUTHENTICATED, FORBIDDEN = 401, 403
PROBLEM = "application/problem+json"


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", path)
    return re.compile("[^/]+".join(map(re.escape, parts)))


def _fitting(kind: str, declared: dict[str, Members]) -> str | None:
    """Return the declared media type that this one is, or falls under: text/csv, text/*, */*."""
    if kind in declared:
        return kind
    ranges = sorted((name for name in declared if "*" in name), key=lambda name: name.count("*"))
    return next((name for name in ranges if fnmatchcase(kind, name)), None)


def _enumerated(operation: str, place: str, members: Members, found: list[Any]) -> Iterator[Cell]:
    for pointer in members:
        name = f"{place} {show(pointer)}" if pointer else place
        for value in found:
            yield from (Cell(operation, ENUM, name, shown) for shown in at(value, pointer))


def scopes_of(token: str) -> frozenset[str] | None:
    """Return the scopes that a token names itself (RFC 9068, section 2.2.3), or None when it says nothing.

    The signature is not looked at: the service has accepted the token or not.
    """
    try:
        payload = token.split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return frozenset(str(claims["scope"]).split())
    except (IndexError, KeyError, TypeError, ValueError, RecursionError):
        return None


class Observer:
    """Knows one contract and says what an exchange has shown of it.

    `granted` holds the scopes of credentials that do not name them, such as API keys; who makes one tells.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.granted: dict[str, frozenset[str]] = {}
        served = [operation for operation in contract.operations if not operation.webhook]
        # What is written out goes before a parameter.
        served.sort(key=lambda operation: operation.path.count("{"))
        self._routes = [(operation.method, _pattern(contract.base + operation.path), operation) for operation in served]
        self._webhooks = {
            (operation.name, operation.method): operation for operation in contract.operations if operation.webhook
        }

    def operation_of(self, exchange: Exchange) -> Operation | None:
        """Return the operation that was asked for, if the contract has it."""
        if exchange.webhook:
            return self._webhooks.get((exchange.webhook, exchange.method))
        for method, pattern, operation in self._routes:
            if method == exchange.method and pattern.fullmatch(exchange.path):
                return operation
        return None

    def observe(self, exchange: Exchange) -> list[Cell]:
        """Return the cells that an exchange has met, each once."""
        kind = media_type(exchange.headers)
        found = documents(exchange.body, exchange.headers) if exchange.body else []
        cells = list(_enumerated(ANY, kind, self.contract.shared.get(kind, {}), found))
        operation = self.operation_of(exchange)
        if operation is not None:
            cells += self._answered(operation, exchange, kind, found)
            cells += self._identified(operation, exchange)
            if exchange.succeeded:
                cells += self._sent(operation, exchange)
        return list(dict.fromkeys(cells))

    def _answered(self, operation: Operation, exchange: Exchange, kind: str, found: list[Any]) -> Iterator[Cell]:
        declared = operation.answer(exchange.status)
        if declared is None:
            return
        status, answer = declared
        yield Cell(operation.name, STATUS, "", status)
        if kind == PROBLEM:
            for document in found:
                yield from (Cell(operation.name, CODE, "", code) for code in at(document, ("code",)))
        for name, members in answer.headers.items():
            value = header(exchange.headers, name)
            if value is not None:
                yield Cell(operation.name, HEADER, status, name)
                yield from _enumerated(operation.name, f"{status} header {name}", members, [value])
        content = _fitting(kind, answer.content)
        if content is not None and exchange.body:
            yield Cell(operation.name, ANSWERS, status, content)
            yield from _enumerated(operation.name, status, answer.content[content], found)

    def _sent(self, operation: Operation, exchange: Exchange) -> Iterator[Cell]:
        """Yield what was sent with success; a request that is refused shows nothing of what it carries."""
        content = _fitting(media_type(exchange.sent), operation.sends)
        if content is not None and exchange.content:
            yield Cell(operation.name, SENDS, "", content)
            found = documents(exchange.content, exchange.sent)
            yield from _enumerated(operation.name, "body", operation.sends[content], found)
        for parameter in operation.parameters:
            values = _values(parameter, exchange)
            if values:
                yield Cell(operation.name, PARAMETER, parameter.place, parameter.name)
                place = f"{parameter.place} {parameter.name}"
                yield from _enumerated(operation.name, place, parameter.members, values)

    def _identified(self, operation: Operation, exchange: Exchange) -> Iterator[Cell]:
        if operation.webhook:
            return
        presented, scopes = self._credentials(exchange)
        for alternative in operation.security:
            if alternative.carriers != presented:
                continue
            if exchange.succeeded and (scopes is None or alternative.scopes <= scopes):
                yield Cell(operation.name, SECURITY, alternative.name, ACCEPTED)
            if exchange.status == UNAUTHENTICATED and presented:
                yield Cell(operation.name, SECURITY, alternative.name, REFUSED)
            lacking = alternative.scopes - (alternative.scopes if scopes is None else scopes)
            if exchange.status == FORBIDDEN and len(lacking) == 1:
                yield Cell(operation.name, SECURITY, alternative.name, REFUSED_WITHOUT + next(iter(lacking)))
        if not presented and exchange.status == UNAUTHENTICATED:
            yield Cell(operation.name, SECURITY, NOBODY, REFUSED)

    def _credentials(self, exchange: Exchange) -> tuple[frozenset[str], frozenset[str] | None]:
        """Return what carries credentials in a request, and their scopes where those are known."""
        presented: set[str] = set()
        scopes: frozenset[str] | None = None
        for carrier in self.contract.carriers:
            secret = _secret(carrier, exchange)
            if secret is None:
                continue
            presented.add(carrier)
            known = self.granted.get(secret, scopes_of(secret))
            scopes = known if scopes is None else scopes | (known or frozenset())
        return frozenset(presented), scopes


def _secret(carrier: str, exchange: Exchange) -> str | None:
    """Return the credentials that a request has in this place."""
    place, _, name = carrier.partition(" ")
    if place == "header" and name.startswith("authorization "):
        scheme, _, secret = (header(exchange.sent, "authorization") or "").partition(" ")
        return secret if scheme.lower() == name.partition(" ")[2] else None
    if place == "header":
        return header(exchange.sent, name)
    if place == "cookie":
        return exchange.cookies.get(name)
    return next(iter(exchange.query.get(name, ())), None) if place == "query" else None


def _values(parameter: Parameter, exchange: Exchange) -> list[Any]:
    """Return the values that a request has for a parameter."""
    if parameter.place == "path":
        # A request that has found its operation has a value for each of its path parameters.
        return exchange.path.split("/")
    if parameter.place == "query":
        # Objects are sent as name[member], arrays as name or name[] once per entry.
        query = exchange.query
        return [
            value
            for name, values in query.items()
            if name == parameter.name or name.startswith(f"{parameter.name}[")
            for value in [*values, *(part for entry in values if "," in entry for part in entry.split(","))]
        ]
    if parameter.place == "cookie":
        value = exchange.cookies.get(parameter.name)
    else:
        value = header(exchange.sent, parameter.name.lower())
    return [] if value is None else [value]
