"""What is asked and answered to see whether two ways of standing around an application do the same."""

from collections.abc import Iterator
from itertools import product
from typing import Any

Pairs = list[tuple[bytes, bytes]]
Messages = list[dict[str, Any]]

PAGE = b"http://localhost:3000"
HOSTS: list[list[bytes]] = [
    *([host] for host in (b"localhost", b"LocalHost:8000", b"127.0.0.1:80", b"[::1]:8000", b"[::1]", b"a.example.org")),
    *(
        [host]
        for host in (b"evil.example", b"example.org", b"localhost:x", b"localhost.", b"", b"\xe9", b"[::1", b"a/b")
    ),
    *([], [b"localhost", b"evil.example"], [b"evil.example", b"localhost"], [b"", b"localhost"], [b"a" * 300]),
    [b"a" * 300 + b".example.org"],
]
ENCODINGS: list[list[bytes]] = [
    *(
        [],
        [b"gzip"],
        [b"gzip, deflate, br"],
        [b"gzip;q=0"],
        [b"identity"],
        [b"br"],
        [b"x-gzip"],
        [b"GZIP"],
        [b""],
        [b"*"],
    ),
    *([b"identity", b"gzip"], [b"gzip", b"identity"]),
]
ASKED = [
    *([], [(b"origin", PAGE)], [(b"origin", b"https://evil.example")], [(b"origin", b"null")], [(b"origin", b"")]),
    [(b"origin", PAGE), (b"origin", b"https://evil.example")],
    [(b"access-control-request-method", b"PATCH")],
    *(
        [(b"origin", origin), (b"access-control-request-method", method), *more]
        for origin, method, more in [
            (PAGE, b"PATCH", [(b"access-control-request-headers", b"authorization, if-match")]),
            (PAGE, b"PATCH", [(b"access-control-request-headers", b"x-unknown")]),
            (PAGE, b"TRACE", []),
            (PAGE, b"GET", [(b"access-control-request-private-network", b"true")]),
            (b"https://evil.example", b"GET", []),
        ]
    ),
]


def start(status: int = 200, **headers: str | list[str]) -> dict[str, Any]:
    """Return the start of an answer; a list is a header that is sent several times, None one that is not."""
    pairs = [
        (name.replace("_", "-").encode(), value.encode())
        for name, values in headers.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    return {"type": "http.response.start", "status": status, "headers": pairs}


def body(size: int, *, more: bool | None = None) -> dict[str, Any]:
    """Return a part of a body."""
    message = {"type": "http.response.body", "body": (b"It weaves patterns. " * (size // 20 + 1))[:size]}
    return message if more is None else message | {"more_body": more}


JSON, STREAM = "application/json", "text/event-stream; charset=utf-8"
ANSWERS: dict[str, Messages] = {
    **{f"{size} bytes": [start(content_type=JSON, content_length=str(size)), body(size)] for size in (0, 1023, 1024)},
    "200 kB": [start(content_type=JSON), body(200_000, more=False)],
    "several Vary": [start(content_type=JSON, vary=["Cookie", "Accept"]), body(10)],
    "several Vary, large": [start(content_type=JSON, vary=["Cookie", "Accept"]), body(2_000)],
    "any": [start(content_type=JSON, vary="*"), body(2_000)],
    "nothing said": [{"type": "http.response.start", "status": 204}, {"type": "http.response.body"}],
    "no type": [start(), body(2_000)],
    "two types": [start(content_type=[JSON, "image/png"]), body(2_000)],
    "of several media types": [start(content_type="image/svg+xml"), body(2_000)],
    "a picture": [start(content_type="IMAGE/PNG ; a=b"), body(2_000)],
    "events": [start(content_type=STREAM), body(5, more=True), body(2_000, more=True), body(0, more=False)],
    "lines": [start(content_type="application/x-ndjson"), body(2_000, more=True), body(3)],
    "small, streamed": [start(content_type=JSON, content_length="10"), body(5, more=True), body(5, more=False)],
    "large, streamed": [start(content_type=JSON), body(5_000, more=True), body(9_000, more=True), body(5)],
    "in vain": [start(content_type=JSON), body(0, more=True), body(0, more=False)],
    "compressed": [start(content_type=JSON, content_encoding="br", vary="Accept-Encoding"), body(2_000)],
    "a part": [start(206, content_type=JSON), body(2_000)],
    "unchanged": [start(304, etag='"1"'), body(0)],
    "refused": [start(422, content_type="application/problem+json"), body(1_500)],
    "a file": [start(content_type=JSON, content_length="9"), {"type": "http.response.pathsend", "path": "/nowhere"}],
    "a hint": [{"type": "http.response.early_hint", "links": []}, start(content_type=JSON), body(10)],
    "a late hint": [start(content_type=JSON), {"type": "http.response.early_hint", "links": []}, body(10)],
    "trailers": [
        {**start(content_type=JSON, content_length="2000"), "trailers": True},
        body(2_000),
        {"type": "http.response.trailers", "headers": []},
    ],
    "broken off": [start(content_type=JSON)],
    "broken off, streamed": [start(content_type=STREAM), body(5, more=True)],
    "broken off at once": [],
}


def requests() -> Iterator[tuple[str, Pairs, Messages]]:
    """Yield what is compared: all hosts, when they are new and later; and all else with all else."""
    for _, hosts in product(range(2), HOSTS):
        for asked in ASKED[:3]:
            yield "GET", [*((b"host", host) for host in hosts), *asked], ANSWERS["1024 bytes"]
    for encodings, asked, answer in product(ENCODINGS, ASKED, ANSWERS.values()):
        headers = [*asked, (b"host", b"localhost"), *((b"accept-encoding", value) for value in encodings)]
        yield ("OPTIONS" if len(asked) > 1 else "GET"), headers, answer
