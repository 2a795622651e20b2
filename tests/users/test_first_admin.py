"""The first administrator: made by the settings or by command, once, and never by accident."""

import asyncio
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from app.accounts import first
from app.auth import passwords
from app.settings import settings
from app.sql import Connection
from tests.auth.conftest import log_in, real_hash
from tests.committed import Committed
from tests.factories import Factory

REPOSITORY = Path(__file__).parents[2]
ADDRESS, PASSWORD = "ottilie.b@example.org", "Presses4running"
ADMINS = "SELECT username FROM users WHERE role = 'admin' AND is_active"


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings name somebody."""
    changed = settings().model_copy(
        update={"first_superuser": ADDRESS, "first_superuser_password": SecretStr(PASSWORD)}
    )
    monkeypatch.setattr(first, "settings", lambda: changed)


@pytest.mark.usefixtures("named")
class TestSettings:
    async def test_make_the_first_administrator(self, committed: Committed) -> None:
        await first.make_first_admin(committed.connection)
        account = await committed.connection.fetchrow("SELECT * FROM users")
        assert account is not None
        assert (account["username"], account["email"], account["role"]) == ("ottilie_b", ADDRESS, "admin")
        assert account["email_verified"] is True
        assert (await log_in(committed.client, ADDRESS, PASSWORD)).status_code == 200
        event = await committed.connection.fetchrow("SELECT * FROM audit_events WHERE action = 'admin_made'")
        assert event is not None
        assert (event["actor_id"], event["subject_id"], event["address"]) == (None, account["id"], "")

    async def test_make_one_when_several_services_start(self, committed: Committed) -> None:
        connections = [await asyncpg.connect(committed.dsn) for _ in range(4)]
        await asyncio.gather(*(first.make_first_admin(connection) for connection in connections))
        for connection in connections:
            await connection.close()
        await first.make_first_admin(committed.connection)
        assert len(await committed.connection.fetch("SELECT id FROM users")) == 1

    async def test_make_none_where_there_is_one(self, make: Factory, connection: Connection) -> None:
        boss = await make.member("admin")
        await first.make_first_admin(connection)
        assert [row["username"] for row in await connection.fetch(ADMINS)] == [boss.username]

    async def test_make_one_where_the_only_one_is_closed(self, make: Factory, connection: Connection) -> None:
        await make.member("admin", is_active=False)
        await first.make_first_admin(connection)
        assert [row["username"] for row in await connection.fetch(ADMINS)] == ["ottilie_b"]

    async def test_promote_nobody(self, make: Factory, connection: Connection) -> None:
        await make.member(email=ADDRESS)
        await first.make_first_admin(connection)
        assert await connection.fetch(ADMINS) == []

    async def test_find_a_free_name(self, make: Factory, connection: Connection) -> None:
        await make.member(username="Ottilie_B")
        await first.make_first_admin(connection)
        assert [row["username"] for row in await connection.fetch(ADMINS)] == ["ottilie_b_admin"]

    @pytest.mark.parametrize(
        ("address", "names"),
        [
            ("ada@example.org", ["ada", "ada_admin"]),
            ("admin@example.org", ["admin_admin"]),
            ("Root@example.org", ["root_admin"]),
            ("a@example.org", ["a_admin"]),
            ("a.l+x@example.org", ["a_l_x", "a_l_x_admin"]),
        ],
    )
    def test_names_are_those_that_members_may_have(self, address: str, names: list[str]) -> None:
        assert list(islice(first.names_for(address), len(names))) == names


def no_password() -> str:
    raise AssertionError("nobody new needs no password")


class TestCommand:
    async def test_makes_somebody_new(self, committed: Committed) -> None:
        said = await first.make_admin(committed.connection, "Ottilie", ADDRESS, lambda: PASSWORD)
        assert said == "Ottilie is a new administrator."
        assert (await log_in(committed.client, "ottilie", PASSWORD)).status_code == 200
        assert [row["username"] for row in await committed.connection.fetch(ADMINS)] == ["Ottilie"]

    async def test_promotes_who_is_there(self, make: Factory, connection: Connection) -> None:
        member = await make.member(username="bram", is_active=False, password_hash=real_hash())
        assert await first.make_admin(connection, "BRAM", "", no_password) == "BRAM is an administrator now."
        assert [row["username"] for row in await connection.fetch(ADMINS)] == ["bram"]
        assert await first.make_admin(connection, "bram", "", no_password) == "bram is an administrator already."
        events = await connection.fetch("SELECT action, subject_id FROM audit_events")
        assert [tuple(event) for event in events] == [("admin_made", member.id)]

    @pytest.mark.parametrize(
        ("given", "wrong"),
        [
            (("ottilie", "", PASSWORD), "EMAIL"),
            (("ottilie", "nowhere", PASSWORD), "EMAIL"),
            (("ottilie", ADDRESS, "weak"), "PASSWORD"),
            (("o", ADDRESS, PASSWORD), "USERNAME"),
            (("Admin", ADDRESS, PASSWORD), "USERNAME"),
            (("ottilie", "bram@example.org", PASSWORD), "EMAIL"),
            (("bram", ADDRESS, PASSWORD), "EMAIL"),
        ],
    )
    async def test_says_what_is_wrong_and_changes_nothing(
        self, make: Factory, connection: Connection, given: tuple[str, str, str], wrong: str
    ) -> None:
        await make.member(username="bram", email="bram@example.org")
        username, email, password = given
        with pytest.raises(RuntimeError, match=f"^{wrong}: ") as failure:
            await first.make_admin(connection, username, email, lambda: password)
        assert password not in str(failure.value)
        assert await connection.fetchval("SELECT count(*) FROM users WHERE role = 'admin'") == 0

    async def test_takes_no_password_that_the_settings_find_too_short(
        self, connection: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        longer = settings().model_copy(update={"min_password_length": len(PASSWORD) + 1})
        monkeypatch.setattr(passwords, "settings", lambda: longer)
        with pytest.raises(RuntimeError, match=r"^PASSWORD: A password needs at least 16 characters$"):
            await first.make_admin(connection, "ottilie", ADDRESS, lambda: PASSWORD)

    async def test_reads_the_password_from_the_input(self, committed: Committed) -> None:
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "app.accounts", "ottilie", ADDRESS],
            cwd=REPOSITORY,
            env=os.environ | {"DATABASE_URL": committed.dsn},
            input=f"{PASSWORD}\n",
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "ottilie is a new administrator.\n"), done.stderr
        assert (await log_in(committed.client, "ottilie", PASSWORD)).status_code == 200
