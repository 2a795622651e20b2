"""What is excused, each with its reason: cells that nothing can meet, and verdicts of the second opinion.

All of it stands in one file, contract-coverage.toml, which wants to be empty. An entry that excuses nothing is a fault.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.coverage.contract import DIMENSIONS, Cell

FILE = Path(__file__).parents[2] / "contract-coverage.toml"
MIN_REASON = 20
_NARROWING = ("operation", "code", "error", "target", "header", "content", "body")


class BadExemptions(Exception):
    """The file of exemptions cannot be used; the message is one line that says where and why."""


@dataclass(frozen=True)
class Disagreement:
    """A kind of verdict in which the second opinion differs, and why it may.

    The others narrow it down where they are given: the problem's `code`, the code of one of its errors, and patterns of
    the `target`, of a `header` line, of the `content` that was sent and of the `body` that was answered.
    """

    verdict: str
    status: int
    operation: str
    code: str
    error: str
    target: str
    header: str
    content: str
    body: str
    reason: str


@dataclass(frozen=True)
class Exemptions:
    """The file, read."""

    cells: dict[Cell, str]
    disagreements: tuple[Disagreement, ...]


def _checked(entry: dict[str, Any], needed: tuple[str, ...], allowed: tuple[str, ...], name: str) -> dict[str, Any]:
    missing = [member for member in needed if member not in entry]
    unknown = [member for member in entry if member not in (*needed, *allowed)]
    if missing or unknown:
        said = ", ".join(
            [*(f"{member} is missing" for member in missing), *(f"{member} is unknown" for member in unknown)]
        )
        raise BadExemptions(f"{name}: {said}; an entry has {', '.join((*needed, *allowed))}")
    if len(str(entry["reason"])) < MIN_REASON:
        raise BadExemptions(f"{name}: reason {entry['reason']!r} explains nothing; say why in a sentence")
    return entry


def _cells(entry: dict[str, Any], name: str) -> Iterator[tuple[Cell, str]]:
    _checked(entry, ("operation", "dimension", "values", "reason"), ("place",), name)
    if entry["dimension"] not in DIMENSIONS:
        raise BadExemptions(f"{name}: no dimension {entry['dimension']!r}; there are {', '.join(DIMENSIONS)}")
    for value in entry["values"]:
        yield Cell(entry["operation"], entry["dimension"], entry.get("place", ""), value), entry["reason"]


def load(path: Path = FILE) -> Exemptions:
    """Read the file. Raises BadExemptions when an entry is incomplete or gives no reason."""
    try:
        document = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as failure:
        raise BadExemptions(f"{path.name}: {failure}; mend the TOML") from failure
    cells: dict[Cell, str] = {}
    for number, entry in enumerate(document.get("cells", ()), 1):
        cells |= dict(_cells(entry, f"{path.name}, cells {number}"))
    disagreements: list[Disagreement] = []
    for number, entry in enumerate(document.get("disagreements", ()), 1):
        name = f"{path.name}, disagreements {number}"
        _checked(entry, ("verdict", "status", "reason"), _NARROWING, name)
        disagreements.append(Disagreement(**dict.fromkeys(_NARROWING, "") | entry))
    return Exemptions(cells, tuple(disagreements))
