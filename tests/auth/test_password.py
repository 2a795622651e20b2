"""changePassword."""

import asyncio
from typing import Any

import bcrypt
import pytest
from httpx2 import AsyncClient, Response

from app.auth.passwords import hasher
from app.sql import Connection
from tests.auth.conftest import bearer, is_alive, log_in, real_hash
from tests.committed import Committed
from tests.factories import PASSWORD, Factory, Member
from tests.mail.inbox import Inbox, to_and_subject

NEW = "Spins2Looms"


async def change(client: AsyncClient, headers: dict[str, str], current: str = PASSWORD, new: str = NEW) -> Response:
    body = {"current_password": current, "new_password": new}
    return await client.put("/auth/password", json=body, headers=headers)


class TestChangePassword:
    async def test_ends_all_other_sessions(
        self, client: AsyncClient, ada: Member, tokens: dict[str, Any], inbox: Inbox
    ) -> None:
        other = (await log_in(client, ada.username)).json()
        assert (await change(client, bearer(tokens["access_token"]))).status_code == 204
        assert await is_alive(client, tokens)
        assert not await is_alive(client, other)
        assert (await client.get("/users/me", headers=ada.headers)).status_code == 401
        assert (await log_in(client, ada.username, PASSWORD)).status_code == 401
        assert (await log_in(client, ada.username, NEW)).status_code == 200
        assert to_and_subject(await inbox.collect()) == [("ada@example.org", "Your password was changed")]

    @pytest.mark.parametrize("current", ["weaves4lgebra", "Weaves4lgebra ", "x", "W" * 100])
    async def test_needs_the_current_one(
        self, client: AsyncClient, connection: Connection, ada: Member, inbox: Inbox, current: str
    ) -> None:
        answer = await change(client, ada.headers, current)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
        assert await connection.fetchval("SELECT password_hash FROM users WHERE id = $1", ada.id) == real_hash()
        assert await inbox.collect() == []

    @pytest.mark.parametrize(
        ("new", "lacking"), [("Short1", "at least 8 characters"), ("nouppercase1", "an upper-case letter")]
    )
    async def test_what_the_new_one_lacks_is_named(
        self, client: AsyncClient, ada: Member, new: str, lacking: str
    ) -> None:
        answer = await change(client, ada.headers, new=new)
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["detail"]) == ("/new_password", f"A password needs {lacking}")

    @pytest.mark.parametrize("new", ["Aa1" + "x" * 97, "Aa1" + "é" * 97, "  Aa1 blank ends  "])
    async def test_is_taken_to_the_letter(self, client: AsyncClient, ada: Member, new: str) -> None:
        assert (await change(client, ada.headers, new=new)).status_code == 204
        assert (await log_in(client, ada.username, new)).status_code == 200
        assert (await log_in(client, ada.username, new[:-1])).status_code == 401
        assert (await change(client, ada.headers, new[:-1], PASSWORD)).status_code == 403
        assert (await change(client, ada.headers, new, PASSWORD)).status_code == 204

    async def test_replaces_a_hash_of_bcrypt(self, client: AsyncClient, connection: Connection, make: Factory) -> None:
        kept = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        member = await make.member(password_hash=kept)
        assert (await change(client, member.headers, "Wr0ng password")).status_code == 403
        assert (await change(client, member.headers)).status_code == 204
        now = await connection.fetchval("SELECT password_hash FROM users WHERE id = $1", member.id)
        assert now.startswith("$argon2id$")

    async def test_is_on_record(self, client: AsyncClient, connection: Connection, ada: Member) -> None:
        await change(client, ada.headers)
        row = await connection.fetchrow("SELECT * FROM audit_events WHERE action = 'password_changed'")
        assert row is not None
        assert (row["actor_id"], row["subject_id"]) == (ada.id, ada.id)

    async def test_shows_neither_of_them(self, client: AsyncClient, connection: Connection, ada: Member) -> None:
        answer = await change(client, ada.headers)
        assert answer.content == b""
        kept = await connection.fetchval("SELECT password_hash FROM users WHERE id = $1", ada.id)
        assert hasher.verify(NEW, kept)
        for table in ("jobs", "audit_events", "mailed_links"):
            held = await connection.fetch(f"SELECT row_to_json({table})::text AS held FROM {table}")  # noqa: S608
            assert all(NEW not in row["held"] and PASSWORD not in row["held"] for row in held)


class TestAtOnce:
    async def test_one_of_many_wins(self, committed: Committed) -> None:
        ada = await committed.make.member(password_hash=real_hash())
        news = [f"Spins{number}Looms" for number in range(6)]
        answers = await asyncio.gather(*(change(committed.client, ada.headers, new=new) for new in news))
        codes = [answer.status_code for answer in answers]
        assert sorted(codes) == [204] + [403] * 5
        assert (await log_in(committed.client, ada.username, news[codes.index(204)])).status_code == 200


class TestHash:
    @pytest.mark.parametrize(
        ("one", "other"), [("Aa1\x00first", "Aa1\x00other"), ("Aa1" + "x" * 97, "Aa1" + "x" * 96 + "y")]
    )
    def test_covers_all_of_a_password(self, one: str, other: str) -> None:
        kept = hasher.hash(one)
        assert hasher.verify(one, kept)
        assert not hasher.verify(other, kept)
