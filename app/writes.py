"""That something was written: who keeps what was read forgets it, in this process at once and in others a moment later.

Signs are sent after the commit and by a connection of its own, not within the transaction: PostgreSQL lets transactions
that carry signs commit in turn only, and no writer should wait for that. A sign that is lost costs others the second
for which they keep an answer; what else is promised to whoever listens is to be such that it can be missed, too.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from app.ids import new_hex
from app.pool import LOST

log = logging.getLogger(__name__)

CHANNEL = "galley_written"
# Writes that follow each other this closely are told of together.
TOGETHER_SECONDS = 0.01
RECONNECT_SECONDS = 1.0
# While nothing can be sent, the last so many signs are kept.
MOST_SIGNS = 10_000
_SEND = "SELECT pg_notify(sign.channel, sign.payload) FROM unnest($1::text[], $2::text[]) AS sign (channel, payload)"


class Listening(Protocol):
    """What is used of a connection that signs come on."""

    async def add_listener(self, channel: str, callback: Callable[..., None]) -> None: ...

    async def execute(self, query: str, /, *args: Any) -> str: ...

    def add_termination_listener(self, callback: Callable[..., None]) -> None: ...

    def terminate(self) -> None: ...


Open = Callable[[], Awaitable[Listening]]
# A channel, and what is sent there.
Sign = tuple[str, str]
# In the order in which they were promised, each once.
_Signs = dict[Sign, None]


@dataclass(slots=True)
class _Told:
    """Who is told in this process, whether others have to be, and of what."""

    forget: Callable[[], None] = lambda: None
    others: asyncio.Event | None = None
    # By connection, what is to be sent once that has committed; and what is to be sent now.
    promised: MutableMapping[object, _Signs] = field(default_factory=WeakKeyDictionary[object, _Signs])
    due: deque[Sign] = field(default_factory=lambda: deque[Sign](maxlen=MOST_SIGNS))


_told = _Told()


def use(forget: Callable[[], None]) -> None:
    """Call this after each write from now on."""
    _told.forget = forget


def promise(connection: object, sign: Sign) -> None:
    """Send a sign, once, when what is being written on this connection is committed, and else never."""
    _told.promised.setdefault(connection, {})[sign] = None


def happened(connection: object | None = None, *, shows: bool = True) -> None:
    """Tell everybody that something was written and committed, and send what was promised on its connection.

    `shows` says whether anybody may read something else now.
    """
    promised = _told.promised.pop(connection, {}) if connection is not None else {}
    if shows:
        _told.forget()
    if _told.others is not None and (shows or promised):
        _told.due.extend(promised)
        _told.others.set()


def undone(connection: object) -> None:
    """Send nothing of what was promised on this connection."""
    _told.promised.pop(connection, None)


@asynccontextmanager
async def shared(open_connection: Open) -> AsyncGenerator[None]:
    """Tell other processes and be told by them while the block runs."""
    _told.others = asyncio.Event()
    sharing = asyncio.create_task(_share(open_connection, _told.others))
    try:
        yield
    finally:
        _told.others = None
        _told.due.clear()
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
            signs = [(CHANNEL, own), *_told.due]
            _told.due.clear()
            channels, payloads = zip(*signs, strict=True)
            await connection.execute(_SEND, channels, payloads)
    finally:
        connection.terminate()
