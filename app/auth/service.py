"""The rules of sessions: how one is opened, kept alive and ended.

A session is a row that every token names and every request asks for, so that ending it works at once. Its refresh
tokens are rows too; each is spent by the statement that finds it unspent, so that two callers cannot both do so.
"""

from datetime import timedelta
from uuid import UUID

from asyncpg import Record
from pydantic import MISSING
from sqlalchemy import Text, bindparam, func, insert, or_, select, update

from app.access import Principal
from app.audit.service import has_happened, record
from app.auth import lockout, tokens
from app.auth.lockout import Attempt
from app.auth.passwords import Verdict
from app.auth.tables import RefreshToken, Session
from app.contract import role_scopes
from app.current import current
from app.ids import new_id
from app.mail import service as mail
from app.mail.service import Notice, Reader
from app.problems import InvalidToken, Problem
from app.sql import Connection, Statement
from app.users.tables import User
from generated.models import AuditAction, LoginForm, ProblemCode, TokenPair, TokenType

MAX_USER_AGENT = 200


class InvalidCredentials(Problem):
    status, code, title = 401, ProblemCode.invalid_credentials, "The name or the password is wrong."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class AccountInactive(Problem):
    status, code, title = 403, ProblemCode.account_inactive, "The account is closed."


class LoginRequired(Problem):
    status, code, title = 403, ProblemCode.login_required, "Log in again first."


# How long after a login what cannot be undone takes no other: a token that was stolen is mostly older than that.
FRESH = timedelta(minutes=15)

_FIND = Statement(
    select(User.id, User.password_hash).where(
        # A username has no @ and an address has one, so that a name finds one account at most.
        or_(func.lower(User.username) == bindparam("name"), User.email == bindparam("name"))
    )
)
_LOCK = Statement(
    select(User.id, User.role, User.is_active, User.email, User.username)
    .where(User.id == bindparam("id"), User.password_hash == bindparam("proven_hash"))
    .with_for_update(key_share=True)
)
_RENEW_HASH = Statement(update(User).where(User.id == bindparam("user_id")).values(password_hash=bindparam("new_hash")))
_OPEN = Statement(
    insert(Session).values({name: bindparam(name) for name in ("id", "user_id", "expires_at", "user_agent", "address")})
)
_KEEP_TOKEN = Statement(
    insert(RefreshToken).values({name: bindparam(name) for name in ("id", "session_id", "expires_at")})
)
_SPEND = Statement(
    update(RefreshToken)
    .where(
        RefreshToken.id == bindparam("token_id"),
        RefreshToken.session_id == bindparam("of_session"),
        RefreshToken.spent_at.is_(None),
    )
    .values(spent_at=func.now())
)
_PROLONG = Statement(
    update(Session)
    .where(
        Session.id == bindparam("session_id"),
        Session.revoked_at.is_(None),
        Session.expires_at > func.now(),
        User.id == Session.user_id,
        User.is_active,
    )
    .values(
        expires_at=bindparam("new_expiry"),
        last_used_at=func.now(),
        address=func.coalesce(bindparam("new_address", type_=Text()), Session.address),
    )
    .returning(User.role)
)
_IS_FRESH = Statement(select(Session.created_at > func.now() - FRESH).where(Session.id == bindparam("session_id")))
_end = update(Session).where(Session.revoked_at.is_(None)).values(revoked_at=func.now())
_END = Statement(_end.where(Session.id == bindparam("session_id")))
_END_ALL = Statement(_end.where(Session.user_id == bindparam("of_user")))
_END_OTHERS = Statement(_end.where(Session.user_id == bindparam("of_user"), Session.id != bindparam("this_session")))


async def find_account(connection: Connection, name: str) -> Record | None:
    """Return `id` and `password_hash` of the member with this username or e-mail address, in whatever case."""
    return await _FIND.first(connection, name=name.lower())


async def open_session(
    connection: Connection, attempt: Attempt, account: Record | None, verdict: Verdict, form: LoginForm
) -> TokenPair | Problem | None:
    """Open a session for whoever proved the password of this account.

    Returns the problem, InvalidCredentials or AccountInactive, instead of raising it, because the caller must commit
    the record of it. Returns None when the hash that was compared is no longer the one that is kept, so that it must
    be compared again: no connection is held, and so nothing locked, while a password is hashed.
    """
    if account is None or not verdict.right:
        await lockout.fail(connection, attempt, account["id"] if account else None)
        return await _refused(connection, account, InvalidCredentials())
    row = await _LOCK.first(connection, id=account["id"], proven_hash=account["password_hash"])
    if row is None:
        return None
    if not row["is_active"]:
        await lockout.succeed(connection, attempt)
        return await _refused(connection, account, AccountInactive())
    if verdict.renewed:
        await _RENEW_HASH.run(connection, user_id=row["id"], new_hash=verdict.renewed)
    session_id = new_id()
    refresh, claims = _new_refresh_token(row["id"], session_id, _wanted(form))
    await _OPEN.run(
        connection,
        id=session_id,
        user_id=row["id"],
        expires_at=claims.expires_at,
        user_agent=_printable(current().header(b"user-agent"))[:MAX_USER_AGENT] or None,
        address=current().address or None,
    )
    await lockout.succeed(connection, attempt)
    await _notice_new_network(connection, row)
    await record(connection, AuditAction.logged_in, actor_id=row["id"], subject_id=row["id"])
    return await _pair(connection, refresh, claims, row["role"])


async def _notice_new_network(connection: Connection, member: Record) -> None:
    """Tell a member of a login from where there was none before; the very first one is no news."""
    is_new = await lockout.remember_network(connection, member["id"])
    if is_new and await has_happened(connection, AuditAction.logged_in, member["id"]):
        await mail.notify(connection, Reader(member["email"], member["username"]), Notice.NEW_LOGIN)


async def _refused(connection: Connection, account: Record | None, problem: Problem) -> Problem:
    # Of what was typed nothing is kept: people type their password where the name belongs, and a name that nobody has
    # is nobody's affair. Known and unknown accounts cost the same one statement.
    subject_id = account["id"] if account else None
    detail = {"reason": problem.code.value}
    await record(connection, AuditAction.login_failed, actor_id=None, subject_id=subject_id, detail=detail)
    return problem


def claims_of(principal: Principal) -> tokens.Claims:
    """Return what the token of the principal says. Raises InvalidToken when it was a key that was presented."""
    if principal.claims is None:
        raise InvalidToken
    return principal.claims


async def refresh(connection: Connection, spent: tokens.Claims) -> TokenPair | None:
    """Exchange a refresh token for a new pair, or end its session when the token was spent before.

    Returns None for "no" instead of raising, because the caller must commit what was found out.
    """
    if not await _SPEND.run(connection, token_id=spent.token_id, of_session=spent.session_id):
        # Once ended it is known, and a thief who goes on trying fills no book.
        if await _END.run(connection, session_id=spent.session_id):
            detail = {"session_id": spent.session_id}
            await record(
                connection,
                AuditAction.refresh_token_reused,
                actor_id=None,
                subject_id=spent.user_id,
                detail=detail,
            )
        return None
    renewed, claims = _new_refresh_token(spent.user_id, spent.session_id, spent.scopes)
    role = await _PROLONG.value(
        connection,
        session_id=spent.session_id,
        new_expiry=claims.expires_at,
        new_address=current().address or None,
    )
    return None if role is None else await _pair(connection, renewed, claims, role)


async def log_out(connection: Connection, principal: Principal, *, everywhere: bool) -> None:
    """End the session that is asking, or all of the member."""
    if everywhere:
        await end_all(connection, principal.user_id)
    else:
        await _END.run(connection, session_id=principal.session_id)
    detail = {"everywhere": everywhere}
    member = principal.user_id
    await record(connection, AuditAction.logged_out, actor_id=member, subject_id=member, detail=detail)


async def end_sessions(connection: Connection, user_id: UUID, *, but: UUID | None = None) -> None:
    """End all sessions of a member, or all but one."""
    if but is None:
        await _END_ALL.run(connection, of_user=user_id)
    else:
        await _END_OTHERS.run(connection, of_user=user_id, this_session=but)


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isascii() and letter.isprintable())


async def end_all(connection: Connection, user_id: UUID) -> None:
    """End every session of a member, which ends their tokens at once."""
    await _END_ALL.run(connection, of_user=user_id)


async def require_fresh_login(connection: Connection, principal: Principal) -> None:
    """Raise LoginRequired unless the member has proved the password for this session a short while ago.

    Refreshing tokens makes no session any younger.
    """
    if not await _IS_FRESH.value(connection, session_id=principal.session_id):
        raise LoginRequired


def _wanted(form: LoginForm) -> frozenset[str]:
    """Return the scopes that the client asks for: every scope there is when it names none."""
    every = frozenset[str]().union(*role_scopes().values())
    named = frozenset(form.scope.split()) if form.scope is not MISSING else frozenset[str]()
    return every & named if named else every


def _new_refresh_token(user_id: UUID, session_id: UUID, scopes: frozenset[str]) -> tuple[str, tokens.Claims]:
    # It holds what the client asked for, of which each access token gets what the role grants at that time.
    return tokens.issue("refresh", user_id=user_id, session_id=session_id, scopes=scopes)


async def _pair(connection: Connection, refresh: str, claims: tokens.Claims, role: str) -> TokenPair:
    """Keep the refresh token, and return it with an access token for what the role grants of its scopes."""
    await _KEEP_TOKEN.run(connection, id=claims.token_id, session_id=claims.session_id, expires_at=claims.expires_at)
    scopes = claims.scopes & role_scopes()[role]
    access, _ = tokens.issue("access", user_id=claims.user_id, session_id=claims.session_id, scopes=scopes)
    return TokenPair(
        access_token=access,
        refresh_token=refresh,
        token_type=TokenType.bearer,
        expires_in=int(tokens.lifetime("access").total_seconds()),
        scope=" ".join(sorted(scopes)),
    )
