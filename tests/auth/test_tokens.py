"""Tokens: what is issued, and what is refused (RFC 8725). The forgeries are made without the library we verify with."""

import base64
import hmac
import json
import time
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from app.auth import tokens
from app.auth.tokens import TokenRefused, verify
from app.ids import new_id
from app.settings import settings
from tests.factories import Member

HEADER = {"alg": "HS256", "typ": "JWT"}
GOOD: dict[str, Any] = {
    "sub": "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11",
    "sid": "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a12",
    "jti": "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a13",
    "iss": "galley",
    "aud": "galley-api",
    "iat": int(time.time()) - 60,
    "nbf": int(time.time()) - 60,
    "exp": int(time.time()) + 3600,
    "typ": "access",
    "scope": "posts:write",
}


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def key() -> bytes:
    """Return what tokens are signed with, derived as docs/decisions/0005-tokens.md says."""
    return hmac.digest(settings().secret_key.get_secret_value().encode(), b"galley tokens", "sha256")


def sign(
    payload: Any = None, header: Any = None, *, secret: bytes | None = None, digest: str = "sha256", **changes: Any
) -> str:
    """Return a token that is good but for what is given."""
    if payload is None:
        payload = GOOD | changes
    parts = [
        part if isinstance(part, bytes) else json.dumps(part, separators=(",", ":")).encode()
        for part in (header or HEADER, payload)
    ]
    body = ".".join(map(encode, parts))
    return f"{body}.{encode(hmac.new(secret or key(), body.encode(), digest).digest())}"


def loosened(token: str) -> str:
    """Return the token with bits set that base64 decoders ignore."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


def wrongly_signed() -> dict[str, str]:
    """Return tokens of which the header, the signature or the encoding is not ours."""
    return {
        "no signature": f"{sign().rpartition('.')[0]}.",
        "none": f"{sign(header={'alg': 'none', 'typ': 'JWT'}).rpartition('.')[0]}.",
        "none, signed": sign(header={"alg": "none", "typ": "JWT"}),
        "None in capitals": sign(header={"alg": "NONE", "typ": "JWT"}),
        "another key": sign(secret=b"x" * 48),
        "empty key": sign(secret=b"\0"),
        "the secret itself": sign(secret=settings().secret_key.get_secret_value().encode()),
        "HS512": sign(header={"alg": "HS512", "typ": "JWT"}, digest="sha512"),
        "RS256 signed as HMAC": sign(header={"alg": "RS256", "typ": "JWT"}),
        "algorithm as a list": sign(header={"alg": ["HS256"], "typ": "JWT"}),
        "no algorithm": sign(header={"typ": "JWT"}),
        "kid": sign(header=HEADER | {"kid": "../../dev/null"}),
        "jku": sign(header=HEADER | {"jku": "https://eve.example/keys"}),
        "embedded key": sign(header=HEADER | {"jwk": {"kty": "oct", "k": encode(key())}}),
        "crit": sign(header=HEADER | {"crit": ["exp"]}),
        "header in other order": sign(header=b'{"typ":"JWT","alg":"HS256"}'),
        "deep header": sign(header=b"[" * 2900),
        "deep payload": sign(b"[" * 2900),
        "payload is a list": sign([GOOD]),
        "payload is no JSON": sign(b"{"),
        "payload is no UTF-8": sign(b'{"sub":"\xff"}'),
    }


def wrongly_formed() -> dict[str, str]:
    """Return what is left of a good token when something is taken away, added or moved."""
    good = sign()
    body, _, signature = good.rpartition(".")
    return {
        "payload of another token": f"{sign(scope='admin').rpartition('.')[0]}.{signature}",
        "two parts": body,
        "four parts": f"{good}.e30",
        "empty": "",
        "dots": "..",
        "not a token": "sesame",
        "trailing byte": f"{good}A",
        "trailing padding": f"{good}=",
        "trailing junk": f"{good}!",
        "loose last bits": loosened(good),
        "junk inside": f"{body}.!{signature}",
        "too long": sign(scope="x" * 4096),
        "a megabyte": good + "A" * 1_000_000,
    }


def wrongly_stated() -> dict[str, str]:
    """Return well signed tokens that claim what ours never do."""
    now = int(time.time())
    found = {
        "expired": sign(exp=now - 1),
        "expires now": sign(exp=now),
        "not yet": sign(nbf=now + 60),
        "issued in the future": sign(iat=now + 60),
        "expired before issued": sign(iat=now - 10, exp=now - 20),
        "exp is NaN": sign(exp=float("nan")),
        "exp is infinite": sign(exp=float("inf")),
        "exp out of range": sign(exp=10**30),
        "exp is negative": sign(exp=-1),
        "another issuer": sign(iss="elsewhere"),
        "another audience": sign(aud="another-api"),
        "among audiences": sign(aud=["galley-api", "another-api"]),
        "refresh for access": sign(typ="refresh"),
        "another purpose": sign(typ="password-reset"),
        "sub is no id": sign(sub="1"),
        "sid is no id": sign(sid="x"),
        "jti is no id": sign(jti=""),
    }
    for name in GOOD:
        found[f"{name} missing"] = sign({claim: value for claim, value in GOOD.items() if claim != name})
        wrongs: list[Any] = [None, True, 1.5, [], {}, "x" if name in ("exp", "nbf", "iat") else 1]
        for wrong in wrongs:
            found[f"{name} is {wrong!r}"] = sign(GOOD | {name: wrong})
    return found


def forgeries() -> dict[str, str]:
    """Return tokens of which each has one thing wrong."""
    return wrongly_signed() | wrongly_formed() | wrongly_stated()


class TestIssue:
    def test_states_the_claims_of_the_product_and_no_more(self) -> None:
        user_id, session_id = new_id(), new_id()
        token, claims = tokens.issue("access", user_id=user_id, session_id=session_id, scopes=["b:c", "a:b"])
        header, payload, _ = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split("."))
        said = json.loads(payload)
        assert json.loads(header) == HEADER
        assert said.keys() == GOOD.keys()
        assert (said["sub"], said["sid"], said["scope"]) == (str(user_id), str(session_id), "a:b b:c")
        assert (said["iss"], said["aud"], said["typ"]) == ("galley", "galley-api", "access")
        assert said["exp"] - said["iat"] == 30 * 60
        assert verify(token, "access") == claims

    def test_refresh_tokens_live_for_seven_days(self) -> None:
        _, claims = tokens.issue("refresh", user_id=new_id(), session_id=new_id(), scopes=[])
        assert claims.expires_at.timestamp() - time.time() == pytest.approx(7 * 86_400, abs=2)

    def test_no_two_tokens_are_the_same(self) -> None:
        one, other = (tokens.issue("access", user_id=uuid4(), session_id=uuid4(), scopes=[]) for _ in range(2))
        assert one[0] != other[0]
        assert one[1].token_id != other[1].token_id


class TestVerify:
    def test_takes_what_the_forgeries_are_made_of(self) -> None:
        """Otherwise the test of forgeries would prove nothing."""
        claims = verify(sign(), "access")
        assert str(claims.user_id) == GOOD["sub"]
        assert claims.scopes == {"posts:write"}

    @pytest.mark.parametrize("name", forgeries())
    def test_refuses(self, name: str) -> None:
        token = forgeries()[name]
        for _ in range(2):
            with pytest.raises(TokenRefused):
                verify(token, "access")

    def test_an_access_token_is_no_refresh_token(self) -> None:
        token = sign()
        verify(token, "access")
        with pytest.raises(TokenRefused):
            verify(token, "refresh")

    def test_clocks_may_differ_by_some_seconds(self) -> None:
        soon = int(time.time()) + 3
        assert verify(sign(iat=soon, nbf=soon), "access").scopes == {"posts:write"}

    def test_a_token_that_was_good_once_expires_all_the_same(self) -> None:
        token = sign(exp=int(time.time()) + 2)
        verify(token, "access")
        time.sleep(2.1)
        with pytest.raises(TokenRefused):
            verify(token, "access")

    def test_memory_of_tokens_is_bounded(self) -> None:
        for number in range(tokens.REMEMBERED + 10):
            verify(sign(scope=str(number)), "access")
        assert tokens.decode.cache_info().currsize == tokens.REMEMBERED


class TestAuthorization:
    """The same at the door: whatever is presented, the answer is 401 and never 500."""

    @pytest.mark.parametrize("name", forgeries())
    async def test_a_forgery_is_401(self, client: AsyncClient, name: str) -> None:
        token = forgeries()[name]
        answer = await client.get("/users/me", headers={"Authorization": f"Bearer {token}"})
        expected = "invalid_token" if token else "not_authenticated"
        assert (answer.status_code, answer.json()["code"]) == (401, expected)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert not token or token not in answer.text

    @pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic YWRhOng=", "bearer", "Token x", "Bearer é"])
    async def test_what_is_no_bearer_token_is_no_credential(self, client: AsyncClient, value: str) -> None:
        answer = await client.get("/users/me", headers={b"Authorization": value.encode("latin-1")})
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")

    async def test_an_optional_token_must_be_good_too(self, client: AsyncClient, ada: Member) -> None:
        forged = {"Authorization": f"Bearer {sign(secret=b'x')}"}
        assert (await client.get(f"/profiles/{ada.username}", headers=forged)).status_code == 401
        assert (await client.get(f"/profiles/{ada.username}")).status_code == 200

    async def test_a_session_is_its_members_alone(self, client: AsyncClient, ada: Member, make: Any) -> None:
        eve = await make.member()
        mixed, _ = tokens.issue("access", user_id=ada.id, session_id=eve.session_id, scopes=[])
        answer = await client.get("/users/me", headers={"Authorization": f"Bearer {mixed}"})
        assert answer.status_code == 401

    async def test_the_role_limits_what_a_token_may(self, client: AsyncClient, make: Any) -> None:
        member = await make.member(scopes=frozenset({"taxonomy:write", "posts:write"}))
        answer = await client.post("/tags", json={"name": "looms"}, headers=member.headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
