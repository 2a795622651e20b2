"""Faults to plant around the service, to see the gates of the contract turn red."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.main import create_app

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """What the service is about to say."""

    status: int
    headers: dict[str, str]
    body: bytes = b""

    def with_members(self, **members: Any) -> "Answer":
        """Return the answer with other members in its JSON; None takes a member away."""
        document = orjson.loads(self.body) | members
        body = orjson.dumps({name: value for name, value in document.items() if value is not None})
        return replace(self, body=body, headers=self.headers | {"content-length": str(len(body))})

    def with_headers(self, **headers: str | None) -> "Answer":
        """Return the answer with other headers; None takes a header away, underscores stand for hyphens."""
        changed = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={name: value for name, value in changed.items() if value is not None})


Fault = Callable[[Answer], Answer]
OPEN_ME = orjson.dumps(
    {
        "id": "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11",
        "username": "ada_l",
        "email": "ada@example.org",
        "full_name": None,
        "bio": None,
        "website": None,
        "phone": None,
        "avatar_url": None,
        "role": "user",
        "is_active": True,
        "email_verified": False,
        "post_count": 0,
        "version": 1,
        "created_at": "2026-11-20T09:30:00Z",
        "updated_at": "2026-11-20T09:30:00Z",
    }
)


def _unprotected(answer: Answer) -> Answer:
    """Answer whoever asks, as if the handler had forgotten to ask who they are."""
    if answer.status != 401:
        return answer
    headers = {"content-type": JSON, "etag": '"1-00000000"', "cache-control": "private, no-store"}
    kept = {name: answer.headers[name] for name in ("x-request-id", "server-timing", "ratelimit-policy", "ratelimit")}
    return Answer(200, kept | headers | {"content-length": str(len(OPEN_ME))}, OPEN_ME)


FAULTS: dict[str, Fault] = {
    "none": lambda answer: answer,
    "a missing member": lambda answer: answer.with_members(page=None),
    "an undeclared member": lambda answer: answer.with_members(secret="plans"),
    "an undeclared status": lambda answer: replace(answer, status=206),
    "a dropped header": lambda answer: answer.with_headers(server_timing=None),
    "a malformed header": lambda answer: answer.with_headers(x_request_id="an id, or two"),
    "an undeclared header": lambda answer: answer.with_headers(location="/elsewhere"),
    "a wrong media type": lambda answer: answer.with_headers(content_type="text/html"),
    "a body that is no JSON": lambda answer: replace(answer, body=answer.body.replace(b"0", b"NaN")),
    "an unprotected operation": _unprotected,
}


@dataclass
class Faulty:
    """An ASGI application that lets the answers of another one go wrong on paths that match."""

    app: ASGIApp
    fault: Fault
    path: str = ".*"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not re.fullmatch(self.path, scope["path"]):
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def collect(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
            else:
                body += message.get("body", b"")

        await self.app(scope, receive, collect)
        headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        answer = self.fault(Answer(start["status"], headers, body))
        encoded = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
        await send({"type": "http.response.body", "body": answer.body})


def create_faulty_app() -> ASGIApp:
    """Return the service with the fault that the environment names; for uvicorn."""
    return Faulty(create_app(), FAULTS[os.environ["PLANTED_FAULT"]], os.environ["PLANTED_PATH"])
