"""`make contract-mutants`: plant disagreements between contract and service one at a time, and list the survivors.

The suite's own tests are run against each until one fails (`loop`, one process per core). Exits with 1 when a mutant
survives or a kind could not be planted anywhere.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "build/mutants"
# Tests of concurrency, of processes and of the gates themselves are no judges of one answer.
SUITE = (
    "tests/contract",
    "tests/frame",
    *sorted(f"tests/{path.parent.name}" for path in ROOT.glob("app/*/handlers.py")),
)
LEAVE_OUT = ("*at_once*", "*at_work*")
Outcome = dict[str, Any]


def _loops(environment: dict[str, str]) -> list[Outcome]:
    """Run the suite against every mutant, a process on each core."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "0",
        "-q",
        "-s",
        "-p",
        "tests.mutants.loop",
        *(f"--ignore-glob={names}" for names in LEAVE_OUT),
    ]
    running: list[tuple[subprocess.Popen[bytes], Path, Path]] = []
    for number in range(os.cpu_count() or 1):
        output, log = OUTPUT / f"{number}.json", OUTPUT / f"{number}.txt"
        own = {"MUTANTS_OUTPUT": str(output), "PYTHONPATH": str(ROOT)}
        with log.open("wb") as file:
            process = subprocess.Popen(
                [*command, *SUITE], cwd=ROOT, env=os.environ | environment | own, stdout=file, stderr=file
            )
        running.append((process, output, log))
    outcomes: list[Outcome] = []
    try:
        for process, output, log in running:
            process.wait()
            if not output.exists():
                sys.exit(f"a run ended without a result; see {log.relative_to(ROOT)}\n{log.read_text()[-2000:]}")
            outcomes += json.loads(output.read_bytes())
    finally:
        for process, _, _ in running:
            if process.poll() is None:
                # As Ctrl-C, so that it stops the database that it has started.
                process.send_signal(signal.SIGINT)
                process.wait()
    return outcomes


def _name(outcome: Outcome) -> tuple[str, str, str]:
    return outcome["kind"], outcome["operation"], outcome["place"]


def report(outcomes: Iterable[Outcome]) -> str:
    """Return the whole story as Markdown: a line per mutant and what has caught it."""
    lines = ["| mutant | planted in | caught by | with |", "|---|---|---|---|"]
    for outcome in sorted(outcomes, key=lambda outcome: (bool(outcome["by"]), outcome["kind"])):
        where = " ".join(filter(None, [outcome["operation"], outcome["place"]]))
        reason = outcome.get("reason", "").replace("|", "\\|")
        lines.append(f"| {outcome['kind']} | {where} | {outcome['by'] or '**nothing**'} | {reason} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Plant, report, and exit with 1 if anything survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", default="", help="plant only mutants with these words in their name")
    parser.add_argument("--quota", type=int, default=1, help="in how many operations each kind is planted (1)")
    given = parser.parse_args()
    started = time.monotonic()
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for path in OUTPUT.iterdir():
        path.unlink()
    outcomes = _loops({"MUTANTS_ONLY": given.only, "MUTANTS_QUOTA": str(given.quota)})
    (OUTPUT / "report.md").write_text(report(outcomes))
    survivors = [outcome for outcome in outcomes if not outcome["by"]]
    for outcome in survivors:
        print(f"survived: {' '.join(filter(None, _name(outcome)))} {outcome.get('reason', '')}".rstrip())
    kinds = {outcome["kind"] for outcome in outcomes}
    print(
        f"{len(kinds)} kinds of disagreement, {len(outcomes)} planted in {time.monotonic() - started:.0f} s; "
        f"report: {(OUTPUT / 'report.md').relative_to(ROOT)}\n"
        f"{len(outcomes) - len(survivors)} caught, {len(survivors)} survived"
    )
    sys.exit(1 if survivors or not outcomes else 0)


if __name__ == "__main__":
    main()
