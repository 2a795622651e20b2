"""The service as `make run` starts it, with a recorder around it: for clients that are not ours to instrument.

`COVERAGE_RECORD=build/coverage/client-test.json python -m scripts.coverage.serve` leaves its record when it ends. It
serves with one worker; the service itself knows nothing of it.
"""

import gzip
import os
import sys
from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

import app.__main__ as service
from scripts.coverage.exchange import Exchange, Pairs, header, pairs
from scripts.coverage.record import VARIABLE, Record, of_process


def _pairs(headers: list[tuple[bytes, bytes]]) -> Pairs:
    return pairs((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


class Recording:
    """An ASGI application that notes what passes between another one and its clients."""

    def __init__(self, app: ASGIApp, record: Record) -> None:
        self._app = app
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        came: list[Message] = []
        went: list[Message] = []
        await self._app(scope, partial(_listen, receive, came), partial(_repeat, send, went))
        self._record.note(_exchange(scope, came, went))


async def _listen(receive: Receive, came: list[Message]) -> Message:
    message = await receive()
    came.append(message)
    return message


async def _repeat(send: Send, went: list[Message], message: Message) -> None:
    went.append(message)
    await send(message)


def _exchange(scope: Scope, came: list[Message], went: list[Message]) -> Exchange:
    headers = _pairs(next(message for message in went if "status" in message)["headers"])
    body = b"".join(message.get("body", b"") for message in went)
    if body and header(headers, "content-encoding") == "gzip":
        body = gzip.decompress(body)
    query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
    return Exchange(
        scope["method"],
        scope["raw_path"].decode("latin-1") + query,
        _pairs(scope["headers"]),
        b"".join(message.get("body", b"") for message in came),
        next(message["status"] for message in went if "status" in message),
        headers,
        body,
    )


def main() -> None:
    """Run the service. Exits with a line when nobody says where the record goes."""
    record = of_process()
    if record is None:
        sys.exit(f"{VARIABLE}: name the file that the record goes to, for example build/coverage/client-test.json")
    os.environ["WORKERS"] = "1"
    create = service.create_worker
    service.create_worker = lambda: Recording(create(), record)
    service.main()


if __name__ == "__main__":
    main()
