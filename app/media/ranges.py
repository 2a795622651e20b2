"""Ranges of bytes (RFC 9110, section 14): which are asked for, and which of those there are."""

import re

MAX_RANGES = 10
_UNIT = re.compile(r"bytes[ \t]*=", re.IGNORECASE)
_RANGE = re.compile(r"([0-9]{0,18})-([0-9]{0,18})")


class NotSatisfiable(Exception):
    """There are no such bytes, or somebody wants too many pieces of them."""


def _first_and_end(text: str, size: int) -> tuple[int, int] | None:
    """Return where a range begins and what follows its end, which may be the same. None is no range."""
    match = _RANGE.fullmatch(text)
    if match is None or match[0] == "-":
        return None
    first, last = match[1], match[2]
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    return int(first), min(size, int(last) + 1 if last else size)


def wanted(header: str, size: int) -> list[tuple[int, int]] | None:
    """Return where each range begins and what follows its end, or None where all of it is wanted.

    What overlaps or adjoins is one range. What is no range is ignored, as the standard says. Raises NotSatisfiable.
    """
    unit = _UNIT.match(header)
    if unit is None:
        return None
    texts = [text.strip(" \t") for text in header[unit.end() :].split(",")]
    asked = [_first_and_end(text, size) for text in texts if text]
    ranges = [one for one in asked if one is not None]
    if not ranges or len(ranges) != len(asked):
        return None
    there = [(first, end) for first, end in ranges if first < end]
    if not there or len(asked) > MAX_RANGES:
        raise NotSatisfiable
    return _merged(there)


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the ranges in the order in which they were asked for; those that touch are one, where the first was."""
    merged: list[tuple[int, int]] = []
    for first, end in ranges:
        touching = [(start, stop) for start, stop in merged if start <= end and first <= stop]
        if not touching:
            merged.append((first, end))
            continue
        place = merged.index(touching[0])
        whole = (min(first, *(start for start, _ in touching)), max(end, *(stop for _, stop in touching)))
        merged = [one for one in merged if one not in touching]
        merged.insert(place, whole)
    return merged
