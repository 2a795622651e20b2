"""The rules of categories, and the statements that keep them.

Whoever changes the tree, or takes a category away, has the vocabulary to himself (app/tags/service.py, whose order of
locks holds here, too: the vocabulary, items and posts by their ids, categories last). So two moves never make a circle
that neither would have made, and nothing is put into a category at the moment when that goes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg import Record
from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Integer,
    Text,
    Uuid,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    update,
)

from app import pages
from app.categories.tables import BETWEEN, MAX_DEPTH, Categorised, Category
from app.etags import require_match
from app.ids import new_id
from app.pages import Shape
from app.problems import FieldError, NotFound, Problem, ValidationFailed
from app.slugs import slug_of
from app.sql import Connection, Statement
from app.tags import service as tags
from generated import models
from generated.models import CategorySort, ProblemCode


class CategoryTaken(Problem):
    status, code, title = 409, ProblemCode.category_taken, "There is a category of this slug."


class CategoryCycle(Problem):
    status, code, title = 409, ProblemCode.category_cycle, "A category cannot stand below itself."


class CategoryTooDeep(Problem):
    status, code, title = 409, ProblemCode.category_too_deep, "The tree would become too deep."


class CategoryNotEmpty(Problem):
    status, code, title = 409, ProblemCode.category_not_empty, "There are categories below it."


_CATEGORY = (
    Category.id,
    Category.name,
    Category.slug,
    Category.place,
    Category.description,
    Category.is_active,
    Category.parent_id,
    Category.depth,
    Category.post_count,
    Category.item_count,
    Category.version,
    Category.created_at,
    Category.updated_at,
)
_id = bindparam("category_id", type_=Uuid())
_GET = Statement(select(*_CATEGORY).where(Category.id == _id))
_EDITABLE = ("name", "slug", "description", "is_active", "parent_id")
_MADE = ("id", *_EDITABLE, "place", "depth")
_INSERT = Statement(insert(Category).values({name: bindparam(name) for name in _MADE}).returning(*_CATEGORY))
_given: dict[str, Any] = {name: bindparam(f"new_{name}") for name in (*_EDITABLE, "place", "depth")}
_UPDATE = Statement(
    update(Category)
    .where(Category.id == _id)
    .values(_given | {"version": Category.version + 1, "updated_at": func.now()})
    .returning(*_CATEGORY)
)
# What stands below begins with the same slugs; nothing sorts between them but what stands below, too.
_above = bindparam("above", type_=Text())
_below = func.starts_with(Category.place, _above)
_DEEPEST = Statement(select(func.max(Category.depth)).where(_below))
# Where they stand is not an edit of theirs: versions stay, and their ETags change with what is shown.
_CARRY = Statement(
    update(Category)
    .where(_below)
    .values(
        place=bindparam("new_above", type_=Text()) + func.substr(Category.place, func.length(_above) + 1),
        depth=Category.depth + bindparam("step", type_=Integer()),
    )
)
_HAS_CHILDREN = Statement(select(exists().where(Category.parent_id == _id)))
_DELETE = Statement(delete(Category).where(Category.id == _id))

_ORDER: dict[CategorySort, tuple[ColumnClause[Any], bool]] = {
    CategorySort.by_place: (Category.place, False),
    CategorySort.by_name: (Category.name, False),
    CategorySort.by_post_count_desc: (Category.post_count, True),
}
_FILTERS: dict[str, ColumnElement[bool]] = {
    "is_active": Category.is_active == bindparam("is_active"),
    "parent_id": Category.parent_id == bindparam("parent_id"),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by; None does not narrow."""

    is_active: bool | None = None
    parent_id: UUID | None = None

    def values(self) -> dict[str, Any]:
        """Return the bind values of the filters in use."""
        return {name: value for name in _FILTERS if (value := getattr(self, name)) is not None}


def _category(row: Mapping[str, Any] | Record | None) -> models.Category:
    assert row is not None  # noqa: S101 - The row has been written or locked just before.
    members = dict(row)
    members["path"] = members.pop("place").replace(BETWEEN, "/")
    return models.Category.model_validate(members)


async def _row(connection: Connection, category_id: UUID) -> Record:
    row = await _GET.first(connection, category_id=category_id)
    if row is None:
        raise NotFound("There is no such category.")
    return row


async def get(connection: Connection, category_id: UUID) -> models.Category:
    """Return a category. Raises NotFound."""
    return _category(await _row(connection, category_id))


@cache
def _listing(sort: CategorySort, filters: frozenset[str], shape: Shape) -> Statement:
    column, descending = _ORDER[sort]
    chosen = select(*_CATEGORY).where(*(_FILTERS[name] for name in sorted(filters)))
    return Statement(pages.ordered(chosen, column, Category.id, shape, descending=descending))


@cache
def _counting(filters: frozenset[str]) -> pages.Counting:
    return pages.Counting(select(Category.id).where(*(_FILTERS[name] for name in sorted(filters))))


async def list_page(
    connection: Connection, sort: CategorySort, filters: Filters, asked: pages.Asked
) -> models.CategoryPage:
    """Return a page of categories. Raises ValidationFailed for a cursor that is not of this list."""
    values = filters.values()
    page = pages.wanted(f"categories {sort} {values}", asked)
    names = frozenset(values)
    counted = await _counting(names).total(connection, **values) if page.total else None
    rows = await _listing(sort, names, page.shape).all(connection, **values, **page.binds())
    kept, described = pages.cut(rows, page, itemgetter(_ORDER[sort][0].key), counted)
    return models.CategoryPage(items=[_category(row) for row in kept], page=described)


async def _standing(connection: Connection, slug: str, parent_id: UUID | None) -> tuple[str, int]:
    """Return place and depth of a category below a parent. Raises ValidationFailed when there is no such parent."""
    if parent_id is None:
        return slug, 1
    parent = await _GET.first(connection, category_id=parent_id)
    if parent is None:
        error = FieldError(pointer="/parent_id", code="unknown_parent", detail="There is no such category.")
        raise ValidationFailed(errors=[error])
    return f"{parent['place']}{BETWEEN}{slug}", parent["depth"] + 1


async def create(connection: Connection, draft: models.CategoryCreate) -> models.Category:
    """Make a category. Raises CategoryTaken, CategoryTooDeep, and ValidationFailed for a parent that is not there."""
    values: dict[str, Any] = {"description": None, "is_active": True, "parent_id": None}
    values |= {"slug": slug_of(draft.name, "category")} | draft.model_dump(exclude_unset=True)
    await tags.own(connection)
    place, depth = await _standing(connection, values["slug"], values["parent_id"])
    if depth > MAX_DEPTH:
        raise CategoryTooDeep
    try:
        return _category(await _INSERT.first(connection, id=new_id(), place=place, depth=depth, **values))
    except asyncpg.UniqueViolationError:
        raise CategoryTaken from None


async def update_category(
    connection: Connection, category_id: UUID, patch: models.CategoryUpdate, if_match: str
) -> models.Category:
    """Apply a merge patch, and carry along what stands below.

    Raises NotFound, PreconditionFailed, CategoryTaken, CategoryCycle, CategoryTooDeep, and ValidationFailed for a
    parent that is not there.
    """
    await tags.own(connection)
    row = await _row(connection, category_id)
    require_match(if_match, row["version"])
    values: dict[str, Any] = {name: row[name] for name in _EDITABLE} | patch.model_dump(exclude_unset=True)
    place, depth = await _standing(connection, values["slug"], values["parent_id"])
    above, step = row["place"] + BETWEEN, depth - row["depth"]
    if place.startswith(above):
        raise CategoryCycle
    if (await _DEEPEST.value(connection, above=above) or row["depth"]) + step > MAX_DEPTH:
        raise CategoryTooDeep
    if place != row["place"]:
        await _CARRY.run(connection, above=above, new_above=place + BETWEEN, step=step)
    given = {f"new_{name}": value for name, value in (values | {"place": place, "depth": depth}).items()}
    try:
        return _category(await _UPDATE.first(connection, category_id=category_id, **given))
    except asyncpg.UniqueViolationError:
        raise CategoryTaken from None


def carriers() -> list[type[Categorised]]:
    """Return the tables of what stands in categories, in the order in which their rows are locked."""
    return sorted(Categorised.__subclasses__(), key=lambda carrier: carrier.__name__)


@cache
def _leaving() -> list[Statement]:
    """Return, for each table of things in categories, the statement that takes them out of one.

    The version counts, so that whoever holds a copy gets 412; `updated_at` stays, because nobody edited them.
    """
    statements: list[Statement] = []
    for carrier in carriers():
        there = select(carrier.id).where(carrier.category_id == _id).order_by(carrier.id)
        there = there.with_for_update(key_share=True).cte("there")
        leave = (
            update(carrier)
            .where(carrier.id == there.c.id)
            .values(category_id=literal_column("NULL"), version=carrier.version + 1)
        )
        statements.append(Statement(leave, seconds=tags.REWRITE_SECONDS))
    return statements


async def delete_category(connection: Connection, category_id: UUID, if_match: str) -> None:
    """Delete a category and take everything out of it. Raises NotFound, PreconditionFailed, CategoryNotEmpty."""
    await tags.own(connection)
    row = await _row(connection, category_id)
    require_match(if_match, row["version"])
    if await _HAS_CHILDREN.value(connection, category_id=category_id):
        raise CategoryNotEmpty
    for leave in _leaving():
        await leave.run(connection, category_id=category_id)
    await _DELETE.run(connection, category_id=category_id)
