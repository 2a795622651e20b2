"""A service that lies: it passes everything on to the real one, and changes one answer on the way back."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx2

from app.naming import is_json
from scripts.samples.calls import METHODS

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date", "server"}
NOT_COPIED = HOP_BY_HOP | {"set-cookie"}


@dataclass
class Exchange:
    """A request, and the answer that the client will get."""

    method: str
    path: str
    if_match: str | None
    status: int
    headers: dict[str, str]
    body: Any
    sent: bytes = b""
    sent_headers: dict[str, str] = field(default_factory=dict[str, str])
    # Each is a header of its own, which cannot be put together with another (RFC 6265, section 3).
    cookies: list[str] = field(default_factory=list[str])
    # What the liar wants to remember until the end of the scenario.
    memory: dict[str, Any] = field(default_factory=dict[str, Any])

    def is_(self, method: str, end: str) -> bool:
        """Whether this is a request with that method, for a path that ends so."""
        return self.method == method and self.path.partition("?")[0].endswith(end)


Lie = Callable[[Exchange], None]


def _read(answer: httpx2.Response) -> Any:
    """Return the value of a JSON body; a lie is about these, so that feeds and tables stay the bytes that they are."""
    if not answer.content:
        return None
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    return answer.json() if is_json(media_type) else answer.content


def written(body: Any) -> bytes:
    """Write the value of a body again."""
    if isinstance(body, bytes):
        return body
    return b"" if body is None else json.dumps(body).encode()


def _handler(upstream: str, lie: Lie, memory: dict[str, Any]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - As it is called there.
            """Keep quiet; what was seen is judged by the client."""

        def pass_on(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = httpx2.request(
                self.command,
                upstream + self.path,
                content=sent,
                headers={name: value for name, value in self.headers.items() if name.lower() != "host"},
            )
            headers = {name: value for name, value in answer.headers.items() if name not in NOT_COPIED}
            body = _read(answer)
            exchange = Exchange(
                self.command, self.path, self.headers.get("If-Match"), answer.status_code, headers, body
            )
            exchange.sent, exchange.sent_headers, exchange.memory = sent, {**self.headers}, memory
            exchange.cookies = answer.headers.get_list("set-cookie")
            lie(exchange)
            content = written(exchange.body)
            self.send_response(exchange.status)
            for name, value in exchange.headers.items():
                self.send_header(name, value)
            for cookie in exchange.cookies:
                self.send_header("Set-Cookie", cookie)
            if content or exchange.status not in (204, 304):
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    for method in METHODS:
        setattr(Handler, f"do_{method.upper()}", Handler.pass_on)
    return Handler


@contextmanager
def lying(upstream: str, lie: Lie) -> Generator[str]:
    """Run the liar in front of the service at an address; give the address of the liar."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(upstream, lie, {}))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
