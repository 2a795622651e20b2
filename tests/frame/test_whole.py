"""Answers in one go: they are what the two messages of ASGI would be, and leave nothing behind."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.current import current
from app.frame import Frame
from app.main import create_app
from app.whole import Header, Usual, send_whole

SCOPE: Scope = {
    "type": "http",
    "method": "GET",
    "path": "/api/v1/nowhere",
    "raw_path": b"/api/v1/nowhere",
    "query_string": b"",
    "headers": [(b"host", b"localhost"), (b"x-request-id", b"one")],
    "client": ("127.0.0.1", 50_000),
}
# Of time, which nobody says twice alike.
TIMED = b"server-timing"


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


class Writer:
    """A `send` that can write whole answers, as the server's can."""

    def __init__(self, *, can: bool) -> None:
        """With `can` false it is one that leaves them all to the messages."""
        self._can = can
        self.start: dict[str, Any] = {}
        self.wrote: bytes | None = None

    async def __call__(self, message: Message) -> None:
        """Take a message."""
        self.start |= message

    def write(self, status: int, headers: list[Header], usual: Usual, body: bytes) -> bool:
        """Take a whole answer."""
        if self._can:
            assert usual.encoded == b"".join(b"%s: %s\r\n" % header for header in usual.headers)
            self.start = {"status": status, "headers": headers + usual.headers, "body": body}
            self.wrote = body
        return self._can

    def headers(self) -> list[Header]:
        """Return what was sent, in no order."""
        return sorted(header for header in self.start["headers"] if header[0] != TIMED)


def answering(own: list[Header], *, in_two: bool, **state: Any) -> ASGIApp:
    """Return an application that answers with these headers, in one go or in two messages."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        for name, value in state.items():
            setattr(current(), name, value)
        if in_two:
            await send({"type": "http.response.start", "status": 200, "headers": [*own]})
            await send({"type": "http.response.body", "body": b"woven"})
        else:
            await send_whole(send, 200, [*own], b"woven")

    return app


@pytest.mark.parametrize("https_only", [False, True])
@pytest.mark.parametrize(
    ("own", "state"),
    [
        ([], {}),
        ([(b"etag", b'"1"'), (b"content-security-policy", b"default-src 'self'")], {}),
        ([], {"is_embeddable": True}),
        ([], {"cache_control": b"public, max-age=60"}),
        ([], {"notices": ((b"deprecation", b"@1"),), "quota": ((b"ratelimit", b"a"), (b"ratelimit-policy", b"b"))}),
    ],
)
async def test_has_the_headers_that_the_messages_have(
    own: list[Header], state: dict[str, Any], *, https_only: bool
) -> None:
    sent: list[Writer] = []
    for in_two, can in ((True, False), (False, False), (False, True)):
        writer = Writer(can=can)
        await Frame(answering(own, in_two=in_two, **state), https_only=https_only)(SCOPE, receive, writer)
        assert (writer.start["status"], writer.start["body"]) == (200, b"woven")
        assert (writer.wrote is None) == (not can)
        sent.append(writer)
    messages, *others = (writer.headers() for writer in sent)
    assert [*others] == [messages, messages]
    assert {(b"x-request-id", b"one"), *own} <= set(messages)


@pytest.fixture
def collector() -> Iterator[None]:
    """Let nothing be collected while the test runs."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def leftovers(app: ASGIApp, times: int = 20) -> int:
    """Return how many objects requests leave to the collector, after those of the first ones."""
    for number in (1, times):
        gc.collect()
        for _ in range(number):
            await app(SCOPE, receive, Writer(can=True))
    return gc.collect()


class TestGarbage:
    """A request that is over is gone: whatever waits for the collector costs each of the others its share."""

    pytestmark = pytest.mark.usefixtures("collector")

    async def test_an_answer_in_one_go_leaves_nothing(self) -> None:
        assert await leftovers(Frame(answering([], in_two=False))) == 0

    async def test_messages_leave_nothing(self) -> None:
        assert await leftovers(Frame(answering([], in_two=True))) == 0

    async def test_the_service_leaves_nothing(self) -> None:
        assert await leftovers(create_app()) == 0

    async def test_what_refers_to_itself_shows(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            async def again(message: Message) -> None:
                await (send if message["type"] else again)(message)

            await answering([], in_two=True)(scope, receive, again)

        assert await leftovers(Frame(app)) >= 20
