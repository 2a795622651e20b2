"""Credentials: the alternatives of an operation's `security`, and where their credentials stand in a request."""

from base64 import b64decode
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from app.problems import NotAuthenticated
from app.runtime.arrived import Arrived

# An alternative: its schemes with the scopes that each must hold.
Requirement: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
RequirementSets: TypeAlias = tuple[Requirement, ...]
Credentials: TypeAlias = Mapping[str, object]
Authorize: TypeAlias = Callable[[RequirementSets, Credentials], Awaitable[object]]
Read: TypeAlias = Callable[[Arrived], object]


class Basic(NamedTuple):
    """A name and a password (RFC 7617)."""

    username: str
    password: str


def bearer_token(authorization: str) -> str | None:
    """Return the token of an `Authorization` header (RFC 6750, section 2.1), or None for another scheme.

    What is not ASCII is no token (RFC 9110, section 5.5), and a scheme is written in any case (section 11.1).
    """
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token and token.isascii() else None


def basic_credentials(authorization: str) -> Basic | None:
    """Return the name and the password of an `Authorization` header (RFC 7617), or None for what is none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        username, colon, password = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return Basic(username, password) if colon else None


def _bearer(arrived: Arrived) -> str | None:
    given = arrived.headers.get(b"authorization")
    return bearer_token(given.decode("latin-1")) if given is not None else None


def _basic(arrived: Arrived) -> Basic | None:
    given = arrived.headers.get(b"authorization")
    return basic_credentials(given.decode("latin-1")) if given is not None else None


def _in_header(name: str) -> Read:
    key = name.lower().encode()

    def read(arrived: Arrived) -> str | None:
        given = arrived.headers.get(key)
        return given.decode() if given and given.isascii() else None

    return read


def _in_cookie(name: str) -> Read:
    def read(arrived: Arrived) -> str | None:
        given = arrived.cookies.get(name)
        return given if given and given.isascii() else None

    return read


def _reader(name: str, scheme: Mapping[str, Any]) -> Read:
    """Return what reads the credential of a scheme. Raises RuntimeError for a kind that nothing here reads."""
    match scheme:
        case {"type": "oauth2" | "openIdConnect"} | {"type": "http", "scheme": "bearer"}:
            return _bearer
        case {"type": "http", "scheme": "basic"}:
            return _basic
        case {"type": "apiKey", "in": "header", "name": header}:
            return _in_header(header)
        case {"type": "apiKey", "in": "cookie", "name": cookie}:
            return _in_cookie(cookie)
        case _:
            raise RuntimeError(f"security scheme {name}: credentials of this kind are not read")


class Security:
    """Who may call an operation, and how they show that it is them."""

    def __init__(
        self,
        alternatives: Sequence[Mapping[str, Sequence[str]]],
        schemes: Mapping[str, Mapping[str, Any]],
        authorize: Authorize,
    ) -> None:
        """`alternatives` is an operation's `security`, of which an empty one lets in who brings no credentials."""
        self.requirements: RequirementSets = tuple(
            tuple((name, tuple(scopes)) for name, scopes in alternative.items()) for alternative in alternatives
        )
        self.is_optional = not all(self.requirements)
        self._alternatives = [requirement for requirement in self.requirements if requirement]
        names = dict.fromkeys(name for requirement in self._alternatives for name, _ in requirement)
        self._readers = [(name, _reader(name, schemes[name])) for name in names]
        self._authorize = authorize
        # What is known of those who bring just these credentials: what they may fulfil, and with which of them.
        self._eligible: dict[tuple[str, ...], tuple[RequirementSets, frozenset[str]]] = {}

    async def authenticate(self, arrived: Arrived) -> object:
        """Return who calls, or None where that is nobody and nobody has to.

        Of the alternatives, those count for which all credentials are there; which of their scopes are held, who
        knows the credentials decides. Raises NotAuthenticated (401) where there is none.
        """
        presented = {name: credential for name, read in self._readers if (credential := read(arrived)) is not None}
        names = tuple(presented)
        known = self._eligible.get(names)
        if known is None:
            known = self._eligible[names] = self._fulfilled(presented)
        eligible, used = known
        if not eligible:
            if self.is_optional:
                return None
            raise NotAuthenticated
        if len(used) < len(names):
            presented = {name: presented[name] for name in used}
        return await self._authorize(eligible, presented)

    def _fulfilled(self, presented: Collection[str]) -> tuple[RequirementSets, frozenset[str]]:
        """Return the alternatives for which all credentials are there, and the names of these."""
        eligible = tuple(
            requirement for requirement in self._alternatives if all(name in presented for name, _ in requirement)
        )
        return eligible, frozenset(name for requirement in eligible for name, _ in requirement)
