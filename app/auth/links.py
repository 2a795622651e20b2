"""Links that go by mail: what their tokens are, and who is let in by one.

A token is the id of the link and a keyed hash of it. So neither the database nor the queue holds anything that opens an
account: who reads them has ids, and who makes tokens has the secret key (docs/decisions/0022-mail.md). There is one
link for each member and purpose; a newer one takes the place of the older. Rows are locked in one order by all who need
several: the user, the link, the sessions.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from asyncpg import Record
from sqlalchemy import Text, bindparam, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import INTERVAL
from sqlalchemy.dialects.postgresql import insert as upsert

from app.auth.tables import MailedLink
from app.problems import Problem
from app.settings import settings
from app.sql import Connection, Statement
from app.users.tables import User
from generated.models import ProblemCode

_ID_BYTES, _HASH_BYTES = 16, 32
# 48 bytes are 64 characters of base64url without a rest, so that every token has one spelling.
_LENGTH = 64


class TokenInvalid(Problem):
    status, code, title = 422, ProblemCode.token_invalid, "The link is not valid, or not any more."


class Purpose(StrEnum):
    """What a link is good for; nothing else."""

    EMAIL_VERIFICATION = "email_verification"
    PASSWORD_RESET = "password_reset"


@dataclass(frozen=True, slots=True)
class _Rule:
    # How long the link opens anything, and how soon another one may follow that was not used.
    lifetime: timedelta
    pause: timedelta


RULES = {
    Purpose.EMAIL_VERIFICATION: _Rule(timedelta(hours=24), timedelta(0)),
    # Anybody can ask for these mails, so that nobody gets many of them, or loses a link while it is being read.
    Purpose.PASSWORD_RESET: _Rule(timedelta(hours=1), timedelta(minutes=1)),
}

_row: dict[str, Any] = {name: bindparam(name) for name in ("user_id", "purpose", "id", "email")}
_row["expires_at"] = func.now() + bindparam("lifetime", type_=INTERVAL())
_new = upsert(MailedLink).values(_row)
_MAKE = Statement(
    _new.on_conflict_do_update(
        index_elements=[MailedLink.user_id, MailedLink.purpose],
        set_={name: _new.excluded[name] for name in ("id", "email", "expires_at")}
        | {"created_at": func.now(), "used_at": None},
        # Jobs are retried, and so may come out of order; their ids are in the order of the requests.
        where=(MailedLink.id < _new.excluded.id)
        & or_(
            MailedLink.used_at.is_not(None), MailedLink.created_at <= func.now() - bindparam("pause", type_=INTERVAL())
        ),
    )
)
_good = (
    select(User.id, User.email, User.username)
    .join(MailedLink, MailedLink.user_id == User.id)
    .where(
        MailedLink.id == bindparam("id"),
        MailedLink.purpose == bindparam("purpose"),
        MailedLink.email == User.email,
        MailedLink.used_at.is_(None),
        MailedLink.expires_at > func.now(),
        User.is_active,
    )
)
_LOOK = Statement(_good)
_LOCK = Statement(_good.with_for_update(of=User, key_share=True))
_USE = Statement(
    update(MailedLink)
    .where(MailedLink.id == bindparam("link_id"), MailedLink.used_at.is_(None))
    .values(used_at=func.now())
)
_WITHDRAW = Statement(
    update(MailedLink)
    .where(
        MailedLink.user_id == bindparam("of_user"),
        MailedLink.purpose == literal(Purpose.PASSWORD_RESET.value, Text()),
        MailedLink.used_at.is_(None),
    )
    .values(used_at=func.now())
)


@cache
def _key() -> bytes:
    return hmac.digest(settings().secret_key.get_secret_value().encode(), b"galley mailed links", "sha256")


def _hash(purpose: Purpose, link_id: bytes) -> bytes:
    return hmac.digest(_key(), purpose.value.encode() + link_id, "sha256")


def token(purpose: Purpose, link_id: UUID) -> str:
    """Return what opens the link."""
    return urlsafe_b64encode(link_id.bytes + _hash(purpose, link_id.bytes)).decode()


def read_token(purpose: Purpose, text: str) -> UUID:
    """Return the id of the link that a token of ours for this purpose belongs to. Raises TokenInvalid."""
    if len(text) != _LENGTH or not text.isascii():
        raise TokenInvalid
    raw = urlsafe_b64decode(text)
    link_id, given = raw[:_ID_BYTES], raw[_ID_BYTES:]
    if len(given) != _HASH_BYTES or not hmac.compare_digest(given, _hash(purpose, link_id)):
        raise TokenInvalid
    return UUID(bytes=link_id)


async def make(connection: Connection, purpose: Purpose, link_id: UUID, account: Record) -> bool:
    """Make a link of this id for an account, `id` and `email`; say whether there is a new one.

    There is none when it was made before, when a newer one has taken its place, and when the last one is too fresh.
    """
    rule = RULES[purpose]
    made = await _MAKE.run(
        connection,
        user_id=account["id"],
        purpose=purpose.value,
        id=link_id,
        email=account["email"],
        lifetime=rule.lifetime,
        pause=rule.pause,
    )
    return made > 0


async def is_good(connection: Connection, purpose: Purpose, link_id: UUID) -> bool:
    """Whether the link opens anything now."""
    return await _LOOK.first(connection, id=link_id, purpose=purpose.value) is not None


async def look(connection: Connection, purpose: Purpose, text: str) -> None:
    """Raise TokenInvalid for a token that opens nothing now."""
    if not await is_good(connection, purpose, read_token(purpose, text)):
        raise TokenInvalid


async def use(connection: Connection, purpose: Purpose, text: str) -> Record:
    """Spend a token and return `id`, `email` and `username` of its member, who stays locked. Raises TokenInvalid."""
    link_id = read_token(purpose, text)
    member = await _LOCK.first(connection, id=link_id, purpose=purpose.value)
    # Who came second has waited for the lock and finds the link used.
    if member is None or not await _USE.run(connection, link_id=link_id):
        raise TokenInvalid
    return member


async def withdraw_resets(connection: Connection, user_id: UUID) -> None:
    """Make the links void by which a member could set a new password."""
    await _WITHDRAW.run(connection, of_user=user_id)
