"""The connection pool, and the two ways to use it.

`transaction()` is for writes: it commits when its block ends, which is before the answer leaves, so that no client is
told of a write that then fails. `reading()` is for reads: single statements, each a transaction of its own, without
the two round trips of BEGIN and COMMIT.
"""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import asyncpg
from asyncpg.pool import Pool

from app.problems import ServiceUnavailable
from app.settings import Settings
from app.sql import Connection


class Source(Protocol):
    """Lends connections: a pool, or in the tests one connection whose work is rolled back."""

    def acquire(self, *, timeout: float | None = None) -> AbstractAsyncContextManager[Any]: ...


class _Database:
    """What this process is connected to."""

    source: Source | None = None
    acquire_timeout: float = 30.0


_database = _Database()


async def _keep(_: asyncpg.Connection) -> None:
    """Replace the pool's reset query, which costs a round trip a request.

    Nothing here changes a session's state outside a transaction, and every transaction is closed by its block.
    """


async def connect(settings: Settings, dsn: str) -> Pool:
    """Open the pool; connections beyond the first are opened when they are needed."""
    pool = await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=settings.database_pool_size + settings.database_max_overflow,
        max_inactive_connection_lifetime=settings.database_pool_recycle,
        timeout=settings.database_connect_timeout,
        command_timeout=settings.database_command_timeout,
        reset=_keep,
        server_settings={"application_name": "galley", "timezone": "UTC"},
    )
    use(pool, acquire_timeout=settings.database_pool_timeout)
    return pool


def use(source: Source | None, *, acquire_timeout: float = 30.0) -> None:
    """Take connections from this source from now on."""
    _database.source = source
    _database.acquire_timeout = acquire_timeout


@asynccontextmanager
async def reading() -> AsyncGenerator[Connection]:
    """Lend a connection for reads; each statement sees what is committed when it starts."""
    if _database.source is None:
        raise RuntimeError("the database is not connected")
    lending = _database.source.acquire(timeout=_database.acquire_timeout)
    try:
        connection = await lending.__aenter__()
    except (OSError, TimeoutError) as failure:
        raise ServiceUnavailable("The database does not answer.") from failure
    try:
        yield connection
    except TimeoutError:
        # Who does not answer a statement does not answer its cancellation either: do not wait for that as well.
        connection.terminate()
        raise
    finally:
        await lending.__aexit__(None, None, None)


@asynccontextmanager
async def transaction() -> AsyncGenerator[Connection]:
    """Lend a connection for one transaction: committed at the end of the block, rolled back by an exception."""
    async with reading() as connection, connection.transaction():
        try:
            yield connection
        except TimeoutError:
            # The same again, because the rollback would wait before `reading` hears of it.
            connection.terminate()
            raise


async def check() -> None:
    """Ask the database for a sign of life. Raises ServiceUnavailable or what the driver raises."""
    async with reading() as connection:
        await connection.fetchval("SELECT 1")
