"""Who is calling, and what they may do.

`authorize` is the only place that turns credentials into a `Principal`; the generated layer calls it with what the
contract demands of the operation. `RULES` is the one table to read for what depends on the thing itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any
from uuid import UUID

from asyncpg import Record
from sqlalchemy import bindparam, func, select

from app.auth.tables import Session
from app.auth.tokens import TokenRefused, verify
from app.contract import role_scopes
from app.current import current
from app.db import reading
from app.problems import InvalidToken, PermissionDenied
from app.sql import Statement
from app.users.tables import User
from generated.server import Credentials, RequirementSets
from generated.server._runtime.server.security import bearer_token


@dataclass(frozen=True, slots=True)
class Principal:
    """A member who is logged in. `scopes` are those of the token that the role still grants."""

    user_id: UUID
    session_id: UUID
    role: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether the member holds this scope."""
        return scope in self.scopes


# A session that was revoked and an account that was closed end all their tokens at once, so both are asked each time.
_LIVING_SESSION = Statement(
    select(User.role)
    .join(Session, Session.user_id == User.id)
    .where(
        Session.id == bindparam("session_id"),
        User.id == bindparam("user_id"),
        Session.revoked_at.is_(None),
        Session.expires_at > func.now(),
        User.is_active,
    )
)


def identify(headers: Mapping[bytes, bytes]) -> str | None:
    """Return the member for whom a request counts: whose valid token it brings; no query is made."""
    given = headers.get(b"authorization")
    token = bearer_token(given.decode("latin-1")) if given is not None else None
    if token is None:
        return None
    try:
        return str(verify(token, "access").user_id)
    except TokenRefused:
        return None


async def authorize(requirements: RequirementSets, credentials: Credentials) -> Principal:
    """Return who presents these credentials.

    `requirements` are the alternatives of the operation's `security` for which all credentials are there. Raises
    InvalidToken (401), and PermissionDenied (403) when no alternative's scopes are held.
    """
    try:
        claims = verify(str(credentials["bearer"]), "access")
    except TokenRefused:
        raise InvalidToken from None
    async with reading() as connection:
        role = await _LIVING_SESSION.value(connection, session_id=claims.session_id, user_id=claims.user_id)
    if role is None:
        raise InvalidToken
    principal = Principal(claims.user_id, claims.session_id, role, claims.scopes & role_scopes()[role])
    current().user_id = str(principal.user_id)
    if not any(principal.scopes.issuperset(scopes) for requirement in requirements for _, scopes in requirement):
        raise PermissionDenied("Your token does not hold the scope that this takes.")
    return principal


Row = Record | Mapping[str, Any]
Predicate = Callable[[Principal, Row], bool]


def is_author(principal: Principal, row: Row) -> bool:
    """The member wrote it."""
    return row["author_id"] == principal.user_id


def is_owner(principal: Principal, row: Row) -> bool:
    """It is the member's."""
    return row["owner_id"] == principal.user_id


def holds(scope: str) -> Predicate:
    """The member's role and token grant this scope."""
    return lambda principal, _: principal.may(scope)


class Action(Enum):
    """What a member may want to do to a thing."""

    SEE_UNPUBLISHED = auto()
    EDIT_POST = auto()
    FEATURE_POST = auto()
    DELETE_POST = auto()
    EDIT_COMMENT = auto()
    DELETE_COMMENT = auto()
    SEE_JOB = auto()
    CHANGE_JOB = auto()


# Any row of an action suffices; a row needs all of its columns.
RULES: dict[Action, list[list[Predicate]]] = {
    Action.SEE_UNPUBLISHED: [[is_author], [holds("posts:delete-any")]],
    Action.EDIT_POST: [[is_author]],
    Action.FEATURE_POST: [[holds("posts:feature")]],
    Action.DELETE_POST: [[is_author], [holds("posts:delete-any")]],
    Action.EDIT_COMMENT: [[is_author]],
    Action.DELETE_COMMENT: [[is_author], [holds("comments:moderate")]],
    Action.SEE_JOB: [[is_owner], [holds("jobs:read-any")]],
    Action.CHANGE_JOB: [[is_owner], [holds("admin")]],
}


def allowed(principal: Principal | None, action: Action, row: Row) -> bool:
    """Whether the rules let the member do this."""
    return principal is not None and any(all(test(principal, row) for test in tests) for tests in RULES[action])


def require(principal: Principal, action: Action, row: Row) -> None:
    """Raise PermissionDenied unless the rules let the member do this."""
    if not allowed(principal, action, row):
        raise PermissionDenied
