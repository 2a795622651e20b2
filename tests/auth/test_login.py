"""logIn."""

import asyncio
from typing import Any

import bcrypt
import pytest
from argon2 import PasswordHasher
from httpx2 import AsyncClient

from app.auth import passwords
from app.contract import role_scopes
from app.sql import Connection
from tests.auth.conftest import REGISTRATION, bearer, log_in, real_hash
from tests.committed import Committed
from tests.factories import PASSWORD, Factory, Member

FORM = "application/x-www-form-urlencoded"


def old_hash(password: str) -> str:
    """Return a bcrypt hash, as a service before this one has left it; bcrypt has always cut at 72 bytes."""
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()


class TestLogIn:
    @pytest.mark.parametrize("name", ["Ada_L", "ADA_l", "ada@example.org", "Ada@EXAMPLE.org", "  ada_l "])
    async def test_takes_a_username_or_an_address_in_any_case(
        self, client: AsyncClient, ada: Member, name: str
    ) -> None:
        answer = await log_in(client, name)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, no-store"
        tokens = answer.json()
        assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 1800)
        me = await client.get("/users/me", headers=bearer(tokens["access_token"]))
        assert me.json()["id"] == str(ada.id)

    @pytest.mark.parametrize("role", ["user", "manager", "moderator", "admin"])
    async def test_gives_all_scopes_of_the_role_when_none_is_named(
        self, client: AsyncClient, make: Factory, role: str
    ) -> None:
        member = await make.member(role, password_hash=real_hash())
        for form in ({}, {"scope": ""}, {"scope": "  "}):
            answer = await log_in(client, member.username, **form)
            assert set(answer.json()["scope"].split()) == role_scopes()[role]

    async def test_gives_of_the_scopes_named_those_that_the_role_grants(self, client: AsyncClient, ada: Member) -> None:
        answer = await log_in(client, ada.username, scope="posts:write comments:moderate no:such-scope")
        assert answer.json()["scope"] == "posts:write"
        refused = await client.delete(
            f"/comments/{ada.id}", headers=bearer(answer.json()["access_token"]) | {"If-Match": "*"}
        )
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")

    async def test_scopes_that_nobody_grants_give_none(self, client: AsyncClient, ada: Member) -> None:
        answer = await log_in(client, ada.username, scope="no:such-scope")
        assert answer.json()["scope"] == ""
        assert (await client.get("/users/me", headers=bearer(answer.json()["access_token"]))).status_code == 200

    async def test_the_whole_form_of_oauth_is_accepted(self, client: AsyncClient, ada: Member) -> None:
        extra = {"grant_type": "password", "client_id": "docs", "client_secret": "none"}
        assert (await log_in(client, ada.username, **extra)).status_code == 200

    async def test_a_stranger_gets_the_answer_of_a_wrong_password_for_the_same_work(
        self, client: AsyncClient, ada: Member
    ) -> None:
        answers: list[tuple[int, dict[str, Any]]] = []
        for name in (ada.username, "nobody_at_all", "nobody@example.org", "n" * 255):
            made = passwords.load.made
            answer = await log_in(client, name, PASSWORD + "?")
            assert passwords.load.made == made + 1
            assert answer.headers["www-authenticate"] == "Bearer"
            answers.append((answer.status_code, {**answer.json(), "request_id": "", "timestamp": ""}))
        assert answers[0][0] == 401
        assert answers[0][1]["code"] == "invalid_credentials"
        assert all(answer == answers[0] for answer in answers)

    @pytest.mark.parametrize("password", [PASSWORD.lower(), PASSWORD + " ", " " + PASSWORD, PASSWORD[:-1], "x"])
    async def test_a_password_is_compared_to_the_letter(self, client: AsyncClient, ada: Member, password: str) -> None:
        answer = await log_in(client, ada.username, password)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
        assert "access_token" not in answer.text

    async def test_a_failure_opens_no_session(self, client: AsyncClient, ada: Member, connection: Connection) -> None:
        sessions = await connection.fetchval("SELECT count(*) FROM sessions")
        await log_in(client, ada.username, "Wrong4password")
        assert await connection.fetchval("SELECT count(*) FROM sessions") == sessions
        assert await connection.fetchval("SELECT count(*) FROM refresh_tokens") == 0

    async def test_only_who_knows_the_password_hears_that_an_account_is_closed(
        self, client: AsyncClient, make: Factory
    ) -> None:
        member = await make.member(is_active=False, password_hash=real_hash())
        right = await log_in(client, member.username)
        assert (right.status_code, right.json()["code"]) == (403, "account_inactive")
        wrong = await log_in(client, member.username, "Wrong4password")
        assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")

    @pytest.mark.parametrize("password", [PASSWORD, "Aa1" + "x" * 97, "Aa1" + "é" * 97])
    async def test_a_bcrypt_hash_is_accepted_and_replaced(
        self, client: AsyncClient, make: Factory, connection: Connection, password: str
    ) -> None:
        member = await make.member(password_hash=old_hash(password))
        assert (await log_in(client, member.username, "Wrong4" + "x" * 94)).status_code == 401
        assert (await log_in(client, member.username, password)).status_code == 200
        kept = await connection.fetchval("SELECT password_hash FROM users WHERE id = $1", member.id)
        assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert (await log_in(client, member.username, password)).status_code == 200
        # The new hash covers every byte, not the 72 that bcrypt has read.
        assert (await log_in(client, member.username, password[:-1])).status_code == 401

    async def test_a_hash_of_other_parameters_is_replaced(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
        member = await make.member(password_hash=weak)
        assert (await log_in(client, member.username, "Wrong4password")).status_code == 401
        assert await connection.fetchval("SELECT password_hash FROM users WHERE id = $1", member.id) == weak
        assert (await log_in(client, member.username)).status_code == 200
        kept = await connection.fetchval("SELECT password_hash FROM users WHERE id = $1", member.id)
        assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")

    @pytest.mark.parametrize("kept", ["", "plain text", "$argon2id$broken", "$2b$04$short", "$1$md5$hash"])
    async def test_a_hash_that_cannot_be_read_fits_no_password(
        self, client: AsyncClient, make: Factory, kept: str
    ) -> None:
        member = await make.member(password_hash=kept)
        assert (await log_in(client, member.username)).status_code == 401

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"", 422),
            (b"username=ada_l", 422),
            (b"username=&password=x", 422),
            (b"username=ada_l&password=" + b"x" * 101, 422),
            (b"username=" + b"a" * 256 + b"&password=x", 422),
            (b"username=ada_l&password=a%00b", 422),
            (b"username=ada_l%00&password=Weaves4lgebra", 422),
            (b"username=ada_l&password=x&role=admin", 422),
            (b"username=ada_l&password=x&grant_type=client_credentials", 422),
            (b"username=ada_l&username=eve&password=x", 422),
            (b"username=ada_l&password=x&scope=%ff", 400),
            (b"username=ada_l&password=x%ED%A0%80", 400),
            pytest.param(b"x" * 1_048_577, 413, id="too large"),
        ],
    )
    async def test_a_form_that_is_none_is_refused(self, client: AsyncClient, body: bytes, status: int) -> None:
        answer = await client.post("/auth/login", content=body, headers={"Content-Type": FORM})
        assert answer.status_code == status

    async def test_json_is_no_form(self, client: AsyncClient) -> None:
        answer = await client.post("/auth/login", json={"username": "ada_l", "password": PASSWORD})
        assert answer.status_code == 415

    async def test_a_query_that_cannot_be_decoded_is_refused(self, client: AsyncClient) -> None:
        answer = await client.post("/auth/login?a=%ff", data={"username": "ada_l", "password": PASSWORD})
        assert answer.status_code == 400

    async def test_logins_at_once_agree_on_the_new_hash(self, committed: Committed) -> None:
        assert (await committed.client.post("/auth/register", json=REGISTRATION)).status_code == 201
        await committed.connection.execute("UPDATE users SET password_hash = $1", old_hash(PASSWORD))
        answers = await asyncio.gather(*(log_in(committed.client, "ada_l") for _ in range(5)))
        assert [answer.status_code for answer in answers] == [200] * 5
        assert (await committed.connection.fetchval("SELECT password_hash FROM users")).startswith("$argon2id$")
        assert await committed.connection.fetchval("SELECT count(*) FROM sessions") == 5
