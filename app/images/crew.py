"""The image processes of this process: started when the first picture comes, replaced when they die or hang.

Each opens one picture at a time. A thread waits with it, so that whatever loop asks, none is held up.
"""

import asyncio
import atexit
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from anyio import CancelScope

import app
from app.images.frames import pack, receive, send, unpack
from app.images.pictures import DamagedImage, ImageTimeout

log = logging.getLogger(__name__)

# Two pictures are opened at once; a third waits for its turn.
WORKERS = 2
# From the first byte asked to the answer; and for one's turn to come.
SECONDS, WAIT_SECONDS = 30.0, 60.0
MAX_WAITING = 64
# What ends a process that takes longer than its picture may: by the clock, and by what it has computed.
OUT_OF_TIME = frozenset({signal.SIGALRM, signal.SIGXCPU})
# One heap for all threads, in pages of 2 MB where Linux lends them: a picture needs few blocks, and large ones.
MEMORY = {"MALLOC_ARENA_MAX": "1", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
# Nothing of the service's own environment, which holds its secrets.
ENVIRONMENT = {
    "PYTHONPATH": str(Path(app.__file__).resolve().parents[1]),
    **MEMORY,
    "VIPS_BLOCK_UNTRUSTED": "1",
    "VIPS_DISC_THRESHOLD": "4g",
}


class Dead(Exception):
    """The process that should have answered has gone."""


class Opener:
    """One image process, and the connection to it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - It is our own, and its one argument a number.
                [sys.executable, "-m", "app.images", str(theirs.fileno())],
                env=ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self.connection = ours
        self.connection.settimeout(SECONDS)
        try:
            receive(ours)
        except OSError as failure:
            self.close()
            # Whose fault this is, it is no picture's.
            raise RuntimeError("the image process does not start") from failure

    def ask(self, order: dict[str, Any], files: list[int]) -> dict[str, Any]:
        """Return the answer. Raises Dead, TimeoutError."""
        try:
            send(self.connection, pack(order), files)
            body, _ = receive(self.connection)
        except TimeoutError:
            raise
        except OSError as failure:
            raise Dead from failure
        return unpack(body)

    def end(self) -> None:
        """End it and whomever it has forked; whoever waits for its answer hears of it."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End it and leave nothing of it."""
        self.end()
        self.process.wait()
        self.connection.close()


@dataclass(frozen=True, slots=True)
class Cost:
    """What opening a picture took: seconds of a processor, and memory at the most."""

    seconds: float
    megabytes: float


class _Crew:
    """The image processes that nobody is asking just now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.idle: list[Opener] = []
        self.waiting = 0
        self.last = Cost(0, 0)

    def take(self) -> Opener:
        """Return one for its sole use, started now if none is idle."""
        with self._lock:
            if self.idle:
                return self.idle.pop()
        return Opener()

    def give_back(self, opener: Opener) -> None:
        """Let the next one have it."""
        with self._lock:
            self.idle.append(opener)

    def close(self) -> None:
        """End those that are idle."""
        with self._lock:
            idle, self.idle = self.idle, []
        for opener in idle:
            opener.close()


crew = _Crew()
_threads = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="images")
atexit.register(crew.close)


class _Turn:
    """One order: it waits, is asked of an image process, and may be called off at any time."""

    def __init__(self, order: dict[str, Any], files: list[int]) -> None:
        self._order, self._files = order, files
        self._until = monotonic() + WAIT_SECONDS
        self._over = False
        self._opener: Opener | None = None

    def call_off(self) -> None:
        """Let nobody work for nobody."""
        self._over = True
        if opener := self._opener:
            opener.end()

    def run(self) -> dict[str, Any]:
        """Return the answer. Raises ImageTimeout, DamagedImage.

        A process may be killed for reasons that are not the picture's; what kills two is refused.
        """
        for _ in range(2):
            if self._over or monotonic() > self._until:
                break
            self._opener = opener = crew.take()
            try:
                answer = opener.ask(self._order, self._files)
            except TimeoutError as failure:
                opener.close()
                raise ImageTimeout("Opening the image takes too long.") from failure
            except Dead:
                opener.close()
                continue
            crew.last = Cost(answer["seconds"], answer["peak"] / 1024)
            crew.give_back(opener)
            if "died" not in answer:
                return answer
            log.warning("an image process died", extra={"signal": answer["died"]})
            if answer["died"] in OUT_OF_TIME:
                raise ImageTimeout("Opening the image takes too long.")
        else:
            raise DamagedImage("The image cannot be opened.")
        raise ImageTimeout("Too many images are waiting to be opened.")


async def ask(order: dict[str, Any], files: list[int]) -> dict[str, Any]:
    """Return what an image process answers. Raises ImageTimeout, DamagedImage; files stay open until it has ended."""
    if crew.waiting >= MAX_WAITING:
        raise ImageTimeout("Too many images are waiting to be opened.")
    turn = _Turn(order, files)
    crew.waiting += 1
    try:
        answer = asyncio.get_running_loop().run_in_executor(_threads, turn.run)
        try:
            await asyncio.wait({answer})
        except asyncio.CancelledError:
            turn.call_off()
            await _ended(answer)
            raise
        return answer.result()
    finally:
        crew.waiting -= 1


async def _ended(answer: asyncio.Future[dict[str, Any]]) -> None:
    """Wait until nobody works at it, however often the caller is cancelled: until then, the files are in use."""
    # A scope of anyio, such as that of a job, cancels until its task has left: hundreds of times while a process ends.
    with CancelScope(shield=True):
        while not answer.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({answer})
    # What became of it is of no interest any longer.
    answer.exception()
