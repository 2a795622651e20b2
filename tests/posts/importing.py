"""Files of posts, and a worker that imports them within the test's own process."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from httpx2 import AsyncClient, Response

from app.jobs.registry import Running
from app.posts import tasks
from app.sql import Connection

LINES = "application/x-ndjson"
TEXT = "It weaves algebraical patterns."


def line(title: str = "The engine weaves", **members: Any) -> bytes:
    """Return a line that is right, but for what is given."""
    return json.dumps({"title": title, "content": TEXT} | members).encode() + b"\n"


async def send(client: AsyncClient, content: Any, headers: Mapping[str, str] | None = None, **query: Any) -> Response:
    """Send a file."""
    sent = {"Content-Type": LINES} | dict(headers or {})
    return await client.post("/posts/import", content=content, params=query, headers=sent)


class Cancelled(Exception):
    """What a worker does to a task whose job was cancelled."""


async def work(connection: Connection, answer: Response, *, cut_after: int | None = None) -> dict[str, Any]:
    """Do the job as a worker would, and return its result; with `cut_after` it is cancelled at that report."""
    job_id = UUID(answer.json()["id"])
    payload: str = await connection.fetchval("SELECT payload FROM jobs WHERE id = $1", job_id)
    reports = 0

    async def report(progress: int, result: Mapping[str, Any] | None = None, within: Connection | None = None) -> None:
        nonlocal reports
        del result, within
        reports += 1
        assert 0 <= progress <= 99
        if reports == cut_after:
            raise Cancelled

    result = await tasks.import_posts(orjson.loads(payload), Running(job_id, "key", 1, None, report))
    assert result is not None
    return dict(result)


async def imported(client: AsyncClient, connection: Connection, content: Any, **query: Any) -> dict[str, Any]:
    """Send a file, do its job, and return the report."""
    answer = await send(client, content, **query)
    assert answer.status_code == 202, answer.text
    return await work(connection, answer)


def counts(report: dict[str, Any]) -> tuple[int, int, int, int]:
    """Return how many lines there were, and what came of them."""
    return report["lines"], report["imported"], report["unchanged"], report["refused"]


def codes(report: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Return where something is wrong, and what."""
    return [(bad["line"], error["pointer"], error["code"]) for bad in report["errors"] for error in bad["errors"]]


async def titles(connection: Connection) -> list[str]:
    """Return the titles of all posts, in the order in which they were made."""
    return [row["title"] for row in await connection.fetch("SELECT title FROM posts ORDER BY id")]
