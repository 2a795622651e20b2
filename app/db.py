"""The connections to the database, and the two ways to use one.

`transaction()` is for writes: it commits when its block ends, which is before the answer leaves, so that no client is
told of a write that then fails. `reading()` is for reads: single statements, each a transaction of its own, without
the two round trips of BEGIN and COMMIT.
"""

import asyncio
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Protocol

import asyncpg

from app import writes
from app.pool import Pool
from app.problems import Problem, ServiceUnavailable
from app.settings import Settings
from app.sql import Connection

# How long PostgreSQL may take to cancel a statement; one that does not answer is not waited for.
CANCEL_SECONDS = 1.0


class Source(Protocol):
    """Lends connections: a pool, or in the tests one connection whose work is rolled back."""

    async def take(self) -> Any: ...

    def give(self, connection: Any, *, sound: bool) -> None: ...


class _Database:
    """What this process is connected to."""

    source: Source | None = None


_database = _Database()


async def open_connection(
    settings: Settings, dsn: str, *, name: str = "galley", command_timeout: float | None = None
) -> asyncpg.Connection:
    """Return a connection of one's own. `name` is what PostgreSQL's own views call it."""
    return await asyncpg.connect(
        dsn,
        timeout=settings.database_connect_timeout,
        command_timeout=command_timeout or settings.database_command_timeout,
        server_settings={"application_name": name, "timezone": "UTC"},
    )


def make_pool(settings: Settings, dsn: str) -> Pool:
    """Return a pool whose connections are opened when they are needed."""
    return Pool(
        partial(open_connection, settings, dsn),
        size=settings.database_pool_size + settings.database_max_overflow,
        patience=settings.database_pool_timeout,
        recycle=settings.database_pool_recycle,
    )


async def connect(settings: Settings, dsn: str) -> Pool:
    """Return the pool, which is used from now on. Raises what asyncpg raises when the database does not answer."""
    pool = make_pool(settings, dsn)
    pool.give(await pool.take(), sound=True)
    use(pool)
    return pool


def use(source: Source | None) -> None:
    """Take connections from this source from now on."""
    _database.source = source


def _is_sound(failure: BaseException | None) -> bool:
    """Whether a connection can go on after this.

    Who does not answer a statement does not answer its cancellation either, and a task that is being cancelled has no
    time to wait for one: such a connection is closed, and PostgreSQL rolls back.
    """
    return failure is None or (isinstance(failure, Exception) and not isinstance(failure, TimeoutError))


class reading:  # noqa: N801 - It is used like a function, and being a class spares the cost of a generator.
    """Lend a connection for reads; each statement sees what is committed when it starts."""

    __slots__ = ("_connection", "_source")

    async def __aenter__(self) -> Connection:
        """Raise ServiceUnavailable when there is no connection to be had."""
        if _database.source is None:
            raise RuntimeError("the database is not connected")
        self._source = _database.source
        try:
            self._connection = await self._source.take()
        except (OSError, TimeoutError) as failure:
            raise ServiceUnavailable("The database does not answer.") from failure
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the connection back."""
        self._source.give(self._connection, sound=_is_sound(failure))


class single(reading):  # noqa: N801 - As `reading`.
    """Lend a connection for one statement that writes: a transaction of its own, without two more round trips."""

    __slots__ = ()

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the connection back, once nothing is written on it any more."""
        try:
            if isinstance(failure, TimeoutError):
                await self._take_back()
        finally:
            # Also where whoever waits is cancelled meanwhile: a place of the pool that is not given back is lost.
            await super().__aexit__(kind, failure, trace)
            if isinstance(failure, Problem):
                writes.undone(self._connection)
            else:
                # Also where nobody knows what has become of it.
                writes.happened(self._connection)

    async def _take_back(self) -> None:
        """Cancel a statement that took too long: whoever is told so may not find later that it was done.

        Of a transaction nothing is done that is not committed; a connection that is just closed goes on with this one.
        """
        with suppress(Exception):
            async with asyncio.timeout(CANCEL_SECONDS):
                await self._connection.close()


class transaction:  # noqa: N801 - As `reading`.
    """Lend a connection for one transaction: committed at the end of the block, rolled back by an exception."""

    __slots__ = ("_connection", "_lent", "_shows", "_transaction")

    def __init__(self, *, shows: bool = True) -> None:
        """`shows` says whether anybody may read something else afterwards, which is then no longer kept anywhere."""
        self._shows = shows

    async def __aenter__(self) -> Connection:
        """Raise ServiceUnavailable when there is no connection to be had."""
        self._lent = reading()
        self._connection = connection = await self._lent.__aenter__()
        self._transaction = connection.transaction()
        try:
            await self._transaction.start()
        except BaseException as failure:
            await self._lent.__aexit__(type(failure), failure, None)
            raise
        return connection

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit or roll back, and give the connection back."""
        outcome = failure
        try:
            if failure is None:
                await self._commit()
            elif _is_sound(failure):
                await self._transaction.rollback()
        except BaseException as worse:
            outcome = worse
            raise
        finally:
            # Where it was committed, nothing is left of this.
            writes.undone(self._connection)
            await self._lent.__aexit__(None, outcome, None)

    async def _commit(self) -> None:
        try:
            await self._transaction.commit()
        finally:
            # Also where nobody knows what has become of it.
            writes.happened(self._connection, shows=self._shows)


async def check() -> None:
    """Ask the database for a sign of life. Raises ServiceUnavailable or what the driver raises."""
    async with reading() as connection:
        await connection.fetchval("SELECT 1")
