"""The clock and the ids of the sandbox: both follow from how many writes there were since the last reset.

Reading changes neither, so that what a write answers does not depend on who has looked around before.
"""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from uuid import UUID

# When the seed was written; nothing happens before.
BEGINNING = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
# The clock stands still but for this much with every write, so that an edit is seen to be later than a creation.
TICK = timedelta(seconds=1)
_RANDOM_BITS = 62


class World:
    """What time it is, and which id comes next."""

    def __init__(self) -> None:
        """Begin at the beginning."""
        self._now = BEGINNING
        self._made = 0

    def now(self) -> datetime:
        """Return the time, which stands still until the next write."""
        return self._now

    def tick(self) -> datetime:
        """Move the clock on by one write, and return the time."""
        self._now += TICK
        self._made = 0
        return self._now

    def reset(self) -> None:
        """Begin again."""
        self.__init__()

    def new_id(self) -> UUID:
        """Return the next UUIDv7 of this moment (RFC 9562, section 5.7), counted where others are random."""
        self._made += 1
        milliseconds = int(self._now.timestamp() * 1000)
        digest = blake2b(f"{milliseconds} {self._made}".encode(), digest_size=8).digest()
        random = int.from_bytes(digest) & ((1 << _RANDOM_BITS) - 1)
        return UUID(int=milliseconds << 80 | 7 << 76 | (self._made & 0xFFF) << 64 | 0b10 << 62 | random)
