"""Items for the benchmark: what they are made of, and how the limit answers a page of them."""

import base64
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import orjson

from scripts.bench import data

LIST_ITEMS = "listItems"
ITEMS = "/api/v1/items"
NUMBER = 20_000
COLUMNS = "id owner_id title description price tax discount_price in_stock status tags views created_at updated_at"
# Of twenty, one is not offered yet.
DRAFT_EVERY = 20
DISCOUNT_EVERY = 4
LENGTH = 20


def moment(item: int) -> datetime:
    """Return when an item was offered."""
    return data.START + timedelta(minutes=90 * item)


def rows(drawn: data.Plan, number: int = NUMBER) -> Iterator[tuple[Any, ...]]:
    """Yield the items that members offer."""
    for item in range(number):
        at = moment(item)
        price = Decimal(1_000 + item % 9_000).scaleb(-2)
        yield (
            data.identifier(at, 1 << 50 | item),
            drawn.users[item % len(drawn.users)],
            f"{data.words(drawn, 5).capitalize()} {item}",
            data.words(drawn, 30),
            price,
            Decimal(19),
            price / 2 if item % DISCOUNT_EVERY == 0 else None,
            item % 3 > 0,
            "draft" if item % DRAFT_EVERY == 0 else "active",
            drawn.tags[item % len(drawn.tags)],
            item % 1_000,
            at,
            at,
        )


# What data.fill writes besides.
TABLES: dict[str, tuple[str, Callable[[data.Plan], Iterator[tuple[Any, ...]]]]] = {"items": (COLUMNS, rows)}

LIST = f"""
    SELECT items.id::text, items.title, items.description, items.price::text, items.tax::text,
        items.discount_price::text, items.total_price::text, items.in_stock, items.status, items.tags,
        items.category_id::text, users.username, users.full_name, users.avatar_url, items.views, items.version,
        items.created_at, items.updated_at
    FROM items JOIN users ON users.id = items.owner_id
    WHERE items.status = 'active' AND (items.created_at, items.id) < ($1, $2)
    ORDER BY items.created_at DESC, items.id DESC LIMIT {LENGTH + 1}"""  # noqa: S608 - Only our own constants go in.
FIRST_PAGE = (datetime.fromisoformat("9999-01-01T00:00:00Z"), UUID(int=2**128 - 1))
Fetch = Callable[..., Awaitable[list[Any]]]


def with_owner(row: Any) -> dict[str, Any]:
    """Return a row as it is answered."""
    members = dict(row)
    members["owner"] = {name: members.pop(name) for name in ("username", "full_name", "avatar_url")}
    return members


async def page(query: bytes, fetch: Fetch) -> bytes:
    """Return a page of items with no framework, no validation and no rules; `fetch` runs LIST."""
    after = FIRST_PAGE
    if cursor := parse_qs(query.decode()).get("cursor"):
        at, item_id = orjson.loads(base64.urlsafe_b64decode(cursor[0]))
        after = datetime.fromisoformat(at), UUID(item_id)
    found = await fetch(*after)
    items = [with_owner(row) for row in found[:LENGTH]]
    has_next = len(found) > LENGTH
    position = orjson.dumps([items[-1]["created_at"], items[-1]["id"]]) if has_next else b""
    described = {
        "size": len(items),
        "has_next": has_next,
        "has_previous": after is not FIRST_PAGE,
        "next_cursor": base64.urlsafe_b64encode(position).decode() if has_next else None,
        "previous_cursor": None,
    }
    return orjson.dumps({"items": items, "page": described}, option=orjson.OPT_UTC_Z)
