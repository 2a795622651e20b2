"""Credentials that the stubs know, and how a request brings them."""

from collections.abc import Sequence
from random import Random
from typing import Any

from app.contract import Operation, bundle, csrf, resolve
from tests.differential.raw import Raw

VALUE = "known-0123456789"
KNOWN = frozenset({VALUE})
# Valid, but not enough for anything.
FORBIDDEN = "forbidden-0123456789"
UNKNOWN = "unknown"


def with_credential(raw: Raw, scheme: str, value: str = VALUE) -> Raw:
    """Return a request with the credential of a scheme of the contract."""
    described = resolve(bundle()["components"]["securitySchemes"][scheme])
    text = value.encode()
    match described:
        case {"type": "apiKey", "in": "header", "name": name}:
            raw = raw.having(name.lower().encode(), text)
        case {"type": "apiKey", "in": "cookie", "name": name}:
            raw = with_cookie(raw, name.encode(), text)
        case _:
            raw = raw.having(b"authorization", b"Bearer " + text)
    protection = csrf()
    if protection is not None and described.get("name") == protection.header:
        raw = with_cookie(raw, protection.cookie.encode(), text)
    return raw


def with_cookie(raw: Raw, name: bytes, value: bytes) -> Raw:
    """Return a request with one more cookie."""
    return raw.having(b"cookie", b"; ".join([*raw.values(b"cookie"), name + b"=" + value]))


def bare(raw: Raw) -> Raw:
    """Return a request without credentials."""
    for name in (b"authorization", b"x-api-key", b"x-csrf-token", b"cookie"):
        raw = raw.without(name)
    return raw


def alternatives(operation: Operation) -> Sequence[dict[str, Any]]:
    """Return the alternatives of an operation's `security`."""
    return operation.document.get("security", bundle().get("security", []))


def let_in(raw: Raw, operation: Operation, random: Random) -> Raw:
    """Return a request with the credentials of one of the alternatives, and sometimes with those of two."""
    ways = alternatives(operation)
    raw = bare(raw)
    for _ in range(1 if random.random() < 0.9 else 2):
        for scheme in random.choice(ways) if ways else ():
            raw = with_credential(raw, scheme, VALUE if random.random() < 0.97 else random.choice([FORBIDDEN, UNKNOWN]))
    return raw
