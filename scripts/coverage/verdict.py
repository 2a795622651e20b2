"""The judgement: which cells are due, met, excused or missing."""

from collections.abc import Mapping
from dataclasses import dataclass

from scripts.coverage.contract import (
    ACCEPTED,
    ANSWERS,
    ANY,
    CODE,
    DIMENSIONS,
    ENUM,
    HEADER,
    NAMED_CODES,
    PARAMETER,
    REFUSED,
    SECURITY,
    SENDS,
    STATUS,
    Cell,
    Contract,
)
from scripts.coverage.exemptions import FILE


@dataclass(frozen=True)
class Verdict:
    """What was due of a contract and what was met."""

    due: tuple[Cell, ...]
    met: frozenset[Cell]
    exempt: Mapping[Cell, str]
    # Codes of problems that an operation gave and does not name.
    unnamed: tuple[Cell, ...] = ()

    @property
    def missing(self) -> list[Cell]:
        """The cells that nobody has met and nothing excuses."""
        return [cell for cell in self.due if cell not in self.met and cell not in self.exempt]

    @property
    def needless(self) -> list[Cell]:
        """The exemptions of cells that were met, or that the contract does not have."""
        due = set(self.due)
        return [cell for cell in self.exempt if cell in self.met or cell not in due]

    def counts(self) -> dict[str, tuple[int, int, int]]:
        """Return how many cells were met, are due and are exempt, by dimension."""
        found: dict[str, tuple[int, int, int]] = {}
        for dimension in DIMENSIONS:
            cells = [cell for cell in self.due if cell.dimension == dimension]
            exempt = sum(cell in self.exempt for cell in cells)
            found[dimension] = sum(cell in self.met for cell in cells), len(cells), exempt
        return found

    def lines(self) -> list[str]:
        """Return a line per dimension: met of due."""
        return [
            f"{dimension:20} {met:5} of {due:5}" + (f", {exempt} exempt" if exempt else "")
            for dimension, (met, due, exempt) in self.counts().items()
        ]

    def faults(self) -> list[str]:
        """Return a line per fault: where, what, and what to do."""
        exempt = [
            f"{FILE.name}: {named(cell)} is exempt without need: "
            + ("it was met" if cell in self.met else "the contract has no such cell")
            + "; take the exemption out"
            for cell in self.needless
        ]
        missing = [f"{named(cell)} was never seen: {remedy(cell)}" for cell in self.missing]
        return missing + self.surplus() + exempt

    def surplus(self) -> list[str]:
        """Return a line per thing that was seen and that the contract does not say; a part of a run can show it."""
        return [f"{named(cell)} was seen: name it in {NAMED_CODES} of the operation" for cell in self.unnamed]


def named(cell: Cell) -> str:
    """Return a cell as a line names it."""
    where = f" ({cell.place})" if cell.place else ""
    return f"{cell.operation}: {cell.dimension}{where} {cell.value}"


def remedy(cell: Cell) -> str:
    """Return what makes a cell met."""
    if cell.dimension == SECURITY:
        does = {
            ACCEPTED: f"call it with success with {cell.place}'s credentials and no others",
            REFUSED: f"call it as {cell.place} with credentials that are wrong or absent, and expect 401",
        }.get(cell.value, "call it with all scopes but this one, and expect 403")
    elif cell.operation == ANY:
        does = "let a test provoke this problem over HTTP"
    else:
        does = {
            STATUS: "let a test provoke it, or take it out of the contract",
            SENDS: "send a body of this type with success",
            ANSWERS: "let a test ask for an answer of this type",
            PARAMETER: "send it with success",
            ENUM: (
                "send it with success"
                if not cell.place[:1].isdigit()
                else "let an answer hold it, or narrow the schema of the answer"
            ),
            HEADER: "let a test provoke an answer that has it",
            CODE: f"let a test provoke this problem, or take it out of {NAMED_CODES}",
        }[cell.dimension]
    return f"{does}, or exempt it in {FILE.name} with the reason"


def judge(contract: Contract, seen: Mapping[Cell, int], exempt: Mapping[Cell, str]) -> Verdict:
    """Hold what was seen against what is due."""
    due = tuple(contract.due)
    codes = {cell for cell in due if cell.dimension == CODE}
    # A contract that names no codes has all of them said by the schema of its problems.
    unnamed = sorted(cell for cell in seen if cell.dimension == CODE and cell not in codes) if codes else []
    return Verdict(due, frozenset(cell for cell in due if cell in seen), exempt, tuple(unnamed))
