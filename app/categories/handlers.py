"""The operations of the tag Categories; together these functions are the generated `CategoriesService`."""

from uuid import UUID

from app import pages
from app.access import Principal
from app.categories import service
from app.categories.service import Filters
from app.contract import BASE_PATH
from app.db import reading, transaction
from app.etags import conditional, etag
from app.idempotency import once
from app.sql import Connection
from generated.models import Category, CategoryCreate, CategoryPage, CategorySort, CategoryUpdate
from generated.server import HTTPResult


async def list_categories(
    *,
    principal: Principal | None,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    sort: CategorySort,
    is_active: bool | None,
    parent_id: UUID | None,
) -> HTTPResult[CategoryPage]:
    filters = Filters(is_active, parent_id)
    async with reading() as connection:
        asked = pages.Asked(limit, cursor, page, include_total)
        categories = await service.list_page(connection, sort, filters, asked)
    return HTTPResult(200, categories, pages.links(categories.page))


async def create_category(
    *, principal: Principal, idempotency_key: str | None, body: CategoryCreate
) -> HTTPResult[Category]:
    async def create(connection: Connection) -> HTTPResult[Category]:
        category = await service.create(connection, body)
        headers = {"Location": f"{BASE_PATH}/categories/{category.id}", "ETag": etag(category)}
        return HTTPResult(201, category, headers)

    return await once(idempotency_key, principal.user_id, body, Category, create)


async def get_category(
    *, principal: Principal | None, category_id: UUID, if_none_match: str | None
) -> HTTPResult[Category]:
    async with reading() as connection:
        category = await service.get(connection, category_id)
    return conditional(category, etag(category), if_none_match)


async def update_category(
    *, principal: Principal, category_id: UUID, if_match: str, body: CategoryUpdate
) -> HTTPResult[Category]:
    async with transaction() as connection:
        category = await service.update_category(connection, category_id, body, if_match)
    return HTTPResult(200, category, {"ETag": etag(category)})


async def delete_category(*, principal: Principal, category_id: UUID, if_match: str) -> None:
    async with transaction() as connection:
        await service.delete_category(connection, category_id, if_match)
