"""A request as it stands on the wire, and what is seen of its answer."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson
from starlette.types import ASGIApp, Message, Scope

from app.current import Current, begin

Headers = tuple[tuple[bytes, bytes], ...]
# Members of a problem that are of the moment (openapi/schemas/Problem.yaml).
_OF_THE_MOMENT = ("request_id", "timestamp")
_MOST_SHOWN = 2000


class Raw(NamedTuple):
    """A request: path and query as they are sent, header names in lower case as servers hand them on."""

    method: str
    path: bytes
    query: bytes = b""
    headers: Headers = ()
    body: bytes = b""

    def scope(self) -> Scope:
        """Return what a server makes of it (ASGI, HTTP connection scope)."""
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": unquote(self.path.decode("ascii")),
            "raw_path": self.path,
            "query_string": self.query,
            "root_path": "",
            "headers": list(self.headers),
            "client": ("127.0.0.1", 50000),
            "server": ("localhost", 80),
            "state": {},
        }

    def values(self, name: bytes) -> list[bytes]:
        """Return the values of a header."""
        return [value for given, value in self.headers if given == name]

    def without(self, name: bytes) -> "Raw":
        """Return it without a header."""
        return self._replace(headers=tuple(pair for pair in self.headers if pair[0] != name))

    def having(self, name: bytes, value: bytes) -> "Raw":
        """Return it with a header, once."""
        return self._replace(headers=(*self.without(name).headers, (name, value)))

    def __str__(self) -> str:
        """Return it as a command for a shell, in which bytes that are no text are escaped."""
        target = self.path + (b"?" + self.query if self.query else b"")
        parts = ["curl", "-X", self.method, f"$GALLEY{target.decode('latin-1')}"]
        for name, value in self.headers:
            parts += ["-H", f"{name.decode('latin-1')}: {value.decode('latin-1')}"]
        if self.body:
            parts += ["--data-binary", self.body.decode("latin-1")]
        return " ".join(shlex.quote(part) for part in parts).encode("unicode_escape").decode()[:_MOST_SHOWN]


@dataclass(slots=True)
class Seen:
    """What became of a request: what was asked of `authorize` and of the handler, and the answer.

    `document` is the answer's JSON, without what differs from one moment to the next; else it is the bytes.
    """

    asked: list[object] = field(default_factory=list[object])
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])
    document: Any = b""

    @property
    def code(self) -> str:
        """The code of the problem that the answer is, or nothing."""
        return self.document["code"] if self.is_problem else ""

    @property
    def is_problem(self) -> bool:
        """Whether the answer is a problem document."""
        return (b"content-type", b"application/problem+json") in self.headers

    @property
    def errors(self) -> list[dict[str, str]]:
        """What a problem says of single values."""
        return self.document.get("errors", []) if self.code else []

    def __str__(self) -> str:
        """Return what a reader compares."""
        asked = "\n".join(f"    {entry}"[:_MOST_SHOWN] for entry in self.asked)
        head = f"    {self.status} {sorted(self.headers)}\n    {self.document}"[:_MOST_SHOWN]
        return "\n".join(filter(None, [asked, head]))


def differing(old: Seen, new: Seen) -> list[str]:
    """Name the parts in which two answers differ."""
    parts = {
        "status": old.status == new.status,
        "code": old.code == new.code,
        "headers": sorted(old.headers) == sorted(new.headers),
        "body": old.document == new.document,
        "asked": old.asked == new.asked,
    }
    return [name for name, same in parts.items() if not same]


def _document(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Any:
    if not dict(headers).get(b"content-type", b"").endswith(b"problem+json"):
        return body
    document: dict[str, Any] = orjson.loads(body)
    return {name: value for name, value in document.items() if name not in _OF_THE_MOMENT}


async def ask(app: ASGIApp, raw: Raw, asked: list[object]) -> Seen:
    """Send a request to an application; `asked` is where its handlers and `authorize` note what they are asked."""
    begin(Current(address="127.0.0.1", path=raw.path.decode("ascii")))
    asked.clear()
    # A body comes in pieces, of which the first may be empty.
    half = len(raw.body) // 2
    waiting: list[Message] = [
        {"type": "http.request", "body": raw.body[:half], "more_body": True},
        {"type": "http.request", "body": raw.body[half:], "more_body": False},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(raw.scope(), receive, send)
    start, *rest = sent
    headers = [(bytes(name), bytes(value)) for name, value in start.get("headers", ())]
    body = b"".join(message.get("body", b"") for message in rest)
    document = _document(headers, body)
    if document is not body:
        # The document has members whose length is not always the same.
        headers = [pair for pair in headers if pair[0] != b"content-length"]
    return Seen(list(asked), start["status"], headers, document)
