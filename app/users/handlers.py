"""The operations of this tag."""

from uuid import UUID

from app.access import Principal
from app.problems import NotFound
from generated import models
from generated.server import HTTPResult


async def get_me(
    *,
    principal: Principal,
    if_none_match: str | None,
) -> models.User | HTTPResult[models.User]:
    raise NotFound


async def update_me(
    *,
    principal: Principal,
    if_match: str,
    body: models.UserUpdate,
) -> models.User | HTTPResult[models.User]:
    raise NotFound


async def get_profile(
    *,
    principal: Principal | None,
    username: str,
    if_none_match: str | None,
) -> models.Profile | HTTPResult[models.Profile]:
    raise NotFound
