"""The operations of the tag Items; together these functions are the generated `ItemsService`."""

from uuid import UUID

from app import pages
from app.access import Principal
from app.contract import BASE_PATH
from app.current import current
from app.db import reading, transaction
from app.etags import conditional, etag
from app.idempotency import once
from app.items import images, search, service
from app.items.queries import Filters
from app.media import uploads
from app.sql import Connection
from app.streams import Incoming
from generated.models import (
    Item,
    ItemCreate,
    ItemHitPage,
    ItemPage,
    ItemSort,
    ItemStatus,
    ItemUpdate,
    PopularItems,
)
from generated.server import HTTPResult


async def list_items(
    *,
    principal: Principal | None,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    sort: ItemSort,
    owner: str | None,
    tag: str | None,
    category: str | None,
    in_stock: bool | None,
    min_price: str | None,
    max_price: str | None,
) -> HTTPResult[ItemPage]:
    filters = Filters(owner, tag, category, in_stock, min_price, max_price)
    async with reading() as connection:
        items = await service.list_page(connection, sort, filters, pages.Asked(limit, cursor, page, include_total))
    return HTTPResult(200, items, pages.links(items.page))


async def create_item(*, principal: Principal, idempotency_key: str | None, body: ItemCreate) -> HTTPResult[Item]:
    async def create(connection: Connection) -> HTTPResult[Item]:
        item = await service.create(connection, principal, body)
        return HTTPResult(201, item, {"Location": f"{BASE_PATH}/items/{item.id}", "ETag": etag(item)})

    return await once(idempotency_key, principal.user_id, body, Item, create)


async def get_item(*, principal: Principal | None, item_id: UUID, if_none_match: str | None) -> HTTPResult[Item]:
    async with reading() as connection:
        item = await service.get(connection, principal, item_id)
    service.count_view(item)
    return conditional(item, etag(item), if_none_match)


async def update_item(*, principal: Principal, item_id: UUID, if_match: str, body: ItemUpdate) -> HTTPResult[Item]:
    async with transaction() as connection:
        item = await service.update_item(connection, principal, item_id, body, if_match)
    return HTTPResult(200, item, {"ETag": etag(item)})


async def delete_item(*, principal: Principal, item_id: UUID, if_match: str) -> None:
    async with transaction() as connection:
        await service.delete_item(connection, principal, item_id, if_match)


async def search_items(
    *,
    principal: Principal | None,
    q: str,
    min_price: str | None,
    max_price: str | None,
    limit: int,
    cursor: str | None,
) -> HTTPResult[ItemHitPage]:
    filters = Filters(min_price=min_price, max_price=max_price)
    async with reading() as connection:
        found = await search.find(connection, q, filters, pages.Asked(limit, cursor))
    return HTTPResult(200, found, pages.links(found.page))


async def list_popular_items(*, principal: Principal | None) -> HTTPResult[PopularItems]:
    async with reading() as connection:
        return HTTPResult(200, await service.popular(connection))


async def list_my_items(
    *,
    principal: Principal,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    status: ItemStatus | None,
) -> HTTPResult[ItemPage]:
    asked = pages.Asked(limit, cursor, page, include_total)
    async with reading() as connection:
        items = await service.list_own(connection, principal, status, asked)
    return HTTPResult(200, items, pages.links(items.page))


async def upload_item_images(
    *, request: Incoming, principal: Principal, item_id: UUID, idempotency_key: str | None
) -> HTTPResult[Item]:
    await images.require_own(principal, item_id)
    async with uploads.received(current().header(b"content-type"), request.stream(), images.KINDS) as upload:

        async def add(connection: Connection) -> HTTPResult[Item]:
            item = await images.add(connection, principal, item_id, upload)
            return HTTPResult(201, item, {"Location": f"{BASE_PATH}/items/{item_id}", "ETag": etag(item)})

        return await once(idempotency_key, principal.user_id, upload.digest, Item, add)


async def remove_item_image(*, principal: Principal, item_id: UUID, media_id: UUID) -> None:
    async with transaction() as connection:
        await images.remove(connection, principal, item_id, media_id)
