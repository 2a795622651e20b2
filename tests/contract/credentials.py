"""The credentials that the contract's security schemes name, made for a member and put where they belong."""

from dataclasses import dataclass

from app.auth import csrf, tokens
from tests.contract.document import Node, Operation, contract
from tests.contract.seen import seen
from tests.factories import Factory, Member

# What a request can carry them in.
HEADERS = ("Authorization", "Cookie", "X-CSRF-Token", "X-API-Key")


@dataclass(frozen=True)
class Secrets:
    """What a member can prove to be a member with."""

    access: str
    refresh: str
    key: str
    csrf: str

    def value(self, scheme: str) -> str:
        """Return the credential of a scheme. A new scheme gets a line here."""
        return {
            "bearer": self.access,
            "cookie": self.access,
            "refreshCookie": self.refresh,
            "apiKey": self.key,
            "csrf": self.csrf,
        }[scheme]


async def secrets_of(make: Factory, member: Member, scopes: frozenset[str] | None = None) -> Secrets:
    """Return all kinds of credentials of a member, for the scopes of his token or for fewer."""
    granted = tokens.decode(member.token).scopes if scopes is None else scopes
    access, _ = tokens.issue("access", user_id=member.id, session_id=member.session_id, scopes=granted)
    key = await make.key(member, granted)
    # A key does not say what it may do.
    seen().observer.granted[key] = granted
    return Secrets(access, await make.refresh_token(member), key, csrf.token_of(member.session_id))


def headers_of(alternative: Node, secrets: Secrets) -> dict[str, str]:
    """Return the headers that carry the credentials of an entry of `security`."""
    schemes: Node = contract()["components"]["securitySchemes"]
    headers: dict[str, str] = {}
    cookies: dict[str, str] = {}
    for name in alternative:
        scheme, value = schemes[name], secrets.value(name)
        if scheme["type"] == "oauth2":
            headers["Authorization"] = f"Bearer {value}"
        elif scheme["in"] == "cookie":
            cookies[scheme["name"]] = value
        else:
            headers[scheme["name"]] = value
            if name == "csrf":
                cookies[csrf.TOKEN] = value
    if cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return headers


def alternatives(operation: Operation) -> list[Node]:
    """Return the entries of `security` that take credentials."""
    return [entry for entry in operation.security if entry]
