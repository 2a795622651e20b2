"""Mutants of statuses, media types and headers."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from tests.contract.document import Node, Operation, resolve
from tests.mutants.mutant import Answer, Asked, Mutant, named

FIRST_FAILURE = 400
PROBLEM = "application/problem+json"
Change = Callable[[Answer], Answer]


def is_failure(answer: Answer) -> bool:
    """Whether the answer is a problem."""
    return answer.status >= FIRST_FAILURE


def _as(status: int) -> Change:
    """Turn successes into another status."""
    return lambda answer: answer if is_failure(answer) or answer.status == status else replace(answer, status=status)


def _problem(**members: object) -> Change:
    """Change members of problems; None takes one away."""

    def change(answer: Answer) -> Answer:
        if not is_failure(answer):
            return answer
        document = {**answer.document, **members}
        return answer.with_document({name: value for name, value in document.items() if value is not None})

    return change


def _failure_as(status: int, code: str) -> Callable[[int], Change]:
    """Turn failures of one status into another one, the problem's own members included."""

    def of(declared: int) -> Change:
        def change(answer: Answer) -> Answer:
            if answer.status != declared:
                return answer
            return replace(answer.with_document({**answer.document, "status": status, "code": code}), status=status)

        return change

    return of


def _disguised(answer: Answer) -> Answer:
    """Report a failure as a success, as if nothing had happened."""
    return replace(answer, status=200) if is_failure(answer) else answer


SAID: dict[str, Change] = {
    "a success has an undeclared status": _as(202),
    "a success is a redirection": _as(302),
    "a success is a failure": _as(500),
    "a failure is a success": _disguised,
    "a problem has another status than its answer": _problem(status=418),
    "a problem has an unlisted code": _problem(code="undreamt_of"),
    "a problem has no code": _problem(code=None),
    "a problem has no type": _problem(type=None),
    "a problem's type leads nowhere": _problem(type="about:nothing at all"),
    "a problem tells what is inside": _problem(trace="Traceback (most recent call last)"),
    "a problem is plain JSON": lambda answer: (
        answer.with_header("content-type", "application/json") if is_failure(answer) else answer
    ),
    "an answer calls itself HTML": lambda answer: (
        answer.with_header("content-type", "text/html; charset=utf-8") if answer.body else answer
    ),
    "an answer names another charset": lambda answer: (
        answer.with_header("content-type", f"{answer.headers['content-type']}; charset=latin-1")
        if answer.body
        else answer
    ),
    "an answer has no media type": lambda answer: answer.without_header("content-type") if answer.body else answer,
    "a body stands where there is none": lambda answer: (
        answer.with_document({}) if not answer.body and answer.status not in (304, 308) else answer
    ),
}


def _lost(name: str) -> Change:
    return lambda answer: answer.without_header(name)


def _malformed(name: str, value: str) -> Change:
    return lambda answer: answer.with_header(name, value) if name in answer.headers else answer


MALFORMED: dict[str, tuple[str, ...]] = {
    "X-Request-ID": ("an id, or two", ""),
    "Server-Timing": ("quick", "total;dur=-1"),
    "RateLimit-Policy": ("100/minute", '"default";q=many;w=60'),
    "RateLimit": ("99", '"default";r=-1;t=60'),
    "ETag": ("1-00000000", 'W/"1-00000000"'),
    "Location": ("elsewhere", "//evil.example.org/posts/1"),
    "Link": ("next", "<>; rel=next"),
    "Cache-Control": ("forever",),
    "WWW-Authenticate": ("Basic",),
    "Idempotent-Replayed": ("yes",),
    "Retry-After": (datetime(2026, 1, 1, tzinfo=UTC).isoformat(), "-1"),
}


def declared(operation: Operation) -> dict[str, Node]:
    """Return the headers that belong to the operation: those of its successes, and of failures those that are due."""
    return {
        name: resolve(header)
        for status, response in operation.responses.items()
        for name, header in resolve(response).get("headers", {}).items()
        if status.startswith(("2", "3")) or resolve(header).get("required")
    }


def mutants() -> Iterator[Mutant]:
    """Yield every kind for every operation that it fits."""
    for operation in named(lambda _: True):
        for kind, change in SAID.items():
            yield Mutant(kind, operation.name, say=_always(change))
        for name in declared(operation):
            if name in MALFORMED:
                yield from (
                    Mutant(
                        f"{name} is malformed",
                        operation.name,
                        repr(value),
                        say=_always(_malformed(name.lower(), value)),
                    )
                    for value in MALFORMED[name]
                )
            yield Mutant(f"{name} is lost", operation.name, say=_always(_lost(name.lower())))
        yield Mutant(
            "an undeclared header is sent",
            operation.name,
            say=_always(lambda answer: answer.with_header("retry-after", "7") if not is_failure(answer) else answer),
        )
        for status in sorted(operation.statuses):
            if status in _SWAPPED:
                other, code = _SWAPPED[status]
                yield Mutant(
                    f"{status} is said as {other}", operation.name, say=_always(_failure_as(other, code)(status))
                )


# What one failure is easily mistaken for; both are in the contract of many operations.
_SWAPPED = {
    401: (403, "permission_denied"),
    403: (404, "not_found"),
    404: (403, "permission_denied"),
    409: (422, "validation_failed"),
    412: (409, "invalid_transition"),
    415: (422, "validation_failed"),
    422: (400, "malformed_request"),
    428: (412, "precondition_failed"),
}


def _always(change: Change) -> Callable[[Asked, Answer], Answer]:
    return lambda _, answer: change(answer)
