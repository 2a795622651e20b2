"""What surrounds every request, as pure ASGI: request id, timing, security headers, one log line, no naked failure."""

import logging
import re
from collections.abc import Iterable
from time import perf_counter
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

Header = tuple[bytes, bytes]


class Frame:
    """The outermost ASGI application."""

    def __init__(self, app: ASGIApp, *, https_only: bool = False) -> None:
        """Wrap `app`; with `https_only` browsers are told to come back by HTTPS alone."""
        self._app = app
        always = [*_SECURITY, _HSTS] if https_only else _SECURITY
        self._same_site, self._any_site = [*always, _SAME_SITE], [*always, _ANY_SITE]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; other scopes pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        request = _request(scope)
        begin(request)
        status = refused = 0

        async def framed(message: Message) -> None:
            nonlocal status, refused
            if message["type"] == "http.response.start":
                code = message["status"]
                if code >= _FAILURE and _is_plain(message):
                    # So the framework refuses a host or an origin; its words follow.
                    refused = code
                    return
                status = code
                if code >= _FAILURE and not request.quota and _is_for_operations(scope):
                    await in_force().note(request)
                message = {**message, "headers": self._headers_of(message, request, perf_counter() - started)}
            elif refused:
                problem = from_framework(HTTPException(refused))
                problem.detail, refused = message["body"].decode(), 0
                await _answer(problem, scope, receive, framed)
                return
            await send(message)

        try:
            await self._app(scope, receive, framed)
        except Exception:
            # The framework has answered with a problem where it still could, and passes the failure on.
            if not status:
                log.exception("failure before an answer")
                await _answer(InternalError(), scope, receive, framed)
        finally:
            _log(scope, request, status, perf_counter() - started)

    def _headers_of(self, start: Message, request: Current, seconds: float) -> list[Header]:
        """Return the headers of an answer, with those that every answer has."""
        is_success = start["status"] < _FAILURE
        own: Iterable[Header] = start.get("headers", ())
        headers = [*own, *(self._any_site if request.is_embeddable and is_success else self._same_site)]
        headers.append((b"x-request-id", request.request_id.encode()))
        headers.append((b"server-timing", b"app;dur=%.1f" % (seconds * 1000)))
        if request.cache_control and is_success:
            headers += ((b"cache-control", request.cache_control), _VARY)
        if request.notices:
            headers += request.notices
        if request.quota:
            headers += request.quota
        for name, _ in own:
            if name == _POLICY:
                return headers
        headers.append(_NO_CONTENT)
        return headers


def _is_for_operations(scope: Scope) -> bool:
    return scope["method"] == UNREAD or f"{scope['path']}/".startswith(f"{BASE_PATH}/")


def _request(scope: Scope) -> Current:
    given = b""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value
            break
    client = scope.get("client")
    return Current(
        request_id=given.decode() if given and _VALID_ID.fullmatch(given) else new_hex(),
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
        log.handle(RequestRecord(log.name, members, f"{method} {path} {request_id}"))
