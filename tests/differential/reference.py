"""The reference: the server for FastAPI that the generator writes from the contract, served as it was before.

What the compiled plans replaced is kept here for the comparison: the gate that found an operation by the decoded path,
the look at the body, and the problems that were made of FastAPI's own.
"""

import importlib
import json
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.contract import BUNDLE, Operation, operations
from app.problems import FieldError, PreconditionRequired, Problem, UnsupportedMediaType, ValidationFailed, pointer
from app.runtime.arrived import Arrived
from app.runtime.dispatch import Dispatch
from app.runtime.plans import Options, Plan
from app.strict import check_form, limited, parse_json, read_body
from scripts.generate import run_server_generator
from tests.differential.stubs import Stage, stubs

PACKAGE = "reference_server"
_FORM = "application/x-www-form-urlencoded"
_MAX_ERRORS = 100
# Where the path as it was sent waits until the route reads it: the gate looked at the decoded one alone.
_KEPT = "tests.differential.raw_path"


def load(folder: Path) -> ModuleType:
    """Let the generator write its server into an empty folder, and import it."""
    run_server_generator(json.loads(BUNDLE.read_bytes()), folder, PACKAGE)
    (folder / "server").rename(folder / PACKAGE)
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(PACKAGE)
    finally:
        sys.path.remove(str(folder))


def _field_error(record: Mapping[str, Any]) -> FieldError:
    place, *inside = record["loc"]
    error: FieldError = {"code": record["type"], "detail": record["msg"][:1000]}
    if place == "body":
        error["pointer"] = pointer(inside)
    else:
        error["parameter"] = ".".join(map(str, inside))[:200] or place
    return error


def _problem(failure: RequestValidationError) -> Problem:
    """Return the problem that was made of FastAPI's refusal."""
    records = failure.errors()
    if any(record["type"] == "missing" and tuple(record["loc"]) == ("header", "If-Match") for record in records):
        return PreconditionRequired()
    return ValidationFailed(errors=[_field_error(record) for record in records[:_MAX_ERRORS]])


@dataclass(frozen=True, slots=True)
class _Body:
    """The look that the gate took at a body before the framework read it."""

    operation: Operation
    options: Options

    async def accept(self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive) -> tuple[None, Receive]:
        """Refuse what is no body of the operation, and return a `receive` that gives the body once more."""
        streamed, media_types = self.operation.streamed, self.operation.media_types
        content_type = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
        limit = self.options.max_streamed_bytes if streamed else self.options.max_body_bytes
        receive = limited(receive, headers.get(b"content-length"), limit)
        body = b"" if streamed else await read_body(receive)
        if content_type not in media_types and not (not body and not content_type):
            raise UnsupportedMediaType(f"Send {' or '.join(sorted(media_types))}.")
        if sum(name == b"content-type" for name, _ in scope["headers"]) > 1:
            raise UnsupportedMediaType("Send one Content-Type.")
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise UnsupportedMediaType("Send the body without Content-Encoding.")
        if streamed:
            return None, receive
        if body and content_type.endswith("json"):
            parse_json(body)
        if body and content_type == _FORM:
            check_form(body)

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        return None, replay


@dataclass(frozen=True, slots=True)
class _Sent:
    """An answer that the framework has sent."""

    messages: list[Message]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        for message in self.messages:
            await send(message)


@dataclass(frozen=True, slots=True)
class _Plan:
    """An operation, served by its route."""

    operation: Operation
    route: APIRoute
    body: _Body | None
    # Nothing is kept: each answer is the framework's own.
    shared: None = None

    async def answer(self, arrived: Arrived) -> ASGIApp:
        """Return what the framework answers. Raises what it raises, its refusals as problems."""
        scope, messages = arrived.scope, list[Message]()
        scope["path_params"], scope["route"], scope["endpoint"] = arrived.path, self.route, self.route.endpoint
        scope["raw_path"] = scope[_KEPT]

        async def send(message: Message) -> None:
            messages.append(message)

        async with AsyncExitStack() as stack:
            scope["fastapi_middleware_astack"] = stack
            try:
                await self.route.app(scope, arrived.receive, send)
            except RequestValidationError as failure:
                raise _problem(failure) from None
        return _Sent(messages)


def served(package: ModuleType, stage: Stage, options: Options, fallback: ASGIApp) -> ASGIApp:
    """Return the reference as an ASGI application."""
    known = operations()
    handlers = stubs(stage, known.values(), package.HTTPResult)
    services: dict[str, Any] = {}
    for operation in known.values():
        service = services.setdefault(operation.service, ModuleType(operation.service))
        handler = handlers.handler(operation)
        setattr(service, handler.__name__, handler)
    router = package.build_router(**services, authorize=handlers.authorize)
    routes = [route for route in router.routes if isinstance(route, APIRoute)]
    plans = [
        _Plan(operation, route, _Body(operation, options) if operation.media_types else None)
        for route in routes
        for operation in [known[route.operation_id or ""]]
    ]
    dispatch = Dispatch(fallback, cast("list[Plan]", plans))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope[_KEPT] = scope.pop("raw_path")
        await dispatch(scope, receive, send)

    return app
