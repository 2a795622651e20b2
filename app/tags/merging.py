"""Making one tag of two: everything that carries the one carries the other instead, once."""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Text, Uuid, bindparam, case, func, literal_column, select, update

from app.problems import FieldError, NotFound, ValidationFailed
from app.sql import Connection, Statement
from app.tags import service
from app.tags.tables import Tag
from generated import models

COUNTERS = ("post_count", "item_count")
_id = bindparam("id", type_=Uuid())
_COUNTS = Statement(select(*(getattr(Tag, name) for name in COUNTERS)).where(Tag.id == _id))
_sums: dict[str, Any] = {name: getattr(Tag, name) + bindparam(f"more_{name}", type_=Integer()) for name in COUNTERS}
_sums |= {"version": Tag.version + 1, "updated_at": func.now()}
_ADD = Statement(update(Tag).where(Tag.id == _id).values(_sums))


@cache
def _merging() -> dict[str, Statement]:
    """Return, for each counter of tags, the statement that puts one tag in the place of another.

    It answers how many carry both and are counted; for the others, the one is counted where the other was.
    """
    statements: dict[str, Statement] = {}
    for carrier in service.carriers():
        old, new = bindparam("old", type_=Text()), bindparam("new", type_=Text())
        has_new = carrier.tags.contains(func.array_append(literal_column("'{}'::text[]"), new))
        carrying = (
            select(carrier.id, (has_new & (carrier.status == literal_column(f"'{carrier.listed}'"))).label("counted"))
            .where(carrier.tags.contains(func.array_append(literal_column("'{}'::text[]"), old)))
            .order_by(carrier.id)
            .with_for_update(key_share=True)
            .cte("carrying")
        )
        merged = case((has_new, func.array_remove(carrier.tags, old)), else_=func.array_replace(carrier.tags, old, new))
        rewritten = (
            update(carrier)
            .where(carrier.id == carrying.c.id)
            .values(tags=merged, version=carrier.version + 1)
            .cte("rewritten")
        )
        twice = select(func.count()).select_from(carrying).where(carrying.c.counted)
        statements[carrier.counter] = Statement(twice.add_cte(rewritten), seconds=service.REWRITE_SECONDS)
    return statements


async def _name_of(connection: Connection, tag_id: UUID, into: UUID) -> str:
    """Return the name of the other tag. Raises ValidationFailed when there is none, or it is the same."""
    try:
        other = await service.get(connection, into)
    except NotFound:
        error = FieldError(pointer="/into", code="unknown_tag", detail="There is no such tag.")
        raise ValidationFailed(errors=[error]) from None
    if into == tag_id:
        error = FieldError(pointer="/into", code="same_tag", detail="Must be another tag.")
        raise ValidationFailed(errors=[error])
    return other.name


async def merge(connection: Connection, tag_id: UUID, into: UUID, if_match: str) -> models.Tag:
    """Put another tag in the place of one. Raises NotFound, PreconditionFailed, and ValidationFailed for the other."""
    tag = await service.owned(connection, tag_id, if_match)
    new = await _name_of(connection, tag_id, into)
    twice = {counter: await put.value(connection, old=tag.name, new=new) for counter, put in _merging().items()}
    # Everything that carried the tag is locked by now, and so nobody counts it any more.
    counted = await _COUNTS.first(connection, id=tag_id)
    assert counted is not None  # noqa: S101 - Nobody else deletes a tag meanwhile.
    await service.forget(connection, tag_id)
    more = {f"more_{name}": counted[name] - twice.get(name, 0) for name in COUNTERS}
    await _ADD.run(connection, id=into, **more)
    return await service.get(connection, into)
