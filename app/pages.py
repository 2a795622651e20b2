"""Keyset pages: a cursor holds the sort key of the entry where a page ended, signed, and the next page starts there.

Page 5,000 costs what page 1 costs, and nothing is skipped or shown twice while entries come and go
(docs/decisions/0003-keyset-pages.md). So does its total: it is exact as far as counting is cheap.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVarTuple
from urllib.parse import quote
from uuid import UUID

import orjson
from asyncpg import Record
from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, literal_column, select, tuple_

from app.current import current
from app.problems import FieldError, ValidationFailed
from app.rows import fill
from app.settings import settings
from app.sql import Connection, Statement
from generated.models import Page

MAX_DEPTH = 10_000
# Of the contract's Limit.
DEFAULT_LIMIT = 20
# Counting takes a millisecond per 10,000 entries of an index, and 79 ms for the 950,000 of a large list.
EXACT_TO = 10_000
Columns = TypeVarTuple("Columns")
Key = Callable[[Record], Any]
_SIGNATURE_BYTES = 12
# RFC 3986, section 3.4; what is percent-encoded stays so.
_IN_QUERIES = "%!$&'()*+,;=:@/?"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: after `key`, or before it when the client pages backwards."""

    key: tuple[Any, UUID]
    backwards: bool


class Shape(NamedTuple):
    """What differs between the statements of one list, apart from its order and its filters."""

    after: bool
    backwards: bool
    offset: bool
    # PostgreSQL plans a LIMIT that it does not know anew every time, which takes as long as reading the page.
    usual: bool

    @property
    def limit(self) -> ColumnElement[int]:
        """How many rows to fetch."""
        return literal_column(str(DEFAULT_LIMIT + 1), Integer()) if self.usual else bindparam("limit", type_=Integer())


def ordered(
    statement: Select[*Columns],
    column: ColumnElement[Any],
    identifier: ColumnElement[UUID],
    shape: Shape,
    *,
    descending: bool,
) -> Select[*Columns]:
    """Return the statement ordered by the column and the id, from where the page begins, and no longer than needed."""
    falling = descending != shape.backwards
    order = (column.desc(), identifier.desc()) if falling else (column.asc(), identifier.asc())
    statement = statement.order_by(*order).limit(shape.limit)
    if shape.after:
        place = tuple_(column, identifier)
        key = tuple_(bindparam("key", type_=column.type), bindparam("key_id", type_=identifier.type))
        statement = statement.where(place < key if falling else place > key)
    return statement.offset(bindparam("offset")) if shape.offset else statement


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page a client asks for. `scope` names the list with its filters; a cursor is good for one of them only."""

    scope: str
    limit: int
    position: Position | None = None
    number: int | None = None
    total: bool = False

    @property
    def offset(self) -> int:
        """How many entries stand before a numbered page."""
        return (self.number - 1) * self.limit if self.number else 0

    @property
    def shape(self) -> Shape:
        """What the statement of this page is compiled for."""
        return Shape(self.position is not None, self.backwards, self.offset > 0, self.limit == DEFAULT_LIMIT)

    def binds(self) -> dict[str, Any]:
        """Return the values that the statement takes; one row more than is shown tells whether more follow."""
        values: dict[str, Any] = {} if self.shape.usual else {"limit": self.limit + 1}
        if self.position is not None:
            values["key"], values["key_id"] = self.position.key
        if self.offset:
            values["offset"] = self.offset
        return values

    @property
    def backwards(self) -> bool:
        """Whether the rows come in the opposite order."""
        return self.position is not None and self.position.backwards


class Asked(NamedTuple):
    """The parameters of a list operation that say which page is asked for."""

    limit: int
    cursor: str | None = None
    number: int | None = None
    total: bool | None = None


def _signature(payload: bytes, scope: str) -> bytes:
    key = settings().secret_key.get_secret_value().encode()[:64]
    return blake2b(payload + scope.encode(), key=key, digest_size=_SIGNATURE_BYTES, person=b"galley-cursor").digest()


def _encode(key: tuple[Any, UUID], scope: str, *, backwards: bool) -> str:
    payload = orjson.dumps([int(backwards), isinstance(key[0], datetime), key[0], str(key[1])])
    return urlsafe_b64encode(_signature(payload, scope) + payload).rstrip(b"=").decode()


def _refused(parameter: str, code: str, detail: str) -> ValidationFailed:
    return ValidationFailed(errors=[FieldError(parameter=parameter, code=code, detail=detail)])


def _decode(cursor: str, scope: str) -> Position:
    try:
        signed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        signed = b""
    signature, payload = signed[:_SIGNATURE_BYTES], signed[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(payload, scope)):
        raise _refused("cursor", "cursor_invalid", "The cursor was not made by this list with these filters.")
    backwards, is_time, value, identifier = orjson.loads(payload)
    return Position((datetime.fromisoformat(value) if is_time else value, UUID(identifier)), backwards=bool(backwards))


def wanted(scope: str, asked: Asked) -> Wanted:
    """Return which page is asked for. Raises ValidationFailed for a forged cursor and for a page too deep."""
    limit, cursor, number, total = asked
    if cursor is not None and number is not None:
        raise _refused("page", "page_with_cursor", "Send `cursor` or `page`, not both.")
    if number is not None and number * limit > MAX_DEPTH:
        raise _refused(
            "page", "page_too_deep", f"`page` reaches {MAX_DEPTH} entries deep; follow `cursor` beyond that."
        )
    position = _decode(cursor, scope) if cursor is not None else None
    return Wanted(scope, limit, position, number, total=bool(total) or number is not None)


class Total(NamedTuple):
    """How many entries a list has, counted or estimated."""

    number: int
    is_exact: bool


class Counting:
    """Says how many rows a statement has: counted up to 10,000, and above what the planner expects."""

    __slots__ = ("_capped", "_matching")

    def __init__(self, matching: Select[*tuple[Any, ...]]) -> None:
        """Compile it; `matching` selects as little as possible of each row, in no order."""
        capped = matching.limit(literal_column(str(EXACT_TO + 1), Integer())).subquery("capped")
        self._capped = Statement(select(func.count()).select_from(capped))
        self._matching = Statement(matching)

    async def total(self, connection: Connection, **values: Any) -> Total:
        """Return the number of rows; an estimate is never below what was counted."""
        counted: int = await self._capped.value(connection, **values)
        if counted <= EXACT_TO:
            return Total(counted, is_exact=True)
        return Total(max(counted, await self._matching.expected(connection, **values)), is_exact=False)


def cut(rows: Sequence[Record], page: Wanted, key: Key, total: Total | None = None) -> tuple[list[Record], Page]:
    """Return the rows of the page in the list's order, and the description of the page.

    `rows` are up to `limit + 1` rows, fetched in reverse order when the client pages backwards: the surplus row says
    that the list goes on in that direction. `key` returns of a row what the list is ordered by before the id.
    """
    more = len(rows) > page.limit
    shown = list(rows[: page.limit])
    if page.backwards:
        shown.reverse()
    has_next = True if page.backwards else more
    has_previous = more if page.backwards else page.position is not None or page.offset > 0
    ends = ((shown[-1], has_next, False), (shown[0], has_previous, True)) if shown else ()
    cursors = [
        _encode((key(row), row["id"]), page.scope, backwards=backwards) if there else None
        for row, there, backwards in ends
    ] or [None, None]
    members = {
        "size": len(shown),
        "has_next": has_next and bool(shown),
        "has_previous": has_previous and bool(shown),
        "next_cursor": cursors[0],
        "previous_cursor": cursors[1],
    }
    described = fill(Page, members)
    if total is not None:
        described.total, described.total_is_exact = total
        if page.number is not None:
            described.number, described.pages = page.number, -(-total.number // page.limit)
    return shown, described


def cursor_at(row: Record, scope: str, key: Key) -> str:
    """Return the cursor with which the list goes on after this row."""
    return _encode((key(row), row["id"]), scope, backwards=False)


def links(page: Page) -> dict[str, str]:
    """Return the `Link` header (RFC 8288) that leads to the neighbouring pages, or nothing.

    The targets are relative to the request, whose other parameters they keep.
    """
    # A client may send what has no place in a URL as it is; in a header, `>` and `"` would end the link.
    query = quote(current().query, safe=_IN_QUERIES)
    kept = [pair for pair in query.split("&") if pair and pair.partition("=")[0] not in ("cursor", "page")]
    neighbours = (("next", page.next_cursor), ("prev", page.previous_cursor))
    targets = [f'<?{"&".join([*kept, f"cursor={cursor}"])}>; rel="{name}"' for name, cursor in neighbours if cursor]
    return {"Link": ", ".join(targets)} if targets else {}
