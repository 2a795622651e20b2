"""One search over everything that everybody may see: posts by their text, tags and people by their names.

What is found of each kind is ranked in 0..1 and paged together. A name that somebody has spelt out comes first; names
that look alike come among the texts.
"""

import re
from collections.abc import Callable
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

from asyncpg import Record
from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Double,
    Integer,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app import pages
from app.posts import search
from app.posts.queries import AUTHOR, SUMMARY, as_summary
from app.posts.tables import Post
from app.sql import Connection, Statement
from app.tags.tables import Tag
from app.users.tables import User
from app.words.service import corrected
from generated.models import Profile, SearchPage, SearchResult, SearchType
from generated.models import Tag as TagModel

MAX_NAMES = 8
_FLOAT: Double[float] = Double()
_NAME = re.compile(r"[\w-]+")
_MILLION = literal_column("1000000", Integer())
# So that a name that only looks like what was typed never passes for it.
_ALIKE = literal_column("0.9", _FLOAT)

_q = bindparam("q", type_=Text())
_names = any_(bindparam("names", type_=ARRAY(Text())))


def _by_name(
    kind: SearchType, identifier: ColumnClause[UUID], exact: ColumnElement[bool], *columns: Any
) -> Select[*tuple[Any, ...]]:
    """Return what has one of the names exactly, or a name that looks like the query, each with its rank."""
    alike: ColumnElement[float] = func.greatest(*(func.similarity(column, _q) for column in columns), type_=_FLOAT)
    score = case((exact, literal_column("1", _FLOAT)), else_=alike * _ALIKE)
    rank: ColumnElement[float] = func.round(score * _MILLION, type_=_FLOAT)
    condition = exact
    for column in columns:
        condition |= column.op("%")(_q)
    found = select(literal_column(f"'{kind.value}'", Text()).label("type"), identifier.label("id"), rank.label("rank"))
    return found.where(condition).order_by(rank.desc(), identifier).limit(literal_column(str(search.RANKED), Integer()))


def _posts() -> Select[*tuple[Any, ...]]:
    found = search.ranked(frozenset()).subquery("posts")
    return select(literal_column("'post'", Text()).label("type"), found.c.id, found.c.rank)


def _tags() -> Select[*tuple[Any, ...]]:
    return _by_name(SearchType.tag, Tag.id, Tag.name == _names, Tag.name)


def _people() -> Select[*tuple[Any, ...]]:
    named = _by_name(SearchType.person, User.id, func.lower(User.username) == _names, User.username, User.full_name)
    return named.where(User.is_active)


_KINDS: dict[SearchType, Callable[[], Select[*tuple[Any, ...]]]] = {
    SearchType.post: _posts,
    SearchType.tag: _tags,
    SearchType.person: _people,
}


@cache
def _listing(kind: SearchType | None, shape: pages.Shape) -> Statement:
    kinds = [kind] if kind else list(_KINDS)
    parts = [_KINDS[each]().subquery(f"found_{each.value}") for each in kinds]
    found = union_all(*(select(part.c.type, part.c.id, part.c.rank) for part in parts)).subquery("found")
    columns = (found.c.type, found.c.id, found.c.rank)
    return Statement(pages.ordered(select(*columns), found.c.rank, found.c.id, shape, descending=True))


_ids = any_(bindparam("ids", type_=ARRAY(Uuid())))
_READ_POSTS = Statement(
    select(*SUMMARY, *AUTHOR, search.SNIPPET).join(User, User.id == Post.author_id).where(Post.id == _ids)
)
_READ_TAGS = Statement(select(*(getattr(Tag, name) for name in TagModel.model_fields)).where(Tag.id == _ids))
_READ_PEOPLE = Statement(
    select(User.id.label("key"), *(getattr(User, name) for name in Profile.model_fields)).where(User.id == _ids)
)


def _of(row: Record, rank: float, kind: SearchType) -> SearchResult:
    if kind is SearchType.post:
        return SearchResult(type=kind, rank=rank, post=as_summary(row), snippet=search.marked(row["snippet"]))
    if kind is SearchType.tag:
        return SearchResult(type=kind, rank=rank, tag=TagModel.model_validate(dict(row)))
    profile = {name: row[name] for name in Profile.model_fields}
    return SearchResult(type=kind, rank=rank, person=Profile.model_validate(profile))


_READ: dict[SearchType, Statement] = {
    SearchType.post: _READ_POSTS,
    SearchType.tag: _READ_TAGS,
    SearchType.person: _READ_PEOPLE,
}


async def _read(connection: Connection, q: str, rows: list[Record]) -> list[SearchResult]:
    """Read what a page shows, one statement per kind; what has gone since it was found is left out."""
    read: dict[UUID, Record] = {}
    for kind, statement in _READ.items():
        if ids := [row["id"] for row in rows if row["type"] == kind.value]:
            more = {"q": search.sane(q)} if kind is SearchType.post else {}
            read |= {row.get("key") or row["id"]: row for row in await statement.all(connection, ids=ids, **more)}
    found = [(row["id"], row["rank"] / 1_000_000, SearchType(row["type"])) for row in rows]
    return [_of(read[key], rank, kind) for key, rank, kind in found if key in read]


def _values(q: str, kind: SearchType | None) -> dict[str, Any]:
    names = [name.lower() for name in _NAME.findall(q)]
    return {"q": search.sane(q)} | (
        {} if kind is SearchType.post else {"names": [q.strip().lower(), *names[:MAX_NAMES]]}
    )


async def find(connection: Connection, q: str, kind: SearchType | None, asked: pages.Asked) -> SearchPage:
    """Return a page of what was found, the best first; where nothing was, of what the nearest words find.

    Raises ValidationFailed for a foreign cursor.
    """
    page = pages.wanted(f"everything {q} {kind}", asked)
    statement = _listing(kind, page.shape)
    found = await statement.all(connection, **_values(q, kind), **page.binds())
    meant = None if found else await corrected(connection, q)
    if meant is not None:
        found = await statement.all(connection, **_values(meant, kind), **page.binds())
    rows, described = pages.cut(found, page, itemgetter("rank"))
    results = SearchPage(items=await _read(connection, meant or q, rows), page=described)
    if meant is not None and rows:
        results.did_you_mean = meant
    return results
