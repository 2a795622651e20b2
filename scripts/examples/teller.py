"""What a story is told with: callers who send requests by operationId, and what is kept of each exchange."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self
from urllib.parse import quote, urlencode

import httpx2

from app.contract import BASE_PATH, METHODS, bundle, resolve
from app.naming import is_json
from scripts.demo_data import PASSWORD

FORM = "application/x-www-form-urlencoded"
JSON, PROBLEM = "application/json", "application/problem+json"
FIRST_FAILURE = 400
# Types of answers that are no texts.
FILES = ("image/", "video/", "application/pdf", "application/msword", "multipart/")
# What the contract declares and the sandbox cannot repeat; it wants to stay short.
VOLATILE = {
    "server-timing": "It is measured.",
    "ratelimit": "It is what others have left, and how long ago they asked.",
    "retry-after": "It counts down.",
}


class StoryError(Exception):
    """A story cannot be told as it is written; the message names operation and case."""


@cache
def _places() -> dict[str, tuple[str, str]]:
    paths: dict[str, dict[str, Any]] = bundle()["paths"]
    return {
        item[method]["operationId"]: (method, path)
        for path, item in paths.items()
        for method in filter(METHODS.__contains__, item)
    }


def place_of(operation: str) -> tuple[str, str]:
    """Return method and path template of an operation. Raises StoryError when the contract does not have it."""
    if operation not in _places():
        raise StoryError(f"{operation} is no operation of the contract: take its examples out of scripts/examples.")
    return _places()[operation]


def operation_ids() -> list[str]:
    """Return every operationId, in the order of the contract."""
    return list(_places())


def declared(operation: str) -> dict[str, Any]:
    """Return an operation as the contract has it."""
    method, path = place_of(operation)
    return bundle()["paths"][path][method]


@dataclass(frozen=True)
class Exchange:
    """A request and its answer; `username` is who sent it, if anybody was logged in.

    `shown` says that its bodies are examples in the contract, and not only part of the record.
    """

    operation: str
    case: str
    summary: str
    username: str | None
    response: httpx2.Response
    sent: Any
    shown: bool

    @property
    def failed(self) -> bool:
        """Whether the answer is a problem."""
        return self.response.status_code >= FIRST_FAILURE

    @property
    def answered(self) -> Any:
        """The body of the answer, parsed where it is one JSON document, or None."""
        if not self.response.content:
            return None
        kind = self.response.headers["Content-Type"].partition(";")[0]
        if is_json(kind):
            return self.response.json()
        return counted(self.response.content) if kind.startswith(FILES) else self.response.text

    @property
    def answer_headers(self) -> dict[str, str]:
        """The headers that the contract declares for this answer, and its media type."""
        responses = declared(self.operation)["responses"]
        response = resolve(responses.get(str(self.response.status_code)) or responses["default"])
        names = ["Content-Type", *(name for name in response.get("headers", {}) if name.lower() not in VOLATILE)]
        return {name: self.response.headers[name] for name in sorted(names) if name in self.response.headers}


@dataclass
class Teller:
    """Tells stories to a sandbox, and keeps what it hears."""

    address: str
    exchanges: list[Exchange] = field(default_factory=list[Exchange])

    def __enter__(self) -> Self:
        self.client = httpx2.Client(base_url=self.address + BASE_PATH, timeout=30)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def reset(self) -> None:
        """Begin at the seed."""
        self.client.post(f"{self.address}/sandbox/reset").raise_for_status()

    def token_mailed_to(self, address: str) -> str:
        """Return the token of the newest link that was mailed there. Raises StoryError when there is none."""
        mails = self.client.post(f"{self.address}/sandbox/mails").raise_for_status().json()["items"]
        tokens = [re.findall(r"#token=(\S+)", mail["text"]) for mail in mails if address in mail["to"]]
        if not (found := [token for tokens_of_one in tokens for token in tokens_of_one]):
            raise StoryError(f"No link was mailed to {address}.")
        return found[-1]

    def anybody(self) -> "Caller":
        """Return somebody who is not logged in."""
        return Caller(self, None, {})

    def make_pictures(self) -> None:
        """Let thumbnails and variants be made of what was uploaded."""
        self.client.post(f"{self.address}/sandbox/pictures").raise_for_status()

    def member(self, username: str) -> "Caller":
        """Return a member who has just logged in."""
        form = {"username": username, "password": PASSWORD}
        token = self.anybody().does("logIn", body=form).json()["access_token"]
        return Caller(self, username, {"Authorization": f"Bearer {token}"})


@dataclass(frozen=True)
class Caller:
    """Somebody who sends requests. The keyword arguments of a request are those of `asks`."""

    teller: Teller
    username: str | None
    credentials: Mapping[str, str]

    def tells(
        self, operation: str, case: str, summary: str, *, status: int = 0, shown: bool = True, **request: Any
    ) -> httpx2.Response:
        """Send a request and keep it as an example. The case of a failure begins with the problem's code.

        A failure is an example where its case is the code itself: one problem, one example. A success has the first
        status of the contract unless `status` names another. Raises StoryError.
        """
        response = self.asks(operation, **request)
        exchange = Exchange(operation, case, summary, self.username, response, _said(request), shown)
        expected = status or min(int(number) for number in declared(operation)["responses"] if number.isdigit())
        as_told = case.startswith(response.json()["code"]) if exchange.failed else response.status_code == expected
        if not as_told:
            raise StoryError(f"{operation}.{case} was answered with {response.status_code}: {response.text}")
        if any((item.operation, item.case) == (operation, case) for item in self.teller.exchanges):
            raise StoryError(f"{operation}.{case} is told twice: name one of them differently.")
        self.teller.exchanges.append(exchange)
        return response

    def does(self, operation: str, **request: Any) -> httpx2.Response:
        """Send a request that only prepares what is told. Raises StoryError when it fails."""
        response = self.asks(operation, **request)
        if response.status_code >= FIRST_FAILURE:
            raise StoryError(f"{operation}, in preparation, failed: {response.text}")
        return response

    def asks(  # noqa: PLR0913 - A request has these parts.
        self,
        operation: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        content: bytes | None = None,
    ) -> httpx2.Response:
        """Send a request, whatever comes of it: `body` in the operation's media type, or `content` as it is."""
        method, target = place_of(operation)
        for name, value in (path or {}).items():
            target = target.replace(f"{{{name}}}", quote(value, safe=""))
        sent = dict(self.credentials)
        if body is not None or content is not None:
            media_type = next(iter(resolve(declared(operation)["requestBody"])["content"]))
            sent["Content-Type"] = media_type
            if content is None:
                content = urlencode(body or {}).encode() if media_type == FORM else json.dumps(body).encode()
        if query:
            target += f"?{urlencode({name: str(value) for name, value in query.items()})}"
        return self.teller.client.request(method.upper(), target, headers=sent | dict(headers or {}), content=content)


def _said(request: Mapping[str, Any]) -> Any:
    """Return the body as the record shows it; one that is too long to read is only counted."""
    content: bytes | None = request.get("content")
    if content is None:
        return request.get("body")
    # A file is no text, however short it is.
    is_text = len(content) <= PREVIEW and b"\x00" not in content
    return content.decode() if is_text else counted(content)


def counted(content: bytes) -> str:
    """Return what the record says of bytes that nobody can read."""
    return f"({len(content):,} bytes)"


PREVIEW = 200
