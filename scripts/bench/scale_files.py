"""How fast posts leave a large publication and come into it as files, and what memory that takes."""

import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from generated.models import ImportMode
from scripts.bench import data
from scripts.bench.load import LoadFailed
from scripts.bench.scale_data import texts
from scripts.bench.servers import Server

API = "/api/v1"
# Of a million posts this many say how fast an export is; an import may have as many lines.
EXPORTED, IMPORTED = 200_000, 100_000
PIECE = 1 << 20
IMPORT_TIMEOUT, POLL = 300.0, 0.5
NDJSON = "application/x-ndjson"


@dataclass(slots=True)
class Files:
    """Posts a second, and the most memory that was taken meanwhile in MB: by the service, and by the worker."""

    exported: float = 0.0
    exporting: float = 0.0
    imported: dict[str, float] = field(default_factory=dict[str, float])
    importing: float = 0.0
    # What the service takes when all is over.
    afterwards: float = 0.0


def _export(server: Server, files: Files) -> None:
    """Read so many posts of an export, and watch what the service's memory comes to."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    begin, read = perf_counter(), 0
    connection.request("GET", f"{API}/posts/export", headers={"Accept": NDJSON})
    answer = connection.getresponse()
    while read < EXPORTED and (piece := answer.read1(PIECE)):
        read += piece.count(b"\n")
        files.exporting = max(files.exporting, server.resident())
    files.exported = read / (perf_counter() - begin)
    connection.close()


def lines(mode: str, number: int) -> Iterator[bytes]:
    """Yield so many posts as an older journal would send them, some at a time."""
    written = texts()
    tags = data.TAGS
    for start in range(0, number, 1_000):
        posts: list[dict[str, Any]] = [
            {
                "external_id": f"{mode}:{place}",
                "title": f"{written[place % len(written)][:40].strip().capitalize()} {len(mode)}.{place}",
                "content": written[place % len(written)],
                "tags": [tags[place % len(tags)], tags[(place + 1) % len(tags)]],
                "published_at": "2025-01-01T00:00:00Z",
            }
            for place in range(start, min(number, start + 1_000))
        ]
        yield b"".join(json.dumps(post).encode() + b"\n" for post in posts)


def _asked(connection: http.client.HTTPConnection, status: HTTPStatus, *request: Any, **more: Any) -> dict[str, Any]:
    """Send a request, and return its answer. Raises LoadFailed when it is another than wanted."""
    connection.request(*request, **more)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != status:
        raise LoadFailed(f"{request[1]} answered {answer.status}: {body.decode()[:500]}")
    document: dict[str, Any] = json.loads(body)
    return document


def _import(server: Server, files: Files, mode: str) -> None:
    """Send a file, wait for its job, and take the time that this says it took."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    form = urlencode({"username": "member_1", "password": data.PASSWORD})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    token = _asked(connection, HTTPStatus.OK, "POST", f"{API}/auth/login", body=form, headers=kind)["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    streamed = headers | {"Content-Type": NDJSON, "Transfer-Encoding": "chunked"}
    target, body = f"{API}/posts/import?mode={mode}", lines(mode, IMPORTED)
    job = _asked(connection, HTTPStatus.ACCEPTED, "POST", target, body=body, headers=streamed, encode_chunked=True)
    path, limit = f"{API}/jobs/{job['id']}", time.monotonic() + IMPORT_TIMEOUT
    workers = server.process.children(recursive=True)
    while job["status"] in ("queued", "running"):
        if time.monotonic() > limit:
            raise LoadFailed(f"the import by {mode} did not end in {IMPORT_TIMEOUT:g} s: {job}")
        time.sleep(POLL)
        files.importing = max(files.importing, *(worker.memory_info().rss / 1e6 for worker in workers))
        job = _asked(connection, HTTPStatus.OK, "GET", path, headers=headers)
    connection.close()
    if job["status"] != "succeeded" or job["result"]["imported"] != IMPORTED:
        raise LoadFailed(f"the import by {mode} ended otherwise: {job}")
    started, finished = (datetime.fromisoformat(job[name]) for name in ("started_at", "finished_at"))
    files.imported[mode] = IMPORTED / (finished - started).total_seconds()


def measure(server: Server) -> Files:
    """Export first: what is imported makes the publication another one."""
    files = Files()
    _export(server, files)
    for mode in (mode.value for mode in ImportMode):
        _import(server, files, mode)
    files.afterwards = server.resident()
    return files
