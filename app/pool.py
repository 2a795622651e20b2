"""A pool of connections that costs nothing where nothing has to be waited for.

asyncpg's own pool shields every release in a task of its own and sets timers around every acquisition, 24 µs of CPU on
the way of a read that takes 50 in all. Here an idle connection is taken from the end of a list and put back there.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic

import asyncpg
from asyncpg import Connection

# What the driver raises when a connection is lost or cannot be had, whatever it was doing just then.
LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
Connect = Callable[[], Awaitable[Connection]]


class Pool:
    """Lends up to `size` connections, opened when they are needed, and closes them `recycle` seconds later."""

    def __init__(self, connect: Connect, *, size: int, patience: float, recycle: float) -> None:
        """`patience` is how many seconds somebody waits for a connection when all are lent."""
        self._connect = connect
        self._patience = patience
        self._recycle = recycle
        self._free = asyncio.Semaphore(size)
        # The one that was used last is used next, so that in quiet times the others grow old and are closed.
        self._idle: deque[Connection] = deque()
        self._opened: dict[Connection, float] = {}

    async def take(self) -> Connection:
        """Lend a connection. Raises TimeoutError when all stay lent, and what connecting raises."""
        if self._free.locked():
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        else:
            await self._free.acquire()
        try:
            while self._idle:
                connection = self._idle.pop()
                if self._is_good(connection):
                    return connection
            connection = await self._connect()
        except BaseException:
            self._free.release()
            raise
        self._opened[connection] = monotonic()
        return connection

    def give(self, connection: Connection, *, sound: bool) -> None:
        """Take a connection back. One that is not sound is closed at once, and so is one in the midst of something."""
        if not sound or connection.is_in_transaction():
            self._close(connection)
        elif self._is_good(connection):
            self._idle.append(connection)
        self._free.release()
        if self._idle and not self._is_good(self._idle[0]):
            self._idle.popleft()

    async def close(self) -> None:
        """Close what is idle; what is lent is closed by whoever uses it, or with the process."""
        while self._idle:
            connection = self._idle.pop()
            del self._opened[connection]
            await connection.close()

    def _is_good(self, connection: Connection) -> bool:
        """Whether a connection can be lent again; one that cannot is forgotten."""
        if connection.is_closed():
            self._opened.pop(connection, None)
            return False
        if monotonic() - self._opened[connection] > self._recycle:
            self._close(connection)
            return False
        return True

    def _close(self, connection: Connection) -> None:
        self._opened.pop(connection, None)
        # A good-bye would have to be waited for, and the server needs none.
        connection.terminate()
