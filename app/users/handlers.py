"""The operations of the tag Users; together these functions are the generated `UsersService`."""

from app.access import Principal
from app.db import reading, transaction
from app.etags import conditional, content_etag, etag
from app.users import service
from generated.models import Profile, User, UserUpdate
from generated.server import HTTPResult


async def get_me(*, principal: Principal, if_none_match: str | None) -> HTTPResult[User]:
    async with reading() as connection:
        account = await service.get(connection, principal.user_id)
    return conditional(account, etag(account), if_none_match)


async def update_me(*, principal: Principal, if_match: str, body: UserUpdate) -> HTTPResult[User]:
    async with transaction() as connection:
        account = await service.update_account(connection, principal.user_id, body, if_match)
    return HTTPResult(200, account, {"ETag": etag(account)})


async def get_profile(*, principal: Principal | None, username: str, if_none_match: str | None) -> HTTPResult[Profile]:
    async with reading() as connection:
        profile = await service.get_profile(connection, username)
    return conditional(profile, content_etag(profile), if_none_match)
