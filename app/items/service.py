"""The rules of items, and the statements that keep them.

Amounts of money come and go as decimal texts, are computed as Decimal here and as numeric there, and are never floats
(docs/decisions/0030-items.md). Locks are taken in the order that app/tags/service.py describes.
"""

from decimal import Decimal
from typing import Any
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel
from sqlalchemy import bindparam, delete, func, insert, literal_column, select, update

from app import clock, pages
from app.access import Action, Principal, allowed, require
from app.categories import filing
from app.contract import BASE_PATH
from app.etags import require_match
from app.ids import new_id
from app.items import queries
from app.items.queries import Filters
from app.items.tables import Item
from app.mail import service as mail
from app.mail.service import Reader
from app.notifications import service as notifications
from app.problems import FieldError, NotFound, ValidationFailed
from app.settings import settings
from app.sql import Connection, Statement
from app.tags import service as tags
from app.users.tables import User
from app.views import Views
from generated import models
from generated.models import ItemSort, ItemStatus

POPULAR = 10
_AMOUNTS = ("price", "tax", "discount_price")
_EDITABLE = ("title", "description", *_AMOUNTS, "in_stock", "status", "tags", "category_id")
_DEFAULTS: dict[str, Any] = {
    "description": None,
    "tax": Decimal(0),
    "discount_price": None,
    "in_stock": True,
    "status": ItemStatus.active,
    "tags": [],
    "category_id": None,
}
_FILING = frozenset({"tags", "category_id"})

_VIEWS = Views(Item)
_GET = Statement(queries.item().add_columns(Item.owner_id).where(Item.id == bindparam("id")))
_LOCK = Statement(select(Item).where(Item.id == bindparam("id")).with_for_update())
_INSERT = Statement(insert(Item).values({name: bindparam(name) for name in ("id", "owner_id", *_EDITABLE)}))
_edits: dict[str, Any] = {name: bindparam(name) for name in _EDITABLE}
_edits |= {"version": Item.version + 1, "updated_at": func.now()}
_UPDATE = Statement(update(Item).where(Item.id == bindparam("item_id")).values(_edits))
_DELETE = Statement(delete(Item).where(Item.id == bindparam("id")))
_POPULAR = Statement(
    queries.item().where(queries.ACTIVE).order_by(Item.views.desc(), Item.id.desc()).limit(literal_column(str(POPULAR)))
)
_ADDRESS = Statement(select(User.email, User.username, User.email_verified).where(User.id == bindparam("id")))


def _visible(principal: Principal | None, row: Record | None) -> Record:
    """Return the row if the member may see it. Raises NotFound otherwise."""
    if row is None or (row["status"] != ItemStatus.active and not allowed(principal, Action.SEE_UNLISTED, row)):
        raise NotFound("There is no such item.")
    return row


async def get(connection: Connection, principal: Principal | None, item_id: UUID) -> models.Item:
    """Return an item. Raises NotFound when it does not exist or must not be seen."""
    return queries.as_item(_visible(principal, await _GET.first(connection, id=item_id)))


async def seen(connection: Connection, principal: Principal, item_id: UUID) -> Record:
    """Return a row of an item. Raises NotFound as `get` does."""
    return _visible(principal, await _GET.first(connection, id=item_id))


def count_view(item: models.Item) -> None:
    """Count a view of an active item; owners who look at others do not count."""
    if item.status is ItemStatus.active:
        _VIEWS.count(item.id)


async def list_page(connection: Connection, sort: ItemSort, filters: Filters, asked: pages.Asked) -> models.ItemPage:
    """Return a page of active items.

    Raises ValidationFailed for a cursor that is not of this list and for a range of prices that nothing is in.
    """
    values = filters.values()
    names = frozenset(values)
    page = pages.wanted(f"items {sort} {sorted(values.items())}", asked)
    total = await queries.counting(names).total(connection, **values) if page.total else None
    rows = await queries.listing(sort, names, page.shape).all(connection, **values, **page.binds())
    column, _ = queries.ORDER[sort]
    kept, described = pages.cut(rows, page, lambda row: row[column.key], total)
    return models.ItemPage(items=[queries.as_item(row) for row in kept], page=described)


async def list_own(
    connection: Connection, principal: Principal, status: ItemStatus | None, asked: pages.Asked
) -> models.ItemPage:
    """Return a page of the member's own items. Raises ValidationFailed for a cursor that is not of this list."""
    values = {"owner_id": principal.user_id}
    page = pages.wanted(f"own items {principal.user_id} {status}", asked)
    total = await queries.own_counting(status).total(connection, **values) if page.total else None
    rows = await queries.own_listing(status, page.shape).all(connection, **values, **page.binds())
    kept, described = pages.cut(rows, page, queries.created_at, total)
    return models.ItemPage(items=[queries.as_item(row) for row in kept], page=described)


async def popular(connection: Connection) -> models.PopularItems:
    """Return the active items that were looked at most: ten entries of an index, so that nothing need be kept."""
    return models.PopularItems(items=[queries.as_item(row) for row in await _POPULAR.all(connection)])


def _said(body: BaseModel) -> dict[str, Any]:
    """Return what a body says: its amounts as exact numbers, its tags as they are kept."""
    said = body.model_dump(exclude_unset=True)
    said |= {name: Decimal(said[name]) for name in _AMOUNTS if said.get(name) is not None}
    return said | ({"tags": tags.normalise(said["tags"])} if "tags" in said else {})


def _require_discount(values: dict[str, Any], said: dict[str, Any]) -> None:
    """Raise ValidationFailed unless the discount is one; the error points at what was said."""
    if values["discount_price"] is not None and values["discount_price"] >= values["price"]:
        pointer = "/discount_price" if "discount_price" in said else "/price"
        detail = "The discount price must be below the price."
        raise ValidationFailed(errors=[FieldError(pointer=pointer, code="discount_not_below_price", detail=detail)])


async def _count(connection: Connection, before: Record | None, after: dict[str, Any] | None) -> None:
    """Keep the numbers of active items of tags and categories, after one was written or has gone."""
    was = before if before is not None and before["status"] == ItemStatus.active else None
    now = after if after is not None and after["status"] == ItemStatus.active else None
    await tags.count(connection, Item, removed=was["tags"] if was else (), added=now["tags"] if now else ())
    removed, added = (row["category_id"] if row else None for row in (was, now))
    await filing.count(connection, Item, removed=removed, added=added)


async def _tell_owner(connection: Connection, principal: Principal, item_id: UUID, status: ItemStatus) -> None:
    """Queue the mail that says that there is an item.

    Whoever registered with somebody else's address could have us fill that mailbox: until an address is verified, it
    gets one such mail a day. For the same reason nothing that was typed is in it.
    """
    owner = await _ADDRESS.first(connection, id=principal.user_id)
    assert owner is not None  # noqa: S101 - The item that was just written refers to the row.
    values = {"link": f"{settings().public_url}{BASE_PATH}/items/{item_id}", "status": status.value}
    key = None if owner["email_verified"] else f"item-created-{principal.user_id}-{clock.now():%Y-%m-%d}"
    await mail.queue(connection, "item_created", Reader(owner["email"], owner["username"]), values, key=key)


async def create(connection: Connection, principal: Principal, draft: models.ItemCreate) -> models.Item:
    """Write an item, and tell its owner. Raises ValidationFailed."""
    values = _DEFAULTS | _said(draft)
    _require_discount(values, values)
    if values["tags"] or values["category_id"]:
        await tags.share(connection)
    if values["category_id"]:
        await filing.require_active(connection, values["category_id"])
    await tags.ensure(connection, values["tags"])
    item_id = new_id()
    await _INSERT.run(connection, id=item_id, owner_id=principal.user_id, **values)
    await _count(connection, None, values)
    await _tell_owner(connection, principal, item_id, values["status"])
    return await get(connection, principal, item_id)


async def locked(
    connection: Connection, principal: Principal, item_id: UUID, action: Action, if_match: str = "*"
) -> Record:
    """Lock an item for a change. Raises NotFound, PermissionDenied, PreconditionFailed."""
    row = _visible(principal, await _LOCK.first(connection, id=item_id))
    require(principal, action, row)
    require_match(if_match, row["version"])
    return row


async def _change(connection: Connection, row: Record, values: dict[str, Any]) -> None:
    """Write what a locked item becomes, and keep every counter true.

    `row` is what it was and `values` what it is from now on: whoever has to hear of a change, such as that it is sold
    out, is told here, in the same transaction.
    """
    await tags.ensure(connection, [name for name in values["tags"] if name not in row["tags"]])
    await _UPDATE.run(connection, item_id=row["id"], **values)
    await _count(connection, row, values)
    if row["in_stock"] and not values["in_stock"]:
        await notifications.item_sold_out(connection, row["id"], row["owner_id"], values["title"])


async def update_item(
    connection: Connection, principal: Principal, item_id: UUID, patch: models.ItemUpdate, if_match: str
) -> models.Item:
    """Apply a merge patch. Raises NotFound, PermissionDenied, PreconditionFailed, ValidationFailed."""
    said = _said(patch)
    if said.keys() & _FILING:
        await tags.share(connection)
    row = await locked(connection, principal, item_id, Action.EDIT_ITEM, if_match)
    values = {name: row[name] for name in _EDITABLE} | said
    _require_discount(values, said)
    if said.get("category_id") not in (None, row["category_id"]):
        await filing.require_active(connection, said["category_id"])
    await _change(connection, row, values)
    return await get(connection, principal, item_id)


async def delete_item(connection: Connection, principal: Principal, item_id: UUID, if_match: str) -> None:
    """Delete an item. Raises NotFound, PermissionDenied, PreconditionFailed."""
    row = await locked(connection, principal, item_id, Action.DELETE_ITEM, if_match)
    await _DELETE.run(connection, id=item_id)
    await _count(connection, row, None)
    await notifications.item_gone(connection, item_id)
