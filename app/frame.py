"""What surrounds every request, as pure ASGI: request id, timing, security headers, one log line, no naked failure."""

import logging
import re
from collections.abc import Awaitable, Generator, Mapping
from time import perf_counter
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.addresses import canonical
from app.contract import BASE_PATH, credential_headers
from app.current import Current, begin, current
from app.ids import new_hex
from app.limits import in_force
from app.logs import RequestRecord
from app.problems import InternalError, Problem, from_framework, render
from app.whole import Header, Usual, in_two

log = logging.getLogger("app.requests")

_VALID_ID = re.compile(rb"[A-Za-z0-9_.-]{1,128}")
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]
_SAME_SITE, _ANY_SITE = ((b"cross-origin-resource-policy", value) for value in (b"same-origin", b"cross-origin"))
_POLICY = b"content-security-policy"
# Pages of our own bring a policy that lets their assets load; an answer for programs needs nothing at all.
_NO_CONTENT = (_POLICY, b"default-src 'none'; frame-ancestors 'none'")
_VARY = (b"vary", (", ".join(credential_headers()) or "Authorization").encode())
# The method of a request whose head could not be read; what it was for is not known.
UNREAD = "-"
_FAILURE = 400
_HSTS = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")


class _Done:
    """What has been done and need not be waited for."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        """Wait for nothing."""
        return
        yield


_DONE = _Done()


class Frame:
    """The outermost ASGI application."""

    def __init__(self, app: ASGIApp, *, https_only: bool = False) -> None:
        """Wrap `app`; with `https_only` browsers are told to come back by HTTPS alone."""
        self._app = app
        always = [*_SECURITY, _HSTS] if https_only else _SECURITY
        # By whether pages of other sites may show the answer, and whether it brings a policy of its own.
        self.usual = {
            (site is _ANY_SITE, has_policy): Usual([*always, site, *([] if has_policy else [_NO_CONTENT])])
            for site in (_SAME_SITE, _ANY_SITE)
            for has_policy in (False, True)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; other scopes pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _request(scope)
        begin(request)
        framed = _Framed(self.usual, request, scope, receive, send)
        try:
            await self._app(scope, receive, framed)
        except Exception:
            # The framework has answered with a problem where it still could, and passes the failure on.
            if not framed.status:
                log.exception("failure before an answer")
                await _answer(InternalError(), scope, receive, framed)
        finally:
            _log(scope, request, framed.status, perf_counter() - framed.started)


class _Framed:
    """The answer to one request on its way out. It refers to nothing that refers to it, so it goes when it is sent."""

    __slots__ = ("_receive", "_refused", "_request", "_scope", "_send", "_usual", "started", "status")

    def __init__(
        self, usual: Mapping[tuple[bool, bool], Usual], request: Current, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self.started = perf_counter()
        # Until there is an answer it has none; nor is there one while a refusal of the framework waits for its words.
        self.status = self._refused = 0
        self._usual, self._request, self._scope, self._receive, self._send = usual, request, scope, receive, send

    async def __call__(self, message: Message) -> None:
        """Send the next part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.status >= _FAILURE:
                if _is_plain(message):
                    # So the framework refuses a host or an origin; its words follow.
                    self._refused, self.status = self.status, 0
                    return
                if not self._request.quota and _is_for_operations(self._scope):
                    await in_force().note(self._request)
            headers = [*message.get("headers", ())]
            usual = self._add(headers)
            message = {**message, "headers": headers + usual.headers}
        elif self._refused:
            problem = from_framework(HTTPException(self._refused))
            problem.detail, self._refused = message["body"].decode(), 0
            await _answer(problem, self._scope, self._receive, self)
            return
        await self._send(message)

    def whole(self, status: int, headers: list[Header], body: bytes) -> Awaitable[None]:
        """Send a whole answer, which is a success of an operation."""
        self.status = status
        usual = self._add(headers)
        write: Any = getattr(self._send, "write", None)
        if write is not None and write(status, headers, usual, body):
            return _DONE
        return in_two(self._send, status, headers + usual.headers, body)

    def _add(self, headers: list[Header]) -> Usual:
        """Add to the headers of an answer those that depend on the request; return those that every answer has."""
        request, is_success = self._request, self.status < _FAILURE
        has_policy = False
        for name, _ in headers:
            if name == _POLICY:
                has_policy = True
        headers.append((b"x-request-id", request.request_id.encode()))
        headers.append((b"server-timing", b"app;dur=%.1f" % ((perf_counter() - self.started) * 1000)))
        if request.cache_control and is_success:
            headers += ((b"cache-control", request.cache_control), _VARY)
        headers += request.notices
        headers += request.quota
        return self._usual[request.is_embeddable and is_success, has_policy]


def _is_for_operations(scope: Scope) -> bool:
    return scope["method"] == UNREAD or f"{scope['path']}/".startswith(f"{BASE_PATH}/")


def _request(scope: Scope) -> Current:
    given = b""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value
            break
    client = scope.get("client")
    claimed = given.decode() if given and _VALID_ID.fullmatch(given) else ""
    return Current(
        request_id=claimed or new_hex(),
        claimed_id=claimed,
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        address=canonical(client[0]) if client else "",
        headers=scope["headers"],
    )


async def _answer(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    response = render(problem, instance=quote(scope["path"]), request_id=current().request_id)
    await response(scope, receive, send)


def _is_plain(start: Message) -> bool:
    return any(name == b"content-type" and value.startswith(b"text/plain") for name, value in start["headers"])


def _log(scope: Scope, request: Current, status: int, seconds: float) -> None:
    if log.isEnabledFor(logging.INFO):
        method, path, request_id = scope["method"], request.template or scope["path"], request.request_id
        members = {
            "request_id": request_id,
            "method": method,
            "path": path,
            "operation": request.operation,
            "status": status,
            "duration_ms": round(seconds * 1000, 2),
            "user_id": request.user_id or None,
            "address": request.address or None,
        }
        # A method and a path of the contract are no words of the client's.
        claims = request.claimed_id if request.template else f"{method} {path} {request.claimed_id}"
        log.handle(RequestRecord(log.name, members, claims))
