"""What stands in for handlers and for `authorize`: they note what they are asked, and answer with recorded examples.

How a stub answers depends on the request alone, so that two servers of the same request get the same answer to send.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any, NamedTuple, cast

from pydantic import BaseModel, TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from app.contract import Operation, operations, resolve
from app.naming import snake
from app.problems import InvalidToken, NotFound, PermissionDenied, PreconditionFailed
from app.runtime.results import HTTPResult
from generated import models
from generated.server import Services
from tests.differential.credentials import FORBIDDEN, KNOWN
from tests.differential.recorded import document, exchanges

# What a handler never sets: the rest of the service writes it, or the answer itself.
_NOT_OF_HANDLERS = frozenset({"content-type", "x-request-id", "server-timing", "ratelimit", "ratelimit-policy"})
_REQUIRED = {"ETag": '"7-0123abcd"', "Location": "/api/v1/posts/1"}
# Of a number of requests, how many end in something else than the first success.
_CHOICES = 8


class Given(NamedTuple):
    """An answer of a handler, before either server has made its own form of it."""

    status: int
    body: object
    headers: dict[str, str]
    # Returned as it is, where it is the first success without headers.
    bare: bool = False


@dataclass(slots=True)
class Stage:
    """What both servers play on: what was asked, and which of the possible answers is due."""

    asked: list[object] = field(default_factory=list[object])
    turn: int = 0


class Principal(NamedTuple):
    """Who calls."""

    name: str


def canonical(value: object) -> object:
    """Return a value in a form that shows its type and everything that is set in it."""
    if isinstance(value, BaseModel):
        members = {name: canonical(getattr(value, name)) for name in sorted(value.model_fields_set)}
        return (type(value).__name__, members, repr(value))
    if isinstance(value, Enum):
        return repr(value)
    if isinstance(value, dict):
        return {name: canonical(entry) for name, entry in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [canonical(entry) for entry in cast("list[object]", value)]
    return (type(value).__name__, repr(value))


async def noted(name: str, value: object) -> object:
    """Return what is to be compared of an argument; of a request that is read by its handler, what can be read."""
    if name == "request" and isinstance(value, Request):
        return (value.method, value.headers.get("content-type"), await value.body())
    return canonical(value)


def _recorded(operation: Operation) -> dict[int, tuple[Any, dict[str, str]]]:
    """Return the recorded successes of an operation by status: the body, and the headers that its handler set."""
    found: dict[int, tuple[Any, dict[str, str]]] = {}
    for exchange in exchanges(operation.name):
        answer: dict[str, Any] = exchange["response"]
        body = document(answer.get("body"))
        headers = {
            name: text for name, text in answer.get("headers", {}).items() if name.lower() not in _NOT_OF_HANDLERS
        }
        found.setdefault(answer["status"], (body, headers))
    return found


def _of_contract(described: Mapping[str, Any]) -> Any:
    """Return an example that the contract gives of an answer, or a text for what is none."""
    for media in described.get("content", {}).values():
        for example in media.get("examples", {}).values():
            return resolve(example).get("value")
    return "BEGIN\nöffnet\n"


def _given(operation: Operation, status: int, described: Mapping[str, Any]) -> Given:
    content: dict[str, Any] = described.get("content", {})
    body, headers = _recorded(operation).get(status, (None, {}))
    required = {
        name: _REQUIRED.get(name, "text")
        for name, header in described.get("headers", {}).items()
        if resolve(header).get("required") and name in _REQUIRED
    }
    headers = {**required, **headers}
    if not content:
        return Given(status, None, headers)
    media_type, media = next(iter(content.items()))
    body = body if body is not None else _of_contract(described)
    if media_type.endswith("json"):
        model = str(media["schema"]["$ref"]).rpartition("/")[2]
        return Given(status, TypeAdapter[Any](getattr(models, model)).validate_python(body), headers)
    return Given(status, body if isinstance(body, str) else str(body), headers)


@cache
def givens(name: str) -> list[Given]:
    """Return the answers that a handler may give: every declared success, and the first one without its form."""
    operation = operations()[name]
    described = {
        int(status): resolve(answer)
        for status, answer in operation.document["responses"].items()
        if status.isdigit() and int(status) < 400
    }
    found = [_given(operation, status, answer) for status, answer in sorted(described.items())]
    first = found[0]
    if isinstance(first.body, BaseModel) and not first.headers:
        found.append(first._replace(bare=True))
    if isinstance(first.body, str):
        found.append(first._replace(body=first.body.encode()))
    return found


def _refusals() -> tuple[Exception, ...]:
    return NotFound("It is not there."), PreconditionFailed(headers={"ETag": '"8-0123abcd"'}), PermissionDenied()


@dataclass(slots=True)
class Stubs:
    """The handlers and `authorize` of one server; `result` is its own class of results."""

    stage: Stage
    result: Callable[..., object]
    answers: dict[str, list[Given]]

    async def authorize(self, requirements: object, credentials: Mapping[str, object]) -> Principal:
        """Note what is asked, and let in who brings what is known here alone."""
        self.stage.asked.append(("authorize", requirements, dict(sorted(credentials.items()))))
        if FORBIDDEN in credentials.values():
            raise PermissionDenied
        if not KNOWN.issuperset(credentials.values()):
            raise InvalidToken
        return Principal("ada_l")

    def _answer(self, operation: Operation) -> object:
        possible, turn = self.answers[operation.name], self.stage.turn
        choice = turn % _CHOICES
        if choice == 0:
            raise _refusals()[turn // _CHOICES % 3]
        if choice == 1:
            status, body, headers, bare = possible[turn // _CHOICES % len(possible)]
        elif choice == 2 and possible[0].body is not None:
            # What a handler makes for itself, such as what is sent while it is made.
            return Response("öffnet", possible[0].status, {"X-Own": "1"}, "text/plain")
        else:
            status, body, headers, bare = possible[0]
        return body if bare else self.result(status, body, headers or None)

    def handler(self, operation: Operation) -> Callable[..., Awaitable[object]]:
        """Return what serves an operation, with the signature of the generated Protocol."""
        protocol = Services.__annotations__[operation.service]
        signature = inspect.signature(getattr(protocol.__origin__, snake(operation.name)))
        parameters = [entry for name, entry in signature.parameters.items() if name != "self"]

        async def serve(**arguments: object) -> object:
            values = {name: await noted(name, value) for name, value in sorted(arguments.items())}
            self.stage.asked.append((operation.name, values))
            return self._answer(operation)

        serve.__name__ = snake(operation.name)
        serve.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportFunctionMemberAccess]
        return serve


def stubs(stage: Stage, served: Iterable[Operation], result: Callable[..., object] = HTTPResult) -> Stubs:
    """Return the stubs of these operations."""
    return Stubs(stage, result, {operation.name: givens(operation.name) for operation in served})
