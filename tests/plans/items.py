"""The statements of items that many requests wait for."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.items import images, queries, search, service
from app.pages import Shape
from app.sql import Statement
from generated.models import ItemSort, ItemStatus

# pyright: reportPrivateUsage=false
ITEM, MEMBER, MEDIUM = UUID(int=5_000), UUID(int=7), UUID(int=9_000)
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
Shapes = Callable[[Any], Iterator[tuple[str, Shape, dict[str, Any]]]]


def statements(shapes: Shapes, first: Shape, following: Shape) -> Iterator[tuple[str, Statement, dict[str, Any]]]:
    """Yield each with its name and the values of its parameters."""
    for sort in ItemSort:
        key = Decimal("500.00") if "price" in sort.value else 500 if "views" in sort.value else MOMENT
        for name, shape, values in shapes(key):
            yield f"items {sort.value} {name}", queries.listing(sort, frozenset[str](), shape), values
    filters: dict[str, Any] = {"owner": "member_7", "tag": "tag-7", "category": "category-7", "in_stock": True}
    filters |= {"min_price": Decimal("10.00"), "max_price": Decimal("20.00")}
    for name, value in filters.items():
        statement = queries.listing(ItemSort.created_at_desc, frozenset({name}), following)
        yield f"items by {name}", statement, {name: value, "key": MOMENT, "key_id": ITEM}
    for status in (None, ItemStatus.draft):
        for name, shape, values in shapes(MOMENT):
            own = queries.own_listing(status, shape)
            yield f"items own {status and status.value} {name}", own, values | {"owner_id": MEMBER}
    yield "items get", service._GET, {"id": ITEM}
    yield "items lock", service._LOCK, {"id": ITEM}
    yield "items popular", service._POPULAR, {}
    for names in ((), ("min_price", "max_price")):
        bound = {name: filters[name] for name in names}
        for kind, word in (("common", "loom"), ("rare", "word7777")):
            statement = search._statement(frozenset(names), first)
            yield f"search items {kind} word{' by price' if names else ''}", statement, bound | {"q": word}
    yield "items image places", images._PLACES, {"item_id": ITEM}
    yield "items image off", images._REMOVE, {"item_id": ITEM, "media_id": MEDIUM}
    yield "items write views", service._VIEWS._add, {"ids": [ITEM], "numbers": [1]}
