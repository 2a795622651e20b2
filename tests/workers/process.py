"""A worker in a process of its own, and what it and its tasks have written."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.operations.service import REPOSITORY

KINDS = "test.effect,test.fails,test.waits,test.late"


@dataclass(frozen=True, slots=True)
class Noted:
    """A line that a task wrote of an attempt."""

    key: str
    attempt: int
    word: str
    at: float


@dataclass(frozen=True, slots=True)
class Worker:
    """A running worker."""

    process: subprocess.Popen[bytes]
    folder: Path

    def lines(self, message: str) -> list[dict[str, Any]]:
        """Return what is logged under this message."""
        written = (self.folder / "log").read_text().splitlines()
        return [line for line in map(json.loads, written) if line["message"] == message]

    def stop(self) -> tuple[int, float]:
        """Send SIGTERM; return the exit status and the seconds it took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30), time.monotonic() - started


def noted(folder: Path) -> list[Noted]:
    """Return what tasks wrote of their attempts, whole lines only."""
    path = folder / "attempts"
    rows = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    return [Noted(row[0], int(row[1]), row[2], float(row[3])) for row in rows if len(row) == 4]


def launch(dsn: str, folder: Path, kinds: str = KINDS) -> Worker:
    """Start a worker and do not wait."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": ".", "DATA_DIR": str(folder), "DATABASE_URL": dsn}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.workers.worker"],
            cwd=REPOSITORY,
            env=environment | {"FOLDER": str(folder), "KINDS": kinds},
            stdout=log,
            stderr=log,
        )
    return Worker(process, folder)


@asynccontextmanager
async def working(dsn: str, folder: Path, kinds: str = KINDS) -> AsyncGenerator[Worker]:
    """Have a worker for the length of the block."""
    worker = launch(dsn, folder, kinds)
    try:
        yield worker
    finally:
        if worker.process.poll() is None:
            await asyncio.to_thread(worker.stop)


async def until(true: Callable[[], Awaitable[Any]], *, seconds: float = 30) -> Any:
    """Wait until this is true of something, and return it."""
    async with asyncio.timeout(seconds):
        # What other processes do can only be looked for.
        while not (found := await true()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found
