"""The real thing, started as `make run` starts it, with a port and a data directory of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import psutil

from scripts.contract.service import UNLIMITED
from tests.contract.checked import checked

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 60


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Service:
    """A running service, and what it left behind."""

    process: subprocess.Popen[bytes]
    port: int
    data_dir: Path
    # Spent by processors until the first answer. Starting is computing; the clock would measure the neighbours.
    seconds: float = 0.0

    @property
    def url(self) -> str:
        """The address, without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """Everything it has written so far."""
        return (self.data_dir / "service.log").read_text()

    def get(self, path: str) -> httpx2.Response:
        """Make one request on a connection of its own."""
        return checked(httpx2.get(self.url + path, timeout=15))

    def terminate(self) -> tuple[int, float]:
        """Send SIGTERM; return the exit status and the seconds it took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=15), time.monotonic() - started

    def postmaster(self) -> int | None:
        """Return the process id of the embedded PostgreSQL, or None when it is not running."""
        lock = self.data_dir / "postgres" / "postmaster.pid"
        return int(lock.read_text().split("\n", 1)[0]) if lock.exists() else None


def launch(data_dir: Path, port: int, **environment: str) -> subprocess.Popen[bytes]:
    """Start the process and do not wait."""
    settings = {"DATA_DIR": str(data_dir), "PORT": str(port), "DEMO_DATA": "false"} | UNLIMITED | environment
    with (data_dir / "service.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "app"],
            cwd=REPOSITORY,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": "."} | settings,
            stdout=log,
            stderr=log,
        )


def start(data_dir: Path, **environment: str) -> Service:
    """Start the service and wait for its first answer."""
    port = free_port()
    started = time.monotonic()
    service = Service(launch(data_dir, port, **environment), port, data_dir)
    while time.monotonic() - started < START_SECONDS and service.process.poll() is None:
        try:
            service.get("/health").raise_for_status()
        except httpx2.HTTPError:
            time.sleep(0.02)
            continue
        times = psutil.Process(service.process.pid).cpu_times()
        service.seconds = times.user + times.system + times.children_user + times.children_system
        return service
    service.process.kill()
    raise AssertionError(f"no answer after {START_SECONDS} s; the service wrote:\n{service.log}")


@contextmanager
def running(data_dir: Path, **environment: str) -> Generator[Service]:
    """Run the service for the length of the block."""
    service = start(data_dir, **environment)
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.terminate()


@contextmanager
def directory() -> Generator[Path]:
    """Make a data directory; what runs in it is stopped, and then it is removed."""
    with TemporaryDirectory(prefix="galley-") as name:
        yield Path(name)
