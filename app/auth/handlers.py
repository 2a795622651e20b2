"""The operations of the tag Auth; together these functions are the generated `AuthService`.

No connection is held while a password is hashed: the queue there can be longer than the pool is wide.
"""

from app.access import Principal
from app.auth import passwords, service
from app.contract import BASE_PATH
from app.db import reading, transaction
from app.etags import etag
from app.idempotency import once
from app.problems import InvalidToken, Problem
from app.sql import Connection
from app.users import service as users
from generated.models import LoginForm, LogOut, Registration, TokenPair, TokenRefresh, User
from generated.server import HTTPResult


async def register_user(*, idempotency_key: str | None, body: Registration) -> HTTPResult[User]:
    users.check_username(body.username)
    password_hash = await passwords.make_hash(body.password)

    async def create(connection: Connection) -> HTTPResult[User]:
        user = await users.create(connection, body, password_hash)
        return HTTPResult(201, user, {"Location": f"{BASE_PATH}/users/me", "ETag": etag(user)})

    return await once(idempotency_key, None, body, User, create)


async def log_in(*, body: LoginForm) -> HTTPResult[TokenPair]:
    opened: TokenPair | Problem | None = None
    # Once, unless the password is changed, or its hash renewed by another login, at the same moment.
    while opened is None:
        async with reading() as connection:
            account = await service.find_account(connection, body.username)
        verdict = await passwords.check(body.password, account["password_hash"] if account else None)
        async with transaction() as connection:
            opened = await service.open_session(connection, account, verdict, body)
    if isinstance(opened, Problem):
        # Raised after the commit, so that the failure stays on record.
        raise opened
    return HTTPResult(200, opened)


async def refresh_tokens(*, body: TokenRefresh) -> HTTPResult[TokenPair]:
    async with transaction() as connection:
        pair = await service.refresh(connection, body.refresh_token)
    if pair is None:
        # Raised after the commit, so that a stolen token's session stays ended.
        raise InvalidToken
    return HTTPResult(200, pair)


async def log_out(*, principal: Principal, body: LogOut | None) -> None:
    async with transaction() as connection:
        await service.log_out(connection, principal, everywhere=body is not None and body.everywhere is True)
