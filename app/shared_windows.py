"""Moving windows in Redis, which count for all processes.

Imported where there is a Redis, and nowhere else: its client takes 5 MB of every process.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from time import time
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

from limits import RateLimitItem
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.windows import Count

log = logging.getLogger(__name__)

# What a request may wait for Redis, all in all, unless its address says otherwise (`?socket_timeout=`).
PATIENCE_SECONDS = 0.04
# So many that wait in vain, one after the other, are the last for a while: a single one may only meet a busy moment.
LATE = 3
# It is waited in parts: when this process itself was held up, the answer that has come meanwhile gets its turn.
PARTS = 4
RETRY_SECONDS = 1.0
# What the start waits for it.
START_SECONDS = 1.0
# More at once wait for one another; a command takes a tenth of a millisecond.
CONNECTIONS = 16
PREFIX = "galley"
Result = TypeVar("Result")


class Redis:
    """The windows of all processes. While Redis does not answer, each process counts for itself."""

    def __init__(self, url: str) -> None:
        """Connect when opened. The address has been checked by the settings."""
        self.away = False
        asked = parse_qs(urlsplit(url).query).get("socket_timeout")
        self._patience = float(asked[0]) if asked else PATIENCE_SECONDS
        self._pool = BlockingConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType] - Its options have no types.
            url, max_connections=CONNECTIONS, retry=Retry(NoBackoff(), 0)
        )
        self._storage = RedisStorage(
            f"async+{url}",
            implementation="redispy",
            key_prefix=PREFIX,
            connection_pool=self._pool,  # pyright: ignore[reportArgumentType] - It is documented, and has no type.
        )
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._late = 0
        self._return: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect before the first request, which would wait for it otherwise."""
        try:
            there = await asyncio.wait_for(self._storage.check(), START_SECONDS)
        except TimeoutError:
            there = False
        if not there:
            self._lost(ConnectionError("it does not answer"))

    async def count(self, rate: RateLimitItem, key: str) -> Count | None:
        """Count in Redis; None when it does not answer in time, and at once while it is known to be away."""
        if self.away:
            return None
        try:
            count = await self._soon(self._count(rate, key))
        except (TimeoutError, RedisTimeoutError) as failure:
            self._late += 1
            if self._late >= LATE:
                self._lost(failure)
            return None
        except (RedisError, OSError) as failure:
            self._lost(failure)
            return None
        self._late = 0
        return count

    async def _count(self, rate: RateLimitItem, key: str) -> Count:
        admitted = await self._limiter.hit(rate, key)
        until, left = await self._limiter.get_window_stats(rate, key)
        # The clock of Redis may be ahead of ours.
        return Count(admitted, left, min(until - time(), rate.get_expiry()))

    async def _soon(self, work: Coroutine[None, None, Result]) -> Result:
        """Return what comes of it. Raises TimeoutError when it takes longer than anybody should wait."""
        task = asyncio.ensure_future(work)
        try:
            for _ in range(PARTS):
                await asyncio.wait({task}, timeout=self._patience / PARTS)
                if task.done():
                    return task.result()
        finally:
            # Whatever it still ends with has come too late to matter.
            task.cancel()
            task.add_done_callback(lambda late: late.cancelled() or late.exception())
        raise TimeoutError

    def _lost(self, failure: Exception) -> None:
        if self.away:
            return
        self.away = True
        log.warning("Redis is away, each process counts for itself", extra={"error": type(failure).__name__})
        self._return = asyncio.get_running_loop().create_task(self._await_return())

    async def _await_return(self) -> None:
        while self.away:
            await asyncio.sleep(RETRY_SECONDS)
            with suppress(ConnectionError, TimeoutError):
                await self.check()
                self.away, self._late = False, 0
        log.warning("Redis is back")

    async def check(self) -> None:
        """Ask Redis for a sign of life. Raises ConnectionError or TimeoutError."""
        if not await self._soon(self._storage.check()):
            raise ConnectionError("Redis does not answer")

    async def close(self) -> None:
        """Give up waiting and all connections."""
        if self._return is not None:
            self._return.cancel()
        await self._pool.aclose()
