"""Putting things into categories: which of them take something, and how much is in each."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import TypedDict
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from app.categories.tables import Categorised, Category
from app.problems import FieldError, ValidationFailed
from app.sql import Connection, Statement

_ARE_ACTIVE = Statement(
    select(Category.id, Category.is_active).where(Category.id == func.any(bindparam("ids", type_=ARRAY(Uuid()))))
)


@cache
def _counting(counter: str) -> Statement:
    number = getattr(Category, counter) + bindparam("step", type_=Integer())
    return Statement(update(Category).where(Category.id == bindparam("category_id")).values({counter: number}))


class Fault(TypedDict):
    """What is wrong with a category that something is to be put into."""

    code: str
    detail: str


_UNKNOWN = Fault(code="unknown_category", detail="There is no such category.")
_INACTIVE = Fault(code="inactive_category", detail="The category takes nothing new.")


async def unfit(connection: Connection, ids: Collection[UUID]) -> dict[UUID | None, Fault]:
    """Return those of the categories that nothing can be put into. The caller shares the vocabulary."""
    if not ids:
        return {}
    known = {row["id"]: row["is_active"] for row in await _ARE_ACTIVE.all(connection, ids=list(ids))}
    return {it: _INACTIVE if it in known else _UNKNOWN for it in ids if not known.get(it)}


async def require_active(connection: Connection, category_id: UUID) -> None:
    """Raise ValidationFailed unless something can be put into the category. The caller shares the vocabulary."""
    for fault in (await unfit(connection, {category_id})).values():
        raise ValidationFailed(errors=[FieldError(pointer="/category_id", **fault)])


async def add(connection: Connection, carrier: type[Categorised], steps: Mapping[UUID, int]) -> None:
    """Keep the number of what everybody sees in each category, after as many more, or fewer, are in it."""
    # In the order of the ids, so that two who count the same do not wait for each other.
    for category_id in sorted(steps):
        await _counting(carrier.counter).run(connection, category_id=category_id, step=steps[category_id])


async def count(
    connection: Connection, carrier: type[Categorised], *, removed: UUID | None = None, added: UUID | None = None
) -> None:
    """Keep the number of what everybody sees in each category, after one such thing left one and came into another."""
    if removed != added:
        steps = {it: step for it, step in ((removed, -1), (added, 1)) if it is not None}
        await add(connection, carrier, steps)
