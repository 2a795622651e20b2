"""The administration of accounts, and the end of one.

One administrator always stays. Whoever takes one away waits for the others who do, and then counts again: of two who
take each other's role at once, one comes first and the other is refused.
"""

from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record
from sqlalchemy import ColumnElement, bindparam, exists, func, literal_column, select
from sqlalchemy.types import Integer

from app import pages
from app.access import Action, Principal, allowed
from app.accounts import departure
from app.audit.service import record
from app.auth import keys, links, living, passwords
from app.auth import service as sessions
from app.etags import require_match
from app.mail import service as mail
from app.mail.service import Notice, Reader
from app.problems import InvalidToken, NotFound, Problem
from app.sql import Connection, Statement
from app.users import service as users
from app.users.tables import User
from generated import models
from generated.models import AuditAction, ProblemCode, Role, UserSort


class LastAdmin(Problem):
    status, code, title = 409, ProblemCode.last_admin, "It is the last administrator."


class OwnAccount(Problem):
    status, code, title = 409, ProblemCode.own_account, "It is your own account."


# Two integers are a space of their own beside the single ones that idempotency keys are hashed to.
_ADMINS = (literal_column("0x61646d69", Integer), literal_column("0", Integer))
TAKE_TURNS = Statement(select(func.pg_advisory_xact_lock(*_ADMINS)))
_is_admin = (User.role == literal_column("'admin'"), User.is_active)
_ANOTHER_ADMIN = Statement(select(exists().where(*_is_admin, User.id != bindparam("id"))))
_ANY_ADMIN = Statement(select(exists().where(*_is_admin)))

_ORDER: dict[UserSort, tuple[ColumnElement[Any], pages.Key, bool]] = {
    UserSort.by_created_at_desc: (User.created_at, lambda row: row["created_at"], True),
    UserSort.by_created_at: (User.created_at, lambda row: row["created_at"], False),
    UserSort.by_username: (func.lower(User.username), lambda row: row["username"].lower(), False),
    UserSort.by_username_desc: (func.lower(User.username), lambda row: row["username"].lower(), True),
}
# What a list can be narrowed by; the key is the name of the bind parameter as well.
_FILTERS: dict[str, ColumnElement[bool]] = {
    "role": User.role == bindparam("role"),
    "is_active": User.is_active == bindparam("is_active"),
    "email_verified": User.email_verified == bindparam("email_verified"),
    "username": func.lower(User.username) == bindparam("username"),
    "email": User.email == bindparam("email"),
}


class Filters(NamedTuple):
    """What a list is narrowed by; None does not narrow."""

    role: Role | None = None
    is_active: bool | None = None
    email_verified: bool | None = None
    username: str | None = None
    email: str | None = None

    def values(self) -> dict[str, Any]:
        """Return the bind values of the filters in use."""
        found = self._asdict() | {"role": self.role and self.role.value}
        found |= {"username": self.username and self.username.lower(), "email": self.email and self.email.lower()}
        return {name: value for name, value in found.items() if value is not None}


@cache
def _listing(sort: UserSort, filters: frozenset[str], shape: pages.Shape) -> Statement:
    column, _, descending = _ORDER[sort]
    statement = select(*users.ACCOUNT).where(*(_FILTERS[name] for name in sorted(filters)))
    return Statement(pages.ordered(statement, column, User.id, shape, descending=descending))


@cache
def _counting(filters: frozenset[str]) -> pages.Counting:
    return pages.Counting(select(User.id).where(*(_FILTERS[name] for name in sorted(filters))))


async def list_page(connection: Connection, sort: UserSort, filters: Filters, asked: pages.Asked) -> models.UserPage:
    """Return a page of the accounts that the filters leave. Raises ValidationFailed for a cursor that is not ours."""
    values = filters.values()
    page = pages.wanted(f"users {sort} {sorted(values.items())}", asked)
    names = frozenset(values)
    counted = await _counting(names).total(connection, **values) if page.total else None
    rows = await _listing(sort, names, page.shape).all(connection, **values, **page.binds())
    kept, described = pages.cut(rows, page, _ORDER[sort][1], counted)
    return models.UserPage(items=[users.as_account(row) for row in kept], page=described)


async def get(connection: Connection, principal: Principal, user_id: UUID) -> models.User:
    """Return an account that the member may see. Raises NotFound."""
    account = await users.find(connection, user_id)
    if account is None or not allowed(principal, Action.SEE_ACCOUNT, {"id": user_id}):
        raise NotFound("There is no such account.")
    return account


async def hash_of(body: models.UserCreate) -> str:
    """Return the hash to keep, once the name may be had. Raises ValidationFailed, ServiceUnavailable."""
    users.check_username(body.username)
    passwords.require_length(body.password, "password")
    return await passwords.make_hash(body.password)


async def new_hash_of(body: models.UserAdminUpdate) -> str | None:
    """Return the hash of the password that is given, or None. Raises ValidationFailed, ServiceUnavailable."""
    if not isinstance(body.password, str):
        return None
    passwords.require_length(body.password, "password")
    return await passwords.make_hash(body.password)


async def create(
    connection: Connection, principal: Principal, draft: models.UserCreate, password_hash: str
) -> models.User:
    """Write an account for somebody. Raises UsernameTaken, EmailTaken."""
    given = draft.model_dump(exclude_unset=True, exclude={"password"})
    account = await users.write(connection, given | {"password_hash": password_hash})
    detail = {"role": account.role.value}
    await record(connection, AuditAction.user_created, actor_id=principal.user_id, subject_id=account.id, detail=detail)
    return account


def felt() -> None:
    """Let this process feel at once what was done to accounts; to be called after the commit."""
    living.forget()


async def _keep_an_admin(connection: Connection, account: Record) -> None:
    """Raise LastAdmin unless there is, and will be, another administrator than this locked account."""
    if account["role"] == Role.admin and account["is_active"]:
        # The count comes after the wait, in a statement of its own, and so sees what was waited for.
        await TAKE_TURNS.value(connection)
        if not await _ANOTHER_ADMIN.value(connection, id=account["id"]):
            raise LastAdmin


async def has_admin(connection: Connection) -> bool:
    """Whether there is an administrator; nobody else makes the first one until the transaction ends."""
    await TAKE_TURNS.value(connection)
    return bool(await _ANY_ADMIN.value(connection))


async def update_user(
    connection: Connection,
    principal: Principal,
    user_id: UUID,
    patch: models.UserAdminUpdate,
    terms: "Terms",
) -> models.User:
    """Apply a merge patch to somebody's account.

    Raises NotFound, PreconditionFailed, OwnAccount, LastAdmin, EmailTaken.
    """
    account = await users.lock(connection, user_id)
    if account is None:
        raise NotFound("There is no such account.")
    require_match(terms.if_match, account["version"])
    changes = patch.model_dump(exclude_unset=True, exclude={"password"})
    closed = account["is_active"] and changes.get("is_active") is False
    if user_id == principal.user_id and (closed or terms.password_hash):
        raise OwnAccount
    if closed or changes.get("role", account["role"]) != account["role"]:
        await _keep_an_admin(connection, account)
    changed = await users.change(connection, account, changes)
    if terms.password_hash:
        await _replace_password(connection, account, terms.password_hash)
    if closed or terms.password_hash:
        await sessions.end_all(connection, user_id)
    members = ", ".join(sorted(patch.model_fields_set))
    detail = {"members": members, "role": changed.role.value, "is_active": changed.is_active}
    await record(connection, AuditAction.user_updated, actor_id=principal.user_id, subject_id=user_id, detail=detail)
    return changed


async def _replace_password(connection: Connection, account: Record, password_hash: str) -> None:
    await users.set_password(connection, account["id"], password_hash)
    # Whoever knew the old one may have made keys to stay, or asked for links to set another.
    await keys.revoke_all(connection, account["id"])
    await links.withdraw_resets(connection, account["id"])
    # At the address that the account had: whoever takes over the administration can change that as well.
    await mail.notify(connection, Reader(account["email"], account["username"]), Notice.PASSWORD_SET)


class Terms(NamedTuple):
    """What an update comes with besides the patch: the version it is of, and the hash of a new password."""

    if_match: str
    password_hash: str | None


async def update_me(
    connection: Connection, principal: Principal, patch: models.UserUpdate, if_match: str
) -> models.User:
    """Apply a merge patch to one's own account.

    Raises InvalidToken, PreconditionFailed, LoginRequired for another address, EmailTaken.
    """
    account = await users.lock(connection, principal.user_id)
    if account is None:
        raise InvalidToken
    require_match(if_match, account["version"])
    changes = patch.model_dump(exclude_unset=True)
    if users.moves(account, changes):
        # Whoever holds the address can set a new password: a stolen token must not be enough to get there.
        await sessions.require_fresh_login(connection, principal)
        # That it changed, and not from what to what: the record outlives the account.
        me = principal.user_id
        await record(connection, AuditAction.email_changed, actor_id=me, subject_id=me)
    return await users.change(connection, account, changes)


async def delete_user(connection: Connection, principal: Principal, user_id: UUID, if_match: str) -> None:
    """Delete somebody's account. Raises NotFound, OwnAccount, LastAdmin, PreconditionFailed."""
    if user_id == principal.user_id:
        raise OwnAccount
    if not await _leave(connection, user_id, if_match):
        raise NotFound("There is no such account.")
    await record(connection, AuditAction.user_deleted, actor_id=principal.user_id, subject_id=user_id)


async def delete_me(connection: Connection, principal: Principal, if_match: str) -> None:
    """Delete one's own account. Raises LoginRequired, LastAdmin, PreconditionFailed, InvalidToken."""
    await sessions.require_fresh_login(connection, principal)
    if not await _leave(connection, principal.user_id, if_match):
        raise InvalidToken
    await record(connection, AuditAction.account_deleted, actor_id=principal.user_id, subject_id=principal.user_id)


async def _leave(connection: Connection, user_id: UUID, if_match: str) -> bool:
    """Take an account away, and say whether it was there. Raises LastAdmin, PreconditionFailed."""
    await departure.lock_things(connection, user_id)
    account = await users.lock(connection, user_id, for_deletion=True)
    if account is None:
        return False
    require_match(if_match, account["version"])
    await _keep_an_admin(connection, account)
    await departure.take_apart(connection, user_id)
    return True
