"""Bounds on what a client may do to a connection before its request reaches the application.

uvicorn bounds neither the size of a request's head nor the time a client takes to send it, so a few idle
sockets or one endless header would occupy a worker. A proxy in front usually does; this is for where none is.
"""

import asyncio
import sys
from collections.abc import Awaitable, Iterable
from functools import partial
from typing import Any

import httptools
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from app.current import current
from app.frame import UNREAD, Frame
from app.problems import HeadersTooLarge, MalformedRequest, Problem, render
from app.settings import settings
from app.whole import Header, Usual

MAX_HEAD_BYTES = 65_536
# A head must be complete in this time, from the first byte or from the connection's start.
HEAD_SECONDS = 10
# A body may take this long; after that it must have come at this rate, so that a large upload still may.
BODY_SECONDS = 30
BODY_BYTES_PER_SECOND = 4_096
CHECK_SECONDS = 2
# How long to read on after a refusal: closing a socket with unread data resets it, and the answer is lost.
LINGER_SECONDS = 2


class HeadTooLargeError(Exception):
    """Raised within the parser, which then stops; it never leaves this module."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with limits. One timer per connection, nothing but counting per request."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._in_head = True
        self._received = 0  # Of the head while in it, else of the body.
        self._since = self.loop.time()
        self._idle = False
        self._refused = False
        self._data = b""
        self._check = self.loop.call_later(CHECK_SECONDS, self._end_when_late)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._received == 0 and self._in_head:
            self._since = self.loop.time()
            self._idle = False
        self._received += len(data)
        self._data = data
        super().data_received(data)
        if self._in_head and self._received > MAX_HEAD_BYTES:
            self._refuse(HeadersTooLarge())

    def on_headers_complete(self) -> None:
        if self._is_offer():
            return
        # What was received may include the beginning of the body, so count exactly; but only when in doubt.
        if self._received > MAX_HEAD_BYTES:
            size = len(self.url) + sum(len(name) + len(value) + len(": \r\n") for name, value in self.headers)
            if size > MAX_HEAD_BYTES:
                raise HeadTooLargeError
        self._in_head = False
        self._received = 0
        self._since = self.loop.time()
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        served: Any = partial(_served, app, cycle)
        super()._start_asgi_task(cycle, served)

    def on_message_complete(self) -> None:
        if self._is_offer():
            return
        super().on_message_complete()
        self._in_head = True
        self._received = 0
        self._idle = True

    def _is_offer(self) -> bool:
        """Tell whether the request offers another protocol. CONNECT asks for one, and is answered as what it is."""
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def _unsupported_upgrade_warning(self) -> None:
        """Answer an offer of another protocol as if it had not been made (RFC 9110, section 7.8).

        The parser takes all that follows the head for the other protocol, so the body would be lost; and Java's HTTP
        client offers HTTP/2 with every request. So the request is parsed again, without the offer.
        """
        refusal = sys.exception()
        if not isinstance(refusal, httptools.HttpParserUpgrade) or not self._is_offer():
            return
        version, method = self.parser.get_http_version().encode(), self.parser.get_method()
        fields = (b"%s: %s\r\n" % field for field in self.headers if field[0] != b"upgrade")
        head = b"".join([b"%s %s HTTP/%s\r\n" % (method, self.url, version), *fields, b"\r\n"])
        self.parser = httptools.HttpRequestParser(self)
        self._data = head + self._data[refusal.args[0] :]
        super().data_received(self._data)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - The parser's words may repeat the input.
        self._refuse(HeadersTooLarge() if self._received > MAX_HEAD_BYTES and self._in_head else MalformedRequest())

    def handle_websocket_upgrade(self) -> None:
        self._check.cancel()
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        self._check.cancel()
        super().connection_lost(exc)

    def _end_when_late(self) -> None:
        seconds = self.loop.time() - self._since
        if self._in_head:
            late = not self._idle and seconds > HEAD_SECONDS
        else:
            # Data that we do not take for now is not the client's delay.
            due = (seconds - BODY_SECONDS) * BODY_BYTES_PER_SECOND
            late = self._received < due and not self.flow.read_paused
        if late:
            self.transport.abort()
        else:
            self._check = self.loop.call_later(CHECK_SECONDS, self._end_when_late)

    def _refuse(self, problem: Problem) -> None:
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._check.cancel()
        if self.cycle and not self.cycle.response_complete:
            # Another request's answer is under way; two at once would garble both.
            self.cycle.keep_alive = False
            return
        task = self.loop.create_task(self._send_refusal(problem))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _send_refusal(self, problem: Problem) -> None:
        """Write the problem as any other answer is framed and logged, then close in peace."""
        content: list[bytes] = []

        async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
            await render(problem, instance=scope["path"], request_id=current().request_id)(scope, receive, send)

        async def write(message: Message) -> None:
            if message["type"] == "http.response.start":
                content.append(STATUS_LINE[message["status"]])
                headers = [*self.server_state.default_headers, *message["headers"], (b"connection", b"close")]
                content.extend(b"%s: %s\r\n" % header for header in headers)
                content.append(b"\r\n")
            else:
                content.append(message["body"])

        # The head is not known to be complete, or what it says to be true: nothing of it is repeated.
        scope: Scope = {"type": "http", "method": UNREAD, "path": "/", "query_string": b"", "headers": []}
        scope["client"] = self.client
        await Frame(refuse, https_only=settings().https_only)(scope, _no_body, write)
        self.transport.write(b"".join(content))
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)


class _Way:
    """A `send` of uvicorn's that takes a whole answer as well."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    def __call__(self, message: Any) -> Awaitable[None]:
        """Send the next part of an answer."""
        return self._cycle.send(message)

    def write(self, status: int, headers: Iterable[Header], usual: Usual, body: bytes) -> bool:
        """Write a whole answer as uvicorn would, or return False where there is more to it than to write.

        The headers must be such as can be sent, and give the length of the body where it has one.
        """
        cycle = self._cycle
        is_usual = cycle.keep_alive and not cycle.response_started and cycle.scope["method"] != "HEAD"
        if not is_usual or cycle.disconnected or cycle.flow.write_paused:
            return False
        head = [STATUS_LINE[status]]
        for name, value in cycle.default_headers:
            head += (name, b": ", value, b"\r\n")
        for name, value in headers:
            head += (name, b": ", value, b"\r\n")
        head += (usual.encoded, b"\r\n", body)
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.transport.write(b"".join(head))
        cycle.message_event.set()
        cycle.on_response()
        return True


def _served(app: ASGIApp, cycle: RequestResponseCycle, scope: Scope, receive: Receive, _: Send) -> Awaitable[None]:
    """Serve a request whose answer may be sent in one go."""
    return app(scope, receive, _Way(cycle))


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
