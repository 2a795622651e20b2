"""The operations of the tag Auth; together these functions are the generated `AuthService`.

No connection is held while a password is hashed: the queue there can be longer than the pool is wide.
"""

from uuid import UUID

from app import pages
from app.access import Principal
from app.auth import cookies, keys, links, living, lockout, passwords, recovery, service, sessions, tokens
from app.auth.links import Purpose
from app.auth.lockout import Attempt
from app.auth.recovery import Kept
from app.contract import BASE_PATH
from app.db import reading, transaction
from app.etags import etag
from app.idempotency import once
from app.jobs import requests as jobs
from app.problems import InvalidToken, Problem
from app.sql import Connection
from app.users import service as users
from generated.models import (
    ApiKey,
    ApiKeyCreate,
    ApiKeyPage,
    EmailVerification,
    IssuedApiKey,
    Job,
    LoginForm,
    LogOut,
    PasswordChange,
    PasswordReset,
    PasswordResetRequest,
    Registration,
    SessionPage,
    TokenPair,
    TokenRefresh,
    User,
)
from generated.server import HTTPResult


async def register_user(*, idempotency_key: str | None, body: Registration) -> HTTPResult[User]:
    users.check_username(body.username)
    passwords.require_length(body.password, "password")
    password_hash = await passwords.make_hash(body.password)

    async def create(connection: Connection) -> HTTPResult[User]:
        user = await users.create(connection, body, password_hash)
        await recovery.welcome(connection, user)
        return HTTPResult(201, user, {"Location": f"{BASE_PATH}/users/me", "ETag": etag(user)})

    return await once(idempotency_key, None, body, User, create)


async def log_in(*, body: LoginForm) -> HTTPResult[TokenPair]:
    return HTTPResult(200, await _open(body))


async def open_session(*, body: LoginForm) -> None:
    cookies.give(await _open(body))


async def renew_session(*, principal: Principal) -> None:
    cookies.give(await _renew(service.claims_of(principal)))


async def close_session(*, principal: Principal) -> None:
    async with transaction() as connection:
        await service.log_out(connection, principal, everywhere=False)
    living.forget()
    cookies.clear()


async def refresh_tokens(*, body: TokenRefresh) -> HTTPResult[TokenPair]:
    try:
        claims = tokens.verify(body.refresh_token, "refresh")
    except tokens.TokenRefused:
        raise InvalidToken from None
    return HTTPResult(200, await _renew(claims))


async def log_out(*, principal: Principal, body: LogOut | None) -> None:
    async with transaction() as connection:
        await service.log_out(connection, principal, everywhere=body is not None and body.everywhere is True)
    living.forget()


async def list_sessions(
    *, principal: Principal, limit: int, cursor: str | None, page: int | None, include_total: bool | None
) -> HTTPResult[SessionPage]:
    async with reading() as connection:
        found = await sessions.list_page(connection, principal, pages.Asked(limit, cursor, page, include_total))
    return HTTPResult(200, found, pages.links(found.page))


async def revoke_session(*, principal: Principal, session_id: UUID) -> None:
    async with transaction() as connection:
        await sessions.revoke(connection, principal, session_id)
    living.forget()


async def list_api_keys(
    *, principal: Principal, limit: int, cursor: str | None, page: int | None, include_total: bool | None
) -> HTTPResult[ApiKeyPage]:
    async with reading() as connection:
        found = await keys.list_page(connection, principal, pages.Asked(limit, cursor, page, include_total))
    return HTTPResult(200, found, pages.links(found.page))


async def create_api_key(
    *, principal: Principal, idempotency_key: str | None, body: ApiKeyCreate
) -> HTTPResult[IssuedApiKey]:
    async def create(connection: Connection) -> HTTPResult[ApiKey]:
        key = await keys.create(connection, principal, body)
        return HTTPResult(201, key, {"Location": f"{BASE_PATH}/auth/api-keys/{key.id}"})

    made = await once(idempotency_key, principal.user_id, body, ApiKey, create)
    assert made.body is not None  # noqa: S101 - A creation answers what it created.
    return HTTPResult(201, keys.with_secret(made.body), made.headers)


async def revoke_api_key(*, principal: Principal, api_key_id: UUID) -> None:
    async with transaction() as connection:
        await keys.revoke(connection, principal, api_key_id)
    living.forget()


async def request_email_verification(*, principal: Principal) -> HTTPResult[Job]:
    async with transaction() as connection:
        job_id = await recovery.ask_verification(connection, principal)
        job = await jobs.get(connection, principal, job_id)
    return HTTPResult(202, job, {"Location": f"{BASE_PATH}/jobs/{job_id}"})


async def verify_email(*, body: EmailVerification) -> None:
    async with transaction() as connection:
        await recovery.verify_email(connection, body.token)


async def request_password_reset(*, body: PasswordResetRequest) -> None:
    async with transaction() as connection:
        await recovery.ask_reset(connection, body.email)


async def reset_password(*, body: PasswordReset) -> None:
    passwords.require_length(body.new_password, "new_password")
    # Looked at first, so that a link that opens nothing does not cost a hash.
    async with reading() as connection:
        await links.look(connection, Purpose.PASSWORD_RESET, body.token)
    new_hash = await passwords.make_hash(body.new_password)
    async with transaction() as connection:
        await recovery.reset_password(connection, body.token, new_hash)
    living.forget()


async def change_password(*, principal: Principal, body: PasswordChange) -> None:
    passwords.require_length(body.new_password, "new_password")
    async with transaction() as connection:
        account = await recovery.password_of(connection, principal.user_id)
        attempt = await lockout.begin(connection, account.username)
    # Once, unless the password is changed, or its hash renewed by a login, at the same moment.
    while not await _change(principal, attempt, account, body):
        async with reading() as connection:
            account = await recovery.password_of(connection, principal.user_id)
    living.forget()


async def _change(principal: Principal, attempt: Attempt, account: Kept, body: PasswordChange) -> bool:
    verdict = await passwords.check(body.current_password, account.password_hash)
    if not verdict.right:
        async with transaction() as connection:
            await lockout.fail(connection, attempt, account.id)
        # Raised after the commit, so that the attempt counts.
        raise recovery.WrongPassword
    new_hash = await passwords.make_hash(body.new_password)
    async with transaction() as connection:
        return await recovery.change_password(connection, principal, attempt, account, new_hash)


async def _open(form: LoginForm) -> TokenPair:
    async with transaction() as connection:
        attempt = await lockout.begin(connection, form.username)
    opened: TokenPair | Problem | None = None
    # Once, unless the password is changed, or its hash renewed by another login, at the same moment.
    while opened is None:
        async with reading() as connection:
            account = await service.find_account(connection, form.username)
        verdict = await passwords.check(form.password, account["password_hash"] if account else None)
        async with transaction() as connection:
            opened = await service.open_session(connection, attempt, account, verdict, form)
    if isinstance(opened, Problem):
        # Raised after the commit, so that the failure stays on record.
        raise opened
    return opened


async def _renew(claims: tokens.Claims) -> TokenPair:
    async with transaction() as connection:
        pair = await service.refresh(connection, claims)
    if pair is None:
        living.forget()
        # Raised after the commit, so that a stolen token's session stays ended.
        raise InvalidToken
    return pair
