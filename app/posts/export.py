"""Whole lists of posts as NDJSON or CSV, streamed.

The list is read page after page, as a client would by cursor, each by a statement of its own: so the memory that it
takes does not grow, no connection waits for a client that reads slowly, and any line is a place to go on from.
"""

import csv
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime
from io import StringIO
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record

from app import pages
from app.access import Principal
from app.db import reading
from app.posts import queries, service
from app.streams import CSV, NDJSON
from generated.models import ExportedPost, PostSort

# Rows of the first statement, and of one at most; in between as many as make a piece of this size, because posts may
# have 200,000 characters each.
FIRST_PAGE, LAST_PAGE = 25, 500
PIECE_BYTES = 1_000_000
FORMS = (NDJSON, CSV)
_COLUMNS: tuple[str, ...] = tuple(ExportedPost.model_fields)
_EMPTY: dict[str, Any] = dict.fromkeys(_COLUMNS)
# The column of an author is its place in a row; of a post, that of its name.
_AUTHOR = ("username", "full_name", "avatar_url")
# What spreadsheets take for the beginning of a formula (OWASP, CSV Injection), in their full-width forms as well.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - These are meant.


def _members(row: Record, cursor: str) -> dict[str, Any]:
    """Return a post as the contract orders its members."""
    found = _EMPTY | dict(row.items())
    del found["featured_image_id"]
    found["cursor"] = cursor
    found["author"] = {name: found.pop(name) for name in _AUTHOR}
    return found


def _line(row: Record, cursor: str) -> bytes:
    return orjson.dumps(_members(row, cursor), default=str, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def defused(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _text(text: str | None) -> str | None:
    return None if text is None else defused(text)


def _time(moment: datetime | None) -> str:
    # The connection answers in UTC.
    return "" if moment is None else moment.isoformat().replace("+00:00", "Z")


# How the members of a post become cells; those that are not named stay what they are, and can be no formulas.
_CELLS: dict[str, Callable[[Any], object]] = {
    **dict.fromkeys(("title", "content", "excerpt"), _text),
    **dict.fromkeys(("published_at", "publish_at", "created_at", "updated_at"), _time),
    "tags": lambda names: defused(" ".join(names)),
    "author": lambda author: defused(author["username"]),
    "featured": lambda flag: "true" if flag else "false",
}


def _cells(row: Record, cursor: str) -> list[object]:
    members = _members(row, cursor)
    for name, write in _CELLS.items():
        members[name] = write(members[name])
    return list(members.values())


def _table(rows: Iterable[Sequence[object]]) -> bytes:
    text = StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()


def _as_lines(rows: Sequence[Record], cursors: Sequence[str]) -> bytes:
    return b"".join(map(_line, rows, cursors))


def _as_table(rows: Sequence[Record], cursors: Sequence[str]) -> bytes:
    return _table(map(_cells, rows, cursors))


_WRITERS: dict[str, Callable[[Sequence[Record], Sequence[str]], bytes]] = {NDJSON: _as_lines, CSV: _as_table}


def headers(form: str) -> dict[str, str]:
    """Return what is said of an export in this form: it is a file, and there are others."""
    name = "posts.csv" if form == CSV else "posts.ndjson"
    return {"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Accept"}


async def begin(
    principal: Principal | None, sort: PostSort, filters: queries.Filters, cursor: str | None, form: str
) -> AsyncIterator[bytes]:
    """Return the pieces of an export from the cursor on; the first has been read, so that a refusal is an answer.

    Raises ValidationFailed for a cursor that is not of this export, and NotAuthenticated for drafts of nobody.
    """
    values = service.narrowed(principal, filters)
    page = pages.wanted(f"export {sort} {filters.status} {sorted(values.items())}", pages.Asked(FIRST_PAGE, cursor))
    pieces = _pieces(sort, filters, values, page, _WRITERS[form])
    first = await anext(pieces)
    heading = _table([_COLUMNS]) if form == CSV else b""

    async def whole() -> AsyncIterator[bytes]:
        yield heading + first
        async for piece in pieces:
            yield piece

    return whole()


async def _pieces(
    sort: PostSort,
    filters: queries.Filters,
    values: dict[str, Any],
    page: pages.Wanted,
    write: Callable[[Sequence[Record], Sequence[str]], bytes],
) -> AsyncIterator[bytes]:
    names, key = frozenset(values), queries.ORDER[sort].key
    place = {"key": page.position.key[0], "key_id": page.position.key[1]} if page.position else {}
    limit = FIRST_PAGE
    while True:
        shape = pages.Shape(after=bool(place), backwards=False, offset=False, usual=False)
        statement = queries.listing(sort, filters.status, names, shape, whole=True)
        async with reading() as connection:
            rows = await statement.all(connection, **values, **place, limit=limit)
        piece = write(rows, [pages.cursor_at(row, page.scope, key) for row in rows])
        yield piece
        if len(rows) < limit:
            return
        limit = max(1, min(LAST_PAGE, limit * 4, limit * PIECE_BYTES // len(piece)))
        place = {"key": key(rows[-1]), "key_id": UUID(str(rows[-1]["id"]))}
