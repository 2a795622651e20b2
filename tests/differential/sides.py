"""Both servers side by side, with the same stubs behind them."""

from collections.abc import Generator
from contextlib import contextmanager
from types import ModuleType
from typing import NamedTuple
from zlib import crc32

from starlette.types import ASGIApp, Receive, Scope, Send

from app import limits
from app.contract import Operation, operations
from app.limits import Limits
from app.problems import NotFound, answer
from app.runtime.dispatch import Dispatch
from app.runtime.plans import Options, Plan, plan
from app.settings import settings
from tests.differential import reference
from tests.differential.raw import Raw, Seen, ask
from tests.differential.stubs import Stage, stubs

OPTIONS = Options(max_body_bytes=20_000, max_streamed_bytes=40_000, checked=1.0)
_MOST = "1000000/minute"


async def _fallback(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand in for the framework, to which both leave what is below no base path; it has no pages here."""
    await answer(scope["path"], NotFound())(scope, receive, send)


class Pair(NamedTuple):
    """What both servers made of a request."""

    raw: Raw
    old: Seen
    new: Seen


class Sides(NamedTuple):
    """The generated server and the compiled one, of which the plans are known."""

    old: ASGIApp
    new: ASGIApp
    plans: list[Plan]
    stage: Stage

    async def ask(self, raw: Raw) -> Pair:
        """Send a request to both."""
        return await self.ask_apart(raw, raw)

    async def ask_apart(self, raw: Raw, other: Raw) -> Pair:
        """Send a request to the compiled server, and another one to the generated one, as if it were the first."""
        self.stage.turn = crc32(repr(raw).encode())
        return Pair(raw, await ask(self.old, other, self.stage.asked), await ask(self.new, raw, self.stage.asked))

    def having(self, faulty: Plan) -> "Sides":
        """Return both servers with another plan for an operation of the compiled one."""
        plans = [faulty if entry.operation.name == faulty.operation.name else entry for entry in self.plans]
        return self._replace(new=Dispatch(_fallback, plans), plans=plans)


def planned(operation: Operation, stage: Stage) -> Plan:
    """Return the plan of an operation, with stubs around it."""
    handlers = stubs(stage, [operation])
    return plan(operation, handlers.handler(operation), handlers.authorize, OPTIONS)


def sides(package: ModuleType) -> Sides:
    """Return both servers."""
    stage = Stage()
    plans = [planned(entry, stage) for entry in operations().values()]
    return Sides(reference.served(package, stage, OPTIONS, _fallback), Dispatch(_fallback, plans), plans, stage)


def _limits() -> Limits | None:
    try:
        return limits.in_force()
    except RuntimeError:
        return None


@contextmanager
def unlimited() -> Generator[None]:
    """Let everybody ask as often as they like, for the length of the block."""
    before = _limits()
    limits.use(Limits(settings().model_copy(update={"rate_limit": _MOST, "rate_limit_auth": _MOST})))
    try:
        yield
    finally:
        if before is not None:
            limits.use(before)
