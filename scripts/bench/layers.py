"""What each part of all that is around a handler costs: one request of one process, whole and with that part left out.

`python -m scripts.bench.layers` measures on the database of DATABASE_URL and prints microseconds as JSON, an entry a
round. No server and no load have a part in it, so the figures are the CPU time of the parts and of nothing else.
"""

import json
import logging
import logging.config
import os
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import median
from tempfile import TemporaryFile
from time import process_time
from typing import Any, cast
from urllib.parse import urlsplit

import uvloop
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import db, limits, logs
from app.access import identify
from app.around import Around
from app.current import Current, begin
from app.frame import Frame
from app.main import layers, plans
from app.problems import NotFound
from app.runtime.answers import Answer
from app.runtime.dispatch import Dispatch
from app.runtime.plans import Plan
from app.settings import settings
from app.whole import Header, Usual
from scripts.bench import at_once, constant, servers
from scripts.bench.empty import FIRST, PATHS
from scripts.bench.load import LoadFailed
from scripts.bench.tables import table

# Short rounds, so that a part and its absence are measured close to each other.
ROUNDS, CALLS = 31, 150
CONSTANT, WHOLE = "raw ASGI", "all"
PARAMETERS, SECURITY, ANSWER = "parameters", "token, session and scope", "answer as JSON"
LIMIT, AROUND, FRAME, LOG = (
    "rate limit",
    "hosts, CORS and compression",
    "request id, timing and headers",
    "line of the log",
)
REST = "finding the operation, the call, and all that is left"
PARTS = (LOG, FRAME, AROUND, LIMIT, SECURITY, PARAMETERS, ANSWER)
# The frame writes the line of the log, so leaving it out leaves out both.
WITHOUT = {FRAME: LOG}
LOGGER = logging.getLogger("app.requests")


class Unlimited(limits.Limits):
    """Counts nothing."""

    async def admit(self, name: str, headers: Mapping[bytes, bytes]) -> None:
        """Let everybody in."""


class NoParameters:
    """Reads nothing of a request."""

    def refuse_unreadable(self, arrived: object) -> None: ...

    def read(self, arrived: object) -> tuple[dict[str, Any], list[Any]]:
        """Return no arguments."""
        del arrived
        return {}, []


class SameAnswer:
    """Writes nothing, and answers the bytes that it was made with."""

    def __init__(self, body: bytes) -> None:
        self._answer = Answer(200, [(b"content-type", b"application/json")], body)

    def of(self, returned: object) -> ASGIApp:
        """Return the answer."""
        del returned
        return self._answer


@dataclass(frozen=True, slots=True)
class Variant:
    """The service with one part left out, or none."""

    app: ASGIApp
    without: str = ""


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand where the framework does; nothing comes here."""
    del scope, receive, send
    raise NotFound


def _bare(app: ASGIApp) -> ASGIApp:
    """Begin a request as the frame does, and do nothing else."""

    async def bare(scope: Scope, receive: Receive, send: Send) -> None:
        begin(Current(path=scope["path"], address="127.0.0.1"))
        await app(scope, receive, send)

    return bare


def _changed(plan: Plan, without: str) -> Plan:
    changes: dict[str, dict[str, Any]] = {
        PARAMETERS: {"parameters": NoParameters()},
        SECURITY: {"security": None},
        ANSWER: {"answers": SameAnswer(constant.EMPTY)},
    }
    return replace(plan, **changes[without]) if without in changes and plan.operation.name == FIRST else plan


def variants() -> dict[str, Variant]:
    """Return the service as it is, and once without each part."""
    at_once.replace()
    compiled, current = plans(), settings()
    found: dict[str, Variant] = {CONSTANT: Variant(cast("ASGIApp", constant.app))}
    for without in ("", *PARTS):
        app: ASGIApp = Dispatch(_nothing, [_changed(plan, without) for plan in compiled])
        app = app if without == AROUND else Around(app, **layers(current))
        app = _bare(app) if without == FRAME else Frame(app)
        found[without or WHOLE] = Variant(app, without)
    return found


@contextmanager
def in_force(variant: Variant) -> Generator[None]:
    """Leave out what is not in the chain of applications."""
    limits.use((Unlimited if variant.without == LIMIT else limits.Limits)(settings(), identify))
    LOGGER.setLevel(logging.WARNING if variant.without == LOG else logging.NOTSET)
    yield
    LOGGER.setLevel(logging.NOTSET)


class Taken:
    """A `send` that takes whole answers, as the server's does (app/wire.py)."""

    def __init__(self) -> None:
        self.status, self.body = 0, b""

    async def __call__(self, message: Message) -> None:
        """Take a part of an answer."""
        self.status, self.body = message.get("status", self.status), message.get("body", b"")

    def write(self, status: int, headers: Sequence[Header], usual: Usual, body: bytes) -> bool:
        """Take an answer in one go."""
        del headers, usual
        self.status, self.body = status, body
        return True


async def call(app: ASGIApp, token: str) -> tuple[int, bytes]:
    """Send the request, and return status and body."""
    taken = Taken()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    parts = urlsplit(PATHS[FIRST])
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "root_path": "",
        "query_string": parts.query.encode(),
        "headers": [(b"host", b"localhost"), (b"authorization", b"Bearer " + token.encode())],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8000),
    }
    await app(scope, receive, taken)
    return taken.status, taken.body


async def measure(token: str, rounds: int) -> dict[str, list[float]]:
    """Return the microseconds of CPU of a request by variant; by part, how many fewer they are without it.

    A part is compared with its neighbour in time. The database must be in use. Raises LoadFailed where one does not
    answer as the others.
    """
    found = variants()
    series: dict[str, list[float]] = {name: [] for name in found}
    for number in range(rounds + 1):
        for name, variant in found.items():
            beside = found[WITHOUT.get(name, WHOLE)]
            whole, took = await timed(beside, token), await timed(variant, token)
            if number:
                series[name].append(whole - took if name in PARTS else took)
    return series


async def timed(variant: Variant, token: str) -> float:
    """Return the microseconds of CPU of a request. Raises LoadFailed where it is not answered as it should be."""
    with in_force(variant):
        if (answer := await call(variant.app, token)) != (200, constant.EMPTY):
            raise LoadFailed(f"without {variant.without or 'nothing'}: {answer[0]}: {answer[1].decode()[:500]}")
        began = process_time()
        for _ in range(CALLS):
            await call(variant.app, token)
        return (process_time() - began) / CALLS * 1e6


def run(token: str, environment: Mapping[str, str], core: int, *, rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Measure in a process of its own, on this core. Raises LoadFailed."""
    command = [sys.executable, "-m", "scripts.bench.layers", token, str(core), str(rounds)]
    # The log goes to a file, as that of the services does: at a pipe, waking whoever reads it is half of the cost.
    with TemporaryFile("w+") as log:
        done = subprocess.run(
            command, env=environment, cwd=servers.ROOT, stdout=subprocess.PIPE, stderr=log, text=True, check=False
        )
        if done.returncode:
            log.seek(0)
            raise LoadFailed(f"the layers: {log.read()[-2_000:]}")
    return json.loads(done.stdout)


def section(series: Mapping[str, Sequence[float]]) -> str:
    """Return the table; a sentence when nothing was measured."""
    if not series:
        return "Not measured."
    took = {name: median(rounds) for name, rounds in series.items()}
    rest = took[WHOLE] - took[CONSTANT] - sum(took[part] for part in PARTS)
    return table(["", "CPU µs/request"], [[name, f"{value:.1f}"] for name, value in {**took, REST: rest}.items()])


async def _measured(token: str, rounds: int) -> dict[str, list[float]]:
    current = settings()
    pool = await db.connect(current, str(current.database_url))
    try:
        return await measure(token, rounds)
    finally:
        await pool.close()


def main() -> None:
    """Measure, and print."""
    token, core, rounds = sys.argv[1:]
    os.sched_setaffinity(0, {int(core)})
    logging.config.dictConfig(logs.configuration("INFO", "json"))
    print(json.dumps(uvloop.run(_measured(token, int(rounds)))))


if __name__ == "__main__":
    main()
