"""Requests as plans get them, without a client or a server."""

from collections.abc import Mapping
from typing import Any

from starlette.types import Message, Receive, Scope

from app.runtime.arrived import Arrived


def receiving(body: bytes) -> Receive:
    """Return a `receive` that gives this body."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def arrived(
    path: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    cookies: Mapping[str, str] | None = None,
    document: Any = None,
) -> Arrived:
    """Return a request that brings this."""
    raw = {name.lower().encode(): value.encode("latin-1") for name, value in (headers or {}).items()}
    scope: Scope = {"type": "http", "headers": list(raw.items())}
    return Arrived(path or {}, query or {}, raw, cookies or {}, scope, receiving(b""), document)
