"""requestPasswordReset, resetPassword."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from app.auth import links
from app.auth.links import Purpose
from app.auth.passwords import load
from app.ids import new_id
from app.sql import Connection
from tests.auth.conftest import is_alive, log_in, real_hash
from tests.committed import Committed
from tests.contract.requests import fingerprint
from tests.factories import PASSWORD, Factory, Member
from tests.mail.inbox import Inbox, to_and_subject
from tests.mail.inbox import links as links_in
from tests.mail.messages import text_of

ASK, CONFIRM = "/auth/password-reset", "/auth/password-reset/confirm"
NEW = "Spins2Looms"


async def ask(client: AsyncClient, email: str, **headers: str) -> Response:
    return await client.post(ASK, json={"email": email}, headers=headers)


async def reset(client: AsyncClient, token: str, password: str = NEW) -> Response:
    return await client.post(CONFIRM, json={"token": token, "new_password": password})


def refused(answer: Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (422, "token_invalid")


async def later(connection: Connection) -> None:
    """Let two minutes pass since the last link."""
    await connection.execute("UPDATE mailed_links SET created_at = created_at - interval '2 minutes'")


class TestRequestPasswordReset:
    async def test_mails_a_link(self, client: AsyncClient, ada: Member, inbox: Inbox) -> None:
        assert (await ask(client, "Ada@Example.ORG")).status_code == 202
        (mail,) = await inbox.collect()
        assert to_and_subject([mail]) == [("ada@example.org", "Choose a new password")]
        (link,) = links_in(mail)
        assert link.startswith("http://localhost:8000/reset-password#token=")
        assert f"Hello {ada.username}" in text_of(mail)
        assert "once and for 60 minutes" in text_of(mail)

    async def test_tells_nobody_who_is_a_member(
        self, client: AsyncClient, connection: Connection, ada: Member, make: Factory, inbox: Inbox
    ) -> None:
        closed = await make.member(email="closed@example.org", is_active=False)
        answers = [
            await ask(client, email) for email in ("ada@example.org", "nobody@example.org", "closed@example.org")
        ]
        volatile = {"x-request-id", "server-timing", "ratelimit"}
        shapes = [
            (answer.status_code, answer.content, {k: v for k, v in answer.headers.items() if k not in volatile})
            for answer in answers
        ]
        assert shapes[0] == shapes[1] == shapes[2]
        assert shapes[0][:2] == (202, b"")
        assert "location" not in answers[0].headers
        # Nobody sees the jobs but administrators.
        assert await connection.fetchval("SELECT count(owner_id) FROM jobs") == 0
        assert to_and_subject(await inbox.collect()) == [("ada@example.org", "Choose a new password")]
        assert await connection.fetchval("SELECT array_agg(user_id) FROM mailed_links") == [ada.id]
        assert closed.id != ada.id

    async def test_does_the_same_work_for_everybody(
        self, client: AsyncClient, connection: Connection, ada: Member
    ) -> None:
        untouched = await fingerprint(connection)
        traces: list[set[str]] = []
        for email in ("ada@example.org", "nobody@example.org"):
            hashes = load.made
            assert (await ask(client, email)).status_code == 202
            after = await fingerprint(connection)
            traces.append({table for table in after if after[table] != untouched[table]})
            untouched = after
            assert load.made == hashes
        assert traces == [{"jobs"}, {"jobs"}]
        assert ada.username == "Ada_L"

    async def test_the_host_of_the_request_has_no_part_in_the_link(
        self, client: AsyncClient, ada: Member, inbox: Inbox
    ) -> None:
        forged = {"Host": "localhost:6666", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
        assert (await ask(client, "ada@example.org", **forged)).status_code == 202
        (mail,) = await inbox.collect()
        assert links_in(mail)[0].startswith("http://localhost:8000/")
        assert "evil" not in mail.as_string()
        assert "6666" not in mail.as_string()
        assert ada.username in mail.as_string()

    async def test_asked_again_at_once_the_first_link_stays(
        self, client: AsyncClient, connection: Connection, ada: Member, inbox: Inbox
    ) -> None:
        await ask(client, "ada@example.org")
        token = await inbox.token()
        for _ in range(3):
            assert (await ask(client, "ada@example.org")).status_code == 202
        assert await inbox.collect() == []
        await later(connection)
        await ask(client, "ada@example.org")
        newer = await inbox.token()
        refused(await reset(client, token))
        assert (await reset(client, newer)).status_code == 204
        assert (await log_in(client, ada.username, NEW)).status_code == 200

    async def test_a_job_that_is_late_does_not_replace_a_newer_link(
        self, client: AsyncClient, connection: Connection, ada: Member, inbox: Inbox
    ) -> None:
        await ask(client, "ada@example.org")
        await connection.execute("UPDATE jobs SET status = 'running'")
        await ask(client, "ada@example.org")
        token = await inbox.token()
        await later(connection)
        await connection.execute("UPDATE jobs SET status = 'queued' WHERE status = 'running'")
        assert await inbox.collect() == []
        assert (await reset(client, token)).status_code == 204
        assert ada.id is not None

    async def test_a_job_done_twice_makes_one_link(
        self, client: AsyncClient, connection: Connection, ada: Member, inbox: Inbox
    ) -> None:
        await ask(client, "ada@example.org")
        row = await connection.fetchrow("SELECT payload::text FROM jobs")
        assert row is not None
        again = "UPDATE jobs SET status = 'queued', payload = $1::text::jsonb, attempts = 0 WHERE status = 'succeeded'"
        token = await inbox.token()
        await connection.execute(again, row["payload"])
        assert await inbox.token() == token
        assert (await reset(client, token)).status_code == 204
        await connection.execute(
            "UPDATE jobs SET status = 'queued', payload = $1::text::jsonb WHERE kind = 'auth.reset_mail'",
            row["payload"],
        )
        assert [mail["Subject"] for mail in await inbox.collect()] == ["Your password was chosen anew"]
        refused(await reset(client, token))
        events = "SELECT count(*) FROM audit_events WHERE action = 'password_reset_requested' AND subject_id = $1"
        assert await connection.fetchval(events, ada.id) == 1

    async def test_is_on_record_with_where_it_came_from(
        self, client: AsyncClient, connection: Connection, ada: Member, inbox: Inbox
    ) -> None:
        await ask(client, "ada@example.org", **{"X-Request-ID": "request-7"})
        await ask(client, "nobody@example.org")
        await inbox.collect()
        (row,) = await connection.fetch("SELECT * FROM audit_events WHERE action = 'password_reset_requested'")
        assert (row["actor_id"], row["subject_id"], row["request_id"]) == (None, ada.id, "request-7")


class TestResetPassword:
    @pytest.fixture
    async def token(self, client: AsyncClient, ada: Member, inbox: Inbox) -> str:
        assert ada.username == "Ada_L"
        await ask(client, "ada@example.org")
        return await inbox.token()

    async def test_sets_the_password_and_ends_all_sessions(
        self, client: AsyncClient, ada: Member, inbox: Inbox, token: str, tokens: dict[str, Any]
    ) -> None:
        assert await is_alive(client, tokens)
        assert (await reset(client, token)).status_code == 204
        assert not await is_alive(client, tokens)
        assert (await client.get("/users/me", headers=ada.headers)).status_code == 401
        assert (await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})).status_code == 401
        assert (await log_in(client, ada.username, PASSWORD)).status_code == 401
        assert (await log_in(client, ada.username, NEW)).status_code == 200
        (mail,) = await inbox.collect()
        assert to_and_subject([mail]) == [("ada@example.org", "Your password was chosen anew")]

    async def test_ends_all_keys(self, client: AsyncClient, make: Factory, ada: Member, token: str) -> None:
        by_key = [{"X-API-Key": await make.key(ada, frozenset())} for _ in range(2)]
        for headers in by_key:
            assert (await client.get("/users/me", headers=headers)).status_code == 200
        assert (await reset(client, token)).status_code == 204
        for headers in by_key:
            assert (await client.get("/users/me", headers=headers)).status_code == 401

    async def test_leaves_others_alone(self, client: AsyncClient, make: Factory, token: str) -> None:
        other = await make.member(password_hash=real_hash())
        key = await make.key(other, frozenset())
        assert (await reset(client, token)).status_code == 204
        assert (await client.get("/users/me", headers={"X-API-Key": key})).status_code == 200
        assert (await client.get("/users/me", headers=other.headers)).status_code == 200
        assert (await log_in(client, other.username)).status_code == 200

    async def test_works_once(self, client: AsyncClient, ada: Member, token: str) -> None:
        assert (await reset(client, token)).status_code == 204
        refused(await reset(client, token, "Another2Loom"))
        assert (await log_in(client, ada.username, NEW)).status_code == 200

    async def test_works_for_an_hour(
        self, client: AsyncClient, connection: Connection, ada: Member, token: str
    ) -> None:
        assert await connection.fetchval("SELECT expires_at - created_at FROM mailed_links") == timedelta(hours=1)
        await connection.execute("UPDATE mailed_links SET expires_at = now()")
        refused(await reset(client, token))
        assert (await log_in(client, ada.username)).status_code == 200

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE users SET email = 'new@example.org'",
            "UPDATE users SET is_active = false",
            "DELETE FROM users",
        ],
    )
    async def test_is_for_the_account_as_it_was(
        self, client: AsyncClient, connection: Connection, token: str, change: str
    ) -> None:
        await connection.execute(change)
        before = await fingerprint(connection)
        refused(await reset(client, token))
        assert await fingerprint(connection) == before

    async def test_a_changed_password_makes_it_void(self, client: AsyncClient, ada: Member, token: str) -> None:
        body = {"current_password": PASSWORD, "new_password": "Third2Looms"}
        assert (await client.put("/auth/password", json=body, headers=ada.headers)).status_code == 204
        refused(await reset(client, token))
        assert (await log_in(client, ada.username, "Third2Looms")).status_code == 200

    async def test_what_opens_nothing_costs_no_hash_and_changes_nothing(
        self, client: AsyncClient, connection: Connection, token: str
    ) -> None:
        link_id = await connection.fetchval("SELECT id FROM mailed_links")
        other_purpose = links.token(Purpose.EMAIL_VERIFICATION, link_id)
        unknown = links.token(Purpose.PASSWORD_RESET, new_id())
        before, hashes = await fingerprint(connection), load.made
        for wrong in (other_purpose, unknown, token[:-1], token[:-1] + "_", token + "A", "A" * 64, "x"):
            if wrong != token:
                refused(await reset(client, wrong))
        assert (await fingerprint(connection), load.made) == (before, hashes)
        assert (await reset(client, token)).status_code == 204

    async def test_of_one_member_is_not_for_another(
        self, client: AsyncClient, connection: Connection, make: Factory, inbox: Inbox, token: str
    ) -> None:
        bob = await make.member(email="bob@example.org", password_hash=real_hash())
        await ask(client, "bob@example.org")
        theirs = await inbox.token()
        assert (await reset(client, theirs)).status_code == 204
        assert (await log_in(client, "ada_l")).status_code == 200
        assert (await log_in(client, bob.username, NEW)).status_code == 200
        # The first part of one with the second of the other is neither.
        refused(await reset(client, theirs[:22] + token[22:]))
        refused(await reset(client, token[:22] + theirs[22:]))
        assert await connection.fetchval("SELECT count(*) FROM mailed_links WHERE used_at IS NULL") == 1

    @pytest.mark.parametrize("password", ["short", "nouppercase1", "Aa1\x00aaaaaaaa"])
    async def test_a_weak_password_does_not_spend_the_link(
        self, client: AsyncClient, token: str, password: str
    ) -> None:
        answer = await reset(client, token, password)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/new_password"]
        assert (await reset(client, token)).status_code == 204

    async def test_is_on_record(self, client: AsyncClient, connection: Connection, ada: Member, token: str) -> None:
        await reset(client, token)
        row = await connection.fetchrow("SELECT * FROM audit_events WHERE action = 'password_reset'")
        assert row is not None
        assert (row["actor_id"], row["subject_id"]) == (ada.id, ada.id)


class TestAtOnce:
    async def test_one_token_is_used_once_and_no_session_survives(self, committed: Committed) -> None:
        ada = await committed.make.member(username="Ada_L", password_hash=real_hash())
        link_id = new_id()
        await committed.connection.execute(
            "INSERT INTO mailed_links (user_id, purpose, id, email, expires_at) "
            "SELECT id, 'password_reset', $1, email, now() + interval '1 hour' FROM users",
            link_id,
        )
        token = links.token(Purpose.PASSWORD_RESET, link_id)
        passwords = [f"Spins{number}Looms" for number in range(8)]
        calls = [reset(committed.client, token, password) for password in passwords]
        logins = [log_in(committed.client, ada.username) for _ in range(3)]
        answers = await asyncio.gather(*calls, *logins)
        resets = [answer.status_code for answer in answers[:8]]
        assert sorted(resets) == [204] + [422] * 7
        assert (await log_in(committed.client, ada.username, passwords[resets.index(204)])).status_code == 200
        for answer in answers[8:]:
            assert answer.status_code in (200, 401)
            assert answer.status_code == 401 or not await is_alive(committed.client, answer.json())
