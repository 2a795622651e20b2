"""Answers that everybody gets alike, kept for a moment: a page that many ask for costs one query a second.

Kept is what is asked for without any credentials and may be kept by everybody (`Cache-Control: public`). Nothing that
depends on who asks comes here. A write throws everything away, so that who has written reads what was written; other
processes hear of it (app/writes.py).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

from starlette.types import ASGIApp

from app.current import current
from app.runtime.answers import Answer

# More is not kept: of pages that are asked for once, the oldest go first.
MOST_ANSWERS, MOST_BYTES, MOST_BYTES_OF_ONE = 1_000, 16_777_216, 1_048_576
_SUCCESSES = frozenset({200, 304})


class Key(NamedTuple):
    """What an answer depends on when nobody in particular asks."""

    path: bytes
    query: bytes
    # The headers that the operation reads.
    headers: tuple[bytes | None, ...]


@dataclass(frozen=True, slots=True)
class _Made:
    """An answer that was made: until when it is kept, what is done whenever it is read, and who may show it."""

    answer: Answer
    until: float
    again: Callable[[], None] | None
    is_embeddable: bool

    def read(self) -> Answer:
        """Return the answer for one more request, as it would be had that made it."""
        current().is_embeddable = self.is_embeddable
        if self.again is not None:
            self.again()
        return self.answer


class Kept:
    """Answers by what they depend on, each for so many seconds."""

    def __init__(self, seconds: float) -> None:
        """With 0 seconds nothing is kept."""
        self.seconds = seconds
        # How often everything was forgotten.
        self._cleared = 0
        # In the order in which they came.
        self._made: dict[Key, _Made] = {}
        self._bytes = 0
        self._under_way: dict[Key, asyncio.Task[_Made | None]] = {}

    def __len__(self) -> int:
        """Return how many answers are kept."""
        return len(self._made)

    def find(self, key: Key) -> Answer | None:
        """Return the answer if it is still kept, and do what is done whenever it is read."""
        made = self._made.get(key)
        if made is None:
            return None
        if made.until < monotonic():
            self._forget(key)
            return None
        return made.read()

    async def make(self, key: Key, make: Callable[[], Awaitable[ASGIApp]]) -> ASGIApp:
        """Return the answer that is made, once for all who ask for it meanwhile. Raises what making it raises.

        It is made in a task of its own: whoever was the first may go away, and the others still get it.
        """
        under_way = self._under_way.get(key)
        if under_way is not None:
            await asyncio.wait({under_way})
            made = under_way.result()
            # What is sent while it is made belongs to the one for whom it is made.
            return made.read() if made is not None else await make()
        alone: list[ASGIApp] = []
        task = asyncio.create_task(self._make(key, make, alone))
        # Where nobody waits any longer, what it raises is of no interest.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._under_way[key] = task
        # Not shield: a failure that comes in the instant of a cancellation would be heard by nobody but the log.
        await asyncio.wait({task})
        task.result()
        return alone[0]

    async def _make(self, key: Key, make: Callable[[], Awaitable[ASGIApp]], alone: list[ASGIApp]) -> _Made | None:
        """Make an answer, keep it, and return it if it can be had more than once."""
        begun = self._cleared
        request = current()
        notices = request.notices
        try:
            answer = await make()
        finally:
            if self._under_way.get(key) is asyncio.current_task():
                del self._under_way[key]
        alone.append(answer)
        # An answer with a cookie is somebody's.
        if not isinstance(answer, Answer) or answer.status not in _SUCCESSES or request.notices is not notices:
            return None
        made = _Made(answer, monotonic() + self.seconds, request.again, request.is_embeddable)
        # What was begun before a write may not know of it: it is for those who asked before, and for nobody after.
        if begun == self._cleared:
            self._keep(key, made)
        return made

    def clear(self) -> None:
        """Forget everything: something was written."""
        self._cleared += 1
        self._made.clear()
        self._under_way.clear()
        self._bytes = 0

    def _keep(self, key: Key, made: _Made) -> None:
        if len(made.answer.body) > MOST_BYTES_OF_ONE:
            return
        self._forget(key)
        self._made[key] = made
        self._bytes += len(made.answer.body)
        while len(self._made) > MOST_ANSWERS or self._bytes > MOST_BYTES:
            self._forget(next(iter(self._made)))

    def _forget(self, key: Key) -> None:
        made = self._made.pop(key, None)
        if made is not None:
            self._bytes -= len(made.answer.body)
