"""A worker that does the jobs of media within the test's own process."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from app.jobs.registry import Running
from app.media import tasks
from app.sql import Connection

_TASKS = {
    "media.make_thumbnails": tasks.make_thumbnails,
    "media.make_variant": tasks.make_variant,
    "media.sweep": tasks.sweep,
}


async def _report(
    progress: int, result: Mapping[str, Any] | None = None, connection: Connection | None = None, /
) -> None:
    del progress, result, connection


async def work(connection: Connection, kind: str) -> list[dict[str, Any]]:
    """Do every job of a kind that waits, and return the results."""
    rows = await connection.fetch("SELECT id, payload FROM jobs WHERE kind = $1 AND status = 'queued'", kind)
    results: list[dict[str, Any]] = []
    for row in rows:
        job = Running(UUID(str(row["id"])), "key", 1, None, _report)
        results.append(dict(await _TASKS[kind](orjson.loads(row["payload"]), job) or {}))
        await connection.execute("UPDATE jobs SET status = 'succeeded', finished_at = now() WHERE id = $1", row["id"])
    return results
