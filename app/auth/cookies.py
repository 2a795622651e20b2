"""A session in a browser: its tokens in cookies (RFC 6265bis) that scripts cannot read.

They are `Secure` everywhere: browsers take them from a loopback address without HTTPS too. `__Host-` keeps other hosts
of the same site from setting them; the refresh token is sent to one path alone, which that prefix does not allow.
"""

from http.cookies import SimpleCookie
from typing import Any

from app.auth import csrf, tokens
from app.contract import BASE_PATH
from app.current import current
from generated.models import TokenPair

ACCESS, REFRESH, CSRF = csrf.ACCESS, csrf.REFRESH, csrf.TOKEN
REFRESH_PATH = f"{BASE_PATH}/auth/session"


def give(pair: TokenPair) -> None:
    """Let the answer set the cookies of the session whose tokens these are."""
    access, refresh = (int(tokens.lifetime(kind).total_seconds()) for kind in ("access", "refresh"))
    session_id = tokens.decode(pair.access_token).session_id
    _set(ACCESS, pair.access_token, seconds=access)
    _set(REFRESH, pair.refresh_token, seconds=refresh, path=REFRESH_PATH)
    _set(CSRF, csrf.token_of(session_id), seconds=refresh, readable=True)


def clear() -> None:
    """Let the answer take the cookies back."""
    _set(ACCESS, "", seconds=0)
    _set(REFRESH, "", seconds=0, path=REFRESH_PATH)
    _set(CSRF, "", seconds=0, readable=True)


def _set(name: str, value: str, *, seconds: int, path: str = "/", readable: bool = False) -> None:
    jar = SimpleCookie({name: value})
    attributes: dict[str, Any] = {"path": path, "max-age": seconds, "samesite": "Lax", "secure": True}
    attributes["httponly"] = not readable
    jar[name].update(attributes)
    # The frame adds them to the answer: a handler's headers are a mapping, which has room for one cookie.
    current().notices += ((b"set-cookie", jar[name].OutputString().encode()),)
