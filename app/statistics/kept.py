"""Something that takes a while to make, kept for a while, and made once however many ask for it meanwhile."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """What this process has made, and what it is making."""

    __slots__ = ("_making", "_until", "_value")

    def __init__(self) -> None:
        """Nothing is made yet."""
        self.forget()

    def forget(self) -> None:
        """Make it anew for the next one who asks."""
        self._value: Value | None = None
        self._until = 0.0
        self._making: asyncio.Task[Value] | None = None

    async def get(self, make: Callable[[], Coroutine[Any, Any, Value]], seconds: float) -> Value:
        """Return it, up to so many seconds old; who asks meanwhile waits for the same. Raises what `make` does."""
        if self._value is not None and time.monotonic() < self._until:
            return self._value
        if self._making is None:

            def keep(task: asyncio.Task[Value]) -> None:
                # Asked in any case: where nobody waits any longer, what it raises is of no interest.
                made = not task.cancelled() and task.exception() is None
                if task is not self._making:
                    return
                self._making = None
                if made:
                    self._value, self._until = task.result(), time.monotonic() + seconds

            self._making = asyncio.create_task(make())
            self._making.add_done_callback(keep)
        making = self._making
        # Whoever gives up does not take it from the others.
        await asyncio.wait({making})
        return making.result()
