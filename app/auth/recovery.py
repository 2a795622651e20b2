"""The rules of proving an address and of changing a password, with and without knowing the present one."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record
from sqlalchemy import bindparam, func, select, update

from app.access import Principal
from app.audit.service import record
from app.auth import keys, links, lockout, service
from app.auth.links import Purpose
from app.auth.lockout import Attempt
from app.current import current
from app.jobs.service import enqueue
from app.mail import service as mail
from app.mail.service import Notice, Reader
from app.problems import Conflict, InvalidToken, Problem
from app.sql import Connection, Statement
from app.users import service as users
from app.users.tables import User
from generated import models
from generated.models import AuditAction, ProblemCode


class WrongPassword(Problem):
    status, code, title = 403, ProblemCode.wrong_password, "The password is wrong."


_ACCOUNT = (User.id, User.email, User.username, User.email_verified)
_ACTIVE = Statement(select(*_ACCOUNT).where(User.id == bindparam("id"), User.is_active))
_BY_EMAIL = Statement(select(*_ACCOUNT).where(User.email == bindparam("email"), User.is_active))
_PASSWORD = Statement(select(User.id, User.username, User.password_hash).where(User.id == bindparam("id")))
_edited: dict[str, Any] = {"version": User.version + 1, "updated_at": func.now()}
_VERIFY = Statement(update(User).where(User.id == bindparam("user_id")).values(email_verified=True, **_edited))
_REPLACE = Statement(
    update(User)
    .where(User.id == bindparam("user_id"), User.password_hash == bindparam("proven_hash"))
    .values(password_hash=bindparam("new_hash"))
    .returning(User.id, User.email, User.username)
)


async def welcome(connection: Connection, user: models.User) -> None:
    """Queue the mails that a new member gets. Nobody but administrators sees their jobs."""
    await mail.queue(connection, "welcome", Reader(user.email, user.username), {})
    await mail.queue_verification(connection, user.id)


async def ask_verification(connection: Connection, principal: Principal) -> UUID:
    """Queue the mail that lets a member prove the address. Raises Conflict when it is proven, InvalidToken."""
    account = await _ACTIVE.first(connection, id=principal.user_id)
    if account is None:
        raise InvalidToken
    if account["email_verified"]:
        raise Conflict("The address is verified already.")
    return await mail.queue_verification(connection, account["id"], owner_id=account["id"])


async def ask_reset(connection: Connection, email: str) -> None:
    """Queue the search for the account of this address, and the mail to it if there is one.

    Nothing is looked up here: one row is written whoever is meant, so that no time tells who is a member.
    """
    await enqueue(connection, mail.RESET_MAIL, {"email": email.lower(), "address": current().address})


async def verification_link(connection: Connection, job_id: UUID, payload: Mapping[str, Any]) -> Record | None:
    """Make the link of a job, and return the account it is for; None when there is nothing to prove any more."""
    account = await _ACTIVE.first(connection, id=UUID(payload["user_id"]))
    if account is None or account["email_verified"]:
        return None
    await links.make(connection, Purpose.EMAIL_VERIFICATION, job_id, account)
    return account if await links.is_good(connection, Purpose.EMAIL_VERIFICATION, job_id) else None


async def reset_link(connection: Connection, job_id: UUID, payload: Mapping[str, Any]) -> Record | None:
    """Make the link of a job, and return the account it is for; None when no mail is due."""
    account = await _BY_EMAIL.first(connection, email=payload["email"])
    if account is None:
        return None
    if await links.make(connection, Purpose.PASSWORD_RESET, job_id, account):
        # Who asked is not known, but from where.
        current().address = payload["address"]
        await record(connection, AuditAction.password_reset_requested, actor_id=None, subject_id=account["id"])
    return account if await links.is_good(connection, Purpose.PASSWORD_RESET, job_id) else None


async def verify_email(connection: Connection, token: str) -> None:
    """Note that the member reads mails to the address. Raises TokenInvalid."""
    member = await links.use(connection, Purpose.EMAIL_VERIFICATION, token)
    await _VERIFY.run(connection, user_id=member["id"])
    await record(connection, AuditAction.email_verified, actor_id=member["id"], subject_id=member["id"])


async def reset_password(connection: Connection, token: str, new_hash: str) -> None:
    """Set the password of the member whom the link was sent to, and end all sessions and keys. Raises TokenInvalid."""
    member = await links.use(connection, Purpose.PASSWORD_RESET, token)
    await users.set_password(connection, member["id"], new_hash)
    await service.end_sessions(connection, member["id"])
    # Who has lost the account to somebody gets it back whole; whoever had it may have made keys to stay.
    await keys.revoke_all(connection, member["id"])
    await record(connection, AuditAction.password_reset, actor_id=member["id"], subject_id=member["id"])
    await mail.notify(connection, Reader(member["email"], member["username"]), Notice.PASSWORD_RESET)


class Kept(NamedTuple):
    """The hash of a member's password that is kept."""

    id: UUID
    username: str
    password_hash: str


async def password_of(connection: Connection, user_id: UUID) -> Kept:
    """Return what a password of the member is compared with. Raises InvalidToken when the account has just gone."""
    account = await _PASSWORD.first(connection, id=user_id)
    if account is None:
        raise InvalidToken
    return Kept(**dict(account))


async def change_password(
    connection: Connection, principal: Principal, attempt: Attempt, account: Kept, new_hash: str
) -> bool:
    """Replace a password that was proved, and end the member's other sessions; keys stay.

    Returns False when the hash that was compared is not the one that is kept any more.
    """
    member = await _REPLACE.first(connection, user_id=account.id, proven_hash=account.password_hash, new_hash=new_hash)
    if member is None:
        return False
    await lockout.succeed(connection, attempt)
    await links.withdraw_resets(connection, member["id"])
    await service.end_sessions(connection, member["id"], but=principal.session_id)
    await record(connection, AuditAction.password_changed, actor_id=member["id"], subject_id=member["id"])
    await mail.notify(connection, Reader(member["email"], member["username"]), Notice.PASSWORD_CHANGED)
    return True
