"""What a run has seen, counted, and left in a file for the judge."""

import atexit
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from scripts.coverage.contract import Cell, Contract
from scripts.coverage.exchange import Exchange
from scripts.coverage.observe import Observer

ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "build/coverage"
# Names the file that a process leaves its record in. Only launchers of tests set it; the service knows nothing of it.
VARIABLE = "COVERAGE_RECORD"

Seen = dict[Cell, int]


class Record:
    """Counts the cells that the exchanges of a run meet."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.observer = Observer(contract)
        self.seen: Counter[Cell] = Counter()

    def note(self, exchange: Exchange) -> None:
        """Count what an exchange has met."""
        self.seen.update(self.observer.observe(exchange))

    def add(self, rows: Iterable[Any]) -> None:
        """Count what another process has met."""
        for *cell, count in rows:
            self.seen[Cell(*cell)] += count

    def rows(self) -> list[Any]:
        """Return what was met in a form that JSON has."""
        return [[*cell, count] for cell, count in sorted(self.seen.items())]


@cache
def of_process() -> Record | None:
    """Return the record of this process, which leaves it at its end where the environment says; None without that."""
    name = os.environ.get(VARIABLE)
    if not name:
        return None
    record = Record(Contract.load())
    atexit.register(lambda: write(Path(name), record.contract.fingerprint, record.rows()))
    return record


def write(path: Path, fingerprint: str, rows: list[Any]) -> None:
    """Leave what a run has seen, all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    lines = ",\n".join(json.dumps(row) for row in rows)
    draft.write_text(f'{{"contract": "{fingerprint}", "cells": [\n{lines}\n]}}\n')
    draft.replace(path)


def read(folder: Path, fingerprint: str) -> tuple[dict[str, Seen], list[str]]:
    """Return what each run has seen, by the name of its file, and the files that are of another contract."""
    runs: dict[str, Seen] = {}
    stale: list[str] = []
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_bytes())
        if document["contract"] != fingerprint:
            stale.append(path.name)
            continue
        runs[path.stem] = {Cell(*cell): count for *cell, count in document["cells"]}
    return runs, stale


def together(runs: Mapping[str, Seen]) -> Seen:
    """Add up what several runs have seen."""
    total: Counter[Cell] = Counter()
    for seen in runs.values():
        total.update(seen)
    return dict(total)
