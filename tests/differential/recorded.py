"""Requests that were recorded from the sandbox (openapi/exchanges), as they were sent."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import orjson
import yaml

from app.contract import Operation
from tests.differential.credentials import bare, let_in
from tests.differential.raw import Raw

OPENAPI = Path(__file__).parents[2] / "openapi"
FORM = "application/x-www-form-urlencoded"
# Of files and long bodies no more was recorded than how long they are.
_LENGTH = re.compile(r"\(([0-9,]+) bytes\)")
_BOUNDARY = re.compile(r"boundary=(\S+)")
# Who a request is from when nobody was logged in.
_ANYBODY = "anybody"


def load(path: Path) -> Any:
    """Return what stands in a file of the contract."""
    return yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - Both are safe.


@cache
def exchanges(operation: str) -> list[dict[str, Any]]:
    """Return what was recorded of an operation."""
    file = OPENAPI / "exchanges" / f"{operation}.yaml"
    return load(file) if file.exists() else []


def document(body: Any) -> Any:
    """Return a recorded body; one that is an example of the contract stands in a file of its own."""
    named = cast("dict[str, str]", body).get("example") if isinstance(body, dict) else None
    return load(OPENAPI / "examples" / named)["value"] if named else cast("Any", body)


def _multipart(boundary: str) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\nContent-Type: image/png'
    return f"{head}\r\n\r\n\x89PNG\r\n\r\n--{boundary}--\r\n".encode()


def _bytes(body: Any, content_type: str) -> bytes:
    """Return a body as it was sent, and for what nobody recorded something of its kind."""
    if body is None:
        return b""
    if content_type.startswith(FORM) and isinstance(body, dict):
        return urlencode(cast("dict[str, str]", body)).encode()
    if not isinstance(body, str):
        return orjson.dumps(body)
    if long := _LENGTH.fullmatch(body):
        boundary = _BOUNDARY.search(content_type)
        return _multipart(boundary[1]) if boundary else b" " * int(long[1].replace(",", ""))
    return body.encode()


def recorded(operation: Operation, random: Random) -> Iterator[Raw]:
    """Yield the recorded requests of an operation, with credentials that the stubs know in place of the sandbox's."""
    for exchange in exchanges(operation.name):
        request: dict[str, Any] = exchange["request"]
        line: str = request["line"]
        method, target = line.split(" ")
        parts = urlsplit(target)
        headers: dict[str, str] = request.get("headers", {})
        pairs = tuple((name.lower().encode(), str(value).encode()) for name, value in headers.items())
        body = _bytes(document(request.get("body")), headers.get("Content-Type", ""))
        raw = Raw(method, parts.path.encode(), parts.query.encode(), pairs, body)
        yield bare(raw) if request.get("by") == _ANYBODY else let_in(raw, operation, random)
