"""Who stands behind a session or a key, as the database has it, remembered for half a second.

A token says what was true when it was signed; whether its session still lives and what role its member has now is a
row. Asking for it on every request would cost more than the rest of the check, and a second is what it may take until
a change is felt. So a process asks at most twice a second for each session and key, and what it changes itself it
forgets at once (docs/decisions/0023-revocation.md).
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select, update

from app.auth.tables import ApiKey, Session
from app.db import reading
from app.sql import Connection, Statement
from app.users.tables import User

REMEMBERED_SECONDS = 0.5
MAX_REMEMBERED = 10_000
# How exactly `last_used_at` tells the time; writing it on every request would make each read a write.
_NOTED_EVERY = timedelta(minutes=1)


class Holder(NamedTuple):
    """The member behind a session or a key; `scopes` are those that a key was made with."""

    user_id: UUID
    role: str
    scopes: frozenset[str] = frozenset()


Find = Callable[[Connection], Awaitable[Holder | None]]

_SESSION = Statement(
    select(User.id, User.role)
    .join(Session, Session.user_id == User.id)
    .where(
        Session.id == bindparam("session_id"),
        User.id == bindparam("user_id"),
        Session.revoked_at.is_(None),
        Session.expires_at > func.now(),
        User.is_active,
    )
)
_unused = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < func.now() - _NOTED_EVERY)
_KEY = Statement(
    select(ApiKey.id, ApiKey.user_id, ApiKey.scopes, User.role, _unused.label("unnoted"))
    .join(User, User.id == ApiKey.user_id)
    .where(
        ApiKey.secret_hash == bindparam("secret_hash"),
        or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now()),
        User.is_active,
    )
)
_NOTE = Statement(update(ApiKey).where(ApiKey.id == bindparam("key_id"), _unused).values(last_used_at=func.now()))

_remembered: dict[object, tuple[float, Holder]] = {}
# Who is being asked for: all who want to know meanwhile get the same answer.
_asked: dict[object, asyncio.Task[Holder | None]] = {}


def forget() -> None:
    """Ask anew from now on; to be called after a commit that ends sessions or keys or changes what a member may do."""
    _remembered.clear()
    _asked.clear()


def _known(name: object) -> Holder | None:
    known = _remembered.get(name)
    return known[1] if known is not None and known[0] > monotonic() else None


async def holder_of_session(session_id: UUID, user_id: UUID) -> Holder | None:
    """Return the member of a living session, or None."""
    name = session_id, user_id
    if (known := _known(name)) is not None:
        return known

    async def find(connection: Connection) -> Holder | None:
        row = await _SESSION.first(connection, session_id=session_id, user_id=user_id)
        return Holder(row["id"], row["role"]) if row else None

    return await _ask(name, find)


async def holder_of_key(key: str) -> Holder | None:
    """Return the member for whom this key acts, or None; notes at times that the key was used."""
    secret_hash = sha256(key.encode()).digest()
    if (known := _known(secret_hash)) is not None:
        return known

    async def find(connection: Connection) -> Holder | None:
        row = await _KEY.first(connection, secret_hash=secret_hash)
        if row is None:
            return None
        if row["unnoted"]:
            await _NOTE.run(connection, key_id=row["id"])
        return Holder(row["user_id"], row["role"], frozenset(row["scopes"]))

    return await _ask(secret_hash, find)


def last_known_holder(key: bytes) -> Holder | None:
    """Return whom the key acted for when it was last looked up, as long as that is remembered, however old it is."""
    known = _remembered.get(sha256(key).digest())
    return known[1] if known else None


async def _ask(name: object, find: Find) -> Holder | None:
    """Return who it is, asked for once however many want to know. Raises what asking raises."""
    task = _asked.get(name)
    if task is None:
        task = _asked[name] = asyncio.create_task(_remember(name, find))
        # Where nobody waits any longer, what it raises is of no interest.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
    # Who goes away takes the answer from nobody else.
    await asyncio.wait({task})
    return task.result()


async def _remember(name: object, find: Find) -> Holder | None:
    # Good for so long from before it was asked for.
    until = monotonic() + REMEMBERED_SECONDS
    try:
        async with reading() as connection:
            found = await find(connection)
    finally:
        is_due = _asked.get(name) is asyncio.current_task()
        if is_due:
            del _asked[name]
    # What was read before somebody said to forget may be what they have changed: it is for those who asked before.
    if not is_due:
        return found
    # Nobody is remembered as refused: who logs in must get in, and the refused must not fill the memory.
    if found is None:
        _remembered.pop(name, None)
        return None
    if len(_remembered) >= MAX_REMEMBERED:
        _remembered.clear()
    _remembered[name] = (until, found)
    return found
