"""Answers that are there as a whole, sent in one go.

ASGI has two messages for any answer, its start and its body, and each layer that an answer passes takes both apart and
writes them anew. What an operation answers is there as a whole, so the layers of this service hand it on in one call
where the next one takes it, and as the two messages where it does not (docs/decisions/0040-answers-in-one-go.md).
"""

from collections.abc import Awaitable, Sequence
from typing import Any, Protocol

from starlette.types import Message, Send

Header = tuple[bytes, bytes]


class Whole(Protocol):
    """A `send` that takes an answer in one go as well."""

    async def __call__(self, message: Message, /) -> None: ...

    def whole(self, status: int, headers: list[Header], body: bytes, /) -> Awaitable[None]:
        """Send an answer, whose headers are then the taker's, and can be sent as they are."""
        ...


class Usual:
    """Headers that many answers have, encoded once."""

    __slots__ = ("encoded", "headers")

    def __init__(self, headers: Sequence[Header]) -> None:
        self.headers = [*headers]
        self.encoded = b"".join(b"%s: %s\r\n" % header for header in headers)


def send_whole(send: Send, status: int, headers: list[Header], body: bytes) -> Awaitable[None]:
    """Send an answer in one go if that can be."""
    whole: Any = getattr(send, "whole", None)
    return in_two(send, status, headers, body) if whole is None else whole(status, headers, body)


async def in_two(send: Send, status: int, headers: list[Header], body: bytes) -> None:
    """Send an answer as ASGI has it."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
