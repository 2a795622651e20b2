"""Against requests that another site's page makes a browser send (OWASP's cheat sheet on CSRF).

What changes something is refused when the browser says that a foreign page asked for it, whatever its credentials are;
so nobody is logged in to another's account either. With a cookie for a credential it also takes `X-CSRF-Token`, equal
to a cookie that pages of ours alone can read and that belongs to one session (signed double submit).
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit
from uuid import UUID

from app.contract import Operation
from app.current import current
from app.problems import Problem
from app.settings import settings
from generated.models import ProblemCode
from generated.server.security import cookie, csrf, refresh_cookie

ACCESS, REFRESH, TOKEN = cookie.model.name, refresh_cookie.model.name, "__Host-csrf_token"
_HEADER = csrf.model.name.lower().encode()
_OWN_PAGES = (b"same-origin", b"none")


class CsrfFailed(Problem):
    status, code, title = 403, ProblemCode.csrf_failed, "The request may not come from where it says."


@cache
def _origins() -> frozenset[bytes]:
    """Return the origins whose pages may change something: our own and those that CORS lets in."""
    own = "{0.scheme}://{0.netloc}".format(urlsplit(settings().public_url))
    return frozenset(origin.encode() for origin in (own, *settings().backend_cors_origins))


def token_of(session_id: UUID) -> str:
    """Return the token that belongs to a session; nobody else can make it."""
    key = settings().secret_key.get_secret_value().encode()
    return urlsafe_b64encode(hmac.digest(key, b"galley csrf" + session_id.bytes, "sha256")).rstrip(b"=").decode()


def require(token: str, session_id: UUID | None) -> None:
    """Raise CsrfFailed unless the token is that of the session."""
    if session_id is None or not hmac.compare_digest(token, token_of(session_id)):
        raise CsrfFailed("The X-CSRF-Token is not that of this session.")


def check(operation: Operation, headers: Mapping[bytes, bytes], cookies: Mapping[str, str]) -> None:
    """Raise CsrfFailed for a request of a foreign page, and for one that a cookie alone vouches for.

    `Sec-Fetch-Site` cannot be set by a page (W3C Fetch Metadata); browsers that do not send it send `Origin`.
    """
    site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
    foreign = origin is not None if site is None else site not in _OWN_PAGES
    if foreign and origin not in _origins():
        raise CsrfFailed("The request comes from a page of another origin.")
    if operation.public or not (ACCESS in cookies or REFRESH in cookies):
        return
    if b"authorization" in headers or b"x-api-key" in headers:
        current().second_token = cookies.get(ACCESS, "")
        return
    if not cookies.get(TOKEN) or not hmac.compare_digest(headers.get(_HEADER, b""), cookies[TOKEN].encode()):
        raise CsrfFailed("X-CSRF-Token must be sent, with the value of the cookie __Host-csrf_token.")
