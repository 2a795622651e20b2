"""Access and refresh tokens: JWT (RFC 7519) signed with HS256 and nothing else (RFC 8725, section 3.1).

This is the only module that touches python-jose; docs/decisions/0005-tokens.md says why it is kept away from
asymmetric keys and how to leave it.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Literal
from uuid import UUID

from jose import JWTError, jwk, jwt
from jose.backends.base import Key

from app import clock
from app.ids import new_id
from app.settings import settings

ALGORITHM = "HS256"
ISSUER = "galley"
AUDIENCE = "galley-api"
TokenType = Literal["access", "refresh"]
_TEXTS = ("aud", "iss", "sub", "sid", "jti", "typ", "scope")
_TIMES = ("exp", "iat", "nbf")
# The clocks of two machines may differ by this much; nothing is granted beyond `exp`.
_SKEW = timedelta(seconds=5)
_MAX_LENGTH = 4096
# base64url of {"alg":"HS256","typ":"JWT"}, the one header that is ever written. Comparing it instead of reading it
# refuses `none`, other algorithms, `kid`, `jku` and `crit` alike, and reads nothing that is not signed: python-jose
# would recurse into a header of a thousand brackets. 32 bytes are 43 characters, of which the last carries 4 bits;
# base64 decoders ignore the others, and what they skip.
_FORM = re.compile(
    r"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", re.ASCII
)
# Decoding takes 34 µs, about as much as the query of a read; a remembered token takes 0.3 µs.
REMEMBERED = 2048


class TokenRefused(Exception):
    """The token is forged, expired, incomplete or of the other type."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says."""

    kind: str
    # The account's id, as a text and as what it is; the text is asked for on every request.
    subject: str
    user_id: UUID
    session_id: UUID
    token_id: UUID
    scopes: frozenset[str]
    expires_at: datetime


@cache
def _key() -> Key:
    # Derived, so that whatever the secret is, PEM or JSON, python-jose sees 32 bytes that are no key of another kind,
    # and so that what else is signed with the secret never passes for a token.
    secret = settings().secret_key.get_secret_value().encode()
    return jwk.construct(hmac.digest(secret, b"galley tokens", "sha256"), ALGORITHM)


def lifetime(kind: TokenType) -> timedelta:
    """Return how long a token of this type is good for."""
    if kind == "access":
        return timedelta(minutes=settings().access_token_expire_minutes)
    return timedelta(days=settings().refresh_token_expire_days)


def issue(kind: TokenType, *, user_id: UUID, session_id: UUID, scopes: Iterable[str]) -> tuple[str, Claims]:
    """Sign a new token and return it with what it says."""
    now = clock.now().replace(microsecond=0)
    claims = Claims(kind, str(user_id), user_id, session_id, new_id(), frozenset(scopes), now + lifetime(kind))
    payload: dict[str, Any] = {
        "sub": claims.subject,
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
    claims = decode(token)
    if claims.kind != kind or claims.expires_at <= clock.now():
        raise TokenRefused
    return claims


@lru_cache(maxsize=REMEMBERED)
def decode(token: str) -> Claims:
    """Return what a token of ours says that was valid when it was first seen; refusals are not remembered."""
    if len(token) > _MAX_LENGTH or not _FORM.fullmatch(token):
        raise TokenRefused
    try:
        payload = jwt.decode(
            token,
            _key(),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            # It would ask the machine for the time; the times are checked below, by the clock of the service.
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
        return _claims(payload)
    except (JWTError, KeyError, ValueError, TypeError, OverflowError, RecursionError) as failure:
        raise TokenRefused from failure


def _claims(payload: dict[str, Any]) -> Claims:
    """Check what python-jose does not: it takes a token without `exp` as eternal, and numbers for texts.

    `verify` compares `exp` every time, because what this returns is remembered.
    """
    if not all(type(payload[name]) is str for name in _TEXTS) or not all(type(payload[name]) is int for name in _TIMES):
        raise TokenRefused
    issued_at, not_before, expires_at = (datetime.fromtimestamp(payload[name], UTC) for name in ("iat", "nbf", "exp"))
    soon = clock.now() + _SKEW
    if issued_at > soon or not_before > soon or expires_at <= issued_at:
        raise TokenRefused
    user_id = UUID(payload["sub"])
    return Claims(
        kind=payload["typ"],
        subject=str(user_id),
        user_id=user_id,
        session_id=UUID(payload["sid"]),
        token_id=UUID(payload["jti"]),
        scopes=frozenset(payload["scope"].split()),
        expires_at=expires_at,
    )
