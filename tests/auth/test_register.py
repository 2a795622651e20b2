"""registerUser."""

import asyncio
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.auth.passwords import hasher
from app.sql import Connection
from tests.auth.conftest import REGISTRATION, log_in
from tests.committed import Committed
from tests.factories import PASSWORD, Factory


async def count(connection: Connection) -> int:
    return await connection.fetchval("SELECT count(*) FROM users")


class TestRegisterUser:
    async def test_makes_an_account_of_the_role_user(self, client: AsyncClient) -> None:
        draft = {"username": "Ada_L", "email": "Ada.Lovelace@Example.ORG", "full_name": " Ada Lovelace\n"}
        answer = await client.post("/auth/register", json=REGISTRATION | draft)
        assert answer.status_code == 201
        user = answer.json()
        assert (user["username"], user["email"]) == ("Ada_L", "ada.lovelace@example.org")
        assert (user["full_name"], user["bio"]) == ("Ada Lovelace", None)
        assert (user["role"], user["is_active"], user["email_verified"]) == ("user", True, False)
        profile = await client.get("/profiles/Ada_L")
        assert profile.json()["full_name"] == "Ada Lovelace"

    async def test_location_and_etag_are_those_of_the_account(self, client: AsyncClient) -> None:
        registered = await client.post("/auth/register", json=REGISTRATION)
        tokens = (await log_in(client, "ada_l")).json()
        me = await client.get("/users/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
        assert (me.json(), me.headers["etag"]) == (registered.json(), registered.headers["etag"])
        assert registered.headers["location"] == "/api/v1/users/me"

    async def test_keeps_a_hash_and_answers_nothing_of_the_password(
        self, client: AsyncClient, connection: Connection
    ) -> None:
        answer = await client.post("/auth/register", json=REGISTRATION)
        kept = await connection.fetchval("SELECT password_hash FROM users")
        assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert hasher.verify(PASSWORD, kept)
        assert PASSWORD not in answer.text
        assert "argon2" not in answer.text

    @pytest.mark.parametrize("password", ["Aa1" + "x" * 97, "Aa1" + "é" * 97, "  Aa1 blank ends  ", "Aa1😀😀😀😀😀"])
    async def test_passwords_are_taken_to_the_letter(self, client: AsyncClient, password: str) -> None:
        assert (await client.post("/auth/register", json=REGISTRATION | {"password": password})).status_code == 201
        assert (await log_in(client, "ada_l", password)).status_code == 200
        for other in (password[:-1], password.strip() if password != password.strip() else password.swapcase()):
            assert (await log_in(client, "ada_l", other)).status_code == 401

    @pytest.mark.parametrize("username", ["admin", "Admin", "ROOT", "api", "wWw"])
    async def test_reserved_names_cannot_be_had(
        self, client: AsyncClient, connection: Connection, username: str
    ) -> None:
        answer = await client.post("/auth/register", json=REGISTRATION | {"username": username})
        assert answer.status_code == 422
        assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [
            ("/username", "reserved_username")
        ]
        assert await count(connection) == 0

    @pytest.mark.parametrize("username", ["ada_l", "ADA_L"])
    async def test_a_username_is_unique_whatever_its_case(
        self, client: AsyncClient, make: Factory, username: str
    ) -> None:
        await make.member(username="Ada_L")
        answer = await client.post("/auth/register", json=REGISTRATION | {"username": username})
        assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")

    async def test_an_address_is_unique_whatever_its_case(self, client: AsyncClient, make: Factory) -> None:
        await make.member(email="ada@example.org")
        answer = await client.post("/auth/register", json=REGISTRATION | {"email": "ADA@Example.org"})
        assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")

    @pytest.mark.parametrize(
        ("password", "lacking"),
        [
            ("Short1", "at least 8 characters"),
            ("Aa1" + "x" * 98, "at most 100 characters"),
            ("nouppercase1", "an upper-case letter"),
            ("NOLOWERCASE1", "a lower-case letter"),
            ("NoDigitsHere", "a digit"),
            ("ÄÖÜäöüß٣٤٥", "an upper-case letter, a lower-case letter, a digit"),
            ("", "at least 8 characters, an upper-case letter, a lower-case letter, a digit"),
        ],
    )
    async def test_what_a_password_lacks_is_named(self, client: AsyncClient, password: str, lacking: str) -> None:
        answer = await client.post("/auth/register", json=REGISTRATION | {"password": password})
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["detail"]) == ("/password", f"A password needs {lacking}")
        assert not password or password not in answer.text

    @pytest.mark.parametrize("member", ["role", "is_active", "email_verified", "id", "post_count", "password_hash"])
    async def test_nobody_makes_himself_more_than_a_member(
        self, client: AsyncClient, connection: Connection, member: str
    ) -> None:
        answer = await client.post("/auth/register", json=REGISTRATION | {member: "admin"})
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{member}"]
        assert await count(connection) == 0

    @pytest.mark.parametrize(
        "wrong",
        [
            {"username": "ab"},
            {"username": "ada l"},
            {"username": "аda_l"},  # noqa: RUF001 - The first letter is Cyrillic.
            {"username": "a" * 51},
            {"username": None},
            {"email": "ada"},
            {"email": "ada@example.org\n"},
            {"email": "ada@example.org, eve@example.org"},
            {"full_name": ""},
            {"full_name": " \t"},
            {"full_name": "a" * 101},
            {"full_name": "a\u0000b"},
            {"password": 12345678},
        ],
    )
    async def test_a_wrong_value_is_named(self, client: AsyncClient, wrong: dict[str, Any]) -> None:
        answer = await client.post("/auth/register", json=REGISTRATION | wrong)
        assert answer.status_code == 422
        assert {error["pointer"] for error in answer.json()["errors"]} == {f"/{name}" for name in wrong}

    @pytest.mark.parametrize(
        ("body", "media_type", "status"),
        [
            (b"{", "application/json", 400),
            (b'{"username": NaN}', "application/json", 400),
            (b'{"username": "\xff"}', "application/json", 400),
            (b"username=ada_l", "application/x-www-form-urlencoded", 415),
            pytest.param(b" " * 1_048_577, "application/json", 413, id="too large"),
            (b"[]", "application/json", 422),
            (b"null", "application/json", 422),
            (b"", "application/json", 422),
        ],
    )
    async def test_what_is_no_registration_is_refused(
        self, client: AsyncClient, body: bytes, media_type: str, status: int
    ) -> None:
        answer = await client.post("/auth/register", content=body, headers={"Content-Type": media_type})
        assert answer.status_code == status

    async def test_a_retry_gets_the_first_answer(self, client: AsyncClient, connection: Connection) -> None:
        headers = {"Idempotency-Key": "a-key"}
        first = await client.post("/auth/register", json=REGISTRATION, headers=headers)
        again = await client.post("/auth/register", json=REGISTRATION, headers=headers)
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotent-replayed"] == "true"
        assert again.headers["etag"] == first.headers["etag"]
        assert await count(connection) == 1

    async def test_a_key_is_for_one_registration(self, client: AsyncClient) -> None:
        headers = {"Idempotency-Key": "a-key"}
        await client.post("/auth/register", json=REGISTRATION, headers=headers)
        other = await client.post("/auth/register", json=REGISTRATION | {"password": PASSWORD + "!"}, headers=headers)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")

    async def test_of_many_at_once_one_gets_the_name(self, committed: Committed) -> None:
        drafts = [REGISTRATION | {"email": f"ada{number}@example.org"} for number in range(8)]
        answers = await asyncio.gather(*(committed.client.post("/auth/register", json=draft) for draft in drafts))
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"username_taken"}


@pytest.mark.parametrize(
    "name", ["\u0430da_l", "ada\u200b_l", "\uff41da_l", "ada_\u04cf", "a\u0308da_l", "ada\u202e_l"]
)
async def test_a_name_cannot_look_like_another(client: AsyncClient, name: str) -> None:
    """Letters of other scripts, and what cannot be seen, have no place in names; case does not count."""
    assert (await client.post("/auth/register", json=REGISTRATION)).status_code == 201
    other = REGISTRATION | {"email": "eve@example.org"}
    answer = await client.post("/auth/register", json=other | {"username": name})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/username")
    assert (await client.post("/auth/register", json=other | {"username": "ADA_L"})).status_code == 409
