"""The workers that run beside the service: started with it, started again when they die, stopped with it.

This is what the service's first process knows of them; what they import would only take its memory.
"""

import logging
import multiprocessing
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from time import monotonic

log = logging.getLogger("app.jobs")

# How many tasks run in one worker at once.
TASKS = 10
# Every task may hold a connection and report its progress on another; PgQueuer has one of its own.
POOL = 2 * TASKS
CONNECTIONS = POOL + 1
# Running tasks get this long to end when the worker is told to stop, and then this long to be handed back.
DRAIN_SECONDS, HAND_BACK_SECONDS = 5.0, 1.5
# Whatever keeps a worker from ending after that, its process is killed, and its jobs are taken over.
STOP_SECONDS = DRAIN_SECONDS + HAND_BACK_SECONDS + 0.5
LOOK_SECONDS = 0.2
# A worker that cannot even start is tried no more often.
RESTART_SECONDS = 1.0


def _do(labour: str) -> None:
    """Do, in a process of its own, what this module and function say; the parent does without importing it."""
    module, _, function = labour.partition(":")
    getattr(import_module(module), function)()


class _Crew:
    """Some processes that do the same, and a thread that looks after them."""

    def __init__(self, size: int, labour: str, ending: Callable[[], bool]) -> None:
        self._size, self._labour, self._ending = size, labour, ending
        self._context = multiprocessing.get_context("spawn")
        self._over = threading.Event()
        self._processes: list[tuple[SpawnProcess, float]] = []
        self._thread = threading.Thread(target=self._look_after, name="crew", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _look_after(self) -> None:
        while not (self._over.is_set() or self._ending()):
            self._fill_up()
            wait([process.sentinel for process, _ in self._processes], LOOK_SECONDS)
        for process, _ in self._processes:
            process.terminate()
        until = monotonic() + STOP_SECONDS
        for process, _ in self._processes:
            process.join(max(0.0, until - monotonic()))
            process.kill()
            process.join()

    def _fill_up(self) -> None:
        """Replace who has died, and begin with as many as are wanted."""
        alive = [(process, since) for process, since in self._processes if process.is_alive()]
        for process, since in self._processes:
            if not process.is_alive():
                log.error("a worker died", extra={"pid": process.pid, "exit_code": process.exitcode})
                self._over.wait(max(0.0, since + RESTART_SECONDS - monotonic()))
        while len(alive) < self._size and not self._over.is_set():
            process = self._context.Process(target=_do, args=(self._labour,), name="jobs", daemon=True)
            process.start()
            alive.append((process, monotonic()))
        self._processes = alive


@contextmanager
def beside(size: int, labour: str, ending: Callable[[], bool]) -> Generator[None]:
    """Keep `size` processes at work until the block ends, or `ending` says that it soon will.

    `labour` names what they do: a module and a function of it, such as `app.jobs.__main__:labour`.
    """
    if not size:
        yield
        return
    crew = _Crew(size, labour, ending)
    crew.start()
    try:
        yield
    finally:
        crew.stop()
