"""Answers: what a handler returns becomes bytes in one pass, as the contract declares it for the status.

Whether it really is what the contract declares can be checked on every answer or on a part of them; a handler that
broke the contract is then a failure of the service, and nothing of the answer leaves it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.contract import resolve
from app.current import current
from app.naming import is_json
from app.runtime.results import HTTPResult
from app.runtime.written import Serialize, as_json, last_written, pydantic_json
from app.whole import send_whole
from generated import models

_SUCCESS, _REDIRECT = range(200, 300), range(300, 400)
# These have no content, whatever is declared (RFC 9110, section 6.4.1).
_EMPTY = frozenset({204, 205, 304})
# What is written around every operation (app/frame.py), and so is no handler's.
_FROM_OUTSIDE = frozenset({"X-Request-ID", "Server-Timing", "RateLimit", "RateLimit-Policy", "Cache-Control", "Vary"})


class BrokenContract(Exception):
    """A handler returned what the contract does not declare; the message names operation, status and fault."""


class Answer:
    """A whole answer, as an ASGI application."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> None:
        self.status, self.headers, self.body = status, headers, body

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Send it."""
        del scope, receive
        # What stands around writes into the headers; the same answer may be sent again.
        return send_whole(send, self.status, [*self.headers], self.body)


@dataclass(frozen=True, slots=True)
class Declared:
    """What the contract declares for a status: its first media type, and the headers that are always there."""

    media_type: str
    model: str
    content_type: tuple[bytes, bytes] | None
    headers: tuple[str, ...]
    # From what a handler returns to JSON as Pydantic has it, and from JSON to what the contract has; None where the
    # content is no JSON.
    dump: Serialize | None = None
    check: Callable[[bytes], object] | None = None


def _declared(described: Mapping[str, Any]) -> Declared:
    """Return what an answer is as the contract describes it."""
    headers = tuple(
        name
        for name, header in described.get("headers", {}).items()
        if name not in _FROM_OUTSIDE and resolve(header).get("required", False)
    )
    content: Mapping[str, Mapping[str, Any]] = described.get("content", {})
    media_type = next(iter(content), "")
    # Texts are in UTF-8, which not every reader takes a text for by itself (RFC 6657, section 3).
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    content_type = (b"content-type", f"{media_type}{charset}".encode()) if media_type else None
    if not is_json(media_type):
        return Declared(media_type, "", content_type, headers)
    model = str(content[media_type]["schema"].get("$ref", "")).rpartition("/")[2]
    adapter = TypeAdapter[Any](getattr(models, model))
    return Declared(
        media_type, model, content_type, headers, adapter.serializer.to_json, adapter.validator.validate_json
    )


def _encoded(name: str, value: str) -> tuple[bytes, bytes]:
    """Return a header as it is sent. Raises BrokenContract for what RFC 9110, section 5.5, does not let stand there."""
    if not value.isascii() or not value.isprintable() or value != value.strip():
        raise BrokenContract(f"the header {name} cannot be sent")
    return name.lower().encode("ascii"), value.encode("ascii")


def _names_type(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(name == b"content-type" for name, _ in headers)


class Answers:
    """The answers of one operation."""

    def __init__(self, operation: str, described: Mapping[str, Mapping[str, Any]], *, checked: float) -> None:
        """`checked` is the share of answers, from 0 to 1, that are held against the contract before they are sent."""
        self._operation = operation
        self._checked = checked
        # One answer is held against the contract whenever this comes to one.
        self._due = 0.0
        # Handlers return successes; failures are raised, and the same for all operations.
        self.successes = {
            int(status): _declared(resolve(dict(answer)))
            for status, answer in described.items()
            if status.isdigit() and int(status) in (*_SUCCESS, *_REDIRECT)
        }
        self._first = next((status for status in self.successes if status in _SUCCESS), None)

    def of(self, returned: object) -> ASGIApp:
        """Return the answer to what a handler returned. Raises BrokenContract for what cannot be one."""
        if isinstance(returned, HTTPResult):
            result = cast("HTTPResult[object]", returned)
        elif isinstance(returned, Response):
            # Made by the handler for itself: what is sent while it is made, or in another media type.
            self._declaring(returned.status_code)
            return returned
        elif self._first is None:
            raise BrokenContract(f"{self._operation}: there is no success; return an HTTPResult")
        else:
            result = HTTPResult(self._first, returned)
        declared = self._declaring(result.status_code)
        body = self._body(declared, result)
        headers = [_encoded(name, value) for name, value in result.headers.items()] if result.headers else []
        if body is not None:
            headers.append((b"content-length", b"%d" % len(body)))
            if declared.content_type and not (result.headers and _names_type(headers)):
                headers.append(declared.content_type)
        elif result.status_code not in _EMPTY:
            headers.append((b"content-length", b"0"))
        self._due += self._checked
        if self._due >= 1:
            self._due -= 1
            if body and declared.dump and body != pydantic_json(result.body, declared.dump):
                raise BrokenContract(
                    f"{self._operation}: the body has changed since its ETag was made, or is not what Pydantic writes"
                )
            self._hold(declared, result.status_code, headers, body)
        return Answer(result.status_code, headers, body or b"")

    def _declaring(self, status: int) -> Declared:
        try:
            return self.successes[status]
        except KeyError:
            raise BrokenContract(f"{self._operation}: the contract declares no {status}") from None

    def _body(self, declared: Declared, result: HTTPResult[object]) -> bytes | None:
        body = result.body
        if result.status_code in _EMPTY or (body is None and not declared.media_type):
            return None
        if declared.dump is not None:
            return last_written(body) or as_json(body, declared.dump)
        if isinstance(body, str):
            return body.encode()
        if isinstance(body, bytes):
            return body
        raise BrokenContract(f"{self._operation}: a body of {declared.media_type or 'no type'} is text or bytes")

    def _hold(self, declared: Declared, status: int, headers: list[tuple[bytes, bytes]], body: bytes | None) -> None:
        """Hold an answer against the contract. Raises BrokenContract, whose message has no value of the answer."""
        # A cookie goes with whatever is answered, since a mapping has room for one header of a name.
        sent = {name for name, _ in (*headers, *current().notices)}
        if missing := [name for name in declared.headers if name.lower().encode() not in sent]:
            raise BrokenContract(f"{self._operation}: the {status} lacks the header {', '.join(missing)}")
        if declared.check is None or body is None:
            return
        try:
            declared.check(body)
        except ValidationError as failure:
            found = failure.errors(include_url=False, include_context=False, include_input=False)[0]
            place = "/".join(map(str, found["loc"]))
            raise BrokenContract(
                f"{self._operation}: the {status} is no {declared.model}: {place}: {found['type']}"
            ) from None
