"""The operations of the tag Media; together these functions are the generated `MediaService`."""

from uuid import UUID

from app import pages
from app.access import Principal
from app.contract import BASE_PATH
from app.current import current
from app.db import reading, transaction
from app.etags import conditional, etag
from app.idempotency import once
from app.jobs import requests as jobs
from app.media import avatars, downloads, service, uploads, variants
from app.media.downloads import Conditions
from app.media.service import Filters
from app.sql import Connection
from app.streams import Incoming, Stream
from generated.models import (
    AvatarChange,
    Job,
    Media,
    MediaBatch,
    MediaKind,
    MediaPage,
    MediaSort,
    MediaType,
    User,
    VariantCreate,
)
from generated.server import HTTPResult


async def list_my_media(
    *,
    principal: Principal,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    sort: MediaSort,
    kind: MediaKind | None,
    content_type: MediaType | None,
) -> HTTPResult[MediaPage]:
    filters, asked = Filters(kind, content_type), pages.Asked(limit, cursor, page, include_total)
    async with reading() as connection:
        found = await service.list_page(connection, principal, sort, filters, asked)
    return HTTPResult(200, found, pages.links(found.page))


async def upload_media(
    *, request: Incoming, principal: Principal, idempotency_key: str | None
) -> HTTPResult[MediaBatch]:
    async with uploads.received(current().header(b"content-type"), request.stream()) as upload:

        async def keep(connection: Connection) -> HTTPResult[MediaBatch]:
            ids = await uploads.keep(connection, upload, principal.user_id)
            items = [await service.get(connection, principal, media_id) for media_id in ids]
            where = f"{BASE_PATH}/media/{ids[0]}" if len(ids) == 1 else f"{BASE_PATH}/media"
            return HTTPResult(201, MediaBatch(items=items), {"Location": where})

        return await once(idempotency_key, principal.user_id, upload.digest, MediaBatch, keep)


async def get_media(*, principal: Principal | None, media_id: UUID, if_none_match: str | None) -> HTTPResult[Media]:
    async with reading() as connection:
        medium = await service.get(connection, principal, media_id)
    return conditional(medium, etag(medium), if_none_match)


async def delete_media(*, principal: Principal, media_id: UUID, if_match: str) -> None:
    async with transaction() as connection:
        await service.delete_media(connection, principal, media_id, if_match)


async def download_media(
    *,
    principal: Principal | None,
    media_id: UUID,
    range: str | None,
    if_range: str | None,
    if_none_match: str | None,
) -> HTTPResult[bytes] | Stream:
    async with reading() as connection:
        row = await service.content(connection, principal, media_id)
    return await downloads.answer(row, Conditions(range, if_range, if_none_match))


async def create_variant(
    *, principal: Principal, media_id: UUID, idempotency_key: str | None, body: VariantCreate
) -> HTTPResult[Job]:
    async def create(connection: Connection) -> HTTPResult[Job]:
        job_id = await variants.create(connection, principal, media_id, body)
        job = await jobs.get(connection, principal, job_id)
        return HTTPResult(202, job, {"Location": f"{BASE_PATH}/jobs/{job_id}"})

    return await once(idempotency_key, principal.user_id, body, Job, create)


async def download_variant(
    *,
    principal: Principal | None,
    media_id: UUID,
    variant_id: UUID,
    range: str | None,
    if_range: str | None,
    if_none_match: str | None,
) -> HTTPResult[bytes] | Stream:
    async with reading() as connection:
        row = await service.content(connection, principal, media_id, variant_id)
    return await downloads.answer(row, Conditions(range, if_range, if_none_match))


async def set_avatar(*, principal: Principal, body: AvatarChange) -> HTTPResult[User]:
    async with transaction() as connection:
        account = await avatars.set_avatar(connection, principal, body.media_id)
    return HTTPResult(200, account, {"ETag": etag(account)})


async def remove_avatar(*, principal: Principal) -> None:
    async with transaction() as connection:
        await avatars.remove_avatar(connection, principal)
