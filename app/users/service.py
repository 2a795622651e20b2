"""The rules of accounts and profiles, and the statements that keep them."""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg import Record
from sqlalchemy import bindparam, func, insert, select, update

from app.audit.service import record
from app.ids import new_id
from app.mail import service as mail
from app.mail.service import Notice, Reader
from app.problems import FieldError, InvalidToken, NotFound, Problem, ValidationFailed
from app.sql import Connection, Statement
from app.users.tables import User
from generated import models
from generated.models import AuditAction, ProblemCode, Role

RESERVED_USERNAMES = frozenset({"admin", "root", "api", "www"})


class UsernameTaken(Problem):
    status, code, title = 409, ProblemCode.username_taken, "The username is taken."


class EmailTaken(Problem):
    status, code, title = 409, ProblemCode.email_taken, "The e-mail address is taken."


_PROFILE = (
    User.username,
    User.full_name,
    User.bio,
    User.website,
    User.avatar_url,
    User.post_count,
    User.created_at,
)
ACCOUNT = (
    User.id,
    User.email,
    User.phone,
    User.role,
    User.is_active,
    User.email_verified,
    User.version,
    User.updated_at,
    *_PROFILE,
)
_GET = Statement(select(*ACCOUNT).where(User.id == bindparam("id")))
# Not as strong as FOR UPDATE, which would hold up every post and comment that the member writes at the same time.
_LOCK = Statement(select(*ACCOUNT).where(User.id == bindparam("id")).with_for_update(key_share=True))
_GET_PROFILE = Statement(select(*_PROFILE).where(func.lower(User.username) == bindparam("username")))
# As strong as it gets: nobody may write in a member's name any more once the account is about to go.
_LOCK_FOR_DELETION = Statement(select(*ACCOUNT).where(User.id == bindparam("id")).with_for_update())
_DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(("full_name", "bio", "website", "phone")),
    "role": Role.user.value,
    "is_active": True,
    "email_verified": False,
}
_GIVEN = ("id", "username", "email", "password_hash", *_DEFAULTS)
_INSERT = Statement(insert(User).values({name: bindparam(name) for name in _GIVEN}).returning(*ACCOUNT))
_EDITABLE = ("email", *_DEFAULTS)
_edits: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _EDITABLE}
_edits |= {"version": User.version + 1, "updated_at": func.now()}
_UPDATE = Statement(update(User).where(User.id == bindparam("user_id")).values(_edits).returning(*ACCOUNT))
_SET_PASSWORD = Statement(
    update(User).where(User.id == bindparam("user_id")).values(password_hash=bindparam("new_hash"))
)
_TAKEN: dict[str | None, type[Problem]] = {"uq_users_username": UsernameTaken, "uq_users_email": EmailTaken}


@contextmanager
def _taken() -> Generator[None]:
    """Name what is taken. The unique indexes decide it: whoever looks first and writes then can still come second."""
    try:
        yield
    except asyncpg.UniqueViolationError as failure:
        raise _TAKEN[failure.constraint_name] from None


def as_account(row: Record) -> models.User:
    """Return a row of `ACCOUNT` as an account."""
    return models.User.model_validate(dict(row))


def _account(row: Record | None) -> models.User:
    if row is None:
        # Whoever is asking was logged in a moment ago, and the account has gone since.
        raise InvalidToken
    return as_account(row)


def check_username(username: str) -> None:
    """Raise ValidationFailed for a name that would pass for the service itself, in whatever case."""
    if username.lower() in RESERVED_USERNAMES:
        error = FieldError(pointer="/username", code="reserved_username", detail="This username cannot be had.")
        raise ValidationFailed(errors=[error])


async def write(connection: Connection, values: Mapping[str, Any]) -> models.User:
    """Write a new account; what is not given is as it is for everybody. Raises UsernameTaken, EmailTaken."""
    with _taken():
        return _account(await _INSERT.first(connection, id=new_id(), **_DEFAULTS | _normalised(values)))


async def create(connection: Connection, draft: models.Registration, password_hash: str) -> models.User:
    """Let somebody become a member. Raises UsernameTaken, EmailTaken."""
    given = draft.model_dump(exclude_unset=True, exclude={"password"})
    member = await write(connection, given | {"password_hash": password_hash})
    await record(connection, AuditAction.user_registered, actor_id=member.id, subject_id=member.id)
    return member


async def find(connection: Connection, user_id: UUID) -> models.User | None:
    """Return an account, or None."""
    row = await _GET.first(connection, id=user_id)
    return None if row is None else as_account(row)


async def get(connection: Connection, user_id: UUID) -> models.User:
    """Return an account. Raises InvalidToken when it has just gone."""
    return _account(await _GET.first(connection, id=user_id))


async def get_profile(connection: Connection, username: str) -> models.Profile:
    """Return what everybody may know of a member. Raises NotFound."""
    row = await _GET_PROFILE.first(connection, username=username.lower())
    if row is None:
        raise NotFound("There is no such member.")
    return models.Profile.model_validate(dict(row))


def _normalised(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values in the form in which they are kept."""
    kept = dict(values)
    if "email" in kept:
        kept["email"] = kept["email"].lower()
    if kept.get("website"):
        scheme, separator, rest = kept["website"].partition("://")
        with_scheme = separator and scheme.lower() in ("http", "https")
        kept["website"] = f"{scheme.lower()}://{rest}" if with_scheme else f"https://{kept['website']}"
    if kept.get("phone"):
        kept["phone"] = re.sub("[^0-9]", "", kept["phone"])
    if "role" in kept:
        kept["role"] = Role(kept["role"]).value
    return kept


async def lock(connection: Connection, user_id: UUID, *, for_deletion: bool = False) -> Record | None:
    """Return an account that nobody else changes until the transaction ends, or None."""
    return await (_LOCK_FOR_DELETION if for_deletion else _LOCK).first(connection, id=user_id)


def moves(account: Record, changes: Mapping[str, Any]) -> bool:
    """Whether the changes bring another address."""
    return _normalised(changes).get("email", account["email"]) != account["email"]


async def change(connection: Connection, account: Record, given: Mapping[str, Any]) -> models.User:
    """Change a locked account. A new address is not verified unless that is given too. Raises EmailTaken.

    The old address is told that there is a new one, and the new one gets a link if it is not verified.
    """
    changes = _normalised(given)
    moved = moves(account, given)
    if moved:
        changes = {"email_verified": False} | changes
    values = {f"new_{name}": changes.get(name, account[name]) for name in _EDITABLE}
    with _taken():
        changed = _account(await _UPDATE.first(connection, user_id=account["id"], **values))
    if moved:
        await mail.notify(connection, Reader(account["email"], account["username"]), Notice.EMAIL_CHANGED)
    if moved and not changed.email_verified:
        await mail.queue_verification(connection, changed.id)
    return changed


async def set_password(connection: Connection, user_id: UUID, password_hash: str) -> None:
    """Keep the hash of a new password; what becomes of the sessions is the caller's to say."""
    await _SET_PASSWORD.run(connection, user_id=user_id, new_hash=password_hash)
