"""Start the three services, each as one worker on a core of its own, and stop them again."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
OPTIONS = "--loop uvloop --http httptools --no-access-log --log-level warning --workers 1"
UVICORN = ["-m", "uvicorn", *OPTIONS.split()]
GALLEY, LIMIT, TUTORIAL = "Galley", "limit", "tutorial"
COMMANDS = {
    GALLEY: ["-m", "app"],
    LIMIT: [*UVICORN, "scripts.bench.raw:app"],
    TUTORIAL: [*UVICORN, "scripts.bench.tutorial_items:app"],
}
START_TIMEOUT = 20.0
STOP_TIMEOUT = 12.0
POLL = 0.01


class StartFailed(Exception):
    """A service did not answer in time; the message is the end of what it printed."""


def cores() -> tuple[int, int]:
    """Return the core of the service and the core of everything else. Raises StartFailed on a single core."""
    match sorted(os.sched_getaffinity(0)):
        case [service, other, *_]:
            return service, other
        case _:
            raise StartFailed("the benchmark needs two cores: one for the service, one for load and database")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Server:
    """A service that answers on the loopback interface."""

    name: str
    port: int
    process: psutil.Process
    log: Path
    # From the start of the process to its first answer, in seconds.
    start: float = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu(self) -> float:
        """Return the seconds of CPU that the process has used."""
        times = self.process.cpu_times()
        return times.user + times.system

    def resident(self) -> float:
        """Return the resident memory in MB."""
        return self.process.memory_info().rss / 1e6

    def said(self) -> str:
        """Return the end of what it printed."""
        return self.log.read_text(errors="replace")[-2_000:]

    def ask(
        self, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Send one request and return status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body or None, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def _wait(server: Server, process: "subprocess.Popen[bytes]", path: str) -> None:
    limit = time.monotonic() + START_TIMEOUT
    while time.monotonic() < limit and process.poll() is None:
        try:
            if server.ask("GET", path)[0] == HTTPStatus.OK:
                return
        except OSError:
            pass
        time.sleep(POLL)
    raise StartFailed(f"{server.name} did not answer {path} with 200:\n{server.said()}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def running(name: str, *, dsn: str, folder: Path, cores: set[int], path: str) -> Generator[Server]:
    """Run a service until the block ends; it has answered `path` when it begins. Raises StartFailed."""
    port = free_port()
    command = [sys.executable, *COMMANDS[name], *([] if name == GALLEY else ["--port", str(port)])]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": dsn,
        "DATA_DIR": str(folder / "data"),
        "PORT": str(port),
        "DEMO_DATA": "false",
        # Counted like any other, and never too many.
        "RATE_LIMIT": "1000000/minute",
        "RATE_LIMIT_AUTH": "1000000/minute",
        "SECRET_KEY": "a secret of the benchmark and of nothing else",
    }
    # A file, as in production: what is written for each request is part of what a request costs.
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        begin = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
        try:
            os.sched_setaffinity(process.pid, cores)
            server = Server(name, port, psutil.Process(process.pid), log)
            _wait(server, process, path)
            yield replace(server, start=time.monotonic() - begin)
        finally:
            _stop(process)
