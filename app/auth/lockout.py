"""How often a password may be guessed: so often for each name, and then not at all for a while.

What counts is the name as it was typed, whether anybody has it or not, so that the answers tell nobody who is a member.
Guesses from networks that the member has logged in from before have a counter each; all the others share one. So who
guesses from elsewhere locks himself out, and not the owner. docs/decisions/0021-lockout.md has the reasons.

An attempt is counted before the password is looked at, and taken back when it was right. However many come at once, no
more are let in than there are left.
"""

import hmac
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from uuid import UUID

from asyncpg import Record
from sqlalchemy import Integer, Interval, bindparam, case, delete, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from app.addresses import network_of
from app.audit.service import record
from app.auth.tables import KnownNetwork, LoginAttempts
from app.current import current
from app.problems import Problem, ServiceUnavailable
from app.settings import settings
from app.sql import Connection, Statement
from app.users.tables import User
from generated.models import AuditAction, ProblemCode

# Nobody waits longer for a hash; what is still open then belongs to a process that is gone.
OPEN_SECONDS = 10
KNOWN_DAYS = 90
# A phone comes from many networks.
MOST_NETWORKS = 20


class AccountLocked(Problem):
    status, code, title = 423, ProblemCode.account_locked, "There were too many wrong passwords."

    def __init__(self, seconds: float) -> None:
        """`seconds` says when the next attempt is allowed."""
        super().__init__(headers={"Retry-After": str(max(ceil(seconds), 1))})


@dataclass(frozen=True, slots=True)
class Attempt:
    """A password that is being looked at. `key` names its counter."""

    key: bytes


_KNOWN = Statement(
    select(
        exists().where(
            User.id == KnownNetwork.user_id,
            or_(func.lower(User.username) == bindparam("name"), User.email == bindparam("name")),
            KnownNetwork.network == bindparam("network"),
            KnownNetwork.seen_at > func.now() - timedelta(days=KNOWN_DAYS),
        )
    )
)
_is_over = LoginAttempts.forget_at <= func.now()
# Attempts whose process died have neither failed nor succeeded, and do not count for ever.
_open = case((_is_over, 0), (LoginAttempts.open_until <= func.now(), LoginAttempts.failed), else_=LoginAttempts.tried)
_span = bindparam("span", type_=Interval())
_BEGIN = Statement(
    insert(LoginAttempts)
    .values(
        key=bindparam("key"),
        tried=1,
        failed=0,
        open_until=func.now() + timedelta(seconds=OPEN_SECONDS),
        forget_at=func.now() + _span,
    )
    .on_conflict_do_update(
        index_elements=[LoginAttempts.key],
        set_={
            "tried": _open + 1,
            "failed": case((_is_over, 0), else_=LoginAttempts.failed),
            "open_until": func.now() + timedelta(seconds=OPEN_SECONDS),
            "forget_at": func.now() + _span,
        },
        where=_open < bindparam("most", type_=Integer()),
    )
)
_LOOK = Statement(
    select(LoginAttempts.failed, func.extract("epoch", LoginAttempts.forget_at - func.now()).label("seconds")).where(
        LoginAttempts.key == bindparam("key")
    )
)
_FAIL = Statement(
    insert(LoginAttempts)
    .values(key=bindparam("key"), tried=1, failed=1, open_until=func.now(), forget_at=func.now() + _span)
    .on_conflict_do_update(
        index_elements=[LoginAttempts.key],
        set_={
            "tried": func.greatest(LoginAttempts.tried, LoginAttempts.failed + 1),
            "failed": LoginAttempts.failed + 1,
            "forget_at": func.now() + _span,
        },
    )
    .returning(LoginAttempts.failed)
)
_FORGET = Statement(delete(LoginAttempts).where(LoginAttempts.key == bindparam("key")))
_IS_KNOWN = Statement(
    select(
        exists().where(
            KnownNetwork.user_id == bindparam("user_id"),
            KnownNetwork.network == bindparam("network"),
            KnownNetwork.seen_at > func.now() - timedelta(days=KNOWN_DAYS),
        )
    )
)
_REMEMBER = Statement(
    insert(KnownNetwork)
    .values(user_id=bindparam("user_id"), network=bindparam("network"))
    .on_conflict_do_update(index_elements=[KnownNetwork.user_id, KnownNetwork.network], set_={"seen_at": func.now()})
)
_newest = (
    select(KnownNetwork.network)
    .where(KnownNetwork.user_id == bindparam("of_user"))
    .order_by(KnownNetwork.seen_at.desc(), KnownNetwork.network)
    .limit(MOST_NETWORKS)
)
_LET_GO = Statement(
    delete(KnownNetwork).where(KnownNetwork.user_id == bindparam("of_user"), KnownNetwork.network.not_in(_newest))
)


def _key(name: str, network: str) -> bytes:
    # People type their password where the name belongs; what is kept cannot be read back without the secret.
    secret = settings().secret_key.get_secret_value().encode()
    return hmac.digest(hmac.digest(secret, b"galley login attempts", "sha256"), f"{network} {name}".encode(), "sha256")


def _span_of_lock() -> timedelta:
    return timedelta(minutes=settings().account_lockout_minutes)


async def begin(connection: Connection, name: str) -> Attempt:
    """Count an attempt with this name, from where the request comes; nothing else may be in the transaction.

    Raises AccountLocked when too many have failed, and ServiceUnavailable when as many as are left are being looked at.
    """
    name, network = name.lower(), network_of(current().address)
    known = bool(network) and await _KNOWN.value(connection, name=name, network=network)
    key = _key(name, network if known else "")
    if not await _BEGIN.run(connection, key=key, span=_span_of_lock(), most=settings().max_login_attempts):
        raise _refusal(await _LOOK.first(connection, key=key))
    return Attempt(key)


def _refusal(row: Record | None) -> Problem:
    if row is None or row["failed"] < settings().max_login_attempts:
        return ServiceUnavailable("Too many logins with this name are being looked at.")
    return AccountLocked(float(row["seconds"]))


async def fail(connection: Connection, attempt: Attempt, user_id: UUID | None) -> None:
    """Let the attempt count: the password was wrong, or there is no such member."""
    failed = await _FAIL.value(connection, key=attempt.key, span=_span_of_lock())
    if failed == settings().max_login_attempts:
        # For an unknown name as well: it takes the same work, and an operator sees that somebody is guessing.
        await record(connection, AuditAction.account_locked, actor_id=None, subject_id=user_id)


async def succeed(connection: Connection, attempt: Attempt) -> None:
    """Begin anew: the password was right."""
    await _FORGET.run(connection, key=attempt.key)


async def remember_network(connection: Connection, user_id: UUID) -> bool:
    """Know from now on that the member logs in from where the request comes, and say whether that is new."""
    network = network_of(current().address)
    if not network:
        return False
    known = await _IS_KNOWN.value(connection, user_id=user_id, network=network)
    await _REMEMBER.run(connection, user_id=user_id, network=network)
    await _LET_GO.run(connection, of_user=user_id)
    return not known
