"""Raw ASGI that answers constant bytes: what the HTTP server and the loop take, and nothing else.

At the path of posts it answers the page that stands in the file PUBLIC_PAGE, elsewhere the empty page.
"""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson

from scripts.bench.empty import PAGE

POSTS = "/api/v1/posts"
# The environment variable that names the file.
VARIABLE = "PUBLIC_PAGE"
EMPTY = orjson.dumps(PAGE)
PUBLIC = Path(os.environ[VARIABLE]).read_bytes() if VARIABLE in os.environ else EMPTY
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


def messages(body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an answer as ASGI sends it."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    start = {"type": "http.response.start", "status": 200, "headers": headers}
    return start, {"type": "http.response.body", "body": body}


ANSWERS = {POSTS: messages(PUBLIC)}
OTHERS = messages(EMPTY)


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    start, body = ANSWERS.get(scope["path"], OTHERS)
    await send(start)
    await send(body)
