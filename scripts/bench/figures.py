"""Medians, spreads and ratios of rounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some rounds, and the lowest and highest of them."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Sum up rounds; there must be at least one."""
    return Spread(median(values), min(values), max(values))


def ratio(upper: Sequence[float], lower: Sequence[float]) -> Spread:
    """Compare two series round by round.

    Each round is compared with its neighbour in time, so that a machine that slows down for a while slows
    both sides of a ratio. Raises ValueError when the series differ in length.
    """
    return spread([above / below for above, below in zip(upper, lower, strict=True)])


def difference(upper: Sequence[float], lower: Sequence[float]) -> Spread:
    """Subtract two series round by round. Raises ValueError when they differ in length."""
    return spread([above - below for above, below in zip(upper, lower, strict=True)])


def percentile_95(values: Sequence[float]) -> float:
    """Return what 95 of 100 values do not exceed; there must be at least one."""
    return sorted(values)[-(len(values) // 20) - 1]
