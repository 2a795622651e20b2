"""What is put on record, what is not, and that it stays."""

from typing import Any

import asyncpg
import pytest
from httpx2 import AsyncClient

from app.audit.service import record
from app.sql import Connection
from generated.models import AuditAction
from tests.auth.conftest import REGISTRATION, bearer, log_in, real_hash, refresh
from tests.committed import Committed
from tests.factories import PASSWORD, Factory

Row = dict[str, Any]


async def written(connection: Connection) -> list[Row]:
    """Return every event, the oldest first."""
    return [dict(row) for row in await connection.fetch("SELECT * FROM audit_events ORDER BY id")]


class TestRecord:
    async def test_of_becoming_a_member_and_coming_and_going(self, client: AsyncClient, connection: Connection) -> None:
        member = (await client.post("/auth/register", json=REGISTRATION)).json()["id"]
        tokens = (await log_in(client, "ada_l")).json()
        await client.post("/auth/logout", json={"everywhere": True}, headers=bearer(tokens["access_token"]))
        events = await written(connection)
        assert [event["action"] for event in events] == ["user_registered", "logged_in", "logged_out"]
        assert {str(event[name]) for event in events for name in ("actor_id", "subject_id")} == {member}

    @pytest.mark.parametrize("name", ["ada_l", "ADA@example.org"])
    async def test_of_a_wrong_password_names_the_account(
        self, client: AsyncClient, make: Factory, connection: Connection, name: str
    ) -> None:
        ada = await make.member(username="ada_l", email="ada@example.org", password_hash=real_hash())
        assert (await log_in(client, name, "Secret4word")).status_code == 401
        (event,) = await written(connection)
        assert (event["action"], event["actor_id"], event["subject_id"]) == ("login_failed", None, ada.id)
        assert "Secret4word" not in str(event)

    async def test_of_an_unknown_name_keeps_nothing_that_was_typed(
        self, client: AsyncClient, connection: Connection
    ) -> None:
        # People type their password where the name belongs.
        assert (await log_in(client, "Secret4word", "Secret4word")).status_code == 401
        (event,) = await written(connection)
        assert (event["action"], event["actor_id"], event["subject_id"]) == ("login_failed", None, None)
        assert "secret4word" not in str(event).lower()

    async def test_of_a_closed_account_says_why(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        member = await make.member(is_active=False, password_hash=real_hash())
        assert (await log_in(client, member.username)).status_code == 403
        (event,) = await written(connection)
        assert (event["action"], event["subject_id"]) == ("login_failed", member.id)
        assert event["detail"] == '{"reason": "account_inactive"}'

    async def test_of_a_spent_token_is_made_once(self, client: AsyncClient, connection: Connection) -> None:
        await client.post("/auth/register", json=REGISTRATION)
        spent = (await log_in(client, "ada_l")).json()["refresh_token"]
        answers = [(await refresh(client, spent)).status_code for _ in range(4)]
        assert answers == [200, 401, 401, 401]
        assert [event["action"] for event in await written(connection)].count("refresh_token_reused") == 1

    async def test_of_what_did_not_happen_is_not_made(self, client: AsyncClient, connection: Connection) -> None:
        assert (await client.post("/auth/register", json=REGISTRATION)).status_code == 201
        assert (await client.post("/auth/register", json=REGISTRATION)).status_code == 409
        assert [event["action"] for event in await written(connection)] == ["user_registered"]

    async def test_of_a_failed_login_is_committed(self, committed: Committed) -> None:
        await committed.client.post("/auth/register", json=REGISTRATION)
        assert (await log_in(committed.client, "ada_l", "Wrong4password")).status_code == 401
        assert (await log_in(committed.client, "ada_l", PASSWORD)).status_code == 200
        actions = [event["action"] for event in await written(committed.connection)]
        assert actions == ["user_registered", "login_failed", "logged_in"]


class TestTable:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE audit_events SET actor_id = NULL",
            "UPDATE audit_events SET detail = '{}' WHERE false",
            "DELETE FROM audit_events",
            "DELETE FROM audit_events WHERE created_at < now() - interval '10 years'",
            "TRUNCATE audit_events",
            "TRUNCATE users, audit_events CASCADE",
        ],
    )
    async def test_is_append_only(self, connection: Connection, statement: str) -> None:
        await record(connection, AuditAction.logged_in, actor_id=None)
        before = await written(connection)
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="neither changed nor removed"):
            async with connection.transaction():
                await connection.execute(statement)
        assert await written(connection) == before

    async def test_outlives_the_account(self, client: AsyncClient, make: Factory, connection: Connection) -> None:
        member = await make.member(password_hash=real_hash())
        await log_in(client, member.username)
        await connection.execute("DELETE FROM users WHERE id = $1", member.id)
        (event,) = await written(connection)
        assert (event["actor_id"], event["subject_id"]) == (member.id, member.id)
