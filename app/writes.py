"""That something was written: who keeps what was read forgets it, in this process at once and in others a moment later.

A sign is sent after the commit and by a connection of its own, not within the transaction: PostgreSQL lets transactions
that carry signs commit in turn only, and no writer should wait for that. A sign that is lost costs others the second
for which they keep an answer.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from app.ids import new_hex
from app.pool import LOST

log = logging.getLogger(__name__)

CHANNEL = "galley_written"
# Writes that follow each other this closely are told of together.
TOGETHER_SECONDS = 0.01
RECONNECT_SECONDS = 1.0


class Listening(Protocol):
    """What is used of a connection that signs come on."""

    async def add_listener(self, channel: str, callback: Callable[..., None]) -> None: ...

    async def execute(self, query: str, /, *args: Any) -> str: ...

    def add_termination_listener(self, callback: Callable[..., None]) -> None: ...

    def terminate(self) -> None: ...


Open = Callable[[], Awaitable[Listening]]


@dataclass(slots=True)
class _Told:
    """Who is told in this process, and whether others have to be."""

    forget: Callable[[], None] = lambda: None
    others: asyncio.Event | None = None


_told = _Told()


def use(forget: Callable[[], None]) -> None:
    """Call this after each write from now on."""
    _told.forget = forget


def happened() -> None:
    """Tell everybody that something was written and committed."""
    _told.forget()
    if _told.others is not None:
        _told.others.set()


@asynccontextmanager
async def shared(open_connection: Open) -> AsyncGenerator[None]:
    """Tell other processes and be told by them while the block runs."""
    _told.others = asyncio.Event()
    sharing = asyncio.create_task(_share(open_connection, _told.others))
    try:
        yield
    finally:
        _told.others = None
        sharing.cancel()
        with suppress(asyncio.CancelledError):
            await sharing


async def _share(open_connection: Open, written: asyncio.Event) -> None:
    """Send and hear signs, on one connection after the other."""
    while True:
        try:
            await _share_on(await open_connection(), written)
        except LOST as failure:
            log.debug("signs of writes are not shared", extra={"error": type(failure).__name__})
        await asyncio.sleep(RECONNECT_SECONDS)


async def _share_on(connection: Listening, written: asyncio.Event) -> None:
    own = new_hex()

    def hear(_: object, __: int, ___: str, payload: str) -> None:
        if payload != own:
            _told.forget()

    lost = asyncio.Event()

    def lose(_: object) -> None:
        lost.set()
        # Whoever waits for a write looks up.
        written.set()

    connection.add_termination_listener(lose)
    try:
        await connection.add_listener(CHANNEL, hear)
        # What was written before anybody listened is not heard of.
        _told.forget()
        while not lost.is_set():
            await written.wait()
            await asyncio.sleep(TOGETHER_SECONDS)
            written.clear()
            await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, own)
    finally:
        connection.terminate()
