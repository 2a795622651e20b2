"""Every failure, as a problem document (RFC 9457), rendered in one place.

A failure is a class with `status`, `code` and `title`; what the page behind its `type` explains stands in the contract,
beside the code. Slices raise them; what the framework and the database raise is turned into them here.
"""

import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypedDict
from urllib.parse import quote

import asyncpg
import orjson
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app import clock
from app.contract import challenge
from app.current import current
from app.settings import settings
from generated.models import ProblemCode

log = logging.getLogger(__name__)

MAX_ERRORS = 100
RETRY_SECONDS = 2
# Pydantic's code of what has to be there and is not.
MISSING = "missing"


class FieldError(TypedDict, total=False):
    """One value that was not accepted; `pointer` or `parameter` says which."""

    pointer: str
    parameter: str
    code: str
    detail: str


class Problem(Exception):
    """The base of every failure that a client is told of."""

    status: ClassVar[int]
    code: ClassVar[ProblemCode]
    title: ClassVar[str]

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`detail` says what happened this time; it never repeats a value that the client sent."""
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = errors
        self.headers = dict(headers or {})


class MalformedRequest(Problem):
    status, code, title = 400, ProblemCode.malformed_request, "The request cannot be read."


class NotAuthenticated(Problem):
    status, code, title = 401, ProblemCode.not_authenticated, "Log in first."

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": challenge()})


class InvalidToken(Problem):
    status, code, title = 401, ProblemCode.invalid_token, "The token is not valid."

    def __init__(self, detail: str | None = None) -> None:
        # Only the bearer scheme has a place for a reason (RFC 6750, section 3.1).
        named = challenge().replace("Bearer", 'Bearer error="invalid_token"')
        super().__init__(detail, headers={"WWW-Authenticate": named})


class PermissionDenied(Problem):
    status, code, title = 403, ProblemCode.permission_denied, "You may not do this."


class NotFound(Problem):
    status, code, title = 404, ProblemCode.not_found, "There is no such thing."


class MethodNotAllowed(Problem):
    status, code, title = 405, ProblemCode.method_not_allowed, "The method is not allowed here."


class NotAcceptable(Problem):
    status, code, title = 406, ProblemCode.not_acceptable, "There is no such form of it."


class Conflict(Problem):
    status, code, title = 409, ProblemCode.conflict, "The request contradicts the present state."


class PreconditionFailed(Problem):
    status, code, title = 412, ProblemCode.precondition_failed, "It was changed since you read it."


class PayloadTooLarge(Problem):
    status, code, title = 413, ProblemCode.payload_too_large, "The body is too large."


class UnsupportedMediaType(Problem):
    status, code, title = 415, ProblemCode.unsupported_media_type, "The media type is not supported."


class ValidationFailed(Problem):
    status, code, title = 422, ProblemCode.validation_failed, "Some values are not valid."


class PreconditionRequired(Problem):
    status, code, title = 428, ProblemCode.precondition_required, "The request needs If-Match."


class HeadersTooLarge(Problem):
    status, code, title = 431, ProblemCode.headers_too_large, "The headers are too large."


class InternalError(Problem):
    status, code, title = 500, ProblemCode.internal_error, "Something went wrong on our side."


class ServiceUnavailable(Problem):
    status, code, title = 503, ProblemCode.service_unavailable, "The service is not available right now."

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": str(RETRY_SECONDS)})


def catalogue() -> list[type[Problem]]:
    """Return every kind of problem; the slices' own are known as soon as their modules are imported."""

    def below(kind: type[Problem]) -> Iterable[type[Problem]]:
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    return sorted(below(Problem), key=lambda kind: (kind.status, kind.code.value))


def render(problem: Problem, *, instance: str, request_id: str) -> Response:
    """Return the problem as a response."""
    document: dict[str, Any] = {
        "type": f"{settings().public_url}/problems/{problem.code.value}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": instance,
        "code": problem.code.value,
        "request_id": request_id,
        "timestamp": clock.timestamp(),
    }
    if problem.errors:
        document["errors"] = problem.errors[:MAX_ERRORS]
    return Response(
        orjson.dumps(document),
        problem.status,
        {"Cache-Control": "no-store", **problem.headers},
        "application/problem+json",
    )


def from_model(failure: ValidationError) -> Problem:
    """Turn a model's refusal of a document into a problem; its input is left behind."""
    return ValidationFailed(errors=errors_of(failure)[:MAX_ERRORS])


def errors_of(failure: ValidationError) -> list[FieldError]:
    """Return what a model refuses of a document."""
    return [
        {"pointer": pointer(found["loc"]), "code": found["type"], "detail": found["msg"][:1000]}
        for found in failure.errors(include_url=False, include_context=False, include_input=False)
    ]


def pointer(place: Iterable[str | int]) -> str:
    """Return the JSON Pointer (RFC 6901) of a place, cut to what the contract allows."""
    return "".join(f"/{str(part)[:1000].replace('~', '~0').replace('/', '~1')}" for part in place)[:1000]


_FRAMEWORK: dict[int, type[Problem]] = {
    400: MalformedRequest,
    404: NotFound,
    405: MethodNotAllowed,
    413: PayloadTooLarge,
    415: UnsupportedMediaType,
    422: ValidationFailed,
    431: HeadersTooLarge,
}


def from_framework(failure: HTTPException) -> Problem:
    """Turn what FastAPI and Starlette raise into a problem."""
    if failure.status_code == NotAuthenticated.status:
        return NotAuthenticated()
    kind = _FRAMEWORK.get(
        failure.status_code,
        InternalError if failure.status_code >= InternalError.status else MalformedRequest,
    )
    return kind(headers=failure.headers)


# SQLSTATE classes and codes (PostgreSQL 18, appendix A) that are no mistake of the service.
_UNAVAILABLE = ("08", "53", "57P", "57014", "55P03", "40001", "40P01", "25006")
_INVALID_DATA = ("22",)


def from_database(failure: Exception) -> Problem:
    """Turn what asyncpg raises into a problem: 503 when the database is away or busy, 422 for data it refuses.

    A violated constraint is a mistake of the service unless the slice that knows its meaning has caught it before. A
    reference to what went after it was looked for is none: 409, and 401 where that is the account of whoever asks.
    """
    state: str = getattr(failure, "sqlstate", None) or ""
    if isinstance(failure, asyncpg.PostgresError) and not state.startswith(_UNAVAILABLE):
        if state.startswith(_INVALID_DATA):
            return ValidationFailed("The database cannot hold one of the values.")
        if isinstance(failure, asyncpg.ForeignKeyViolationError):
            # In whatever language the server says it, it says which key is missing.
            if (actor := current().user_id) and actor in (failure.detail or ""):
                return InvalidToken("Your account has just gone.")
            return Conflict("Something that the request refers to has just gone.")
        return InternalError()
    if isinstance(failure, asyncpg.DataError):
        return ValidationFailed("The database cannot hold one of the values.")
    log.warning("database unavailable", extra={"error": type(failure).__name__, "sqlstate": state})
    return ServiceUnavailable()


def _problem(failure: Exception) -> Problem:
    match failure:
        case Problem():
            return failure
        case HTTPException():
            return from_framework(failure)
        case asyncpg.PostgresError() | asyncpg.InterfaceError() | TimeoutError():
            return from_database(failure)
        case _:
            return InternalError()


def answer(path: str, failure: Exception) -> Response:
    """Return the answer to a request whose handling raised."""
    problem = _problem(failure)
    if problem.status == InternalError.status:
        log.error("unexpected failure", exc_info=failure)
    return render(problem, instance=quote(path), request_id=current().request_id)


async def handle(request: Request, failure: Exception) -> Response:
    """Answer in the framework's stead."""
    return answer(request.scope["path"], failure)


Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]

HANDLERS: dict[int | type[Exception], Handler] = dict.fromkeys(
    (
        Problem,
        HTTPException,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        TimeoutError,
        Exception,
    ),
    handle,
)
