"""Keys with which programs act for a member: made, listed, revoked.

A key is `galley_`, twelve characters by which it is told from others, and 32 secret bytes. Of the whole, the database
has only a SHA-256: so much chance needs no slow hash. The secret bytes come from the key's id and the service's
secret, so that the answer to a repeated creation can be given again although nothing that is kept holds the key.
"""

import hmac
from base64 import urlsafe_b64encode
from functools import cache
from hashlib import sha256
from uuid import UUID

from pydantic import MISSING
from sqlalchemy import bindparam, delete, insert, select

from app import clock, pages
from app.access import Principal
from app.audit.service import record
from app.auth.tables import ApiKey as Key
from app.ids import new_id
from app.mail import service as mail
from app.mail.service import Notice, Reader
from app.problems import FieldError, InvalidToken, NotFound, Problem, ValidationFailed
from app.settings import settings
from app.sql import Connection, Statement
from app.users.tables import User
from generated.models import ApiKey, ApiKeyCreate, ApiKeyPage, AuditAction, IssuedApiKey, ProblemCode

MAX_KEYS = 50
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PREFIX_LETTERS = 12


class TooManyKeys(Problem):
    status, code, title = 409, ProblemCode.too_many_keys, "There are too many keys."


_SHOWN = (Key.id, Key.name, Key.prefix, Key.scopes, Key.created_at, Key.expires_at, Key.last_used_at)
_mine = Key.user_id == bindparam("owner_id")
_COUNT = pages.Counting(select(Key.id).where(_mine))
# The member's row is the lock: of two requests at once, the second counts what the first has made.
_LOCK = Statement(select(User.email, User.username).where(User.id == bindparam("id")).with_for_update(key_share=True))
_INSERT = Statement(
    insert(Key)
    .values(
        {name: bindparam(name) for name in ("id", "user_id", "name", "prefix", "secret_hash", "scopes", "expires_at")}
    )
    .returning(*_SHOWN)
)
_DELETE_ALL = Statement(delete(Key).where(Key.user_id == bindparam("user_id")))
_DELETE = Statement(delete(Key).where(_mine, Key.id == bindparam("key_id")))


@cache
def _page(shape: pages.Shape) -> Statement:
    return Statement(pages.ordered(select(*_SHOWN).where(_mine), Key.created_at, Key.id, shape, descending=True))


def _derived(key_id: UUID, purpose: bytes) -> bytes:
    secret = settings().secret_key.get_secret_value().encode()
    return hmac.digest(secret, b"galley key " + purpose + key_id.bytes, "sha256")


def _prefix(key_id: UUID) -> str:
    number = int.from_bytes(_derived(key_id, b"prefix"))
    return "galley_" + "".join(
        _LETTERS[number // len(_LETTERS) ** place % len(_LETTERS)] for place in range(_PREFIX_LETTERS)
    )


def _whole(prefix: str, key_id: UUID) -> str:
    return f"{prefix}_{urlsafe_b64encode(_derived(key_id, b'secret')).rstrip(b'=').decode()}"


def with_secret(key: ApiKey) -> IssuedApiKey:
    """Return the key that was just made as it is shown once."""
    return IssuedApiKey(**dict(key), key=_whole(key.prefix, key.id))


async def create(connection: Connection, principal: Principal, wanted: ApiKeyCreate) -> ApiKey:
    """Make a key, and tell its owner by mail.

    Raises ValidationFailed for scopes that the principal does not hold and for a time that is over, TooManyKeys, and
    InvalidToken when the account has just gone.
    """
    errors = [
        FieldError(pointer=f"/scopes/{place}", code="scope_not_held", detail="You do not hold this scope yourself.")
        for place, scope in enumerate(wanted.scopes)
        if not principal.may(scope)
    ]
    expires_at = None if wanted.expires_at is MISSING else wanted.expires_at
    if expires_at is not None and expires_at <= clock.now():
        errors.append(FieldError(pointer="/expires_at", code="time_is_over", detail="Must be a time to come."))
    if errors:
        raise ValidationFailed(errors=errors)
    owner = await _LOCK.first(connection, id=principal.user_id)
    if owner is None:
        raise InvalidToken
    if (await _COUNT.total(connection, owner_id=principal.user_id)).number >= MAX_KEYS:
        raise TooManyKeys
    key_id = new_id()
    prefix = _prefix(key_id)
    row = await _INSERT.first(
        connection,
        id=key_id,
        user_id=principal.user_id,
        name=wanted.name.strip(),
        prefix=prefix,
        secret_hash=sha256(_whole(prefix, key_id).encode()).digest(),
        scopes=sorted(set(wanted.scopes)),
        expires_at=expires_at,
    )
    assert row is not None  # noqa: S101 - It was just inserted.
    await _note(connection, AuditAction.api_key_created, principal, key_id)
    await mail.notify(connection, Reader(owner["email"], owner["username"]), Notice.API_KEY_CREATED)
    return ApiKey(**dict(row))


async def list_page(connection: Connection, principal: Principal, asked: pages.Asked) -> ApiKeyPage:
    """Return a page of the member's keys, the newest first."""
    page = pages.wanted(f"api-keys {principal.user_id}", asked)
    rows = await _page(page.shape).all(connection, owner_id=principal.user_id, **page.binds())
    total = await _COUNT.total(connection, owner_id=principal.user_id) if page.total else None
    shown, described = pages.cut(rows, page, lambda row: row["created_at"], total)
    return ApiKeyPage(items=[ApiKey(**dict(row)) for row in shown], page=described)


async def revoke(connection: Connection, principal: Principal, key_id: UUID) -> None:
    """End a key of the member. Raises NotFound."""
    if not await _DELETE.run(connection, owner_id=principal.user_id, key_id=key_id):
        raise NotFound
    await _note(connection, AuditAction.api_key_revoked, principal, key_id)


async def revoke_all(connection: Connection, user_id: UUID) -> None:
    """Delete every key of a member."""
    await _DELETE_ALL.run(connection, user_id=user_id)


async def _note(connection: Connection, action: AuditAction, principal: Principal, key_id: UUID) -> None:
    member = principal.user_id
    await record(connection, action, actor_id=member, subject_id=member, detail={"api_key_id": key_id})
