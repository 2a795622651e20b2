"""Bodies that come piece by piece, as a server hands them over, and how much of them is asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message

from app.contract import BASE_PATH
from tests.factories import Member
from tests.media.samples import form

FILE = 'form-data; name="files"; filename="a.png"'
PIECE = 65_536


@dataclass
class Outcome:
    """The status of the answer, and how many bytes were taken before it."""

    status: int = 0
    taken: int = 0


def _scope(member: Member, content_type: str, path: str) -> dict[str, Any]:
    credentials = member.headers["Authorization"].encode()
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": f"{BASE_PATH}{path}",
        "raw_path": b"",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"content-type", content_type.encode()), (b"authorization", credentials)],
        "client": ("127.0.0.1", 50_000),
        "server": ("localhost", 80),
    }


async def sent(
    app: ASGIApp, member: Member, beginning: bytes, pieces: Iterable[bytes], path: str = "/media"
) -> Outcome:
    """Send a form of one file that begins like this, and goes on with these until they or the patience end."""
    head, headers = form((FILE, beginning), end=False)
    outcome, rest = Outcome(), iter([head.removesuffix(b"\r\n")])
    more = iter(pieces)

    async def receive() -> Message:
        body = next(rest, None) or next(more, None)
        if body is None:
            return {"type": "http.disconnect"}
        outcome.taken += len(body)
        return {"type": "http.request", "body": body, "more_body": True}

    async def send(message: Message) -> None:
        outcome.status = message.get("status", outcome.status)

    await app(_scope(member, headers["Content-Type"], path), receive, send)
    return outcome
