"""Reading a form of files while it comes (RFC 7578): none of it is ever held whole."""

from collections.abc import AsyncIterator
from enum import Enum, auto
from typing import NamedTuple

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartState, parse_options_header

from app.problems import FieldError, MalformedRequest, ValidationFailed

FIELD = "files"
MAX_FILES = 5
_MAX_BOUNDARY = 70


class Sign(Enum):
    """What has come of a form."""

    BEGINNING = auto()
    CONTENT = auto()
    END = auto()


class Event(NamedTuple):
    """The beginning of a file with the name that it is given, some of its bytes, or its end."""

    sign: Sign
    name: str = ""
    content: bytes = b""


def _boundary(content_type: str) -> bytes:
    """Return what stands between the parts. Raises MalformedRequest."""
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= _MAX_BOUNDARY:
        raise MalformedRequest("The Content-Type names no boundary of 1 to 70 characters.")
    return boundary


def _refused(code: str, detail: str, pointer: str = f"/{FIELD}") -> ValidationFailed:
    return ValidationFailed(errors=[FieldError(pointer=pointer[:1000], code=code, detail=detail)])


class _Form:
    """Turns what the parser calls for into events; `events` holds those that nobody has taken yet."""

    def __init__(self, boundary: bytes) -> None:
        self.events: list[Event] = []
        self._headers: dict[bytes, bytes] = {}
        self._field, self._value = b"", b""
        self._count = 0
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._headers.clear,
                "on_header_field": self._on_field,
                "on_header_value": self._on_value,
                "on_header_end": self._on_header,
                "on_headers_finished": self._on_headers,
                "on_part_data": self._on_data,
                "on_part_end": self._on_end,
            },
        )

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events of some more bytes. Raises MalformedRequest, ValidationFailed."""
        self.events.clear()
        try:
            self._parser.write(chunk)
        except MultipartParseError:
            raise MalformedRequest("The form cannot be read.") from None
        return self.events

    def close(self) -> None:
        """Raise MalformedRequest unless the form has come to its end, and ValidationFailed where no file was in it."""
        if self._parser.state != MultipartState.END:
            raise MalformedRequest("The form ended early.")
        if not self._count:
            raise _refused("missing", "Field required")

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field, self._value = b"", b""

    def _on_headers(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"").decode(errors="replace")
        if kind != b"form-data" or not name:
            raise MalformedRequest("A part of the form has no name.")
        if name != FIELD:
            pointer = "/" + name[:200].replace("~", "~0").replace("/", "~1").replace("\x00", "")
            raise _refused("extra_forbidden", "There is no such field.", pointer)
        if b"filename" not in options:
            raise _refused("no_file", "Must be a file.")
        if self._headers.get(b"content-transfer-encoding", b"binary").lower() not in (b"binary", b"8bit", b"7bit"):
            raise MalformedRequest("Send files as they are, without Content-Transfer-Encoding.")
        self._count += 1
        if self._count > MAX_FILES:
            raise _refused("too_long", f"There may be {MAX_FILES} files.")
        self.events.append(Event(Sign.BEGINNING, name=options[b"filename"].decode(errors="replace")))

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self.events.append(Event(Sign.CONTENT, content=data[start:end]))

    def _on_end(self) -> None:
        self.events.append(Event(Sign.END))


async def events(content_type: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    """Yield what comes of a form. Raises MalformedRequest and ValidationFailed."""
    form, is_empty = _Form(_boundary(content_type)), True
    async for chunk in chunks:
        is_empty = is_empty and not chunk
        for event in form.feed(chunk):
            yield event
    if is_empty:
        raise _refused("missing", "Field required", "")
    form.close()
