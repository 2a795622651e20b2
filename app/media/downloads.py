"""Answering content: whole or in ranges, to be kept for as long as it may, and never to be run by a browser."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from asyncpg import Record

from app.current import current
from app.etags import is_current
from app.ids import new_id
from app.media import names, ranges, store
from app.media.sniffing import kind_of
from app.problems import NotFound, Problem
from app.streams import Stream
from generated.models import MediaKind, MediaType, ProblemCode
from generated.server import HTTPResult

# Content never changes; who sees it may. A day is how long a copy outlives its medium.
PUBLIC, PRIVATE = b"public, max-age=86400, immutable", b"private, max-age=86400, immutable"
# Nothing that a file says is run, whatever a browser takes it for.
_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


class RangeNotSatisfiable(Problem):
    status, code, title = 416, ProblemCode.range_not_satisfiable, "There are no such bytes."


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a request says of the part that is wanted, and of what its sender has."""

    range: str | None
    if_range: str | None
    if_none_match: str | None


@dataclass(frozen=True, slots=True)
class _Content:
    """What is answered, and with what headers."""

    row: Record
    media_type: str
    headers: Mapping[str, str]

    @property
    def size(self) -> int:
        size: int = self.row["size"]
        return size

    async def piece(self, start: int, end: int) -> AsyncIterator[bytes]:
        """Return some bytes. Raises NotFound when the file has just gone."""
        try:
            return await store.read(self.row["id"], start, end)
        except FileNotFoundError:
            raise NotFound("There is no such medium.") from None


def _described(row: Record) -> dict[str, str]:
    media_type = MediaType(row["media_type"])
    shown = kind_of(media_type) is not MediaKind.document
    return {
        "ETag": f'"{row["digest"]}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": names.disposition(row["original_name"], media_type, shown=shown),
        "Content-Security-Policy": _POLICY,
    }


async def answer(row: Record, conditions: Conditions) -> HTTPResult[bytes] | Stream:
    """Answer the content of a file. Raises RangeNotSatisfiable, NotFound."""
    current().cache_control, current().is_embeddable = (PUBLIC if row["is_public"] else PRIVATE), row["is_public"]
    headers = _described(row)
    tag = headers["ETag"]
    if is_current(tag, None, conditions.if_none_match, None):
        return HTTPResult(304, None, {"ETag": tag})
    media_type = row["media_type"] + ("; charset=utf-8" if row["media_type"] == "text/plain" else "")
    content = _Content(row, media_type, headers)
    asked = None
    if conditions.range is not None and conditions.if_range in (None, tag):
        try:
            asked = ranges.wanted(conditions.range, content.size)
        except ranges.NotSatisfiable:
            raise RangeNotSatisfiable(headers={"Content-Range": f"bytes */{content.size}"}) from None
    if asked is None:
        return await _part(content, 0, content.size, 200, {})
    if len(asked) == 1:
        [(start, end)] = asked
        return await _part(content, start, end, 206, {"Content-Range": f"bytes {start}-{end - 1}/{content.size}"})
    return _several(content, asked)


async def _part(content: _Content, start: int, end: int, status: int, headers: dict[str, str]) -> Stream:
    given = {**content.headers, **headers, "Content-Length": str(end - start)}
    return Stream(await content.piece(start, end), content.media_type, given, status)


def _several(content: _Content, asked: list[tuple[int, int]]) -> Stream:
    """Answer ranges one after the other (RFC 9110, section 14.6); each begins by saying which it is."""
    boundary = new_id().hex
    kind = f"Content-Type: {content.media_type}\r\n"
    heads = [
        f"\r\n--{boundary}\r\n{kind}Content-Range: bytes {start}-{end - 1}/{content.size}\r\n\r\n".encode()
        for start, end in asked
    ]
    last = f"\r\n--{boundary}--\r\n".encode()

    async def pieces() -> AsyncIterator[bytes]:
        for head, (start, end) in zip(heads, asked, strict=True):
            yield head
            async for piece in await content.piece(start, end):
                yield piece
        yield last

    length = len(last) + sum(len(head) + end - start for head, (start, end) in zip(heads, asked, strict=True))
    given = {**content.headers, "Content-Length": str(length)}
    return Stream(pieces(), f"multipart/byteranges; boundary={boundary}", given, 206)
