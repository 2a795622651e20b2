"""The operations of the tag Tags; together these functions are the generated `TagsService`."""

from uuid import UUID

from app import pages
from app.access import Principal
from app.contract import BASE_PATH
from app.db import reading, transaction
from app.etags import conditional, etag
from app.idempotency import once
from app.sql import Connection
from app.tags import merging, service
from generated.models import Tag, TagCreate, TagMerge, TagPage, TagSort, TagUpdate
from generated.server import HTTPResult


async def list_tags(
    *,
    principal: Principal | None,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    sort: TagSort,
) -> HTTPResult[TagPage]:
    async with reading() as connection:
        tags = await service.list_page(connection, sort, pages.Asked(limit, cursor, page, include_total))
    return HTTPResult(200, tags, pages.links(tags.page))


async def create_tag(*, principal: Principal, idempotency_key: str | None, body: TagCreate) -> HTTPResult[Tag]:
    async def create(connection: Connection) -> HTTPResult[Tag]:
        tag = await service.create(connection, body)
        return HTTPResult(201, tag, {"Location": f"{BASE_PATH}/tags/{tag.id}", "ETag": etag(tag)})

    return await once(idempotency_key, principal.user_id, body, Tag, create)


async def get_tag(*, principal: Principal | None, tag_id: UUID, if_none_match: str | None) -> HTTPResult[Tag]:
    async with reading() as connection:
        tag = await service.get(connection, tag_id)
    return conditional(tag, etag(tag), if_none_match)


async def update_tag(*, principal: Principal, tag_id: UUID, if_match: str, body: TagUpdate) -> HTTPResult[Tag]:
    async with transaction() as connection:
        tag = await service.update_tag(connection, tag_id, body, if_match)
    return HTTPResult(200, tag, {"ETag": etag(tag)})


async def merge_tag(*, principal: Principal, tag_id: UUID, if_match: str, body: TagMerge) -> HTTPResult[Tag]:
    async with transaction() as connection:
        tag = await merging.merge(connection, tag_id, body.into, if_match)
    return HTTPResult(200, tag, {"ETag": etag(tag)})


async def delete_tag(*, principal: Principal, tag_id: UUID, if_match: str) -> None:
    async with transaction() as connection:
        await service.delete_tag(connection, tag_id, if_match)
