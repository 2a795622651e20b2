"""Access and refresh tokens: JWT (RFC 7519) signed with HS256 and nothing else (RFC 8725, section 3.1).

This is the only module that touches python-jose; docs/decisions/0005-tokens.md says why it is kept away from
asymmetric keys and how to leave it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from jose import JWTError, jwt

from app.ids import new_id
from app.settings import settings

ALGORITHM = "HS256"
ISSUER = "galley"
AUDIENCE = "galley-api"
TokenType = Literal["access", "refresh"]
_MAX_LENGTH = 4096


class TokenRefused(Exception):  # noqa: N818 - It names what happened to the token.
    """The token is forged, expired, incomplete or of the other type."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says."""

    user_id: UUID
    session_id: UUID
    token_id: UUID
    scopes: frozenset[str]
    expires_at: datetime


def _key() -> str:
    return settings().secret_key.get_secret_value()


def lifetime(kind: TokenType) -> timedelta:
    """Return how long a token of this type is good for."""
    if kind == "access":
        return timedelta(minutes=settings().access_token_expire_minutes)
    return timedelta(days=settings().refresh_token_expire_days)


def issue(kind: TokenType, *, user_id: UUID, session_id: UUID, scopes: Iterable[str]) -> tuple[str, Claims]:
    """Sign a new token and return it with what it says."""
    now = datetime.now(UTC).replace(microsecond=0)
    claims = Claims(user_id, session_id, new_id(), frozenset(scopes), now + lifetime(kind))
    payload: dict[str, Any] = {
        "sub": str(user_id),
        "sid": str(session_id),
        "jti": str(claims.token_id),
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "nbf": now,
        "exp": claims.expires_at,
        "typ": kind,
        "scope": " ".join(sorted(claims.scopes)),
    }
    return jwt.encode(payload, _key(), algorithm=ALGORITHM), claims


def verify(token: str, kind: TokenType) -> Claims:
    """Return what the token says. Raises TokenRefused unless it is one of ours, complete, current and of this type."""
    if len(token) > _MAX_LENGTH:
        raise TokenRefused
    try:
        # python-jose requires none of the claims by itself, and takes a token without `exp` as eternal.
        payload = jwt.decode(
            token,
            _key(),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={f"require_{name}": True for name in ("aud", "iat", "exp", "nbf", "iss", "sub", "jti")},
        )
        if payload["typ"] != kind or not all(
            isinstance(payload[name], str) for name in ("sid", "scope", "typ")
        ):
            raise TokenRefused
        return Claims(
            user_id=UUID(payload["sub"]),
            session_id=UUID(payload["sid"]),
            token_id=UUID(payload["jti"]),
            scopes=frozenset(payload["scope"].split()),
            expires_at=datetime.fromtimestamp(payload["exp"], UTC),
        )
    except (JWTError, KeyError, ValueError, TypeError, OverflowError) as failure:
        raise TokenRefused from failure
