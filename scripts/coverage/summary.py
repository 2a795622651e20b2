"""The sum of what the runs have left: one verdict, and the matrix."""

from collections.abc import Mapping
from pathlib import Path

from scripts.coverage.contract import Cell, Contract
from scripts.coverage.page import render
from scripts.coverage.record import read, together
from scripts.coverage.verdict import Verdict, judge

MATRIX = "index.html"


def summarise(folder: Path, contract: Contract, exempt: Mapping[Cell, str]) -> tuple[Verdict, list[str]]:
    """Judge all records of a folder together and write the matrix beside them; also return what was left out."""
    runs, stale = read(folder, contract.fingerprint)
    verdict = judge(contract, together(runs), exempt)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MATRIX).write_text(render(contract, verdict, runs))
    notes = [f"{name} was recorded with another contract and does not count; run it again" for name in stale]
    if not runs:
        notes.append("no run has left a record; run `make test` first")
    return verdict, notes
