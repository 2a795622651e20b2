"""Whether the service is alive, and whether what it depends on answers.

Without some of it the service cannot work, which is 503; without the rest it works less well, and says so with 200, so
that nobody takes it out of service for that.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app import clock
from app.contract import bundle
from app.meta.documents import NO_CONTENT_POLICY, reply

log = logging.getLogger(__name__)

Check = Callable[[], Awaitable[object]]
Endpoint = Callable[[Request], Awaitable[Response]]

# A probe wants its answer within two seconds; the rest is for the way.
CHECK_SECONDS = 1.5
RETRY_SECONDS = 2
UNAVAILABLE, DEGRADED = "unavailable", "degraded"
HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "Content-Security-Policy": NO_CONTENT_POLICY,
}


def _state(status: str) -> dict[str, Any]:
    return {"status": status, "version": bundle()["info"]["version"], "timestamp": clock.timestamp()}


async def get_health(request: Request) -> Response:
    """Say that the process answers. It asks nobody: a slow database is no reason to restart the process."""
    return reply(request, 200, orjson.dumps(_state("ok")), HEADERS)


async def _probe(name: str, check: Check, otherwise: str) -> dict[str, Any]:
    """Run one check; `latency_ms` is the time it took, failed or not, and `otherwise` the status when it fails."""
    started = time.perf_counter()
    task = asyncio.ensure_future(check())
    # Whatever it ends with after somebody has gone away, or too late, does not matter.
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    # Not wait_for: that waits until a cancelled check has cleaned up, and a dead connection can hold it up.
    await asyncio.wait({task}, timeout=CHECK_SECONDS)
    latency = round((time.perf_counter() - started) * 1000, 1)
    failure = task.exception() if task.done() else TimeoutError()
    if failure is None:
        return {"status": "ok", "latency_ms": latency}
    if not task.done():
        task.cancel()
    # What failed and why is for the log; a stranger learns only that it did.
    log.warning("%s is not ready", name, extra={"error": type(failure).__name__})
    return {"status": otherwise, "latency_ms": latency}


def readiness(needed: dict[str, Check], spared: dict[str, Check]) -> Endpoint:
    """Return the endpoint that runs the checks, all at once: 503 when one of those that are needed fails, else 200."""
    checks = [(name, check, UNAVAILABLE) for name, check in needed.items()]
    checks += [(name, check, DEGRADED) for name, check in spared.items()]

    async def get_readiness(request: Request) -> Response:
        results = await asyncio.gather(*(_probe(*check) for check in checks))
        found = {result["status"] for result in results}
        status = next((status for status in (UNAVAILABLE, DEGRADED) if status in found), "ok")
        names = [name for name, _, _ in checks]
        state = _state(status) | {"dependencies": dict(zip(names, results, strict=True))}
        ready = status != UNAVAILABLE
        retry = {} if ready else {"Retry-After": str(RETRY_SECONDS)}
        return reply(request, 200 if ready else 503, orjson.dumps(state), HEADERS | retry)

    return get_readiness
