"""The operations of this tag."""

from uuid import UUID

from app.access import Principal
from app.problems import NotFound
from generated import models
from generated.server import HTTPResult


async def list_comments(
    *,
    principal: Principal | None,
    post_id: UUID,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    sort: models.CommentSort,
    layout: models.CommentLayout,
) -> models.CommentPage | HTTPResult[models.CommentPage]:
    raise NotFound


async def create_comment(
    *,
    principal: Principal,
    post_id: UUID,
    idempotency_key: str | None,
    body: models.CommentCreate,
) -> models.Comment | HTTPResult[models.Comment]:
    raise NotFound


async def get_comment(
    *,
    principal: Principal | None,
    comment_id: UUID,
    if_none_match: str | None,
) -> models.Comment | HTTPResult[models.Comment]:
    raise NotFound


async def update_comment(
    *,
    principal: Principal,
    comment_id: UUID,
    if_match: str,
    body: models.CommentUpdate,
) -> models.Comment | HTTPResult[models.Comment]:
    raise NotFound


async def delete_comment(
    *,
    principal: Principal,
    comment_id: UUID,
    if_match: str,
) -> None | HTTPResult[models.Problem]:
    raise NotFound


async def like_comment(
    *,
    principal: Principal,
    comment_id: UUID,
) -> None | HTTPResult[models.Problem]:
    raise NotFound


async def unlike_comment(
    *,
    principal: Principal,
    comment_id: UUID,
) -> None | HTTPResult[models.Problem]:
    raise NotFound
