"""`python -m tests.workers.worker`: a worker as it is run, for kinds of jobs that tests can look at.

What they do outside is a file per job in FOLDER, by the job's key, and a line per attempt in `FOLDER/attempts`.
"""

import asyncio
import logging.config
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvloop

from app import logs
from app.jobs.registry import JobFailed, Running, kinds, task
from app.jobs.worker import work
from app.posts import tasks as posts
from app.settings import load

# Of the service's own kinds of jobs, those that are tried here.
KNOWN = (posts,)
FOLDER = Path(os.environ["FOLDER"])


def _note(job: Running, word: str = "begun") -> None:
    with (FOLDER / "attempts").open("a") as lines:
        lines.write(f"{job.key} {job.attempt} {word} {time.time():.3f}\n")


@task("test.effect")
async def effect(payload: dict[str, Any], job: Running) -> dict[str, Any]:
    """Make a file, as something is done elsewhere: only its key says whether it has been."""
    _note(job)
    await asyncio.sleep(payload.get("seconds", 0) / 2)
    with suppress(FileExistsError):
        # Whole or not at all, whenever the worker is killed.
        os.link(FOLDER / "template", FOLDER / "effects" / job.key)
    await asyncio.sleep(payload.get("seconds", 0) / 2)
    return {"file": job.key}


@task("test.fails")
async def fails(payload: dict[str, Any], job: Running) -> None:
    """Fail until the attempt that is told, in the way that is told."""
    _note(job)
    if job.attempt < payload["until"]:
        if payload["how"] == "bug":
            raise ZeroDivisionError("hunter2")
        raise JobFailed("The other side is busy.", final=payload["how"] == "final")


@task("test.waits", deadline=60)
async def waits(payload: dict[str, Any], job: Running) -> None:
    """Take as long as told, and report how far it is."""
    _note(job)
    for step in range(payload["steps"]):
        await asyncio.sleep(0.1)
        if payload.get("reports", True):
            await job.report(step * 100 // payload["steps"])
    _note(job, "ended")


@task("test.late", deadline=0.2)
async def late(payload: dict[str, Any], job: Running) -> None:
    """Take longer than it may."""
    del payload
    _note(job)
    await asyncio.sleep(5)


@task("test.kills", deadline=60)
async def kills(payload: dict[str, Any], job: Running) -> None:
    """Take the worker along."""
    del payload
    _note(job)
    os.abort()


@task("test.ticks", every="* * * * * */2")
async def ticks(payload: dict[str, Any], job: Running) -> None:
    """Be done every other second."""
    del payload
    _note(job)


def main() -> None:
    """Work on the kinds that are named in KINDS."""
    (FOLDER / "effects").mkdir(exist_ok=True)
    (FOLDER / "template").touch()
    current = load()
    logging.config.dictConfig(logs.configuration("INFO", "json"))
    assert current.database_url is not None
    chosen = os.environ["KINDS"].split(",")
    uvloop.run(work(current, current.database_url, [kind for kind in kinds().values() if kind.name in chosen]))


if __name__ == "__main__":
    main()
