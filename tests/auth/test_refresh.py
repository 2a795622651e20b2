"""refreshTokens."""

import asyncio
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.auth import tokens as auth_tokens
from app.contract import role_scopes
from app.ids import new_id
from app.sql import Connection
from tests.auth.conftest import REGISTRATION, bearer, is_alive, log_in, refresh
from tests.auth.test_tokens import sign
from tests.committed import Committed
from tests.factories import Member

Tokens = dict[str, Any]


class TestRefreshTokens:
    async def test_gives_a_new_pair_of_the_same_session(
        self, client: AsyncClient, tokens: Tokens, connection: Connection
    ) -> None:
        sessions = await connection.fetchval("SELECT count(*) FROM sessions")
        answer = await refresh(client, tokens["refresh_token"])
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, no-store"
        new = answer.json()
        assert {new["access_token"], new["refresh_token"]}.isdisjoint(tokens.values())
        assert (new["scope"], new["expires_in"]) == (tokens["scope"], tokens["expires_in"])
        assert await is_alive(client, new)
        assert await is_alive(client, tokens)
        assert await connection.fetchval("SELECT count(*) FROM sessions") == sessions

    async def test_can_go_on_and_on(self, client: AsyncClient, tokens: Tokens) -> None:
        for _ in range(3):
            answer = await refresh(client, tokens["refresh_token"])
            assert answer.status_code == 200
            tokens = answer.json()
        assert await is_alive(client, tokens)

    async def test_prolongs_the_session(self, client: AsyncClient, tokens: Tokens, connection: Connection) -> None:
        await connection.execute("UPDATE sessions SET expires_at = now() + interval '1 minute'")
        assert (await refresh(client, tokens["refresh_token"])).status_code == 200
        claims = auth_tokens.verify(tokens["refresh_token"], "refresh")
        assert await connection.fetchval(
            "SELECT expires_at > now() + interval '6 days 23 hours' FROM sessions WHERE id = $1", claims.session_id
        )

    async def test_a_spent_token_ends_the_whole_session(self, client: AsyncClient, tokens: Tokens) -> None:
        new = (await refresh(client, tokens["refresh_token"])).json()
        again = await refresh(client, tokens["refresh_token"])
        assert (again.status_code, again.json()["code"]) == (401, "invalid_token")
        assert again.headers["www-authenticate"].startswith('Bearer error="invalid_token", ')
        assert not await is_alive(client, new)
        assert not await is_alive(client, tokens)
        assert (await refresh(client, new["refresh_token"])).status_code == 401

    async def test_a_theft_leaves_other_sessions_alone(self, client: AsyncClient, tokens: Tokens, ada: Member) -> None:
        other = (await log_in(client, ada.username)).json()
        for _ in range(2):
            await refresh(client, tokens["refresh_token"])
        assert await is_alive(client, other)
        assert (await refresh(client, other["refresh_token"])).status_code == 200

    async def test_an_access_token_is_refused_and_does_no_harm(self, client: AsyncClient, tokens: Tokens) -> None:
        assert (await refresh(client, tokens["access_token"])).status_code == 401
        assert await is_alive(client, tokens)

    async def test_a_refresh_token_gives_no_access(self, client: AsyncClient, tokens: Tokens) -> None:
        answer = await client.get("/users/me", headers=bearer(tokens["refresh_token"]))
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")

    async def test_a_forged_token_ends_nothing(self, client: AsyncClient, tokens: Tokens) -> None:
        claims = auth_tokens.verify(tokens["refresh_token"], "refresh")
        forged = sign(
            secret=b"x", typ="refresh", sub=str(claims.user_id), sid=str(claims.session_id), jti=str(claims.token_id)
        )
        assert (await refresh(client, forged)).status_code == 401
        assert await is_alive(client, tokens)

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE sessions SET revoked_at = now()",
            "UPDATE sessions SET expires_at = now() - interval '1 second'",
            "UPDATE users SET is_active = false",
            "DELETE FROM users",
            "DELETE FROM refresh_tokens",
        ],
    )
    async def test_what_has_ended_stays_ended(
        self, client: AsyncClient, tokens: Tokens, connection: Connection, change: str
    ) -> None:
        await connection.execute(change)
        answer = await refresh(client, tokens["refresh_token"])
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
        assert not await is_alive(client, tokens)

    async def test_an_expired_token_is_refused(self, client: AsyncClient, ada: Member) -> None:
        token = sign(typ="refresh", sub=str(ada.id), sid=str(ada.session_id), jti=str(new_id()), exp=1_700_000_000)
        assert (await refresh(client, token)).status_code == 401

    async def test_a_role_change_applies(
        self, client: AsyncClient, tokens: Tokens, ada: Member, connection: Connection
    ) -> None:
        for role in ("moderator", "user", "admin"):
            await connection.execute("UPDATE users SET role = $1 WHERE id = $2", role, ada.id)
            tokens = (await refresh(client, tokens["refresh_token"])).json()
            assert set(tokens["scope"].split()) == role_scopes()[role]

    async def test_scopes_that_were_not_asked_for_do_not_come_back(
        self, client: AsyncClient, ada: Member, connection: Connection
    ) -> None:
        narrow = (await log_in(client, ada.username, scope="comments:write")).json()
        await connection.execute("UPDATE users SET role = 'admin' WHERE id = $1", ada.id)
        assert (await refresh(client, narrow["refresh_token"])).json()["scope"] == "comments:write"

    @pytest.mark.parametrize(
        ("body", "media_type", "status"),
        [
            (b"{", "application/json", 400),
            (b"{}", "application/json", 422),
            (b'{"refresh_token": ""}', "application/json", 422),
            (b'{"refresh_token": 1}', "application/json", 422),
            (b'{"refresh_token": "a b"}', "application/json", 422),
            (b'{"refresh_token": "a\\n"}', "application/json", 422),
            (b'{"refresh_token": "x", "scope": "admin"}', "application/json", 422),
            (b'{"refresh_token": "' + b"x" * 4097 + b'"}', "application/json", 422),
            (b'{"refresh_token": "x"}', "application/json", 401),
            pytest.param(b" " * 1_048_577, "application/json", 413, id="too large"),
            (b"refresh_token=x", "application/x-www-form-urlencoded", 415),
        ],
    )
    async def test_what_is_no_refresh_token_is_refused(
        self, client: AsyncClient, body: bytes, media_type: str, status: int
    ) -> None:
        answer = await client.post("/auth/refresh", content=body, headers={"Content-Type": media_type})
        assert answer.status_code == status

    async def test_of_many_at_once_one_wins_and_the_theft_is_noticed(self, committed: Committed) -> None:
        await committed.client.post("/auth/register", json=REGISTRATION)
        tokens = (await log_in(committed.client, "ada_l")).json()
        answers = await asyncio.gather(*(refresh(committed.client, tokens["refresh_token"]) for _ in range(20)))
        won = [answer.json() for answer in answers if answer.status_code == 200]
        assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19
        # The answers were 401, and yet what they found out was committed.
        assert await committed.connection.fetchval("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == 0
        assert await committed.connection.fetchval("SELECT count(*) FROM refresh_tokens") == 2
        assert not await is_alive(committed.client, won[0])
        assert (await refresh(committed.client, won[0]["refresh_token"])).status_code == 401
