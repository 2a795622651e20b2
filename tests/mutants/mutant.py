"""What a mutant is, and the application through which it reaches the tests."""

import asyncio
import gzip
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, TypeGuard
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.contract.document import Node, Operation, contract, operations
from tests.contract.validation import Judge

# No test sends as many requests, unless a mutant keeps it from ever coming to the end of a list.
ENOUGH = 500


@dataclass(frozen=True)
class Asked:
    """A request on its way to the service; `headers` by lower-case name."""

    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The query parameters."""
        return parse_qsl(self.query, keep_blank_values=True)

    def with_parameters(self, parameters: list[tuple[str, str]]) -> "Asked":
        """Return the request with these query parameters."""
        return replace(self, query=urlencode(parameters))

    def without_header(self, name: str) -> "Asked":
        """Return the request without a header."""
        return replace(self, headers={key: value for key, value in self.headers.items() if key != name})

    def with_header(self, name: str, value: str) -> "Asked":
        """Return the request with a header of this value."""
        return replace(self, headers=self.headers | {name: value})

    def with_body(self, body: bytes) -> "Asked":
        """Return the request with another body."""
        return replace(self, body=body, headers=self.headers | {"content-length": str(len(body))})

    @property
    def document(self) -> Any:
        """The JSON that the body is, or None."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None


@dataclass(frozen=True)
class Answer:
    """What the service is about to say; `headers` by lower-case name, the body as it is before it is compressed."""

    operation: Operation
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The JSON that the body is, or None."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    @property
    def schema(self) -> Node:
        """What the contract says of this body; empty where it says nothing."""
        responses = self.operation.responses
        response: Node = responses.get(str(self.status), responses.get("default", {}))
        while "$ref" in response:
            response = contract()["components"]["responses"][response["$ref"].rpartition("/")[2]]
        content: Node = response.get("content", {})
        media_type = self.headers.get("content-type", "").partition(";")[0]
        return content.get(media_type, {}).get("schema", {})

    def with_body(self, body: bytes) -> "Answer":
        """Return the answer with another body."""
        return replace(self, body=body, headers=self.headers | {"content-length": str(len(body))})

    def with_document(self, document: Any) -> "Answer":
        """Return the answer with another JSON document."""
        return self.with_body(orjson.dumps(document))

    def with_header(self, name: str, value: str) -> "Answer":
        """Return the answer with a header of this value."""
        return replace(self, headers=self.headers | {name: value})

    def without_header(self, name: str) -> "Answer":
        """Return the answer without a header."""
        return replace(self, headers={key: value for key, value in self.headers.items() if key != name})


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


Ask = Callable[[Asked], Asked]
Say = Callable[[Asked, Answer], Answer]


def as_asked(asked: Asked) -> Asked:
    """Leave a request as it is."""
    return asked


def as_said(_: Asked, answer: Answer) -> Answer:
    """Leave an answer as it is."""
    return answer


@dataclass(frozen=True)
class Mutant:
    """One disagreement, planted in one operation: `kind` names what is wrong, `place` where.

    `ask` changes the request on its way in, `say` the answer on its way out, `planted` is entered around the tests and
    changes the service itself, `document` is the contract that is held against the service instead of the true one.
    """

    kind: str
    operation: str
    place: str = ""
    ask: Ask = as_asked
    say: Say = as_said
    planted: Callable[[], AbstractContextManager[object]] = nullcontext
    document: Node | None = field(default=None, repr=False)
    # Whether most answers of the operation would show it.
    common: bool = False

    def __str__(self) -> str:
        return " ".join(filter(None, (self.kind, "in", self.operation, self.place)))


class Planted:
    """The service with the mutant of the moment, or with none."""

    mutant: Mutant | None = None
    # Whether the mutant changed anything since it was planted: one that never does proves nothing.
    reached = False
    # How many requests the test of the moment has sent.
    requests = 0
    # The operation that is served right now: what a test does afterwards, such as the work of a job, is not of it.
    serving: ClassVar[ContextVar[str]] = ContextVar("serving", default="")

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._judge = Judge(contract())
        self._operations = {(item.method, item.path): item for item in operations()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, spoilt if it is for the mutant's operation."""
        mutant = Planted.mutant
        operation = self._operation(scope) if mutant and scope["type"] == "http" else None
        if mutant is None or operation is None or operation.name != mutant.operation:
            await self._app(scope, receive, send)
            return
        Planted.requests += 1
        if Planted.requests > ENOUGH:
            raise RuntimeError("The test goes on and on.")
        asked = await _read(scope, receive)
        changed = mutant.ask(asked)
        serving = Planted.serving.set(operation.name)
        try:
            answer = await self._answer(operation, _scope(scope, changed), changed.body)
        finally:
            Planted.serving.reset(serving)
        said = mutant.say(asked, answer)
        if changed != asked or said != answer:
            Planted.reached = True
        if said.headers.get("content-encoding") == "gzip":
            said = said.with_body(gzip.compress(said.body))
        await send({"type": "http.response.start", "status": said.status, "headers": _encoded(said.headers)})
        await send({"type": "http.response.body", "body": said.body})

    def _operation(self, scope: Scope) -> Operation | None:
        path = self._judge.path_of(scope["path"])
        return self._operations.get((scope["method"], path or ""))

    async def _answer(self, operation: Operation, scope: Scope, body: bytes) -> Answer:
        start: Message = {}
        content = b""
        read = False

        async def receive() -> Message:
            nonlocal read
            if read:
                # A stream looks for the end of its client until it has said everything.
                await asyncio.Event().wait()
            read = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def collect(message: Message) -> None:
            nonlocal start, content
            if message["type"] == "http.response.start":
                start = message
            else:
                content += message.get("body", b"")

        await self._app(scope, receive, collect)
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
        if headers.get("content-encoding") == "gzip":
            content = gzip.decompress(content)
            headers["content-length"] = str(len(content))
        return Answer(operation, start["status"], headers, content)


async def _read(scope: Scope, receive: Receive) -> Asked:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Asked(scope["query_string"].decode("latin-1"), headers, body)


def _scope(scope: Scope, asked: Asked) -> Scope:
    return {**scope, "query_string": asked.query.encode("latin-1"), "headers": _encoded(asked.headers)}


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def named(fits: Callable[[Operation], Any]) -> Iterator[Operation]:
    """Yield the operations that fit."""
    return (operation for operation in operations() if fits(operation))
