"""The real service as a process of its own: `python -m app` on a database of its own, its log in a file."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.contract.accounts import SETTINGS
from scripts.coverage.record import OUTPUT as COVERAGE
from scripts.coverage.record import VARIABLE

ROOT = Path(__file__).parents[2]
START_SECONDS = 60
STOP_SECONDS = 15
# Tools ask more in a minute than anybody may.
UNLIMITED = {"RATE_LIMIT": "1000000/minute", "RATE_LIMIT_AUTH": "1000000/minute"}


def records(log: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a log; what is not one of its lines comes as a record without members but `message`."""
    for line in log.read_text().splitlines() if log.exists() else ():
        try:
            yield json.loads(line)
        except ValueError:
            yield {"message": line}


def _failure(record: dict[str, Any]) -> str:
    reason = record.get("exception", "").strip().splitlines()[-1:]
    return ": ".join([record["message"], *reason])


def failures(log: Path) -> list[str]:
    """Return what the service itself calls a failure, each once and with how often it was."""
    found = Counter(_failure(record) for record in records(log) if record.get("level") in ("ERROR", "CRITICAL"))
    return [f"{failure} ({number})" for failure, number in found.items()]


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for record in records(log):
            if "address" in record:
                return record["address"]
        time.sleep(0.1)
    raise RuntimeError(f"the service does not start; see {log}")


@contextmanager
def serving(dsn: str, folder: Path, record: str = "") -> Generator[str]:
    """Run the service with demo data on a free port; give its address, and end it with the block.

    With a `record`, what its clients meet of the contract goes to `make coverage` under this name. Raises RuntimeError
    when it does not start, or does not end within 15 seconds of being told.
    """
    module, settings = "app", {"DATABASE_URL": dsn, "DATA_DIR": str(folder / "data")}
    if record:
        module, settings[VARIABLE] = "scripts.coverage.serve", str(COVERAGE / f"{record}.json")
    with running(module, folder, settings) as address:
        yield address


@contextmanager
def running(module: str, folder: Path, settings: Mapping[str, str]) -> Generator[str]:
    """Run a module that serves, as `serving` does; its log is `service.log` in the folder."""
    log = folder / "service.log"
    # Only what is set here: neither a developer's environment nor their `.env` says what is tested.
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    fixed = {"PORT": "0", "LOG_LEVEL": "INFO", "LOG_FORMAT": "json", "PYTHONPATH": str(ROOT), **UNLIMITED, **SETTINGS}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module], cwd=folder, env=kept | fixed | dict(settings), stdout=output, stderr=output
        )
    try:
        yield _address(process, log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise RuntimeError(f"the service did not stop within {STOP_SECONDS} s; see {log}") from None
