"""Mutations: a request becomes another one that is a little off, as broken and hostile clients send it."""

import json
from collections.abc import Callable, Sequence
from random import Random
from urllib.parse import quote, quote_plus, unquote

from app.contract import BASE_PATH, Operation, bundle, resolve
from tests.differential import credentials
from tests.differential.raw import Raw
from tests.differential.values import AFTER_MEDIA_TYPE, BODIES, CONTENT_TYPES, TEXTS, changed, edited

Mutation = Callable[[Raw, Operation, Random], Raw]
_METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "get", "QUERY")
# The place in a path at which that of an operation begins.
_BASE = BASE_PATH.count("/")
_HEADERS = (
    *("if-match", "if-none-match", "if-modified-since", "if-range", "range", "idempotency-key", "accept"),
    *("content-type", "content-encoding", "content-length", "origin", "sec-fetch-site", "x-csrf-token", "x-unknown"),
)
_HEADER_VALUES: dict[str, tuple[bytes, ...]] = {
    "content-encoding": (b"gzip", b"identity", b"", b"Identity"),
    "content-length": (b"0", b"5", b"99999999", b"-1", b"x", b"1" * 30, b"\xc2\xb2"),
    "origin": (b"http://localhost:8000", b"https://elsewhere.example", b"null"),
    "sec-fetch-site": (b"same-origin", b"cross-site", b"none", b"same-site"),
}
_RAW_VALUES = (b"", b" ", b"\xe9", b"\xc3\xa9", b"a\tb", b"x" * 256, b"x" * 501, b"~", b"\x01", b'"a", "b"', b"*")


def _segments(raw: Raw, operation: Operation, random: Random) -> Raw:
    """Change a segment of the path."""
    segments = raw.path.decode().split("/")
    # Values of parameters most of the time, and those of the base path hardly ever.
    values = [
        at for at, name in enumerate(operation.path.split("/"), _BASE) if name.startswith("{") and at < len(segments)
    ]
    anywhere = range(_BASE + 1 if random.random() < 0.9 and len(segments) > _BASE + 1 else 0, len(segments))
    at = random.choice(values if values and random.random() < 0.7 else anywhere)
    segment = segments[at]
    index = random.randrange(len(segment)) if segment else 0
    changes: list[str] = [
        quote(edited(unquote(segment), random), safe=""),
        quote(random.choice(TEXTS), safe=""),
        segment[:index]
        + "".join(f"%{byte:02X}" for byte in segment[index : index + 1].encode())
        + segment[index + 1 :],
        segment[:index]
        + random.choice(["%2F", "%2f", "%00", "%C3%28", "%", "%zz", "%25", "%3F", "+", "%20"])
        + segment[index:],
        segment + random.choice(["/", "//", "/.", "/..", "%2F", ";a=b", "/x"]),
        "",
    ]
    segments[at] = random.choice(changes)
    path = "/".join(segments) or "/"
    return raw._replace(path=(path if path.startswith("/") else f"/{path}").encode())


def _method(raw: Raw, _: Operation, random: Random) -> Raw:
    return raw._replace(method=random.choice(_METHODS))


def _bounds(operation: Operation, name: str) -> Sequence[str]:
    """Return values at the bounds of a parameter and beyond them."""
    found: list[str] = []
    for schema in (resolve(entry["schema"]) for entry in operation.parameters if entry["name"] == name):
        for keyword, by in (("minimum", -1), ("maximum", 1)):
            if keyword in schema:
                found += [str(schema[keyword]), str(schema[keyword] + by)]
        for keyword, by in (("minLength", -1), ("maxLength", 1)):
            if keyword in schema:
                found += ["a" * schema[keyword], "a" * (schema[keyword] + by)]
        found += schema.get("enum", ())
    return found or TEXTS


def _query(raw: Raw, operation: Operation, random: Random) -> Raw:
    """Change, drop, double, add or garble a pair of the query."""
    pairs = raw.query.split(b"&") if raw.query else []
    known = [*operation.query, "unknown", "limit", "a b", ""]
    # A declared parameter, so that most of what is wrong is its value.
    name = random.choice(list(operation.query) if operation.query and random.random() < 0.9 else known)
    value = random.choice(_bounds(operation, name) if random.random() < 0.3 else TEXTS)
    added = f"{quote_plus(name)}={random.choice([quote, quote_plus])(value)}".encode()
    at = random.randrange(len(pairs)) if pairs else 0
    match random.randrange(9):
        case 0 if pairs:
            del pairs[at]
        case 1 if pairs:
            pairs.append(pairs[at])
        case 2 if pairs:
            left, _, right = pairs[at].partition(b"=")
            text = edited(unquote(right.decode("latin-1")), random)
            pairs[at] = left + b"=" + quote(text, errors="replace").encode()
        case 3 if pairs:
            junk = [b"%", b"%zz", b"%C3%28", b"%00", b"+", b"=", b";", b"&", b"\xe9", b"%2B", b"#", b"[]", b"%ED%A0%80"]
            pairs[at] += random.choice(junk)
        case 4 if random.random() < 0.1:
            pairs += [added] * random.choice([2, 99, 100, 101])
        case _:
            pairs = [pair for pair in pairs if not pair.startswith(f"{name}=".encode())]
            pairs.insert(random.randrange(len(pairs) + 1), added)
    return raw._replace(query=b"&".join(pairs))


def _declared_headers(operation: Operation) -> list[str]:
    return [str(entry["name"]).lower() for entry in operation.parameters if entry["in"] == "header"]


def _header(raw: Raw, operation: Operation, random: Random) -> Raw:
    """Change, drop, double or add a header."""
    declared = _declared_headers(operation)
    name = random.choice(declared if declared and random.random() < 0.7 else _HEADERS)
    key = name.encode()
    texts = [text.encode() for text in TEXTS if "\n" not in text and "\x00" not in text and len(text) < 600]
    value = random.choice(_HEADER_VALUES.get(name) or (random.choice(_RAW_VALUES), random.choice(texts)))
    match random.randrange(6):
        case 0:
            return raw.without(key)
        case 1 if raw.headers:
            twice = random.choice(raw.headers)
            return raw._replace(headers=(*raw.headers, (twice[0], twice[1] if random.random() < 0.5 else value)))
        case 2 if raw.values(key):
            text = edited(raw.values(key)[0].decode("latin-1"), random)
            return raw.having(key, text.translate({0: None, 10: None, 13: None}).encode())
        case _:
            return raw.having(key, value.strip() if random.random() < 0.9 else value)


def _content_type(raw: Raw, _: Operation, random: Random) -> Raw:
    if random.random() < 0.2:
        return raw.without(b"content-type")
    own = raw.values(b"content-type")
    if own and random.random() < 0.5:
        return raw.having(b"content-type", own[0] + random.choice(AFTER_MEDIA_TYPE))
    return raw.having(b"content-type", random.choice(CONTENT_TYPES).encode())


def _credential(raw: Raw, operation: Operation, random: Random) -> Raw:
    """Bring other credentials, several at once, or garbled ones."""
    value, schemes = credentials.VALUE, list(bundle()["components"]["securitySchemes"])
    garbled = [
        f"{value} ",
        f" {value}",
        f"{value}é",
        f'"{value}"',
        "",
        credentials.FORBIDDEN,
        credentials.UNKNOWN,
        "a b",
        "a=b",
    ]
    line = [
        *(f"Bearer {text}" for text in garbled),
        *(f"bearer {value}", f"BEARER\t{value}", f"Bearer  {value}", "Bearer", f"Basic {value}", "Basic YTpi", value),
        *(f"Bearer {value}, Bearer {value}", f"Token {value}", f"Bearer:{value}", f"\tBearer {value}", ""),
    ]
    forms = [
        credentials.bare(raw),
        credentials.with_credential(raw, random.choice(schemes)),
        credentials.with_credential(raw, random.choice(schemes), random.choice(garbled)),
        raw.having(b"authorization", random.choice(line).encode("latin-1")),
        raw._replace(headers=(*raw.headers, (b"authorization", random.choice(line).encode("latin-1")))),
        _cookie(raw, random),
        credentials.let_in(raw, operation, random),
    ]
    return random.choice(forms)


def _cookie(raw: Raw, random: Random) -> Raw:
    """Write the cookies in another way, or one of them twice."""
    line = b"; ".join(raw.values(b"cookie")) or b"__Host-access_token=" + credentials.VALUE.encode()
    first = line.partition(b"; ")[0]
    forms = [
        line.replace(b"; ", b";"),
        line.replace(b"=", b" = "),
        line + b"; " + first + b"x",
        first + b"x; " + line,
        line.replace(b"known", b'"known').replace(b"89", b'89"'),
        line + b"; \xe9=\xe9",
        line.replace(b"known", b"\xe9known"),
        line.replace(b"__Host-", b"__host-"),
        b";" + line + b";",
    ]
    if random.random() < 0.3:
        lines = tuple((b"cookie", part) for part in line.split(b"; "))
        return raw.without(b"cookie")._replace(headers=(*raw.without(b"cookie").headers, *lines))
    return raw.having(b"cookie", random.choice(forms))


def _pairs(body: bytes, random: Random) -> bytes:
    """Return a form with one of its pairs changed."""
    pairs = body.split(b"&")
    at = random.randrange(len(pairs))
    name, _, value = pairs[at].partition(b"=")
    text = edited(unquote(value.decode("latin-1")), random)
    junk = [b"%", b"%zz", b"%C3%28", b"%00", b"+", b"=", b";", b"\xe9", b"%ED%A0%80", b"%2B"]
    changes = [
        b"",
        pairs[at] + b"&" + pairs[at],
        name + b"=" + quote_plus(text, errors="replace").encode(),
        pairs[at] + random.choice(junk),
        name.upper() + b"=" + value,
        name,
        pairs[at] + b"&extra=" + quote_plus(random.choice(TEXTS)).encode(),
    ]
    pairs[at] = random.choice(changes)
    return b"&".join(pairs)


def _encoded(body: bytes, random: Random) -> bytes:
    """Return a body cut off, followed or preceded by something, in another encoding, or with a byte changed."""
    at = random.randrange(len(body) + 1)
    text = body.decode("utf-8", "replace")
    changes: Sequence[bytes] = [
        body[:at],
        body + random.choice([b"x", b" ", b"\n", b"\x00", b"{}", b","]),
        random.choice([b"\xef\xbb\xbf", b" ", b"\t\r\n", b"\x0b", b"//\n"]) + body,
        body[:at] + bytes([random.randrange(256)]) + body[at + 1 :],
        text.encode(random.choice(["utf-16", "utf-16-le", "utf-32", "utf-7"])),
        text.encode("latin-1", "replace"),
        random.choice(BODIES),
    ]
    return random.choice(changes)


def _body(raw: Raw, operation: Operation, random: Random) -> Raw:
    """Change the body in its own form, or as bytes."""
    if not operation.media_types:
        return raw._replace(body=random.choice(BODIES)) if random.random() < 0.1 else raw
    if random.random() < 0.15 or not raw.body:
        return raw._replace(body=_encoded(raw.body, random))
    try:
        document = json.loads(raw.body)
    except (ValueError, RecursionError):
        is_form = b"=" in raw.body[:200] and not raw.body.startswith(b"--")
        return raw._replace(body=(_pairs if is_form else _encoded)(raw.body, random))
    try:
        return raw._replace(body=changed(document, random))
    except RecursionError:
        return raw._replace(body=_encoded(raw.body, random))


def _empty(raw: Raw, _: Operation, random: Random) -> Raw:
    """Send no body, and sometimes say of which type it is."""
    raw = raw._replace(body=b"")
    return raw if random.random() < 0.5 else raw.without(b"content-type")


_EVERY: tuple[Mutation, ...] = (
    *(_segments, _segments, _query, _query, _query, _header, _header, _credential, _method),
    *(_body, _body, _body, _body, _empty, _content_type),
)


def mutated(raw: Raw, operation: Operation, random: Random) -> Raw:
    """Return a request with one to three mutations."""
    for _ in range(random.choice([1, 1, 1, 2, 2, 3])):
        mutation = random.choice(_EVERY)
        # What an operation does not take is not worth as many tries.
        if mutation is _body and not operation.media_types:
            mutation = random.choice((_query, _segments, _header, _credential))
        raw = mutation(raw, operation, random)
    return raw
