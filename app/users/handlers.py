"""The operations of the tag Users; together these functions are the generated `UsersService`."""

from uuid import UUID

from app import pages
from app.access import Principal
from app.accounts import service as accounts
from app.accounts.service import Filters, Terms
from app.contract import BASE_PATH
from app.db import reading, transaction
from app.etags import conditional, content_etag, etag
from app.idempotency import once
from app.sql import Connection
from app.users import service
from generated.models import Profile, Role, User, UserAdminUpdate, UserCreate, UserPage, UserSort, UserUpdate
from generated.server import HTTPResult


async def get_me(*, principal: Principal, if_none_match: str | None) -> HTTPResult[User]:
    async with reading() as connection:
        account = await service.get(connection, principal.user_id)
    return conditional(account, etag(account), if_none_match)


async def update_me(*, principal: Principal, if_match: str, body: UserUpdate) -> HTTPResult[User]:
    async with transaction() as connection:
        account = await accounts.update_me(connection, principal, body, if_match)
    return HTTPResult(200, account, {"ETag": etag(account)})


async def delete_me(*, principal: Principal, if_match: str) -> None:
    async with transaction() as connection:
        await accounts.delete_me(connection, principal, if_match)
    accounts.felt()


async def list_users(
    *,
    principal: Principal,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    sort: UserSort,
    role: Role | None,
    is_active: bool | None,
    email_verified: bool | None,
    username: str | None,
    email: str | None,
) -> HTTPResult[UserPage]:
    filters = Filters(role, is_active, email_verified, username, email)
    async with reading() as connection:
        found = await accounts.list_page(connection, sort, filters, pages.Asked(limit, cursor, page, include_total))
    return HTTPResult(200, found, pages.links(found.page))


async def create_user(*, principal: Principal, idempotency_key: str | None, body: UserCreate) -> HTTPResult[User]:
    password_hash = await accounts.hash_of(body)

    async def create(connection: Connection) -> HTTPResult[User]:
        account = await accounts.create(connection, principal, body, password_hash)
        return HTTPResult(201, account, {"Location": f"{BASE_PATH}/users/{account.id}", "ETag": etag(account)})

    return await once(idempotency_key, principal.user_id, body, User, create)


async def get_user(*, principal: Principal, user_id: UUID, if_none_match: str | None) -> HTTPResult[User]:
    async with reading() as connection:
        account = await accounts.get(connection, principal, user_id)
    return conditional(account, etag(account), if_none_match)


async def update_user(*, principal: Principal, user_id: UUID, if_match: str, body: UserAdminUpdate) -> HTTPResult[User]:
    terms = Terms(if_match, await accounts.new_hash_of(body))
    async with transaction() as connection:
        account = await accounts.update_user(connection, principal, user_id, body, terms)
    accounts.felt()
    return HTTPResult(200, account, {"ETag": etag(account)})


async def delete_user(*, principal: Principal, user_id: UUID, if_match: str) -> None:
    async with transaction() as connection:
        await accounts.delete_user(connection, principal, user_id, if_match)
    accounts.felt()


async def get_profile(*, principal: Principal | None, username: str, if_none_match: str | None) -> HTTPResult[Profile]:
    async with reading() as connection:
        profile = await service.get_profile(connection, username)
    return conditional(profile, content_etag(profile), if_none_match)
