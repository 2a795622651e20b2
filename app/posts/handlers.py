"""The operations of the tag Posts; together these functions are the generated `PostsService`."""

from datetime import datetime
from uuid import UUID

from pydantic import MISSING

from app import pages
from app.access import Principal
from app.contract import BASE_PATH
from app.current import current
from app.db import reading, transaction
from app.etags import conditional, etag
from app.idempotency import once
from app.jobs import requests as jobs
from app.negotiation import preferred
from app.posts import bulk, export, markdown, related, revisions, search, service, steps, uploads, views
from app.posts.queries import Filters
from app.sql import Connection
from app.streams import Incoming, Stream
from generated.models import (
    ImportMode,
    Job,
    Post,
    PostBatch,
    PostBatchCreate,
    PostBatchDelete,
    PostCreate,
    PostHitPage,
    PostInclude,
    PostPage,
    PostSort,
    PostStatus,
    PostUpdate,
    Publication,
    RelatedPosts,
    Revision,
    RevisionDiff,
    RevisionPage,
)
from generated.server import HTTPResult


async def list_posts(
    *,
    principal: Principal | None,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    sort: PostSort,
    status: PostStatus | None,
    author: str | None,
    tag: str | None,
    category: str | None,
    featured: bool | None,
    published_after: datetime | None,
    published_before: datetime | None,
    include: PostInclude | None,
) -> HTTPResult[PostPage]:
    status = status or PostStatus.published
    filters = Filters(status, author, tag, category, featured, published_after, published_before)
    async with reading() as connection:
        asked = pages.Asked(limit, cursor, page, include_total)
        posts, contents = await service.list_page(connection, principal, sort, filters, asked, include)
    await markdown.add_to_all(posts.items, contents)
    return HTTPResult(200, posts, pages.links(posts.page))


async def create_post(*, principal: Principal, idempotency_key: str | None, body: PostCreate) -> HTTPResult[Post]:
    async def create(connection: Connection) -> HTTPResult[Post]:
        post = await service.create(connection, principal, body)
        return HTTPResult(201, post, {"Location": f"{BASE_PATH}/posts/{post.id}", "ETag": etag(post)})

    return await once(idempotency_key, principal.user_id, body, Post, create)


async def get_post(
    *, principal: Principal | None, post_id: UUID, if_none_match: str | None, include: PostInclude | None
) -> HTTPResult[Post]:
    async with reading() as connection:
        post = await service.get(connection, principal, post_id)
    views.count(post)
    await markdown.add_to(post, include)
    return conditional(post, etag(post), if_none_match)


async def get_post_by_slug(
    *, principal: Principal | None, slug: str, if_none_match: str | None, include: PostInclude | None
) -> HTTPResult[Post]:
    async with reading() as connection:
        post = await service.get_by_slug(connection, principal, slug)
    if post.slug != slug:
        return HTTPResult(308, None, {"Location": f"{BASE_PATH}/posts/by-slug/{post.slug}"})
    views.count(post)
    await markdown.add_to(post, include)
    return conditional(post, etag(post), if_none_match)


async def update_post(*, principal: Principal, post_id: UUID, if_match: str, body: PostUpdate) -> HTTPResult[Post]:
    async with transaction() as connection:
        post = await service.update_post(connection, principal, post_id, body, if_match)
    return HTTPResult(200, post, {"ETag": etag(post)})


async def delete_post(*, principal: Principal, post_id: UUID, if_match: str) -> None:
    async with transaction() as connection:
        await service.delete_post(connection, principal, post_id, if_match)


async def _set_status(principal: Principal, post_id: UUID, status: PostStatus) -> HTTPResult[Post]:
    async with transaction() as connection:
        post = await steps.set_status(connection, principal, post_id, status)
    return HTTPResult(200, post, {"ETag": etag(post)})


async def publish_post(*, principal: Principal, post_id: UUID, body: Publication | None) -> HTTPResult[Post]:
    publish_at = body.publish_at if body else MISSING
    if publish_at is MISSING:
        return await _set_status(principal, post_id, PostStatus.published)
    async with transaction() as connection:
        post = await steps.schedule(connection, principal, post_id, publish_at)
    return HTTPResult(200, post, {"ETag": etag(post)})


async def withdraw_post(*, principal: Principal, post_id: UUID) -> HTTPResult[Post]:
    return await _set_status(principal, post_id, PostStatus.draft)


async def archive_post(*, principal: Principal, post_id: UUID) -> HTTPResult[Post]:
    return await _set_status(principal, post_id, PostStatus.archived)


async def _set_featured(principal: Principal, post_id: UUID, *, featured: bool) -> HTTPResult[Post]:
    async with transaction() as connection:
        post = await steps.feature(connection, principal, post_id, featured=featured)
    return HTTPResult(200, post, {"ETag": etag(post)})


async def feature_post(*, principal: Principal, post_id: UUID) -> HTTPResult[Post]:
    return await _set_featured(principal, post_id, featured=True)


async def unfeature_post(*, principal: Principal, post_id: UUID) -> HTTPResult[Post]:
    return await _set_featured(principal, post_id, featured=False)


async def list_revisions(
    *,
    principal: Principal,
    post_id: UUID,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
) -> HTTPResult[RevisionPage]:
    asked = pages.Asked(limit, cursor, page, include_total)
    async with reading() as connection:
        found = await revisions.list_page(connection, principal, post_id, asked)
    return HTTPResult(200, found, pages.links(found.page))


async def get_revision(*, principal: Principal, post_id: UUID, number: int) -> HTTPResult[Revision]:
    async with reading() as connection:
        revision = await revisions.get(connection, principal, post_id, number)
    return HTTPResult(200, revision)


async def compare_revisions(
    *, principal: Principal, post_id: UUID, number: int, against: int | None
) -> HTTPResult[RevisionDiff]:
    async with reading() as connection:
        pair = await revisions.pair(connection, principal, post_id, number, against)
    return HTTPResult(200, await revisions.compare(pair))


async def restore_revision(*, principal: Principal, post_id: UUID, number: int, if_match: str) -> HTTPResult[Post]:
    async with transaction() as connection:
        post = await revisions.restore(connection, principal, post_id, number, if_match)
    return HTTPResult(200, post, {"ETag": etag(post)})


async def like_post(*, principal: Principal, post_id: UUID) -> None:
    async with transaction() as connection:
        await service.like(connection, principal, post_id, liked=True)


async def unlike_post(*, principal: Principal, post_id: UUID) -> None:
    async with transaction() as connection:
        await service.like(connection, principal, post_id, liked=False)


async def search_posts(
    *,
    principal: Principal | None,
    q: str,
    limit: int,
    cursor: str | None,
    author: str | None,
    tag: str | None,
    category: str | None,
    featured: bool | None,
    published_after: datetime | None,
    published_before: datetime | None,
) -> HTTPResult[PostHitPage]:
    # The answer is the same for everybody; a token is verified when there is one, as everywhere.
    del principal
    filters = Filters(PostStatus.published, author, tag, category, featured, published_after, published_before)
    async with reading() as connection:
        found = await search.find(connection, q, filters, pages.Asked(limit, cursor))
    return HTTPResult(200, found, pages.links(found.page))


async def create_posts(
    *, principal: Principal, idempotency_key: str | None, body: PostBatchCreate
) -> HTTPResult[PostBatch]:
    async def create(connection: Connection) -> HTTPResult[PostBatch]:
        batch = await bulk.create(connection, principal, body)
        drafts = f"{BASE_PATH}/posts?status=draft&sort=-created_at&author={batch.items[0].author.username}"
        return HTTPResult(201, batch, {"Location": drafts})

    return await once(idempotency_key, principal.user_id, body, PostBatch, create)


async def delete_posts(*, principal: Principal, body: PostBatchDelete) -> None:
    async with transaction() as connection:
        await bulk.delete(connection, principal, body.ids)


async def export_posts(
    *,
    principal: Principal | None,
    cursor: str | None,
    sort: PostSort,
    status: PostStatus | None,
    author: str | None,
    tag: str | None,
    category: str | None,
    featured: bool | None,
    published_after: datetime | None,
    published_before: datetime | None,
) -> Stream:
    form = preferred(current().header(b"accept"), export.FORMS)
    status = status or PostStatus.published
    filters = Filters(status, author, tag, category, featured, published_after, published_before)
    pieces = await export.begin(principal, sort, filters, cursor, form)
    return Stream(pieces, form, export.headers(form))


async def import_posts(
    *, request: Incoming, principal: Principal, mode: ImportMode, idempotency_key: str | None
) -> HTTPResult[Job]:
    async with uploads.received(principal.user_id, mode, request.stream()) as upload:

        async def begin(connection: Connection) -> HTTPResult[Job]:
            job_id = await uploads.begin(connection, upload, principal.user_id)
            job = await jobs.get(connection, principal, job_id)
            return HTTPResult(202, job, {"Location": f"{BASE_PATH}/jobs/{job_id}"})

        return await once(idempotency_key, principal.user_id, upload.digest, Job, begin)


async def list_related_posts(*, principal: Principal | None, post_id: UUID, limit: int) -> HTTPResult[RelatedPosts]:
    async with reading() as connection:
        found = await related.find(connection, principal, post_id, limit)
    return HTTPResult(200, found)
