"""Time as the machine counts it on which bounds were set, so that a slower machine is no fault of the code.

A bound on work is so many seconds there. Bounds that the product promises in seconds, as that of a health check whose
database hangs, are compared with the clock itself.
"""

from collections.abc import Generator
from contextlib import contextmanager
from time import perf_counter, process_time

# What a million squares took on the machine on which these seconds were counted. Two programs on two threads of one
# core take twice as long as one, and so does a machine that is shared.
SQUARES_SECONDS = 0.040


def slowness() -> float:
    """Return how many times longer a second's work takes here and now than where bounds were set."""
    begun = process_time()
    assert sum(number * number for number in range(1_000_000)) == 333_332_833_333_500_000
    return (process_time() - begun) / SQUARES_SECONDS


@contextmanager
def within(seconds: float, *, waiting: float = 0) -> Generator[None]:
    """Hold that what is done in the block takes less than so many seconds where bounds were set.

    A faster machine gets no less, since disks and sockets need not be faster there. `waiting` is how many seconds come
    to that in which nothing is done, which are as long everywhere.
    """
    begun = perf_counter()
    yield
    taken = perf_counter() - begun - waiting
    slow = max(1.0, slowness())
    assert taken < seconds * slow, f"{taken:.2f} s, on a machine that is {slow:.1f} times as slow; {seconds} s allowed"
