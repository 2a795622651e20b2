"""What files cost: memory while one is uploaded, and the speed of ranges beside a bare ASGI file response.

`python -m scripts.bench.media [--mib 100]`. Exits with 1 when a target is missed.
"""

import argparse
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import httpx2
import psutil
from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from app import embedded
from scripts.bench import servers
from scripts.contract.service import running
from scripts.demo_data import PASSWORD

MIB = 1_048_576
# By how much memory may grow while 100 MiB come, and how fast ranges are at least beside the bare response.
MAX_GROWTH, MIN_RATIO = 20 * MIB, 0.6
ROUNDS = 7
BOUNDARY = "loom"
VARIABLE = "GALLEY_BENCH_FILE"


@dataclass(frozen=True)
class Figures:
    """Bytes of memory, and medians of bytes a second."""

    growth: int
    ours: float
    bare: float

    @property
    def kept(self) -> bool:
        """Whether both targets are met."""
        return self.growth <= MAX_GROWTH and self.ours >= MIN_RATIO * self.bare


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a file as Starlette does, with nothing around it."""
    if scope["type"] == "http":
        await FileResponse(os.environ[VARIABLE])(scope, receive, send)


def video(size: int) -> bytes:
    """Return the beginning of an MP4 of this size."""
    head = b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00" + b"\x00\x00\x00\x08moov"
    return head + (size - len(head)).to_bytes(4) + b"mdat"


def form(size: int) -> Iterator[bytes]:
    """Yield a form with one video, piece by piece."""
    head = video(size)
    yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="a.mp4"\r\n\r\n'.encode() + head
    left = size - len(head)
    while left:
        piece = bytes(min(left, MIB))
        left -= len(piece)
        yield piece
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


def _served_by() -> psutil.Process:
    """Return the process of the service: a child of ours."""
    return next(child for child in psutil.Process().children() if child.cmdline()[1:] == ["-m", "app"])


@contextmanager
def watched(process: psutil.Process) -> Generator[list[int]]:
    """Look at the memory of a process a hundred times a second."""
    seen = [process.memory_info().rss]
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.01):
            seen.append(process.memory_info().rss)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def upload(client: httpx2.Client, size: int) -> str:
    """Upload a video of this size, and return its path."""
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = client.post("/api/v1/media", content=form(size), headers=headers).raise_for_status()
    return f"/api/v1/media/{answer.json()['items'][0]['id']}/content"


def rate(address: str, path: str, size: int, token: str = "") -> float:
    """Return how many bytes a second come of a range; a plain socket costs both sides the same, and little."""
    parts = urlsplit(address)
    asked = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nRange: bytes=1-{size - 2}\r\nConnection: close\r\n"
    asked += f"Authorization: Bearer {token}\r\n\r\n" if token else "\r\n"
    buffer, received = bytearray(MIB), 0
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        started = time.perf_counter()
        connection.sendall(asked.encode())
        while count := connection.recv_into(buffer):
            if not received and b" 206 " not in buffer[:20]:
                raise RuntimeError(bytes(buffer[:200]))
            received += count
        took = time.perf_counter() - started
    if received < size - 2:
        raise RuntimeError(f"{received} of {size} bytes came")
    return received / took


@contextmanager
def bare_server(file: Path) -> Generator[str]:
    """Serve a file by the bare response."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "scripts.bench.media:bare", f"--port={port}", "--log-level=warning"]
    environment = os.environ | {VARIABLE: str(file), "PYTHONPATH": str(servers.ROOT)}
    process = subprocess.Popen(command, env=environment)
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def measure(size: int, rounds: int = ROUNDS) -> Figures:
    """Run the service on a database of its own, and measure."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="galley-bench-")))
        stack.callback(embedded.stop)
        dsn = embedded.start(folder / "database", fast=True)
        settings = {"DATABASE_URL": dsn, "DATA_DIR": str(folder / "data"), "JOB_WORKERS": "0"}
        address = stack.enter_context(running("app", folder, settings))
        client = stack.enter_context(httpx2.Client(base_url=address, timeout=120))
        login = client.post("/api/v1/auth/login", data={"username": "ada_l", "password": PASSWORD})
        token: str = login.raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        # What every upload needs is loaded by the first one, however small it is.
        upload(client, MIB)
        with watched(_served_by()) as seen:
            path = upload(client, size)
        file = folder / "file"
        file.write_bytes(video(size).ljust(size, b"\x00"))
        other = stack.enter_context(bare_server(file))
        rates = [(rate(address, path, size, token), rate(other, "/", size)) for _ in range(rounds)]
    return Figures(max(seen) - seen[0], median(pair[0] for pair in rates), median(pair[1] for pair in rates))


def main() -> int:
    """Measure, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench.media", description=__doc__)
    parser.add_argument("--mib", type=int, default=100, help="the size of the video")
    figures = measure(parser.parse_args().mib * MIB)
    print(f"upload: memory grows by {figures.growth / MIB:.1f} MiB (at most {MAX_GROWTH / MIB:.0f})")
    print(
        f"ranges: {figures.ours / MIB:,.0f} MiB/s, bare {figures.bare / MIB:,.0f} MiB/s,"
        f" {figures.ours / figures.bare:.2f} of it (at least {MIN_RATIO})"
    )
    return 0 if figures.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
