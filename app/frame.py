"""What surrounds every request, as pure ASGI: request id, timing, security headers, one log line, no naked failure."""

import logging
import re
from http import HTTPStatus
from time import perf_counter
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.addresses import canonical
from app.contract import BASE_PATH, credential_headers
from app.current import Current, begin, current
from app.ids import new_id
from app.limits import in_force
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
# Pages of our own bring a policy that lets their assets load; an answer for programs needs nothing at all.
_NO_CONTENT = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_VARY = (b"vary", (", ".join(credential_headers()) or "Authorization").encode())
# The method of a request whose head could not be read; what it was for is not known.
UNREAD = "-"
_HSTS = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")


class Frame:
    """The outermost ASGI application."""

    def __init__(self, app: ASGIApp, *, https_only: bool = False) -> None:
        """Wrap `app`; with `https_only` browsers are told to come back by HTTPS alone."""
        self._app = app
        self._headers = [*_SECURITY, _HSTS] if https_only else _SECURITY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; other scopes pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        request = _request(scope)
        begin(request)
        status = 0

        async def framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status >= HTTPStatus.BAD_REQUEST and not request.quota and _is_for_operations(scope):
                    await in_force().note(request)
                headers: list[tuple[bytes, bytes]] = [*message.get("headers", ()), *self._headers]
                headers.append(_ANY_SITE if request.is_embeddable and status < HTTPStatus.BAD_REQUEST else _SAME_SITE)
                headers.append((b"x-request-id", request.request_id.encode()))
                headers.append((b"server-timing", b"app;dur=%.1f" % ((perf_counter() - started) * 1000)))
                if request.cache_control and status < HTTPStatus.BAD_REQUEST:
                    headers += [(b"cache-control", request.cache_control), _VARY]
                if request.notices:
                    headers += request.notices
                headers += request.quota
                if not any(name == _NO_CONTENT[0] for name, _ in headers):
                    headers.append(_NO_CONTENT)
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self._app(scope, receive, _in_problems(scope, receive, framed))
        except Exception:
            # The framework has answered with a problem where it still could, and passes the failure on.
            if not status:
                log.exception("failure before an answer")
                await _answer(InternalError(), scope, receive, framed)
        finally:
            _log(scope, request, status, perf_counter() - started)


def _is_for_operations(scope: Scope) -> bool:
    return scope["method"] == UNREAD or f"{scope['path']}/".startswith(f"{BASE_PATH}/")


def _request(scope: Scope) -> Current:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    client = scope.get("client")
    return Current(
        request_id=given.decode() if _VALID_ID.fullmatch(given) else new_id().hex,
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        address=canonical(client[0]) if client else "",
        headers=scope["headers"],
    )


async def _answer(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    response = render(problem, instance=quote(scope["path"]), request_id=current().request_id)
    await response(scope, receive, send)


def _in_problems(scope: Scope, receive: Receive, send: Send) -> Send:
    """Return a `send` that makes a problem of the plain words in which the framework refuses a host or an origin."""
    refused = 0

    async def translated(message: Message) -> None:
        nonlocal refused
        if message["type"] == "http.response.start" and _is_plain_refusal(message):
            refused = message["status"]
        elif not refused:
            await send(message)
        else:
            problem = from_framework(HTTPException(refused))
            problem.detail = message["body"].decode()
            await _answer(problem, scope, receive, send)

    return translated


def _is_plain_refusal(start: Message) -> bool:
    return start["status"] >= HTTPStatus.BAD_REQUEST and any(
        name == b"content-type" and value.startswith(b"text/plain") for name, value in start["headers"]
    )


def _log(scope: Scope, request: Current, status: int, seconds: float) -> None:
    log.info(
        "request",
        extra={
            "request_id": request.request_id,
            "method": scope["method"],
            "path": request.template or scope["path"],
            "operation": request.operation,
            "status": status,
            "duration_ms": round(seconds * 1000, 2),
            "user_id": request.user_id or None,
            "address": request.address or None,
        },
    )
