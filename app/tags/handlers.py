"""The operations of this tag."""

from uuid import UUID

from app.access import Principal
from app.problems import NotFound
from generated import models
from generated.server import HTTPResult


async def list_tags(
    *,
    principal: Principal | None,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    sort: models.TagSort,
) -> models.TagPage | HTTPResult[models.TagPage]:
    raise NotFound


async def create_tag(
    *,
    principal: Principal,
    idempotency_key: str | None,
    body: models.TagCreate,
) -> models.Tag | HTTPResult[models.Tag]:
    raise NotFound


async def get_tag(
    *,
    principal: Principal | None,
    tag_id: UUID,
    if_none_match: str | None,
) -> models.Tag | HTTPResult[models.Tag]:
    raise NotFound


async def update_tag(
    *,
    principal: Principal,
    tag_id: UUID,
    if_match: str,
    body: models.TagUpdate,
) -> models.Tag | HTTPResult[models.Tag]:
    raise NotFound


async def delete_tag(
    *,
    principal: Principal,
    tag_id: UUID,
    if_match: str,
) -> None | HTTPResult[models.Problem]:
    raise NotFound
