"""requestEmailVerification, verifyEmail."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from app.auth import links
from app.auth.links import Purpose
from app.ids import new_id
from app.sql import Connection
from tests.auth.conftest import REGISTRATION, bearer, log_in
from tests.committed import Committed
from tests.factories import Factory, Member
from tests.mail.inbox import Inbox, to_and_subject
from tests.mail.inbox import links as links_in
from tests.mail.messages import text_of

ASK, CONFIRM = "/auth/email-verification", "/auth/email-verification/confirm"


async def confirm(client: AsyncClient, token: str) -> Response:
    return await client.post(CONFIRM, json={"token": token})


async def is_verified(connection: Connection, member: Member) -> bool:
    return await connection.fetchval("SELECT email_verified FROM users WHERE id = $1", member.id)


def refused(answer: Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (422, "token_invalid")


class TestRegistration:
    async def test_sends_a_welcome_and_a_link(self, client: AsyncClient, inbox: Inbox) -> None:
        await client.post(
            "/auth/register", json=REGISTRATION | {"email": "Ada@Example.org", "full_name": "Evil.example"}
        )
        mails = await inbox.collect()
        assert to_and_subject(mails) == [
            ("ada@example.org", "Welcome to Galley"),
            ("ada@example.org", "Is this your address?"),
        ]
        # What somebody writes who registers with another's address is not carried there.
        assert all("Evil" not in mail.as_string() for mail in mails)
        assert [len(links_in(mail)) for mail in mails] == [0, 1]

    async def test_that_fails_sends_nothing(self, client: AsyncClient, make: Factory, inbox: Inbox) -> None:
        await make.member(username="ADA_L")
        assert (await client.post("/auth/register", json=REGISTRATION)).status_code == 409
        assert await inbox.collect() == []

    async def test_repeated_with_its_key_sends_nothing_more(self, client: AsyncClient, inbox: Inbox) -> None:
        for _ in range(2):
            answer = await client.post("/auth/register", json=REGISTRATION, headers={"Idempotency-Key": "one"})
            assert answer.status_code == 201
        assert len(await inbox.collect()) == 2


class TestRequestEmailVerification:
    async def test_mails_a_link_that_verifies_the_address(
        self, client: AsyncClient, make: Factory, inbox: Inbox
    ) -> None:
        ada = await make.member(username="ada_l", email="ada@example.org")
        answer = await client.post(ASK, headers=ada.headers)
        assert answer.status_code == 202
        (mail,) = await inbox.collect()
        (link,) = links_in(mail)
        assert link.startswith("http://localhost:8000/verify-email#token=")
        assert "once and for 24 hours" in text_of(mail)
        before = (await client.get("/users/me", headers=ada.headers)).json()
        assert (await confirm(client, link.partition("=")[2])).status_code == 204
        after = (await client.get("/users/me", headers=ada.headers)).json()
        assert (before["email_verified"], after["email_verified"]) == (False, True)
        assert after["version"] == before["version"] + 1

    async def test_is_not_for_an_address_that_is_verified(
        self, client: AsyncClient, make: Factory, inbox: Inbox
    ) -> None:
        member = await make.member(email_verified=True)
        answer = await client.post(ASK, headers=member.headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert await inbox.collect() == []

    async def test_the_host_of_the_request_has_no_part_in_the_link(
        self, client: AsyncClient, make: Factory, inbox: Inbox
    ) -> None:
        member = await make.member()
        forged = {"Host": "localhost:6666", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
        assert (await client.post(ASK, headers=member.headers | forged)).status_code == 202
        (mail,) = await inbox.collect()
        assert links_in(mail)[0].startswith("http://localhost:8000/")
        assert "evil" not in mail.as_string()
        assert "6666" not in mail.as_string()

    async def test_neither_database_nor_queue_holds_what_opens_anything(
        self, client: AsyncClient, connection: Connection, make: Factory, inbox: Inbox
    ) -> None:
        member = await make.member()
        await client.post(ASK, headers=member.headers)
        held = await connection.fetch("SELECT row_to_json(jobs)::text AS held FROM jobs")
        token = await inbox.token()
        held += await connection.fetch("SELECT row_to_json(mailed_links)::text AS held FROM mailed_links")
        held += await connection.fetch("SELECT row_to_json(jobs)::text AS held FROM jobs")
        assert all(token not in row["held"] and token[22:] not in row["held"] for row in held)
        assert (await confirm(client, token)).status_code == 204

    async def test_the_mail_goes_to_the_address_of_its_time(
        self, client: AsyncClient, make: Factory, inbox: Inbox
    ) -> None:
        member = await make.member(email="old@example.org")
        await client.post(ASK, headers=member.headers)
        changed = await client.patch(
            "/users/me",
            json={"email": "new@example.org"},
            headers=member.headers | {"If-Match": "*", "Content-Type": "application/merge-patch+json"},
        )
        assert changed.status_code == 200
        # The first link is for the address that the account has when it is made; the second makes it void.
        assert {mail["To"].addresses[0].addr_spec for mail in await inbox.collect() if links_in(mail)} == {
            "new@example.org"
        }


class TestVerifyEmail:
    @pytest.fixture
    async def token(self, client: AsyncClient, ada: Member, inbox: Inbox) -> str:
        await client.post(ASK, headers=ada.headers)
        return await inbox.token()

    async def test_works_once(self, client: AsyncClient, connection: Connection, ada: Member, token: str) -> None:
        assert (await confirm(client, token)).status_code == 204
        await connection.execute("UPDATE users SET email_verified = false")
        refused(await confirm(client, token))
        assert not await is_verified(connection, ada)

    async def test_works_for_a_day(self, client: AsyncClient, connection: Connection, ada: Member, token: str) -> None:
        lifetime = await connection.fetchval("SELECT expires_at - created_at FROM mailed_links")
        assert lifetime == timedelta(hours=24)
        await connection.execute("UPDATE mailed_links SET expires_at = now()")
        refused(await confirm(client, token))
        assert not await is_verified(connection, ada)

    async def test_a_new_link_makes_the_old_one_void(
        self, client: AsyncClient, connection: Connection, ada: Member, inbox: Inbox, token: str
    ) -> None:
        await client.post(ASK, headers=ada.headers)
        newer = await inbox.token()
        refused(await confirm(client, token))
        assert not await is_verified(connection, ada)
        assert (await confirm(client, newer)).status_code == 204

    @pytest.mark.parametrize("how", ["address", "closed", "gone"])
    async def test_is_for_the_account_as_it_was(
        self, client: AsyncClient, connection: Connection, ada: Member, token: str, how: str
    ) -> None:
        change = {
            "address": "UPDATE users SET email = 'new@example.org'",
            "closed": "UPDATE users SET is_active = false",
            "gone": "DELETE FROM users",
        }
        await connection.execute(change[how])
        refused(await confirm(client, token))
        assert not await is_verified(connection, ada)

    async def test_a_token_of_another_purpose_is_refused(
        self, client: AsyncClient, connection: Connection, ada: Member, token: str
    ) -> None:
        link_id = await connection.fetchval("SELECT id FROM mailed_links")
        assert token == links.token(Purpose.EMAIL_VERIFICATION, link_id)
        other = links.token(Purpose.PASSWORD_RESET, link_id)
        refused(await confirm(client, other))
        body = {"token": token, "new_password": "Spins2Looms"}
        refused(await client.post("/auth/password-reset/confirm", json=body))
        assert not await is_verified(connection, ada)

    async def test_a_forged_token_is_refused(
        self, client: AsyncClient, connection: Connection, ada: Member, token: str
    ) -> None:
        link_id = await connection.fetchval("SELECT id FROM mailed_links")
        flipped = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(64)]
        unknown = links.token(Purpose.EMAIL_VERIFICATION, new_id())
        for forged in (*flipped, token[:-1], token + "A", token * 2, "x", "A" * 64, "-" * 64, link_id.hex, unknown):
            refused(await confirm(client, forged))
        assert not await is_verified(connection, ada)
        assert (await confirm(client, token)).status_code == 204

    @pytest.mark.parametrize("token", ["", " ", "a b", "ä", "a=", "a" * 201, None, 7])
    async def test_what_cannot_be_a_token_is_named(self, client: AsyncClient, token: Any) -> None:
        answer = await client.post(CONFIRM, json={"token": token})
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/token"]

    async def test_is_on_record(self, client: AsyncClient, connection: Connection, ada: Member, token: str) -> None:
        await confirm(client, token)
        row = await connection.fetchrow("SELECT * FROM audit_events WHERE action = 'email_verified'")
        assert row is not None
        assert (row["actor_id"], row["subject_id"]) == (ada.id, ada.id)


class TestChangedAddress:
    async def change(self, client: AsyncClient, member: Member, email: str) -> Response:
        headers = member.headers | {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
        return await client.patch("/users/me", json={"email": email}, headers=headers)

    async def test_is_told_at_the_old_one_and_to_be_verified_anew(
        self, client: AsyncClient, make: Factory, inbox: Inbox
    ) -> None:
        member = await make.member(email="old@example.org", email_verified=True)
        answer = await self.change(client, member, "new@example.org")
        assert answer.json()["email_verified"] is False
        mails = await inbox.collect()
        assert to_and_subject(mails) == [
            ("old@example.org", "Your e-mail address was changed"),
            ("new@example.org", "Is this your address?"),
        ]
        assert "new@example.org" not in mails[0].as_string()

    async def test_is_not_told_when_it_stays(self, client: AsyncClient, make: Factory, inbox: Inbox) -> None:
        member = await make.member(email="same@example.org")
        assert (await self.change(client, member, "Same@example.org")).status_code == 200
        assert await inbox.collect() == []


class TestAtOnce:
    async def test_one_token_is_used_once(self, committed: Committed) -> None:
        member = await committed.make.member()
        link_id = new_id()
        await committed.connection.execute(
            "INSERT INTO mailed_links (user_id, purpose, id, email, expires_at) "
            "SELECT id, 'email_verification', $1, email, now() + interval '1 day' FROM users",
            link_id,
        )
        token = links.token(Purpose.EMAIL_VERIFICATION, link_id)
        answers = await asyncio.gather(*(confirm(committed.client, token) for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [204] + [422] * 19
        assert await committed.connection.fetchval("SELECT version FROM users WHERE id = $1", member.id) == 2


async def test_a_member_logs_in_whether_verified_or_not(client: AsyncClient, ada: Member) -> None:
    tokens = (await log_in(client, ada.username)).json()
    assert (await client.get("/users/me", headers=bearer(tokens["access_token"]))).json()["email_verified"] is False
