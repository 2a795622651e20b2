"""Where files are while they arrive and are looked at: a folder of this machine for each request and each job.

Whoever works in a folder holds its lock, which goes with the process however that ends. So a folder whose lock can be
had is nobody's any more, and is removed: there is no time to wait for, and no other record to keep.
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree

from app.ids import new_id
from app.settings import settings


def _root() -> Path:
    root = settings().data_dir / "arriving"
    root.mkdir(parents=True, exist_ok=True)
    return root


def _locked(path: Path) -> int | None:
    """Return the lock of a folder, or None when somebody has it, or the folder is not there."""
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _new() -> tuple[Path, int]:
    while True:
        path = _root() / str(new_id())
        path.mkdir(mode=0o700)
        # Between the two, somebody who clears away may have taken it for nobody's.
        lock = _locked(path)
        if lock is not None and path.exists():
            return path, lock
        if lock is not None:
            os.close(lock)


@contextmanager
def folder() -> Generator[Path]:
    """Lend an empty folder, which is gone with all that is in it when the block ends."""
    path, lock = _new()
    try:
        yield path
    finally:
        rmtree(path, ignore_errors=True)
        os.close(lock)


def clear() -> int:
    """Remove the folders that ended processes have left, and return how many there were."""
    removed = 0
    for path in _root().iterdir():
        lock = _locked(path)
        if lock is not None:
            with suppress(FileNotFoundError):
                rmtree(path)
                removed += 1
            os.close(lock)
    return removed
