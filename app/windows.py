"""Moving windows: how often something has happened within the last so many seconds.

What the library `limits` keeps in memory is walked through from end to end, with a change of threads for every key, on
every request; `Memory` does the same in a few microseconds and is bounded. docs/decisions/0020-rate-limits.md has the
figures. What it keeps in Redis is exact for all processes and is used as it is (app/shared_windows.py).
"""

from bisect import bisect_right
from time import monotonic
from typing import NamedTuple

from limits import RateLimitItem

# Keys of one rate; at 300 bytes each, and 32 more for each time that is remembered.
MOST_KEYS = 100_000
# Times that are past may stay a while, so that not every request moves all the others: so many, and half of all.
SLACK = 64
# Every new key lets go of some that are past, so there are never more than twice those that are not.
SWEPT = 2


class Count(NamedTuple):
    """Whether it was counted, how many more may be, and the seconds until that is one more."""

    admitted: bool
    left: int
    seconds: float


class Memory:
    """Windows of one rate in this process; who was not counted for longest is forgotten when there are too many."""

    def __init__(self, rate: RateLimitItem) -> None:
        self._quota = rate.amount
        self._seconds = rate.get_expiry()
        # In the order of their last use.
        self._times: dict[str, list[float]] = {}

    def __len__(self) -> int:
        """Return how many keys are remembered."""
        return len(self._times)

    def count(self, key: str) -> Count:
        """Count once more under this key, unless the quota is used up."""
        now = monotonic()
        times = self._times.pop(key, None)
        if times is None:
            times = []
            self._sweep(now)
        self._times[key] = times
        past = bisect_right(times, now - self._seconds)
        if past > SLACK and past > len(times) // 2:
            del times[:past]
            past = 0
        used = len(times) - past
        admitted = used < self._quota
        if admitted:
            times.append(now)
            used += 1
        # In this order nothing is rounded when the oldest is of now: a wait is never longer than the window.
        return Count(admitted, self._quota - used, self._seconds - (now - times[past]))

    def _sweep(self, now: float) -> None:
        """Forget the first few keys if their windows are empty, or if there are too many."""
        for key in [key for key, _ in zip(self._times, range(SWEPT), strict=False)]:
            if self._times[key][-1] > now - self._seconds and len(self._times) < MOST_KEYS:
                return
            del self._times[key]

    def clear(self) -> None:
        """Forget all."""
        self._times.clear()
