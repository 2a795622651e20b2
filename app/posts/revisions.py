"""What a post was: read, compared and restored by who may edit it."""

import asyncio
import difflib
from functools import cache
from itertools import takewhile
from operator import itemgetter
from typing import Any, NamedTuple, cast
from uuid import UUID

from asyncpg import Record
from sqlalchemy import Integer, bindparam, select

from app import pages
from app.access import Action, Principal, require
from app.etags import require_match
from app.posts import service
from app.posts.history import WRITTEN, history
from app.posts.queries import AUTHOR
from app.posts.text import excerpt_of
from app.problems import NotFound
from app.sql import Connection, Statement
from app.tags import service as tags
from app.users.tables import User
from generated import models
from generated.models import PostStatus

# Beyond so many pairs of lines to compare, the middle that differs is shown as replaced: comparing takes the square.
MAX_PAIRS = 1_000_000

_all = history()
_SUMMARY = tuple(_all.c[name] for name in ("number", "title", "excerpt", "tags", "category_id", "restored_from"))
_columns = (_all.c.post_id.label("id"), *_SUMMARY, _all.c.created_at, *AUTHOR)
_read = select(*_columns).outerjoin(User, User.id == _all.c.editor_id)
_GET = Statement(_read.add_columns(_all.c.content).where(_all.c.number == bindparam("number", type_=Integer())))
_COUNT = pages.Counting(select(_all.c.number))


@cache
def _listing(shape: pages.Shape) -> Statement:
    return Statement(pages.ordered(_read, _all.c.number, _all.c.post_id, shape, descending=True))


async def _editable(connection: Connection, principal: Principal, post_id: UUID) -> None:
    require(principal, Action.EDIT_POST, await service.seen(connection, principal, post_id))


def _members(row: Record) -> dict[str, Any]:
    members = {name: value for name, value in row.items() if name not in {"id", "username", "full_name", "avatar_url"}}
    named = {name: row[name] for name in ("username", "full_name", "avatar_url")}
    return members | {"author": models.Author.model_validate(named) if row["username"] else None}


async def list_page(
    connection: Connection, principal: Principal, post_id: UUID, asked: pages.Asked
) -> models.RevisionPage:
    """Return a page of revisions, the newest first. Raises NotFound, PermissionDenied, ValidationFailed."""
    await _editable(connection, principal, post_id)
    page = pages.wanted(f"revisions {post_id}", asked)
    counted = await _COUNT.total(connection, post_id=post_id) if page.total else None
    rows = await _listing(page.shape).all(connection, post_id=post_id, **page.binds())
    kept, described = pages.cut(rows, page, itemgetter("number"), counted)
    items = [models.RevisionSummary.model_validate(_members(row)) for row in kept]
    return models.RevisionPage(items=items, page=described)


async def _revision(connection: Connection, post_id: UUID, number: int) -> Record:
    row = await _GET.first(connection, post_id=post_id, number=number)
    if row is None:
        raise NotFound("There is no such revision.")
    return row


async def get(connection: Connection, principal: Principal, post_id: UUID, number: int) -> models.Revision:
    """Return a revision. Raises NotFound, PermissionDenied."""
    await _editable(connection, principal, post_id)
    return models.Revision.model_validate(_members(await _revision(connection, post_id, number)))


class Pair(NamedTuple):
    """Two revisions, the older of which is None before the first."""

    old: Record | None
    new: Record


async def pair(connection: Connection, principal: Principal, post_id: UUID, number: int, against: int | None) -> Pair:
    """Return a revision and another, or the one before it. Raises NotFound, PermissionDenied."""
    await _editable(connection, principal, post_id)
    new = await _revision(connection, post_id, number)
    start = against or number - 1
    return Pair(await _revision(connection, post_id, start) if start else None, new)


async def compare(both: Pair) -> models.RevisionDiff:
    """Return what leads from the older one to the newer one."""
    old, new = both
    texts = {name: (_lines(old and old[name]), _lines(new[name])) for name in WRITTEN}
    # In a thread, because two long texts may take a second; and when no connection waits for it.
    found = await asyncio.to_thread(lambda: {name: unified(*text) for name, text in texts.items()})
    return models.RevisionDiff.model_validate({"number": new["number"], "against": old and old["number"], **found})


def _lines(value: Any) -> list[str]:
    match value:
        case None:
            return []
        case list():
            return [str(entry) for entry in cast("list[str]", value)]
        case _:
            return str(value).split("\n")


def unified(old: list[str], new: list[str]) -> str | None:
    """Return the difference in the unified format (POSIX, diff -U 3) without file names, or None where there is none.

    Where too much differs to look for what is common, the whole of it counts as replaced.
    """
    if old == new:
        return None
    head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    rest = min(len(old), len(new)) - head
    tails = zip(reversed(old[len(old) - rest :]), reversed(new[len(new) - rest :]), strict=True)
    tail = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], tails))
    if (len(old) - head - tail) * (len(new) - head - tail) > MAX_PAIRS:
        return "\n".join(_replaced(old, new, head, tail))
    # Lines at the ends that are the same need no comparing; three of them are context.
    first, last = max(head - 3, 0), max(tail - 3, 0)
    lines = difflib.unified_diff(old[first : len(old) - last], new[first : len(new) - last], lineterm="")
    return "\n".join(_moved(line, first) for line in list(lines)[2:])


def _moved(line: str, by: int) -> str:
    """Return a line of a difference, its header counting from the beginning of the text."""
    if not line.startswith("@@ "):
        return line
    spans = [span.partition(",") for span in line.split()[1:3]]
    old, new = (f"{span[0]}{int(span[1:]) + by}{comma}{length}" for span, comma, length in spans)
    return f"@@ {old} {new} @@"


def _replaced(old: list[str], new: list[str], head: int, tail: int) -> list[str]:
    first, last = max(head - 3, 0), max(tail - 3, 0)
    before, after = old[first:head], old[len(old) - tail : len(old) - last]
    gone, come = old[head : len(old) - tail], new[head : len(new) - tail]
    context = len(before) + len(after)
    header = f"@@ -{first + 1},{len(gone) + context} +{first + 1},{len(come) + context} @@"
    marked = [(" ", before), ("-", gone), ("+", come), (" ", after)]
    return [header, *(f"{mark}{line}" for mark, lines in marked for line in lines)]


async def restore(
    connection: Connection, principal: Principal, post_id: UUID, number: int, if_match: str
) -> models.Post:
    """Make a post what it was, as a new version. Raises NotFound, PermissionDenied, PreconditionFailed."""
    await tags.share(connection)
    row = await service.locked(connection, principal, post_id, Action.EDIT_POST)
    require_match(if_match, row["version"])
    revision = await _revision(connection, post_id, number)
    values = {name: revision[name] for name in WRITTEN}
    if row["status"] == PostStatus.published:
        values["excerpt"] = values["excerpt"] or excerpt_of(values["content"])
    changes = {name: value for name, value in values.items() if value != row[name]}
    if changes:
        await service.change(connection, principal, row, changes, restored_from=number)
    return await service.get(connection, principal, post_id)
