"""The operations of the tag Comments; together these functions are the generated `CommentsService`."""

from uuid import UUID

from pydantic import MISSING

from app import pages
from app.access import Principal
from app.comments import moderation, service
from app.comments.moderation import Filters
from app.contract import BASE_PATH
from app.db import reading, transaction
from app.etags import conditional, etag
from app.idempotency import once
from app.sql import Connection
from generated.models import (
    Comment,
    CommentCreate,
    CommentLayout,
    CommentPage,
    CommentReport,
    CommentSort,
    CommentStatus,
    CommentUpdate,
    ModerationPage,
    ModerationSort,
)
from generated.server import HTTPResult


async def list_comments(
    *,
    principal: Principal | None,
    post_id: UUID,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    sort: CommentSort,
    layout: CommentLayout,
) -> HTTPResult[CommentPage]:
    async with reading() as connection:
        asked = pages.Asked(limit, cursor, page, include_total)
        comments = await service.list_page(connection, principal, post_id, service.Order(sort, layout), asked)
    return HTTPResult(200, comments, pages.links(comments.page))


async def create_comment(
    *, principal: Principal, post_id: UUID, idempotency_key: str | None, body: CommentCreate
) -> HTTPResult[Comment]:
    async def create(connection: Connection) -> HTTPResult[Comment]:
        comment = await service.create(connection, principal, post_id, body)
        return HTTPResult(201, comment, {"Location": f"{BASE_PATH}/comments/{comment.id}", "ETag": etag(comment)})

    # An answer may find no place when its post has counted it already, which is then rolled back.
    alone = body.parent_id is MISSING or body.parent_id is None
    return await once(idempotency_key, principal.user_id, body, Comment, create, alone=alone)


async def get_comment(
    *, principal: Principal | None, comment_id: UUID, if_none_match: str | None
) -> HTTPResult[Comment]:
    async with reading() as connection:
        comment = await service.get(connection, principal, comment_id)
    return conditional(comment, etag(comment), if_none_match)


async def update_comment(
    *, principal: Principal, comment_id: UUID, if_match: str, body: CommentUpdate
) -> HTTPResult[Comment]:
    async with transaction() as connection:
        comment = await service.update_comment(connection, principal, comment_id, body, if_match)
    return HTTPResult(200, comment, {"ETag": etag(comment)})


async def delete_comment(*, principal: Principal, comment_id: UUID, if_match: str) -> None:
    async with transaction() as connection:
        await service.delete_comment(connection, principal, comment_id, if_match)


async def like_comment(*, principal: Principal, comment_id: UUID) -> None:
    async with transaction() as connection:
        await service.like(connection, principal, comment_id, liked=True)


async def unlike_comment(*, principal: Principal, comment_id: UUID) -> None:
    async with transaction() as connection:
        await service.like(connection, principal, comment_id, liked=False)


async def report_comment(*, principal: Principal, comment_id: UUID, body: CommentReport) -> None:
    async with transaction() as connection:
        await moderation.report(connection, principal, comment_id, body)


async def approve_comment(*, principal: Principal, comment_id: UUID, if_match: str) -> HTTPResult[Comment]:
    async with transaction() as connection:
        comment = await moderation.decide(connection, principal, comment_id, CommentStatus.approved, if_match)
    return HTTPResult(200, comment, {"ETag": etag(comment)})


async def reject_comment(*, principal: Principal, comment_id: UUID, if_match: str) -> HTTPResult[Comment]:
    async with transaction() as connection:
        comment = await moderation.decide(connection, principal, comment_id, CommentStatus.rejected, if_match)
    return HTTPResult(200, comment, {"ETag": etag(comment)})


async def list_moderation_queue(
    *,
    principal: Principal,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    sort: ModerationSort,
    status: CommentStatus | None,
    reported: bool | None,
) -> HTTPResult[ModerationPage]:
    async with reading() as connection:
        asked = pages.Asked(limit, cursor, page, include_total)
        queue = await moderation.list_page(connection, principal, sort, Filters(status, reported), asked)
    return HTTPResult(200, queue, pages.links(queue.page))
