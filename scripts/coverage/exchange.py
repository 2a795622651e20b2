"""A request and its answer, whoever sent it, and what their bodies hold."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, unquote

from app.naming import is_json

Pairs = tuple[tuple[str, str], ...]

FORM = "application/x-www-form-urlencoded"
LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-lines"})
FIRST_FAILURE = 400


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer as they were on the wire; names of headers are in lower case.

    `target` is the path with its query, percent-encoded; `webhook` names the webhook when the service was the client.
    """

    method: str
    target: str
    sent: Pairs
    content: bytes
    status: int
    headers: Pairs
    body: bytes
    webhook: str = ""

    @property
    def path(self) -> str:
        """The path, decoded."""
        segments = self.target.partition("?")[0].split("/")
        # A slash that was encoded is part of a segment (RFC 3986, section 2.2).
        return "/".join(unquote(segment).replace("/", "%2F") for segment in segments)

    @property
    def query(self) -> dict[str, list[str]]:
        """The values of the query by name; what cannot be decoded is none."""
        return parse_qs(self.target.partition("?")[2], keep_blank_values=True)

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that were sent."""
        try:
            jar = SimpleCookie("; ".join(value for name, value in self.sent if name == "cookie"))
        except CookieError:
            return {}
        return {name: morsel.value for name, morsel in jar.items()}

    @property
    def succeeded(self) -> bool:
        """Whether the answer is not a failure; redirections and 304 are none."""
        return self.status < FIRST_FAILURE


def pairs(headers: Iterable[tuple[str, str]]) -> Pairs:
    """Put the headers of any HTTP library into the form of an exchange."""
    return tuple((name.lower(), value) for name, value in headers)


def header(headers: Pairs, name: str) -> str | None:
    """Return the value of a header, several lines of it joined by commas (RFC 9110, section 5.3)."""
    values = [value for key, value in headers if key == name]
    return ", ".join(values) if values else None


def media_type(headers: Pairs) -> str:
    """Return the media type of a body without its parameters, or nothing."""
    return (header(headers, "content-type") or "").partition(";")[0].strip().lower()


def documents(body: bytes, headers: Pairs) -> list[Any]:
    """Return what a body holds: one document, or one per line. What cannot be read holds nothing."""
    kind = media_type(headers)
    try:
        if is_json(kind):
            return [json.loads(body)]
        if kind in LINES:
            return [json.loads(line) for line in body.splitlines() if line.strip()]
        if kind == FORM:
            fields = parse_qs(body.decode(), keep_blank_values=True)
            return [{name: values[0] if len(values) == 1 else values for name, values in fields.items()}]
        if kind.startswith("multipart/"):
            return [_parts(body, headers)]
        return [body.decode()] if kind == "text/plain" else []
    except (ValueError, RecursionError):
        return []


def _parts(body: bytes, headers: Pairs) -> dict[str, Any]:
    """Return the texts and JSON documents of a multipart body by name (RFC 7578); files are left out."""
    head = f"Content-Type: {header(headers, 'content-type')}\r\n\r\n".encode()
    found: dict[str, Any] = {}
    for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
        name = part.get_param("name", header="content-disposition")
        content: Any = part.get_content() if part.get_content_maintype() == "text" else part.get_payload(decode=True)
        if part.get_filename() is not None or not isinstance(name, str):
            continue
        if part.get_content_type() == "application/json":
            content = json.loads(content)
        values = found.setdefault(name, [])
        values.append(content.rstrip("\r\n") if isinstance(content, str) else content)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
