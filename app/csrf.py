"""Against requests that another site's page makes a browser send (OWASP's cheat sheet on CSRF).

What changes something is refused when the browser says that a foreign page asked for it, whatever its credentials are;
so nobody is logged in to another's account either. With a cookie for a credential it also takes a header that repeats
a cookie which pages of ours alone can read (double submit), as the contract's `x-csrf-cookie` says.
"""

import hmac
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit

from app import contract
from app.contract import Operation
from app.problems import Problem
from app.settings import settings
from generated.models import ProblemCode

_OWN_PAGES = (b"same-origin", b"none")


class CsrfFailed(Problem):
    status, code, title = 403, ProblemCode.csrf_failed, "The request may not come from where it says."


@cache
def _origins() -> frozenset[bytes]:
    """Return the origins whose pages may change something: our own and those that CORS lets in."""
    own = "{0.scheme}://{0.netloc}".format(urlsplit(settings().public_url))
    return frozenset(origin.encode() for origin in (own, *settings().backend_cors_origins))


def check(operation: Operation, headers: Mapping[bytes, bytes], cookies: Mapping[str, str]) -> None:
    """Raise CsrfFailed for a request of a foreign page, and for one that a cookie alone vouches for.

    `Sec-Fetch-Site` cannot be set by a page (W3C Fetch Metadata); browsers that do not send it send `Origin`.
    """
    site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
    foreign = origin is not None if site is None else site not in _OWN_PAGES
    if foreign and origin not in _origins():
        raise CsrfFailed("The request comes from a page of another origin.")
    protection = contract.csrf()
    if not cookies or protection is None or operation.public or protection.credentials.isdisjoint(cookies):
        return
    if any(name.lower().encode() in headers for name in protection.others):
        return
    given, expected = headers.get(protection.header.lower().encode(), b""), cookies.get(protection.cookie, "").encode()
    if not expected or not hmac.compare_digest(given, expected):
        raise CsrfFailed(f"{protection.header} must be sent, with the value of the cookie {protection.cookie}.")
