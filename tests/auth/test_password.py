"""changePassword."""

import asyncio
from collections import Counter
from typing import Any

import bcrypt
import pytest
from httpx2 import AsyncClient, Response

from app.auth.passwords import hasher, load
from app.sql import Connection
from tests.auth.conftest import bearer, is_alive, log_in, real_hash
from tests.committed import Committed
from tests.factories import PASSWORD, Factory, Member
from tests.mail.inbox import Inbox, to_and_subject

NEW = "Spins2Looms"
WRONG = "Wr0ngPassword"
MOST = 5


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

    async def test_keys_stay(self, client: AsyncClient, make: Factory, ada: Member) -> None:
        key = await make.key(ada, frozenset())
        assert (await change(client, ada.headers)).status_code == 204
        assert (await client.get("/users/me", headers={"X-API-Key": key})).status_code == 200


class TestGuessing:
    async def test_the_current_one_is_bounded_and_refuses_the_right_one_then(
        self, client: AsyncClient, connection: Connection, ada: Member
    ) -> None:
        assert [(await change(client, ada.headers, WRONG)).status_code for _ in range(MOST)] == [403] * MOST
        made = load.made
        for current in (WRONG, PASSWORD):
            answer = await change(client, ada.headers, current)
            assert (answer.status_code, answer.json()["code"]) == (423, "account_locked")
            assert 880 < int(answer.headers["Retry-After"]) <= 900
        # Nothing is hashed for whom nothing would come of it.
        assert load.made == made
        assert await connection.fetchval("SELECT password_hash FROM users WHERE id = $1", ada.id) == real_hash()
        event = await connection.fetchrow("SELECT * FROM audit_events WHERE action = 'account_locked'")
        assert event is not None
        assert event["subject_id"] == ada.id

    async def test_counts_together_with_logins_by_that_name(self, client: AsyncClient, ada: Member) -> None:
        for _ in range(MOST - 1):
            assert (await log_in(client, ada.username, WRONG)).status_code == 401
        assert (await change(client, ada.headers, WRONG)).status_code == 403
        assert (await log_in(client, ada.username)).status_code == 423
        assert (await change(client, ada.headers)).status_code == 423

    async def test_the_right_one_begins_anew(self, client: AsyncClient, ada: Member) -> None:
        for new, current in ((NEW, PASSWORD), (PASSWORD, NEW)):
            for _ in range(MOST - 1):
                assert (await change(client, ada.headers, WRONG)).status_code == 403
            assert (await change(client, ada.headers, current, new)).status_code == 204

    async def test_at_once_no_more_are_looked_at_than_are_allowed(self, committed: Committed) -> None:
        ada = await committed.make.member(password_hash=real_hash())
        made = load.made
        answers = await asyncio.gather(*(change(committed.client, ada.headers, WRONG) for _ in range(20)))
        assert load.made == made + MOST
        found = Counter(answer.status_code for answer in answers)
        assert found[403] == MOST
        assert found[423] + found[503] == 20 - MOST


class TestAtOnce:
    async def test_one_of_many_wins(self, committed: Committed) -> None:
        ada = await committed.make.member(password_hash=real_hash())
        # As many as may be looked at at once.
        news = [f"Spins{number}Looms" for number in range(MOST)]
        answers = await asyncio.gather(*(change(committed.client, ada.headers, new=new) for new in news))
        codes = [answer.status_code for answer in answers]
        assert sorted(codes) == [204] + [403] * (MOST - 1)
        assert (await log_in(committed.client, ada.username, news[codes.index(204)])).status_code == 200


class TestHash:
    @pytest.mark.parametrize(
        ("one", "other"), [("Aa1\x00first", "Aa1\x00other"), ("Aa1" + "x" * 97, "Aa1" + "x" * 96 + "y")]
    )
    def test_covers_all_of_a_password(self, one: str, other: str) -> None:
        kept = hasher.hash(one)
        assert hasher.verify(one, kept)
        assert not hasher.verify(other, kept)
