"""The statements of this slice that are composed, compiled once per shape."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record
from sqlalchemy import ColumnClause, ColumnElement, Select, Text, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from app.categories.tables import Category
from app.items.tables import PRICE, Item, ItemImage
from app.media.queries import address
from app.pages import Counting, Shape, ordered
from app.problems import FieldError, ValidationFailed
from app.rows import fill
from app.sql import Statement
from app.users.tables import User
from generated import models
from generated.models import ItemSort, ItemStatus

# A literal, because a partial index is not considered for a bind parameter.
ACTIVE: ColumnElement[bool] = Item.status == literal_column("'active'")


def _written(column: ColumnClause[Any]) -> ColumnElement[str]:
    """Return an amount as it is answered: PostgreSQL writes as many places as the column has."""
    return column.cast(Text()).label(column.key)


def _images() -> ColumnElement[Any]:
    """Return the images of an item as one value, NULL where it has none, so that a list stays one query."""
    columns = (ItemImage.media_id, ItemImage.width, ItemImage.height)
    one = aggregate_order_by(func.jsonb_build_array(*columns, type_=JSONB()), ItemImage.position)
    return select(func.jsonb_agg(one)).where(ItemImage.item_id == Item.id).scalar_subquery().label("images")


OWNER = (User.username, User.full_name, User.avatar_url)
ITEM = (
    Item.id,
    Item.title,
    Item.description,
    _written(Item.price),
    _written(Item.tax),
    _written(Item.discount_price),
    _written(Item.total_price),
    Item.in_stock,
    Item.status,
    Item.tags,
    Item.category_id,
    _images(),
    Item.views,
    Item.version,
    Item.created_at,
    Item.updated_at,
)

# The column has an index that ends in the id.
ORDER: dict[ItemSort, tuple[ColumnClause[Any], bool]] = {
    ItemSort.created_at_desc: (Item.created_at, True),
    ItemSort.created_at_asc: (Item.created_at, False),
    ItemSort.price_asc: (Item.price, False),
    ItemSort.price_desc: (Item.price, True),
    ItemSort.views_desc: (Item.views, True),
    ItemSort.views_asc: (Item.views, False),
}

# What a list can be narrowed by; the key is the name of the bind parameter as well.
FILTERS: dict[str, ColumnElement[bool]] = {
    "owner": Item.owner_id == select(User.id).where(func.lower(User.username) == bindparam("owner")).scalar_subquery(),
    "tag": Item.tags.contains(func.array_append(literal_column("'{}'::text[]"), bindparam("tag", type_=Text()))),
    "category": Item.category_id == select(Category.id).where(Category.slug == bindparam("category")).scalar_subquery(),
    "in_stock": Item.in_stock == bindparam("in_stock"),
    "min_price": Item.price >= bindparam("min_price", type_=PRICE),
    "max_price": Item.price <= bindparam("max_price", type_=PRICE),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by; None does not narrow."""

    owner: str | None = None
    tag: str | None = None
    category: str | None = None
    in_stock: bool | None = None
    min_price: str | None = None
    max_price: str | None = None

    def values(self) -> dict[str, Any]:
        """Return the bind values of the filters in use. Raises ValidationFailed for a range that nothing is in."""
        found: dict[str, Any] = {name: getattr(self, name) for name in FILTERS}
        found["owner"] = self.owner and self.owner.lower()
        found |= {name: found[name] and Decimal(found[name]) for name in ("min_price", "max_price")}
        if None not in (self.min_price, self.max_price) and found["min_price"] > found["max_price"]:
            error = FieldError(parameter="min_price", code="above_max_price", detail="Must not be above `max_price`.")
            raise ValidationFailed(errors=[error])
        return {name: value for name, value in found.items() if value is not None}


def item() -> Select[*tuple[Any, ...]]:
    """Return items with their owners."""
    return select(*ITEM, *OWNER).join(User, User.id == Item.owner_id)


def active(filters: frozenset[str]) -> list[ColumnElement[bool]]:
    """Return the conditions for active items that the filters leave."""
    return [ACTIVE, *(FILTERS[name] for name in sorted(filters))]


@cache
def listing(sort: ItemSort, filters: frozenset[str], shape: Shape) -> Statement:
    """Return the statement for one page: it is compiled for the shape of the request, the values are bound."""
    column, descending = ORDER[sort]
    chosen = item().where(*active(filters))
    return Statement(ordered(chosen, column, Item.id, shape, descending=descending))


@cache
def counting(filters: frozenset[str]) -> Counting:
    """Return the statement that counts a list."""
    return Counting(select(Item.id).where(*active(filters)))


def _own(status: ItemStatus | None) -> list[ColumnElement[bool]]:
    mine = Item.owner_id == bindparam("owner_id")
    return [mine, Item.status == literal_column(f"'{status.value}'")] if status else [mine]


@cache
def own_listing(status: ItemStatus | None, shape: Shape) -> Statement:
    """Return the statement for one page of a member's own items, the newest first."""
    return Statement(ordered(item().where(*_own(status)), Item.created_at, Item.id, shape, descending=True))


@cache
def own_counting(status: ItemStatus | None) -> Counting:
    """Return the statement that counts a member's own items."""
    return Counting(select(Item.id).where(*_own(status)))


_ITEM_NAMES: tuple[str, ...] = tuple(str(column.key) for column in ITEM)
_OWNER_NAMES = tuple(column.key for column in OWNER)
_STATUS = {status.value: status for status in ItemStatus}
# Members are answered in the order in which they were put in, so all are put in first, in the contract's order.
_MEMBERS: dict[str, Any] = dict.fromkeys(models.Item.model_fields)
created_at = itemgetter("created_at")


def _as_images(given: str, *, is_public: bool) -> list[models.ItemImage]:
    found: list[models.ItemImage] = []
    for media_id, width, height in orjson.loads(given):
        members = {"id": UUID(media_id), "url": address(media_id, is_public=is_public)}
        found.append(fill(models.ItemImage, members | {"width": width, "height": height}))
    return found


def as_item(row: Record) -> models.Item:
    """Return a row of `item` as an item; by place, which takes half as long as by name."""
    members = _MEMBERS | dict(zip(_ITEM_NAMES, row, strict=False))
    members["status"] = status = _STATUS[members["status"]]
    images = members["images"]
    members["images"] = _as_images(images, is_public=status is ItemStatus.active) if images else []
    members["owner"] = fill(models.Author, dict(zip(_OWNER_NAMES, row[len(_ITEM_NAMES) :], strict=False)))
    return fill(models.Item, members)
