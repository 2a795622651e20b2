"""Run the scenario of `clients/SCENARIO.md` with every client, and see that none leaves a step out."""

import os
import re
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from app.contract import BASE_PATH
from scripts.clients.language import SOURCES, Scenario
from scripts.contract.service import serving
from scripts.databases import create_database, throwaway_server

# A step takes milliseconds; this is for a client that waits for an answer that never comes.
SCENARIO_SECONDS = 60
_LISTED = re.compile(r"^\| *(?P<number>[0-9]+) *\| *`(?P<name>[^`]+)`", re.MULTILINE)
_PRINTED = re.compile(r"^step (?P<name>.+) ok$", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What a run of the scenario came to."""

    name: str
    steps: int
    seconds: float
    complaint: str = ""


def steps(document: Path = SOURCES / "SCENARIO.md") -> list[str]:
    """Read the names of the steps from the table of the documentation.

    Raises ValueError when its numbers do not count from one.
    """
    found = [(int(match["number"]), match["name"]) for match in _LISTED.finditer(document.read_text())]
    if not found or [number for number, _ in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"{document.name}: the steps of the table must be numbered from 1, one after the other")
    return [name for _, name in found]


def _complaint(expected: Sequence[str], printed: Sequence[str], code: int, said: str) -> str:
    """Say what is wrong with a run: the first step that is missing, out of place or unknown."""
    for position, name in enumerate(expected):
        if position >= len(printed):
            return f"step `{name}` failed (exit status {code}):\n{said.strip()}"
        if printed[position] != name:
            return f"step `{printed[position]}` was done where `{name}` is next; do what clients/SCENARIO.md says"
    if len(printed) > len(expected):
        return f"step `{printed[len(expected)]}` is not in clients/SCENARIO.md: describe it there, or leave it out"
    return f"exit status {code} after the last step:\n{said.strip()}" if code else ""


def play(scenario: Scenario, address: str, expected: Sequence[str]) -> Outcome:
    """Run one client against the service at an address, `http://127.0.0.1:8000` for example."""
    started = time.monotonic()
    environment = {**os.environ, "GALLEY_URL": address + BASE_PATH, **scenario.environment}
    try:
        done = subprocess.run(
            scenario.command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=SCENARIO_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Outcome(scenario.name, 0, time.monotonic() - started, str(error))
    printed = _PRINTED.findall(done.stdout)
    complaint = _complaint(expected, printed, done.returncode, done.stdout + done.stderr)
    return Outcome(scenario.name, len(printed), time.monotonic() - started, complaint)


@contextmanager
def service() -> Generator[str]:
    """Run the real service on a database of its own; give its address."""
    with (
        TemporaryDirectory(prefix="galley-clients-") as name,
        throwaway_server() as server,
        serving(create_database(server, "clients"), Path(name), "clients") as address,
    ):
        yield address
