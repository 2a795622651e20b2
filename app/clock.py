"""The clock of the service: Python asks here for the time and SQL asks `now()`, so that the sandbox can set both."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(slots=True)
class _Clock:
    read: Callable[[], datetime]


_clock = _Clock(lambda: datetime.now(UTC))


def now() -> datetime:
    """Return the time, in UTC."""
    return _clock.read()


def timestamp() -> str:
    """Return the time as answers show it (RFC 3339), to the millisecond."""
    return now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def use(read: Callable[[], datetime]) -> None:
    """Take the time from here from now on; only the sandbox does."""
    _clock.read = read
