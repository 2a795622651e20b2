"""The token that ties a request by cookie to its session: an HMAC of the session's id (signed double submit).

It must equal a cookie, which the frame sees to (app/csrf.py), and belong to the session of the other cookie, so that a
cookie that another host of the site has planted is of no use.
"""

import hmac
from base64 import urlsafe_b64encode
from uuid import UUID

from app import contract
from app.csrf import CsrfFailed
from app.settings import settings

_SCHEMES = contract.bundle()["components"]["securitySchemes"]
ACCESS, REFRESH = str(_SCHEMES["cookie"]["name"]), str(_SCHEMES["refreshCookie"]["name"])
_PROTECTION = contract.csrf()
TOKEN = _PROTECTION.cookie if _PROTECTION else ""


def token_of(session_id: UUID) -> str:
    """Return the token that belongs to a session; nobody else can make it."""
    key = settings().secret_key.get_secret_value().encode()
    return urlsafe_b64encode(hmac.digest(key, b"galley csrf" + session_id.bytes, "sha256")).rstrip(b"=").decode()


def require(token: str, session_id: UUID) -> None:
    """Raise CsrfFailed unless the token is that of the session."""
    if not hmac.compare_digest(token, token_of(session_id)):
        raise CsrfFailed("The X-CSRF-Token is not that of this session.")
