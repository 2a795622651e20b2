"""Start the services, each as one worker on a core of its own if nothing else is said, and stop them again."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

import psutil

ROOT = Path(__file__).parents[2]
OPTIONS = "--loop uvloop --http httptools --no-access-log --log-level warning --workers 1"
UVICORN = ["-m", "uvicorn", *OPTIONS.split()]
GALLEY, LIMIT, TUTORIAL, FASTIFY = "Galley", "limit", "tutorial", "Fastify"
# Those that answer without a database.
AT_ONCE, CONSTANT, CONNEXION = "Galley at once", "constant", "Connexion"
# It keeps public answers for a second, as it does unless set; wherever the others are measured, nothing is kept.
KEEPING = "Galley keeping"
COMMANDS = {
    GALLEY: ["-m", "app"],
    LIMIT: [*UVICORN, "scripts.bench.raw:app"],
    TUTORIAL: [*UVICORN, "scripts.bench.tutorial_items:app"],
    FASTIFY: [str(ROOT / "scripts/bench/fastify/server.js")],
    AT_ONCE: ["-m", "scripts.bench.at_once"],
    KEEPING: ["-m", "app"],
    CONSTANT: [*UVICORN, "scripts.bench.constant:app"],
    CONNEXION: [*UVICORN, "scripts.bench.connexion_app:app"],
}
# What runs a command that this Python does not; `make bench` makes the second one.
PROGRAMS = {FASTIFY: "node", CONNEXION: str(ROOT / "build/connexion/bin/python")}
# The others are told their port by uvicorn's option.
PORT_BY_ENVIRONMENT = frozenset({GALLEY, FASTIFY, AT_ONCE, KEEPING})
# After that it hangs; how long a start may take is a target.
START_TIMEOUT = 60.0
STOP_TIMEOUT = 12.0
POLL = 0.01


class StartFailed(Exception):
    """A service did not answer in time; the message is the end of what it printed."""


def cores() -> tuple[int, int, int | None]:
    """Return the core of the service, the core of everything else, and that of a second worker, if there is one.

    Raises StartFailed on a single core.
    """
    match sorted(os.sched_getaffinity(0)):
        case [service, other, *more]:
            return service, other, more[0] if more else None
        case _:
            raise StartFailed("the benchmark needs two cores: one for the service, one for load and database")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def node_version() -> str:
    """Return how Node calls itself, such as `v20.20.2`, or `?` where there is none."""
    node = shutil.which(PROGRAMS[FASTIFY])
    return (
        subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip() if node else "?"
    )


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

    def workers(self) -> list[psutil.Process]:
        """Return the processes that answer where there are several; they are children that multiprocessing made."""
        return [child for child in self.process.children() if any("spawn_main" in word for word in child.cmdline())]

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


def _start(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], output: BinaryIO, cores: set[int]
) -> "subprocess.Popen[bytes]":
    """Start a process on these cores; all its threads inherit them, also those that begin before it says a word."""
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
    except FileNotFoundError as error:
        raise StartFailed(f"{command[0]} is missing: `make bench` installs what it needs") from error
    finally:
        os.sched_setaffinity(0, ours)


def environment_of(dsn: str, folder: Path) -> dict[str, str]:
    """Return what all services are told."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": dsn,
        "DATA_DIR": str(folder / "data"),
        "DEMO_DATA": "false",
        # As in production.
        "CHECKED_ANSWERS": "0",
        # What is compared asks the database for each answer.
        "PUBLIC_CACHE_SECONDS": "0",
        # Counted like any other, and never too many.
        "RATE_LIMIT": "1000000/minute",
        "RATE_LIMIT_AUTH": "1000000/minute",
        "SECRET_KEY": "a secret of the benchmark and of nothing else",
    }


@contextmanager
def running(  # noqa: PLR0913 - What a service is started with.
    name: str,
    *,
    dsn: str,
    folder: Path,
    cores: set[int],
    path: str,
    settings: Mapping[str, str] | None = None,
) -> Generator[Server]:
    """Run a service until the block ends; it has answered `path` when it begins. Raises StartFailed.

    `settings` go before those that all services have here.
    """
    port = free_port()
    environment = environment_of(dsn, folder) | {"PORT": str(port), **(settings or {})}
    option = [] if name in PORT_BY_ENVIRONMENT else ["--port", str(port)]
    command = [PROGRAMS.get(name, sys.executable), *COMMANDS[name], *option]
    # A file, as in production: what is written for each request is part of what a request costs.
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        begin = time.monotonic()
        process = _start(command, folder, environment, output, cores)
        try:
            server = Server(name, port, psutil.Process(process.pid), log)
            _wait(server, process, path)
            yield replace(server, start=time.monotonic() - begin)
        finally:
            _stop(process)
