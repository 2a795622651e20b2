"""Who is calling, and what they may do.

`authorize` is the only place that turns credentials into a `Principal`; the compiled contract calls it with what is
demanded of the operation. `RULES` is the one table to read for what depends on the thing itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any
from uuid import UUID

from asyncpg import Record
from starlette.requests import cookie_parser

from app.auth import csrf
from app.auth.living import Holder, holder_of_key, holder_of_session, last_known_holder
from app.auth.tokens import REMEMBERED, Claims, TokenRefused, TokenType, verify
from app.contract import role_scopes
from app.current import current
from app.problems import InvalidToken, PermissionDenied
from app.runtime.security import Credentials, RequirementSets, bearer_token


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling. `scopes` are those of the credentials that the member's role still grants.

    A key belongs to no session, and only a token has claims.
    """

    user_id: UUID
    session_id: UUID | None
    role: str
    scopes: frozenset[str]
    claims: Claims | None = None

    @property
    def subject(self) -> str:
        """The member's id as a text."""
        return self.claims.subject if self.claims is not None else str(self.user_id)

    def may(self, scope: str) -> bool:
        """Whether the member holds this scope."""
        return scope in self.scopes


# Whom tokens stand for, as long as what is known of their holders is the same; it is asked anew twice a second.
_principals: dict[str, tuple[Holder, Principal]] = {}


async def _of_token(token: str, kind: TokenType) -> Principal:
    try:
        claims = verify(token, kind)
    except TokenRefused:
        raise InvalidToken from None
    holder = await holder_of_session(claims.session_id, claims.user_id)
    if holder is None:
        raise InvalidToken
    known = _principals.get(token)
    if known is not None and known[0] is holder:
        return known[1]
    scopes = claims.scopes & role_scopes()[holder.role]
    principal = Principal(holder.user_id, claims.session_id, holder.role, scopes, claims)
    if len(_principals) >= REMEMBERED:
        _principals.clear()
    _principals[token] = holder, principal
    return principal


async def _of_key(key: str) -> Principal:
    holder = await holder_of_key(key)
    if holder is None:
        raise InvalidToken("The key is not valid.")
    return Principal(holder.user_id, None, holder.role, holder.scopes & role_scopes()[holder.role])


_COOKIES = {"cookie", "refreshCookie"}
_TOKENS: dict[str, TokenType] = {"bearer": "access", "cookie": "access", "refreshCookie": "refresh"}


async def _presented(credentials: Credentials) -> list[Principal]:
    """Return whom each credential stands for; `csrf` stands for nobody."""
    found: list[Principal] = []
    for name, kind in _TOKENS.items():
        if name in credentials:
            found.append(await _of_token(str(credentials[name]), kind))
    if "apiKey" in credentials:
        found.append(await _of_key(str(credentials["apiKey"])))
    # A browser adds its cookie by itself, even where it could not authenticate the request.
    second = current().cookies.get(csrf.ACCESS) if _COOKIES.isdisjoint(credentials) else None
    if second:
        found.append(await _of_token(second, "access"))
    return found


def identify(headers: Mapping[bytes, bytes]) -> str | None:
    """Return the member for whom a request counts: whose valid token or key it brings. No query is made.

    A key tells nothing by itself, so it counts for its member from when it has first been looked up.
    """
    if (given := headers.get(b"authorization")) is not None:
        return _member_of(bearer_token(given.decode("latin-1")))
    if (key := headers.get(b"x-api-key")) is not None:
        holder = last_known_holder(key)
        return str(holder.user_id) if holder else None
    if (line := headers.get(b"cookie")) is not None and csrf.ACCESS.encode() in line:
        return _member_of(cookie_parser(line.decode("latin-1")).get(csrf.ACCESS))
    return None


def _member_of(token: str | None) -> str | None:
    try:
        return verify(token, "access").subject if token else None
    except TokenRefused:
        return None


async def authorize(requirements: RequirementSets, credentials: Credentials) -> Principal:
    """Return who presents these credentials.

    `requirements` are the alternatives of the operation's `security` for which all credentials are there. Of several
    credentials each must be valid and all must be one member's, who then may do what all of them allow. Raises
    InvalidToken (401), CsrfFailed (403), and PermissionDenied (403) when no alternative's scopes are held.
    """
    first, *others = await _presented(credentials)
    principal = first
    for other in others:
        if other.user_id != first.user_id:
            raise InvalidToken("The credentials are those of different members.")
        principal = replace(principal, scopes=principal.scopes & other.scopes)
    if "csrf" in credentials:
        cookie = next(verify(str(credentials[name]), _TOKENS[name]) for name in _COOKIES if name in credentials)
        csrf.require(str(credentials["csrf"]), cookie.session_id)
    current().user_id = principal.subject
    for requirement in requirements:
        for _, scopes in requirement:
            if not principal.scopes.issuperset(scopes):
                break
        else:
            return principal
    raise PermissionDenied("Your credentials do not hold the scope that this takes.")


# What a job that writes posts for a member asks of his role, long after the request that queued it was let in.
WRITE_POSTS = "posts:write"

Row = Record | Mapping[str, Any]
Predicate = Callable[[Principal, Row], bool]


def is_author(principal: Principal, row: Row) -> bool:
    """The member wrote it."""
    return row["author_id"] == principal.user_id


def is_owner(principal: Principal, row: Row) -> bool:
    """It is the member's."""
    return row["owner_id"] == principal.user_id


def is_organizer(principal: Principal, row: Row) -> bool:
    """The member organizes it."""
    return row["organizer_id"] == principal.user_id


def is_open(_: Principal, row: Row) -> bool:
    """Everybody may see it."""
    return row["visibility"] == "public"


def is_inside(_: Principal, row: Row) -> bool:
    """The member belongs to it."""
    return bool(row["is_member"])


def is_self(principal: Principal, row: Row) -> bool:
    """It is the member's own account."""
    return row["id"] == principal.user_id


def is_shown(_: Principal, row: Row) -> bool:
    """It is used where everybody sees it."""
    return row["is_public"]


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
    SEE_WAITING = auto()
    EDIT_EVENT = auto()
    DELETE_EVENT = auto()
    SEE_ATTENDEES = auto()
    SEE_UNLISTED = auto()
    EDIT_ITEM = auto()
    DELETE_ITEM = auto()
    SEE_JOB = auto()
    CHANGE_JOB = auto()
    SEE_ACCOUNT = auto()
    SEE_FIGURES = auto()
    SEE_ROOM = auto()
    MANAGE_ROOM = auto()
    EDIT_MESSAGE = auto()
    DELETE_MESSAGE = auto()
    SEE_MEDIA = auto()
    DELETE_MEDIA = auto()
    CHANGE_MEDIA = auto()


# Any row of an action suffices; a row needs all of its columns.
RULES: dict[Action, list[list[Predicate]]] = {
    Action.SEE_UNPUBLISHED: [[is_author], [holds("posts:delete-any")]],
    Action.EDIT_POST: [[is_author]],
    Action.FEATURE_POST: [[holds("posts:feature")]],
    Action.DELETE_POST: [[is_author], [holds("posts:delete-any")]],
    Action.EDIT_COMMENT: [[is_author]],
    Action.DELETE_COMMENT: [[is_author], [holds("comments:moderate")]],
    Action.SEE_WAITING: [[is_author], [holds("comments:moderate")]],
    Action.EDIT_EVENT: [[is_organizer]],
    Action.DELETE_EVENT: [[is_organizer], [holds("events:delete-any")]],
    Action.SEE_ATTENDEES: [[is_organizer], [holds("events:delete-any")]],
    Action.SEE_UNLISTED: [[is_owner]],
    Action.EDIT_ITEM: [[is_owner]],
    Action.DELETE_ITEM: [[is_owner], [holds("items:delete-any")]],
    Action.SEE_JOB: [[is_owner], [holds("jobs:read-any")]],
    Action.CHANGE_JOB: [[is_owner], [holds("admin")]],
    Action.SEE_ACCOUNT: [[is_self], [holds("users:read")]],
    Action.SEE_FIGURES: [[holds("admin")]],
    Action.SEE_ROOM: [[is_open], [is_inside]],
    Action.MANAGE_ROOM: [[is_owner]],
    Action.EDIT_MESSAGE: [[is_author]],
    # The owner is that of the room.
    Action.DELETE_MESSAGE: [[is_author], [is_owner]],
    Action.SEE_MEDIA: [[is_shown], [is_owner], [holds("media:delete-any")]],
    Action.DELETE_MEDIA: [[is_owner], [holds("media:delete-any")]],
    Action.CHANGE_MEDIA: [[is_owner]],
}


def allowed(principal: Principal | None, action: Action, row: Row) -> bool:
    """Whether the rules let the member do this."""
    return principal is not None and any(all(test(principal, row) for test in tests) for tests in RULES[action])


def require(principal: Principal, action: Action, row: Row) -> None:
    """Raise PermissionDenied unless the rules let the member do this."""
    if not allowed(principal, action, row):
        raise PermissionDenied
