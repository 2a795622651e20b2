"""The rules of tags, and the statements that keep them.

A post or an item carries the names of its tags, so that a list of them needs no join; renaming or deleting a tag
therefore writes whatever is `Tagged`. Nobody waits in a circle, because everybody takes locks in one order:

1. the lock of the vocabulary: shared by who gives tags to a thing, exclusive for who edits a tag. Without it a thing
   could take a name at the moment when the name goes, and carry a tag that does not exist;
2. rows of items, then of posts, in the order of their ids where there are several (app/views.py does the same);
3. rows of tags, in the order of their names, all in one statement.

Publishing and deleting need no part in the first: they count the tags that the row they have locked carries,
and who edits one of those tags waits for that row before it touches the tag.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import (
    ColumnClause,
    Integer,
    Text,
    Uuid,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from app import pages
from app.etags import require_match
from app.ids import new_id
from app.problems import NotFound, Problem
from app.sql import Connection, Statement
from app.tags.tables import DEFAULT_COLOR, Tag, Tagged
from generated import models
from generated.models import ProblemCode, TagSort

# 50,000 posts take about 4 seconds; whoever edits a tag that is everywhere waits for that rather than being refused.
REWRITE_SECONDS = 60


class TagTaken(Problem):
    status, code, title = 409, ProblemCode.tag_taken, "There is a tag of this name."


# Two integers are a space of their own beside the single ones that idempotency keys are hashed to.
_VOCABULARY = (literal_column("0x74616773", Integer), literal_column("0", Integer))
_SHARE = Statement(select(func.pg_advisory_xact_lock_shared(*_VOCABULARY)))
_OWN = Statement(select(func.pg_advisory_xact_lock(*_VOCABULARY)))

_new = (
    func.unnest(bindparam("ids", type_=ARRAY(Uuid())), bindparam("names", type_=ARRAY(Text())))
    .table_valued("id", "name")
    .render_derived(name="new")
)
_ENSURE = Statement(upsert(Tag).from_select(["id", "name"], select(_new.c.id, _new.c.name)).on_conflict_do_nothing())
_step = (
    func.unnest(bindparam("names", type_=ARRAY(Text())), bindparam("steps", type_=ARRAY(Integer())))
    .table_valued("name", "step")
    .render_derived(name="step")
)
_locked = (
    select(Tag.id, _step.c.step)
    .join(_step, _step.c.name == Tag.name)
    .order_by(Tag.name)
    .with_for_update(of=Tag)
    .cte("locked")
)


@cache
def _counting(counter: str) -> Statement:
    number = getattr(Tag, counter) + _locked.c.step.cast(Integer)
    return Statement(update(Tag).where(Tag.id == _locked.c.id).values({counter: number}))


_TAG = (
    Tag.id,
    Tag.name,
    Tag.color,
    Tag.description,
    Tag.post_count,
    Tag.item_count,
    Tag.version,
    Tag.created_at,
    Tag.updated_at,
)
_GET = Statement(select(*_TAG).where(Tag.id == bindparam("id")))
_INSERT = Statement(
    insert(Tag).values({name: bindparam(name) for name in ("id", "name", "color", "description")}).returning(*_TAG)
)
_EDITABLE = ("name", "color", "description")
_given: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _EDITABLE}
_UPDATE = Statement(
    update(Tag)
    .where(Tag.id == bindparam("tag_id"))
    .values(_given | {"version": Tag.version + 1, "updated_at": func.now()})
    .returning(*_TAG)
)
_DELETE = Statement(delete(Tag).where(Tag.id == bindparam("id")))
_COUNT_ALL = pages.Counting(select(Tag.id))

_ORDER: dict[TagSort, tuple[ColumnClause[Any], bool]] = {
    TagSort.by_name: (Tag.name, False),
    TagSort.by_name_desc: (Tag.name, True),
    TagSort.by_post_count_desc: (Tag.post_count, True),
}


def normalise(names: Iterable[str]) -> list[str]:
    """Return the tags trimmed and lower case, without blanks and repeats, in the order they came."""
    return list(dict.fromkeys(name for name in (name.strip().lower() for name in names) if name))


async def share(connection: Connection) -> None:
    """Keep the names of tags as they are until the transaction ends; to be called before any row is locked."""
    await _SHARE.value(connection)


async def own(connection: Connection) -> None:
    """Keep everybody else from giving, taking and editing tags and categories until the transaction ends."""
    await _OWN.value(connection)


async def ensure(connection: Connection, names: Collection[str]) -> None:
    """Make sure that there is a tag of each of these names. The caller has called `share` before."""
    if names:
        await _ENSURE.run(connection, ids=[new_id() for _ in names], names=sorted(names))


async def count(
    connection: Connection,
    carrier: type[Tagged],
    *,
    removed: Collection[str] = (),
    added: Collection[str] = (),
) -> None:
    """Keep the number of what everybody sees of each tag, after one such thing lost some tags and got others."""
    steps = dict.fromkeys(set(removed) - set(added), -1) | dict.fromkeys(set(added) - set(removed), 1)
    await add(connection, carrier, steps)


async def add(connection: Connection, carrier: type[Tagged], steps: Mapping[str, int]) -> None:
    """Keep the number of what everybody sees of each tag, after many such things lost or got it."""
    if steps:
        await _counting(carrier.counter).run(connection, names=list(steps), steps=list(steps.values()))


async def get(connection: Connection, tag_id: UUID) -> models.Tag:
    """Return a tag. Raises NotFound."""
    row = await _GET.first(connection, id=tag_id)
    if row is None:
        raise NotFound("There is no such tag.")
    return models.Tag.model_validate(dict(row))


@cache
def _listing(sort: TagSort, shape: pages.Shape) -> Statement:
    column, descending = _ORDER[sort]
    return Statement(pages.ordered(select(*_TAG), column, Tag.id, shape, descending=descending))


async def list_page(connection: Connection, sort: TagSort, asked: pages.Asked) -> models.TagPage:
    """Return a page of all tags. Raises ValidationFailed for a cursor that is not ours."""
    page = pages.wanted(f"tags {sort}", asked)
    counted = await _COUNT_ALL.total(connection) if page.total else None
    rows = await _listing(sort, page.shape).all(connection, **page.binds())
    kept, described = pages.cut(rows, page, itemgetter(_ORDER[sort][0].key), counted)
    return models.TagPage(items=[models.Tag.model_validate(dict(row)) for row in kept], page=described)


async def create(connection: Connection, draft: models.TagCreate) -> models.Tag:
    """Describe a new tag. Raises TagTaken; the unique index decides."""
    values = {"color": DEFAULT_COLOR, "description": None} | draft.model_dump(exclude_unset=True)
    try:
        row = await _INSERT.first(connection, id=new_id(), **values)
    except asyncpg.UniqueViolationError:
        raise TagTaken from None
    return models.Tag.model_validate(dict(row or {}))


def carriers() -> list[type[Tagged]]:
    """Return the tables that carry tags, in the order in which their rows are locked."""
    return sorted(Tagged.__subclasses__(), key=lambda carrier: carrier.__name__)


@cache
def _rewriting() -> list[tuple[Statement, Statement]]:
    """Return, for each table that carries tags, the statements that rename one and that take one off."""
    old = bindparam("old", type_=Text())
    statements: list[tuple[Statement, Statement]] = []
    for carrier in carriers():
        carrying = (
            select(carrier.id)
            .where(carrier.tags.contains(func.array_append(literal_column("'{}'::text[]"), old)))
            .order_by(carrier.id)
            .with_for_update(key_share=True)
            .cte("carrying")
        )
        # The version counts, so that an author whose copy still has the old name gets 412 instead of bringing it
        # back; `updated_at` stays, because nobody edited the thing.
        rewrite = update(carrier).where(carrier.id == carrying.c.id)
        renamed = func.array_replace(carrier.tags, old, bindparam("new", type_=Text()))
        removed = func.array_remove(carrier.tags, old)
        statements.append(
            (
                Statement(rewrite.values(tags=renamed, version=carrier.version + 1), seconds=REWRITE_SECONDS),
                Statement(rewrite.values(tags=removed, version=carrier.version + 1), seconds=REWRITE_SECONDS),
            )
        )
    return statements


async def owned(connection: Connection, tag_id: UUID, if_match: str) -> models.Tag:
    """Return a tag whose name nobody else changes or takes until the end of the transaction."""
    await own(connection)
    tag = await get(connection, tag_id)
    require_match(if_match, tag.version)
    return tag


async def update_tag(connection: Connection, tag_id: UUID, patch: models.TagUpdate, if_match: str) -> models.Tag:
    """Apply a merge patch. Raises NotFound, PreconditionFailed, TagTaken."""
    tag = await owned(connection, tag_id, if_match)
    changes = patch.model_dump(exclude_unset=True)
    values = {f"new_{name}": changes.get(name, getattr(tag, name)) for name in _EDITABLE}
    if values["new_name"] != tag.name:
        for rename, _ in _rewriting():
            await rename.run(connection, old=tag.name, new=values["new_name"])
    try:
        row = await _UPDATE.first(connection, tag_id=tag_id, **values)
    except asyncpg.UniqueViolationError:
        raise TagTaken from None
    return models.Tag.model_validate(dict(row or {}))


async def delete_tag(connection: Connection, tag_id: UUID, if_match: str) -> None:
    """Delete a tag and take it off everything that carries it. Raises NotFound, PreconditionFailed."""
    tag = await owned(connection, tag_id, if_match)
    for _, remove in _rewriting():
        await remove.run(connection, old=tag.name)
    await forget(connection, tag_id)


async def forget(connection: Connection, tag_id: UUID) -> None:
    """Delete a tag that nothing carries any more; the caller owns the vocabulary."""
    await _DELETE.run(connection, id=tag_id)
