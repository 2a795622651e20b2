"""Drive wrk, and read what it counted."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("load.lua")
# An answer that takes longer counts as broken.
TIMEOUT = "5s"


class LoadFailed(Exception):
    """A measurement that does not count: wrk failed, or some answers were no success."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk counted; latencies in milliseconds."""

    requests: int
    rate: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is sent again and again. `credential` is a whole header, `body` is JSON."""

    method: str
    path: str
    credential: str = ""
    body: str = ""

    def line(self) -> str:
        """Write it the way load.lua reads it."""
        fields = [self.method, self.path, self.credential, self.body]
        return "\t".join(field for field in fields if field)


def ensure_wrk() -> None:
    """Install wrk from Debian when it is missing. Raises LoadFailed when that is not possible."""
    if shutil.which("wrk"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["update", "-qq"], ["install", "-qq", "--no-install-recommends", "wrk"]):
            subprocess.run(["apt-get", *command], check=False, capture_output=True)
    if not shutil.which("wrk"):
        raise LoadFailed("wrk is missing: install it (Debian and Ubuntu: apt-get install wrk) and try again")


def version() -> str:
    """Return how wrk calls itself, such as `wrk 4.1.0`."""
    told = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout.splitlines()
    return " ".join(told[0].split()[:2]) if told else "wrk"


def parse(output: str) -> Load:
    """Read the line that load.lua prints. Raises LoadFailed when it is missing or tells of failures."""
    line = next((line for line in output.splitlines() if line.startswith("{")), None)
    if line is None:
        raise LoadFailed(f"wrk printed no figures:\n{output}")
    counted = json.loads(line)
    if counted["refused"] or counted["broken"] or not counted["requests"]:
        raise LoadFailed(
            f"of {counted['requests']} answers {counted['refused']} were no success, "
            f"and {counted['broken']} more got lost"
        )
    return Load(
        requests=counted["requests"],
        rate=counted["requests"] / (counted["microseconds"] / 1e6),
        p50=counted["p50"] / 1e3,
        p99=counted["p99"] / 1e3,
    )


def write(requests: Sequence[Request], path: Path) -> Path:
    """Write a file of requests for `run`."""
    path.write_text("".join(f"{request.line()}\n" for request in requests))
    return path


def run(url: str, requests: Path, *, seconds: int, connections: int) -> Load:
    """Send the requests of a file in turn over so many connections. Raises LoadFailed."""
    command = [
        "wrk",
        "--threads=1",
        f"--connections={connections}",
        f"--duration={seconds}s",
        f"--timeout={TIMEOUT}",
    ]
    done = subprocess.run(
        [*command, f"--script={SCRIPT}", url, "--", str(requests)],
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + 30,
    )
    if done.returncode:
        raise LoadFailed(f"wrk failed:\n{done.stdout}{done.stderr}")
    return parse(done.stdout)
