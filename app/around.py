"""Hosts, CORS and compression around every request, as Starlette does them, asked only where they have work to do.

Starlette's three layers look into every request and wrap every answer. Nearly every request names a host that was good
before, comes from no page of another origin, and has an answer that is not compressed: what they would do then is
known, and is done here in one go. Every other request goes their way, and what they have said of a host or of a media
type is remembered, so that each has one meaning (docs/decisions/0036-around-a-request.md has the figures).
"""

from collections.abc import Awaitable, Callable
from typing import cast

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.whole import Header, in_two, send_whole

# How many hosts and media types are remembered, and how long they may be; clients make hosts up where a pattern fits.
REMEMBERED, LONGEST = 256, 255
_PARTIAL = 206
_START, _BODY = "http.response.start", "http.response.body"
_TAKER = "app.around.taker"


class Around:
    """Three layers of Starlette in one."""

    def __init__(self, app: ASGIApp, *, hosts: Middleware, cors: Middleware, compression: Middleware) -> None:
        """Wrap `app` in these layers, the first one outermost. The last one's `minimum_size` must be given."""
        self._app = app
        self.compression = Compression(compression)
        self._cors = _built(cors, self._packed)
        self._hosts = _built(hosts, self._welcome)
        self.good: set[bytes | None] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        host = None
        is_from_page = False
        if scope["type"] == "http":
            for name, value in scope["headers"]:
                # Of several hosts the first one counts, as for Starlette.
                if name == b"host" and host is None:
                    host = value
                elif name == b"origin":
                    is_from_page = True
        if host not in self.good:
            await self._hosts(scope, receive, send)
        elif is_from_page:
            await self._cors(scope, receive, send)
        else:
            # CORS would do no more than tell that a page of another origin may get another answer.
            await self._app(scope, receive, _Answer(self.compression, scope, send, b"Origin"))

    async def _welcome(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go on with a request whose host is good."""
        host = _first(scope, b"host") if scope["type"] == "http" else None
        if host is not None and len(host) <= LONGEST:
            if len(self.good) >= REMEMBERED:
                self.good.clear()
            self.good.add(host)
        await self._cors(scope, receive, send)

    async def _packed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go on with a request that CORS lets through, and whose answer it looks after."""
        is_answered = scope["type"] == "http"
        await self._app(scope, receive, _Answer(self.compression, scope, send) if is_answered else send)


class Compression:
    """Starlette's compression, to be asked for the `send` with which it would serve an application."""

    def __init__(self, layer: Middleware) -> None:
        """Build the layer around an application that gives its `send` away."""
        self.minimum_size: int = cast("int", layer.kwargs["minimum_size"])
        self._whole = _built(layer, _hand_over)
        # It is given only what has been found not to be excluded, and need not compare that again.
        make = cast("Callable[..., ASGIApp]", layer.cls)
        self._part = make(_hand_over, *layer.args, **{**layer.kwargs, "exclude_content_types": ()})
        # What is known of media types.
        self.untouched: dict[bytes, bool] = {}

    async def sender(self, scope: Scope, send: Send) -> Send:
        """Return the `send` that compression makes of this one."""
        return await _taken(self._part, scope, send)

    async def leaves(self, media_type: bytes, scope: Scope) -> bool:
        """Whether answers of this type stay as they are, so that their start waits for nothing."""
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        ask = await _taken(self._whole, scope, send)
        await ask({"type": _START, "status": 200, "headers": [(b"content-type", media_type)]})
        if len(self.untouched) >= REMEMBERED:
            self.untouched.clear()
        return self.untouched.setdefault(media_type, bool(sent))


class _Answer:
    """An answer on its way; its start waits for the body where that decides whether it is compressed."""

    __slots__ = ("_compression", "_rest", "_scope", "_send", "_start", "_vary")

    def __init__(self, compression: Compression, scope: Scope, send: Send, vary: bytes = b"") -> None:
        """`vary` is what the answer depends on besides, as CORS would say."""
        self._compression, self._scope, self._send, self._vary = compression, scope, send, vary
        self._start: Message | None = None
        self._rest: Send = send

    async def __call__(self, message: Message) -> None:
        """Send the next part of the answer."""
        if self._start is not None:
            start, self._start = self._start, None
            await self._begin(start, message)
        elif message["type"] == _START:
            await self._look_at(message)
        else:
            await self._rest(message)

    def whole(self, status: int, headers: list[Header], body: bytes) -> Awaitable[None]:
        """Send a whole answer: in one go unless compression has to look at it."""
        vary = self._vary
        if len(body) >= self._compression.minimum_size:
            media_type = b""
            for name, value in headers:
                if name == b"content-type":
                    media_type = value
                elif name == b"content-encoding":
                    return in_two(self, status, headers, body)
            left = self._compression.untouched.get(media_type)
            if left is None or status == _PARTIAL or b"gzip" in (_first(self._scope, b"accept-encoding") or b""):
                return in_two(self, status, headers, body)
            if not left:
                vary = b"Accept-Encoding, " + vary if vary else b"Accept-Encoding"
        if vary:
            _vary(headers, vary)
        return send_whole(self._send, status, headers, body)

    async def _look_at(self, start: Message) -> None:
        media_type = None
        is_settled = start["status"] == _PARTIAL
        for name, value in start.get("headers", ()):
            if name == b"content-type" and media_type is None:
                media_type = value
            elif name == b"content-encoding":
                is_settled = True
        if not is_settled:
            media_type = media_type or b""
            left = self._compression.untouched.get(media_type)
            is_settled = await self._compression.leaves(media_type, self._scope) if left is None else left
        if is_settled:
            await self._onward(start)
        else:
            self._start = start

    async def _begin(self, start: Message, message: Message) -> None:
        """Send the start, now that the first part of the body is there."""
        body = message.get("body", b"")
        if message["type"] == _BODY and not message.get("more_body", False):
            if len(body) < self._compression.minimum_size:
                await self._onward(start)
                await self._send(message)
                return
            if b"gzip" not in (_first(self._scope, b"accept-encoding") or b""):
                await self._onward(_varied(start, b"Accept-Encoding"))
                await self._send(message)
                return
        self._rest = await self._compression.sender(self._scope, self._onward)
        await self._rest(start)
        await self._rest(message)

    async def _onward(self, message: Message) -> None:
        if self._vary and message["type"] == _START:
            message = _varied(message, self._vary)
        await self._send(message)


def _first(scope: Scope, wanted: bytes) -> bytes | None:
    for name, value in scope["headers"]:
        if name == wanted:
            return value
    return None


def _varied(start: Message, value: bytes) -> Message:
    """Return the start of an answer that depends on one more header of the request."""
    headers = [*start.get("headers", ())]
    _vary(headers, value)
    return {**start, "headers": headers}


def _vary(headers: list[Header], value: bytes) -> None:
    """Say that an answer depends on one more header of the request."""
    given = [text for name, text in headers if name == b"vary"]
    if given:
        headers[:] = [header for header in headers if header[0] != b"vary"]
    headers.append((b"vary", b", ".join([*given, value])))


def _built(layer: Middleware, app: ASGIApp) -> ASGIApp:
    return layer.cls(app, *layer.args, **layer.kwargs)


async def _taken(layer: ASGIApp, scope: Scope, send: Send) -> Send:
    found: list[Send] = []
    await layer({**scope, _TAKER: found.append}, _nothing, send)
    return found[0]


async def _hand_over(scope: Scope, receive: Receive, send: Send) -> None:
    """Be the application in a layer: give what it would send with to whoever asked for it."""
    del receive
    scope[_TAKER](send)


async def _nothing() -> Message:
    raise RuntimeError("compression reads no body")
