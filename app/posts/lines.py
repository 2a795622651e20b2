"""The lines of a file of posts: where each begins and ends, and what post it is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import MISSING, ValidationError

from app import clock
from app.posts.bulk import Draft
from app.posts.text import excerpt_of
from app.problems import FieldError, ValidationFailed, from_model
from app.settings import settings
from app.strict import as_object
from app.tags.service import normalise
from generated.models import PostImportLine

# As many lines are worked on at once, or fewer where they are long.
BATCH_LINES, BATCH_BYTES = 500, 2_097_152
MAX_ERRORS = 10
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not empty: its number, from 1 on, and the post that it is or what is wrong with it."""

    number: int
    draft: Draft | None = None
    errors: tuple[FieldError, ...] = ()


async def batches(pieces: AsyncIterator[bytes], done: int) -> AsyncIterator[list[tuple[int, bytes]]]:
    """Yield the lines after those that are done, numbered, some at a time.

    No more of a line is held than makes it too long.
    """
    number, rest, most = 0, b"", settings().max_body_bytes + 1
    waiting: list[tuple[int, bytes]] = []
    size = 0
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        rest = rest[: most + 1]
        for line in whole:
            number += 1
            if number <= done:
                continue
            waiting.append((number, line[: most + 1]))
            size += len(line)
            if len(waiting) == BATCH_LINES or size >= BATCH_BYTES:
                yield waiting
                waiting, size = [], 0
    if rest and number >= done:
        waiting.append((number + 1, rest))
    if waiting:
        yield waiting


def _document(line: bytes) -> dict[str, Any]:
    """Return the object that a line is. Raises ValidationFailed."""
    most = settings().max_body_bytes
    if len(line) > most:
        raise ValidationFailed(
            errors=[FieldError(pointer="", code="line_too_long", detail=f"A line may have {most:,} bytes.")]
        )
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as failure:
        detail = f"Must be JSON; it is not at column {failure.colno}."
        raise ValidationFailed(errors=[FieldError(pointer="", code="malformed_line", detail=detail)]) from None
    return as_object(document, line)


def _post(line: bytes) -> PostImportLine:
    """Return the post that a line is, as the contract has it. Raises ValidationFailed."""
    document = _document(line)
    try:
        post = PostImportLine.model_validate(document)
    except ValidationError as failure:
        raise from_model(failure) from None
    if post.published_at is not MISSING and post.published_at and post.published_at > clock.now():
        raise ValidationFailed(
            errors=[FieldError(pointer="/published_at", code="time_to_come", detail="Must be a time that is over.")]
        )
    return post


def _given(value: Any) -> Any:
    return None if value is MISSING else value


def _draft(post: PostImportLine, *, excerpts: bool) -> Draft:
    published_at, excerpt = _given(post.published_at), _given(post.excerpt)
    if excerpts and published_at and excerpt is None:
        excerpt = excerpt_of(post.content)
    return Draft(
        post.title,
        post.content,
        excerpt,
        normalise(_given(post.tags) or []),
        published_at,
        _given(post.category_id),
        external_id=_given(post.external_id),
    )


def read(numbered: list[tuple[int, bytes]], *, excerpts: bool = True) -> list[Line]:
    """Return what the lines are; those that are empty are left out, and so is a byte order mark before the first.

    Without `excerpts`, which take half of the time, the posts are fit to be looked at and not to be written.
    """
    found: list[Line] = []
    for number, raw in numbered:
        line = raw.removeprefix(_BOM) if number == 1 else raw
        if not line.strip():
            continue
        try:
            found.append(Line(number, _draft(_post(line), excerpts=excerpts)))
        except ValidationFailed as failure:
            found.append(Line(number, errors=tuple(failure.errors[:MAX_ERRORS])))
    return found


async def read_ahead(
    numbered: AsyncIterator[list[tuple[int, bytes]]], *, excerpts: bool = True
) -> AsyncIterator[tuple[int, list[Line]]]:
    """Yield the number of each batch's last line and what its lines are; the next is read in a thread meanwhile."""
    reading: asyncio.Task[list[Line]] | None = None
    last = 0
    async for batch in numbered:
        following = asyncio.create_task(asyncio.to_thread(read, batch, excerpts=excerpts))
        if reading is not None:
            yield last, await reading
        reading, last = following, batch[-1][0]
    if reading is not None:
        yield last, await reading
