"""The operations of this tag."""

from uuid import UUID

from app.access import Principal
from app.problems import NotFound
from generated import models
from generated.server import HTTPResult


async def register_user(
    *,
    idempotency_key: str | None,
    body: models.Registration,
) -> models.User | HTTPResult[models.User]:
    raise NotFound


async def log_in(
    *,
    body: models.LoginForm,
) -> models.TokenPair | HTTPResult[models.TokenPair]:
    raise NotFound


async def refresh_tokens(
    *,
    body: models.TokenRefresh,
) -> models.TokenPair | HTTPResult[models.TokenPair]:
    raise NotFound


async def log_out(
    *,
    principal: Principal,
    body: models.LogOut | None,
) -> None | HTTPResult[models.Problem]:
    raise NotFound
