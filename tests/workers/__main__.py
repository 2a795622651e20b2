"""`make jobs-test`: 1,000 jobs, of which no kill of a worker loses one, delays one for long or does one twice.

Two workers do jobs that each do something outside, and 20 times one of them is killed (-9) in the midst of it, at
random. Exits with 1 and what went wrong, else with 0 and the figures. SEED repeats the order of the kills.
"""

import asyncio
import os
import random
import sys
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg

from app.jobs import service
from app.migrations import upgrade
from scripts.databases import throwaway_server
from tests.workers.process import Noted, Worker, launch, noted

JOBS, KILLS, WORKERS = 1_000, 20, 2
# A worker does ten jobs at once; so long, 1,000 jobs outlive the kills.
JOB_SECONDS = 0.6
# The promise is a minute; it is kept with room to spare.
STUCK_SECONDS = 60
PATIENCE_SECONDS = 300


async def enqueue_all(connection: Any) -> set[str]:
    """Queue the jobs; return their keys."""
    payload = {"text": "x", "seconds": JOB_SECONDS}
    async with connection.transaction():
        return {str(await service.enqueue(connection, "test.effect", payload)) for _ in range(JOBS)}


async def kill_at_random(lots: random.Random, dsn: str, folder: Path) -> tuple[list[Worker], int]:
    """Kill workers in the midst of jobs, and put others in their place. Return who lives, and how often it hit jobs."""
    workers = [launch(dsn, folder, "test.effect") for _ in range(WORKERS)]
    hits = 0
    for _ in range(KILLS):
        chosen = lots.randrange(WORKERS)
        await begun(folder)
        await asyncio.sleep(lots.uniform(0, 2 * JOB_SECONDS))
        before = len(noted(folder))
        workers[chosen].process.kill()
        workers[chosen].process.wait()
        hits += before < JOBS
        workers[chosen] = launch(dsn, folder, "test.effect")
    return workers, hits


async def begun(folder: Path) -> None:
    """Wait until another attempt has begun, whoever makes it."""
    known = len(noted(folder))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(noted(folder)) == known:  # noqa: ASYNC110 - Other processes can only be looked at.
            await asyncio.sleep(0.02)


async def all_done(connection: Any) -> float:
    """Wait until every job has come to an end; return the seconds."""
    started = time.monotonic()
    while await connection.fetchval("SELECT count(*) FROM jobs WHERE finished_at IS NULL"):
        if time.monotonic() - started > PATIENCE_SECONDS:
            break
        await asyncio.sleep(0.1)
    return time.monotonic() - started


def longest_wait(lines: list[Noted]) -> float:
    """Return how long a job waited at most for its next attempt, after a kill had ended the last one."""
    attempts: dict[str, list[float]] = defaultdict(list)
    for line in lines:
        attempts[line.key].append(line.at)
    waits = [later - earlier for times in attempts.values() for earlier, later in pairwise(times)]
    return max(waits, default=0.0)


async def prove(dsn: str, folder: Path, seed: int) -> list[str]:
    """Return what went wrong."""
    connection: Any = await asyncpg.connect(dsn)
    keys = await enqueue_all(connection)
    started = time.monotonic()
    workers, hits = await kill_at_random(random.Random(seed), dsn, folder)  # noqa: S311 - It is to be repeated.
    last = await all_done(connection)
    exits = [await asyncio.to_thread(worker.stop) for worker in workers]
    statuses = dict(await connection.fetch("SELECT status, count(*) FROM jobs GROUP BY status"))
    left = await connection.fetchval("SELECT count(*) FROM queue.pgqueuer")
    await connection.close()
    effects = {path.name for path in (folder / "effects").iterdir()}
    lines = noted(folder)
    print(
        f"jobs: {JOBS} jobs, {hits} workers killed among them (seed {seed}), {len(lines)} attempts, "
        f"{len(effects)} effects, longest wait for another worker {longest_wait(lines):.1f} s, "
        f"the last job {last:.1f} s after the last kill; {time.monotonic() - started:.0f} s"
    )
    checks = {
        f"the jobs ended as {statuses}": statuses == {"succeeded": JOBS},
        f"{left} messages are left": left == 0,
        f"{len(keys - effects)} effects are missing": keys <= effects,
        f"{len(effects - keys)} effects happened under another key": effects <= keys,
        "no job was begun twice, so no kill hit one": len(lines) > JOBS,
        f"only {hits} of {KILLS} kills came before the jobs were begun": hits == KILLS,
        "a job was stuck": max(longest_wait(lines), last) < STUCK_SECONDS,
        f"the workers ended with {exits}": all(status == 0 for status, _ in exits),
    }
    return [message for message, fine in checks.items() if not fine]


def main() -> None:
    """Prove it, on a database of its own."""
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(10_000))
    with throwaway_server() as dsn, TemporaryDirectory(prefix="galley-jobs-") as name:
        upgrade(dsn)
        wrong = asyncio.run(prove(dsn, Path(name), seed))
        if wrong:
            sys.exit("\n".join([*wrong, *(Path(name) / "log").read_text().splitlines()[-20:]]))


if __name__ == "__main__":
    main()
