"""Hosts, CORS and compression: what is done in one go is what Starlette's layers do one after the other."""

import asyncio
import gzip
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import around
from app.around import LONGEST, REMEMBERED, Around, Compression
from app.main import layers
from app.settings import Settings
from app.whole import send_whole
from tests.frame.traffic import ANSWERS, JSON, Messages, Pairs, body, requests, start


def application(seen: list[Any], answer: Messages) -> ASGIApp:
    """Return one that gives this answer and fails where that has no end; it notes what it was asked and said."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "http.request"
        seen.append((scope["method"], scope["headers"]))
        for message in deepcopy(answer):
            seen.append(message["type"])
            await send(message)
        if not answer or answer[-1].get("more_body") or answer[-1]["type"] == "http.response.start":
            raise RuntimeError("the answer has no end")

    return app


def answers_in_one_go(answer: Messages) -> bool:
    """Whether an answer is one that operations give: all there, with headers, and with the body it has."""
    return len(answer) == 2 and "headers" in answer[0] and "body" in answer[1] and not answer[1].get("more_body")


def at_once(seen: list[Any], answer: Messages) -> ASGIApp:
    """Return an application that gives this answer in one go."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "http.request"
        seen.append((scope["method"], scope["headers"]))
        begin, end = deepcopy(answer)
        await send_whole(send, begin["status"], begin["headers"], end["body"])

    return app


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


class Pair:
    """An application that changes its answers, in Starlette's layers and in ours, with all that either remembers."""

    def __init__(self, settings: Settings) -> None:
        """Build both."""
        self._theirs: list[Any] = []
        self._asked: list[Any] = []
        parts = layers(settings)
        app = self._answering(self._theirs)
        for part in (parts["compression"], parts["cors"], parts["hosts"]):
            app = part.cls(app, *part.args, **part.kwargs)
        self._starlette, self.ours = app, Around(self._answering(self._asked), **layers(settings))
        self._answer: Messages = []
        self._is_at_once = False

    def _answering(self, seen: list[Any]) -> ASGIApp:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            make = at_once if self._is_at_once else application
            await make(seen, self._answer)(scope, receive, send)

        return app

    async def differ(self, method: str, headers: Pairs, answer: Messages) -> bool:
        """Whether the two ways differ in what is sent, in when it is sent, or in what the application is asked.

        An answer in one go must be the same, whenever its parts are sent.
        """
        self._answer, self._is_at_once = answer, False
        theirs = await self._through(self._starlette, self._theirs, method, headers)
        if theirs != await self._through(self.ours, self._asked, method, headers):
            return True
        if not answers_in_one_go(answer):
            return False
        self._is_at_once = True
        ours = await self._through(self.ours, self._asked, method, headers)
        return ours != [entry for entry in theirs if not isinstance(entry, str)]

    @staticmethod
    async def _through(app: ASGIApp, seen: list[Any], method: str, headers: Pairs) -> list[Any]:
        seen.clear()

        async def send(message: Message) -> None:
            # The order of headers means nothing.
            seen.append({"more_body": False, **message, "headers": sorted(message.get("headers", ()))})

        scope: Scope = {"type": "http", "method": method, "path": "/", "query_string": b"", "headers": [*headers]}
        try:
            await app(scope, receive, send)
        except RuntimeError as failure:
            seen.append(str(failure))
        return deepcopy(seen)


async def difference(settings: Settings, spoil: Callable[[Around], None] | None = None) -> object:
    """Return the first request that the two ways serve differently, after ours has been spoilt; None for none."""
    pair = Pair(settings)
    if spoil is not None:
        spoil(pair.ours)
    for request in requests():
        if await pair.differ(*request):
            return request
    return None


class Everything(set[bytes | None]):
    """Has whatever it is asked for."""

    def __contains__(self, item: object) -> bool:
        return True


def last(scope: Scope, wanted: bytes) -> bytes | None:
    return next((value for name, value in reversed(scope["headers"]) if name == wanted), None)


def mute(start: Message, value: bytes) -> Message:
    del value
    return start


def forgetful(start: Message, value: bytes) -> Message:
    return {**start, "headers": [*(pair for pair in start.get("headers", ()) if pair[0] != b"vary"), (b"vary", value)]}


def silent(headers: Pairs, value: bytes) -> None:
    del headers, value


def answering(verdict: bool) -> Callable[..., Any]:  # noqa: FBT001 - It is all that there is to say.
    async def leaves(*_: object) -> bool:
        return verdict

    return leaves


# Where a fault is planted, and with what; None is the object itself.
FAULTS: dict[str, tuple[Any, str, Any]] = {
    "every host is good": (None, "good", Everything()),
    "the last of several headers counts": (around, "_first", last),
    "nothing is said of pages": (around, "_varied", mute),
    "what was said before is lost": (around, "_varied", forgetful),
    "nothing is said of pages in one go": (around, "_vary", silent),
    "every type may be compressed": (Compression, "leaves", answering(verdict=False)),
    "no type may be compressed": (Compression, "leaves", answering(verdict=True)),
    "a part of a file is compressed": (around, "_PARTIAL", 0),
}


class TestOneGo:
    @pytest.mark.parametrize(
        "values",
        [
            {},
            {"allowed_hosts": "localhost,*.example.org", "backend_cors_origins": ""},
            {"allowed_hosts": "*", "backend_cors_origins": "https://evil.example"},
        ],
    )
    async def test_does_what_the_layers_do(self, values: dict[str, str]) -> None:
        assert await difference(Settings.model_validate(values)) is None

    @pytest.mark.parametrize("fault", FAULTS)
    async def test_every_fault_shows(self, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
        place, name, value = FAULTS[fault]
        if place is not None:
            monkeypatch.setattr(place, name, value)
        assert await difference(Settings(), None if place else lambda ours: setattr(ours, name, value)) is not None

    @pytest.mark.parametrize(("size", "wrong"), [(1023, 1), (1024, 0), (1025, 1)])
    async def test_knows_the_size_to_the_byte(self, size: int, wrong: int) -> None:
        pair = Pair(Settings())
        pair.ours.compression.minimum_size = size
        asked = [(b"host", b"localhost")]
        found = [await pair.differ("GET", asked, ANSWERS[f"{length} bytes"]) for length in (1023, 1024)]
        assert sum(found) == wrong

    async def test_keeps_answers_apart(self) -> None:
        """Many at once, each compressed while it is streamed."""

        async def app(scope: Scope, _: Receive, send: Send) -> None:
            await send(start(content_type=JSON))
            for _number in range(50):
                await asyncio.sleep(0)
                await send({"type": "http.response.body", "body": scope["path"].encode() * 100, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

        one = Around(app, **layers(Settings()))
        headers = [(b"host", b"localhost"), (b"accept-encoding", b"gzip")]

        async def ask(path: str) -> bytes:
            parts: list[bytes] = []

            async def send(message: Message) -> None:
                parts.append(message.get("body", b""))

            await one({"type": "http", "method": "GET", "path": path, "headers": headers}, receive, send)
            return gzip.decompress(b"".join(parts))

        paths = [f"/{number}/" for number in range(20)]
        assert await asyncio.gather(*map(ask, paths)) == [path.encode() * 5_000 for path in paths]

    async def test_passes_on_what_is_no_request(self) -> None:
        found: list[str] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            del receive, send
            found.append(scope["type"])

        await Around(app, **layers(Settings()))({"type": "lifespan"}, receive, never)
        assert found == ["lifespan"]


async def never(message: Message) -> None:
    raise AssertionError(message)


class TestWhole:
    """What is sent in one go is handed on in one go where nothing has to be done to it, and only there."""

    @pytest.mark.parametrize(
        ("size", "asked", "expected"),
        [
            (10, [], "whole"),
            (10, [(b"accept-encoding", b"gzip")], "whole"),
            (2_000, [], "whole"),
            (2_000, [(b"accept-encoding", b"gzip")], "two"),
            (10, [(b"origin", b"http://localhost:3000")], "two"),
        ],
    )
    async def test_is_handed_on_in_one_go(self, size: int, asked: Pairs, expected: str) -> None:
        ways: list[str] = []

        class Taker:
            """Takes both."""

            async def __call__(self, message: Message) -> None:
                if message["type"] == "http.response.start":
                    ways.append("two")

            async def whole(self, status: int, headers: Pairs, body: bytes) -> None:
                assert (status, len(body)) == (200, size)
                assert (b"content-type", JSON.encode()) in headers
                ways.append("whole")

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            del scope, receive
            await send_whole(send, 200, [(b"content-type", JSON.encode())], b"x" * size)

        one = Around(app, **layers(Settings()))
        for _ in range(2):
            # What the first request tells of the host and of the media type is known for the second one.
            await one({"type": "http", "method": "GET", "headers": [(b"host", b"localhost"), *asked]}, receive, Taker())
        assert ways[-1] == expected


class TestMemory:
    async def test_is_bounded_whatever_clients_make_up(self) -> None:
        pair = Pair(Settings.model_validate({"allowed_hosts": "*.example.org"}))
        for number in range(2 * REMEMBERED + 10):
            answer = [start(content_type=f"application/x-{number}"), body(5)]
            assert not await pair.differ("GET", [(b"host", b"%d.example.org" % number)], answer)
        assert 0 < len(pair.ours.good) <= REMEMBERED
        assert 0 < len(pair.ours.compression.untouched) <= REMEMBERED

    async def test_holds_no_long_hosts(self) -> None:
        pair = Pair(Settings.model_validate({"allowed_hosts": "*.example.org"}))
        for host in (b"a" * LONGEST + b".example.org", b"a.example.org"):
            assert not await pair.differ("GET", [(b"host", host)], ANSWERS["0 bytes"])
        assert pair.ours.good == {b"a.example.org"}
