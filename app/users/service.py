"""The rules of accounts and profiles, and the statements that keep them."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg import Record
from pydantic import MISSING
from sqlalchemy import bindparam, func, insert, select, update

from app.audit.service import record
from app.etags import require_match
from app.ids import new_id
from app.problems import FieldError, InvalidToken, NotFound, Problem, ValidationFailed
from app.sql import Connection, Statement
from app.users.tables import User
from generated import models
from generated.models import AuditAction, ProblemCode

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
_ACCOUNT = (
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
_GET = Statement(select(*_ACCOUNT).where(User.id == bindparam("id")))
# Not as strong as FOR UPDATE, which would hold up every post and comment that the member writes at the same time.
_LOCK = Statement(select(*_ACCOUNT).where(User.id == bindparam("id")).with_for_update(key_share=True))
_GET_PROFILE = Statement(select(*_PROFILE).where(func.lower(User.username) == bindparam("username")))
_INSERT = Statement(
    insert(User)
    .values({name: bindparam(name) for name in ("id", "username", "email", "password_hash", "full_name")})
    .returning(*_ACCOUNT)
)
_EDITABLE = ("email", "full_name", "bio", "website", "phone", "email_verified")
_edits: dict[str, Any] = {name: bindparam(name) for name in _EDITABLE}
_edits |= {"version": User.version + 1, "updated_at": func.now()}
_UPDATE = Statement(update(User).where(User.id == bindparam("user_id")).values(_edits).returning(*_ACCOUNT))
_TAKEN: dict[str | None, type[Problem]] = {"uq_users_username": UsernameTaken, "uq_users_email": EmailTaken}


@contextmanager
def _taken() -> Generator[None]:
    """Name what is taken. The unique indexes decide it: whoever looks first and writes then can still come second."""
    try:
        yield
    except asyncpg.UniqueViolationError as failure:
        raise _TAKEN[failure.constraint_name] from None


def _account(row: Record | None) -> models.User:
    if row is None:
        # Whoever is asking was logged in a moment ago, and the account has gone since.
        raise InvalidToken
    return models.User.model_validate(dict(row))


def check_username(username: str) -> None:
    """Raise ValidationFailed for a name that would pass for the service itself, in whatever case."""
    if username.lower() in RESERVED_USERNAMES:
        error = FieldError(pointer="/username", code="reserved_username", detail="This username cannot be had.")
        raise ValidationFailed(errors=[error])


async def create(connection: Connection, draft: models.Registration, password_hash: str) -> models.User:
    """Write a new account. Raises UsernameTaken, EmailTaken."""
    member = new_id()
    with _taken():
        row = await _INSERT.first(
            connection,
            id=member,
            username=draft.username,
            email=draft.email.lower(),
            password_hash=password_hash,
            full_name=draft.full_name if draft.full_name is not MISSING else None,
        )
    await record(connection, AuditAction.user_registered, actor_id=member, subject_id=member)
    return _account(row)


async def get(connection: Connection, user_id: UUID) -> models.User:
    """Return an account. Raises InvalidToken when it has just gone."""
    return _account(await _GET.first(connection, id=user_id))


async def get_profile(connection: Connection, username: str) -> models.Profile:
    """Return what everybody may know of a member. Raises NotFound."""
    row = await _GET_PROFILE.first(connection, username=username.lower())
    if row is None:
        raise NotFound("There is no such member.")
    return models.Profile.model_validate(dict(row))


def _normalised(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the changes in the form in which they are kept."""
    if "email" in changes:
        changes["email"] = changes["email"].lower()
    if changes.get("website"):
        scheme, separator, rest = changes["website"].partition("://")
        with_scheme = separator and scheme.lower() in ("http", "https")
        changes["website"] = f"{scheme.lower()}://{rest}" if with_scheme else f"https://{changes['website']}"
    if changes.get("phone"):
        changes["phone"] = re.sub("[^0-9]", "", changes["phone"])
    return changes


async def update_account(connection: Connection, user_id: UUID, patch: models.UserUpdate, if_match: str) -> models.User:
    """Apply a merge patch. Raises InvalidToken, PreconditionFailed, EmailTaken."""
    account = await _LOCK.first(connection, id=user_id)
    if account is None:
        raise InvalidToken
    require_match(if_match, account["version"])
    changes = _normalised(patch.model_dump(exclude_unset=True))
    if changes.get("email", account["email"]) != account["email"]:
        changes["email_verified"] = False
    values = {name: account[name] for name in _EDITABLE} | changes
    with _taken():
        return _account(await _UPDATE.first(connection, user_id=user_id, **values))
