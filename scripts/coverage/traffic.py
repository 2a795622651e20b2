"""Recorded traffic: whole exchanges, few of each kind, for whoever wants a second opinion."""

import json
import re
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from scripts.coverage.contract import Contract
from scripts.coverage.enums import members_of
from scripts.coverage.exchange import Exchange, Pairs, documents, header, media_type
from scripts.coverage.observe import Observer

OUTPUT = Path(__file__).parents[2] / "build/traffic"
# Of each operation x status x media types at most this many exchanges are kept, all of different form.
EACH = 100
# What is larger is about its size, which no schema tells.
MAX_BYTES = 16_384
MASK = "masked"
_TOKEN = re.compile("[A-Za-z0-9._~+/=-]+")
# Headers that say nothing of what is asked.
_USUAL = frozenset({"host", "user-agent", "accept", "accept-encoding", "connection", "content-length"})


class Sample:
    """Keeps a few exchanges of each kind."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._kept: defaultdict[tuple[Any, ...], dict[tuple[Any, ...], Exchange]] = defaultdict(dict)

    def offer(self, exchange: Exchange) -> None:
        """Keep the exchange if it is of a kind of which there are not enough, and of a form that is new."""
        operation = self._observer.operation_of(exchange)
        if operation is None or max(len(exchange.content), len(exchange.body)) > MAX_BYTES:
            return
        sent, received = media_type(exchange.sent), media_type(exchange.headers)
        kept = self._kept[operation.name, exchange.status, sent, received]
        if len(kept) < EACH:
            kept.setdefault(_form(exchange), exchange)

    def lines(self) -> Iterator[str]:
        """Yield the exchanges kept as lines of JSON, with credentials masked."""
        for kind in sorted(self._kept):
            for exchange in self._kept[kind].values():
                yield to_line(masked(exchange, self._observer.contract))


def _form(exchange: Exchange) -> tuple[Any, ...]:
    """Return what tells exchanges of one kind apart: the names they hold, not the values; and what a problem says.

    Two runs must keep the same forms, or an argued disagreement would come and go with the order of the tests.
    """
    found = documents(exchange.body, exchange.headers) if not exchange.succeeded else []
    problem = members_of(found[0]) if found else {}
    said = (problem.get("code"), problem.get("detail"), *sorted({error["code"] for error in problem.get("errors", ())}))
    names = frozenset(name for name, _ in exchange.sent) - _USUAL
    query = frozenset(exchange.query) if exchange.succeeded else exchange.target.partition("?")[2]
    # A blank without a token behind it, and a text that ends in a line feed, are read in two ways.
    scheme, blank, secret = (header(exchange.sent, "authorization") or "").partition(" ")
    ended = b'\\n"' in exchange.content
    crumbs = _without_values(header(exchange.sent, "cookie") or "")
    body = _names(documents(exchange.content, exchange.sent))
    return body, ended, said, query, names, scheme, blank, _veiled(secret), crumbs


def _names(found: list[Any]) -> tuple[str, ...]:
    """Return the names of the members that a body has, or the kind of what it is instead of an object."""
    body: Any = found[0] if found else ""
    return tuple(sorted(members_of(body))) or (type(body).__name__,)


def _veiled(secret: str) -> str:
    """Return credentials with nothing left but what no token may have (RFC 6750, section 2.1)."""
    return _TOKEN.sub(MASK, secret)


def _without_values(cookies: str) -> str:
    """Return cookies with nothing left but their names, and whether they have a value at all."""
    parts = (part.strip().partition("=") for part in cookies.split(";"))
    return "; ".join(f"{name}={MASK if value else ''}" for name, _, value in parts)


def masked(exchange: Exchange, contract: Contract) -> Exchange:
    """Return the exchange without the secrets that its headers, cookies and query carry."""
    places = {tuple(carrier.split(" ")[:2]) for carrier in contract.carriers}
    headers = {name for place, *rest in places if place == "header" for name in rest}

    def hide(name: str, value: str) -> str:
        if name == "authorization":
            scheme, _, secret = value.partition(" ")
            return f"{scheme} {_veiled(secret)}" if secret else value
        if name in {"cookie", "set-cookie"}:
            return _without_values(value)
        return MASK if name in headers else value

    path, mark, query = exchange.target.partition("?")
    secret = {name for place, *rest in places if place == "query" for name in rest}
    kept = "&".join(
        f"{part.partition('=')[0]}={MASK}" if part.partition("=")[0] in secret else part for part in query.split("&")
    )
    return Exchange(
        exchange.method,
        path + mark + kept,
        tuple((name, hide(name, value)) for name, value in exchange.sent),
        exchange.content,
        exchange.status,
        tuple((name, hide(name, value)) for name, value in exchange.headers),
        exchange.body,
        exchange.webhook,
    )


def _text(content: bytes) -> str | dict[str, str]:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(content).decode()}


def _bytes(stored: str | dict[str, str]) -> bytes:
    return stored.encode() if isinstance(stored, str) else b64decode(stored["base64"])


def to_line(exchange: Exchange) -> str:
    """Return an exchange as a line of JSON."""
    return json.dumps(
        {
            "method": exchange.method,
            "target": exchange.target,
            "sent": exchange.sent,
            "content": _text(exchange.content),
            "status": exchange.status,
            "headers": exchange.headers,
            "body": _text(exchange.body),
            "webhook": exchange.webhook,
        }
    )


def from_line(line: str) -> Exchange:
    """Return the exchange that a line holds."""
    node = json.loads(line)

    def pairs(name: str) -> Pairs:
        return tuple((key, value) for key, value in node[name])

    return Exchange(
        node["method"],
        node["target"],
        pairs("sent"),
        _bytes(node["content"]),
        node["status"],
        pairs("headers"),
        _bytes(node["body"]),
        node["webhook"],
    )


def write(path: Path, fingerprint: str, lines: Iterable[str]) -> None:
    """Leave the traffic of a run; the first line says with which contract."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([json.dumps({"contract": fingerprint}), *lines]) + "\n")


def read(path: Path) -> tuple[str, list[Exchange]]:
    """Return the fingerprint of the contract and the exchanges."""
    first, *lines = path.read_text().splitlines()
    return json.loads(first)["contract"], [from_line(line) for line in lines]


def described(exchange: Exchange) -> str:
    """Return an exchange in few words."""
    kind = header(exchange.headers, "content-type")
    return f"{exchange.method} {exchange.target[:120]} -> {exchange.status} {kind or ''}".strip()
