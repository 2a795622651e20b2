"""The plan of an operation: everything that happens to a request for it, found out before the first one comes."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.types import ASGIApp

from app.contract import BASE_PATH, LINES, Operation, bundle, file_types, resolve
from app.naming import snake
from app.problems import MISSING, PreconditionRequired, ValidationFailed
from app.runtime.answers import Answers
from app.runtime.arrived import Arrived
from app.runtime.bodies import Body
from app.runtime.parameters import Parameters
from app.runtime.security import Authorize, Security

Handler = Callable[..., Awaitable[object]]
# What is as long as it is, and is made while it is sent.
STREAMED_TYPES = file_types() | {LINES}


class Options(NamedTuple):
    """What the settings say of all operations.

    Bodies that handlers read for themselves have a limit of their own. `checked` is the share of answers that are held
    against the contract.
    """

    max_body_bytes: int
    max_streamed_bytes: int
    checked: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How one operation is served."""

    operation: Operation
    handler: Handler
    parameters: Parameters
    body: Body | None
    security: Security | None
    answers: Answers
    # The headers that an answer to nobody in particular depends on; None where it is not kept for others.
    shared: tuple[bytes, ...] | None

    async def answer(self, arrived: Arrived) -> ASGIApp:
        """Return the answer to a request whose form has been accepted.

        Who calls is settled first, so that nobody else is told what is wrong with a request; then everything that is
        wrong with it is told at once. Raises MalformedRequest (400) for a header that cannot be read, what `security`
        raises, PreconditionRequired (428) where `If-Match` is missing, ValidationFailed (422), and what the handler
        raises.
        """
        self.parameters.refuse_unreadable(arrived)
        principal = await self.security.authenticate(arrived) if self.security else None
        arguments, errors = self.parameters.read(arrived)
        if self.body is not None and not self.body.streamed:
            arguments["body"], more = self.body.read(arrived)
            errors += more
        if errors:
            if any(error.get("parameter") == "If-Match" and error.get("code") == MISSING for error in errors):
                raise PreconditionRequired
            raise ValidationFailed(errors=errors)
        if self.security is not None:
            arguments["principal"] = principal
        if self.body is not None and self.body.streamed:
            arguments["request"] = Request(arrived.scope, arrived.receive)
        return self.answers.of(await self.handler(**arguments))


def plan(operation: Operation, handler: Handler, authorize: Authorize, options: Options) -> Plan:
    """Compile an operation. Raises RuntimeError for what the handler does not take or nothing here enforces."""
    described = operation.document
    body = _body(operation, described, options)
    alternatives: list[dict[str, list[str]]] = described.get("security", bundle().get("security", []))
    schemes = {name: resolve(scheme) for name, scheme in bundle()["components"].get("securitySchemes", {}).items()}
    compiled = Plan(
        operation=operation,
        handler=handler,
        parameters=Parameters(operation.name, operation.parameters),
        body=body,
        # Where nothing but nobody's call is described, there is nobody to tell the handler of.
        security=Security(alternatives, schemes, authorize) if any(alternatives) else None,
        answers=Answers(operation.name, described["responses"], checked=options.checked),
        shared=_shared(operation),
    )
    _refuse_others(compiled)
    return compiled


def _body(operation: Operation, described: Mapping[str, Any], options: Options) -> Body | None:
    if "requestBody" not in described:
        return None
    most_bytes = options.max_streamed_bytes if operation.streamed else options.max_body_bytes
    return Body(operation, resolve(described["requestBody"]), most_bytes=most_bytes)


def _shared(operation: Operation) -> tuple[bytes, ...] | None:
    """Return on which headers an answer depends that everybody may have, None for what is nobody's or streamed."""
    described = (resolve(answer) for status, answer in operation.document["responses"].items() if status == "200")
    media_types = [media_type for answer in described for media_type in answer.get("content", {})]
    if operation.method != "GET" or not operation.public or not STREAMED_TYPES.isdisjoint(media_types):
        return None
    names = [entry["name"].lower().encode() for entry in operation.parameters if entry["in"] == "header"]
    return (*names, *((b"accept",) if len(media_types) > 1 else ()))


def arguments(compiled: Plan) -> list[str]:
    """Return the arguments with which a plan calls its handler."""
    names = [entry.argument for entry in compiled.parameters.all]
    if compiled.security is not None:
        names.insert(0, "principal")
    if compiled.body is not None:
        names.append("request" if compiled.body.streamed else "body")
    return names


def _refuse_others(compiled: Plan) -> None:
    """Raise RuntimeError for a handler that takes something else than its operation has."""
    taken = inspect.signature(compiled.handler).parameters
    if set(taken) != set(arguments(compiled)):
        operation = compiled.operation
        raise RuntimeError(
            f"the handler of {operation.method} {BASE_PATH}{operation.path} ({snake(operation.name)}) takes "
            f"{', '.join(sorted(taken))}; the contract gives {', '.join(sorted(arguments(compiled)))}"
        )
