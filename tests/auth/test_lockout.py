"""How often a password may be guessed, by whom, and who suffers from it."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from httpx2 import AsyncClient, Response
from starlette.types import ASGIApp

from app.auth import passwords
from app.auth.lockout import KNOWN_DAYS, MOST_NETWORKS
from app.auth.tasks import remove_expired
from app.sql import Connection
from tests.auth.conftest import REGISTRATION, log_in, real_hash
from tests.committed import Committed, at_once
from tests.conftest import BASE_URL
from tests.contract.checked import checked_client
from tests.factories import Factory, Member
from tests.mail.inbox import Inbox, to_and_subject

WRONG = "Wr0ngPassword"
MOST = 5
HOME, OFFICE, ELSEWHERE, ANYWHERE = "192.0.2.1", "198.51.100.7", "203.0.113.9", "2001:db8:1:2::3"
At = Callable[[str], Awaitable[AsyncClient]]


@pytest.fixture
async def at(app: ASGIApp, connection: Connection) -> AsyncIterator[At]:
    """Return clients at addresses."""
    del connection
    async with AsyncExitStack() as stack:

        async def client(address: str) -> AsyncClient:
            return await stack.enter_async_context(checked_client(app, BASE_URL, address=address))

        yield client


async def guess(client: AsyncClient, name: str, times: int = MOST) -> list[int]:
    """Try wrong passwords, and return the statuses."""
    return [(await log_in(client, name, WRONG)).status_code for _ in range(times)]


def told(answer: Response) -> tuple[int, dict[str, Any], set[str]]:
    """Return what somebody could tell two answers apart by."""
    problem = {**answer.json(), "request_id": "", "timestamp": ""}
    return answer.status_code, problem, set(answer.headers)


class TestLock:
    async def test_comes_after_five_wrong_passwords_and_refuses_the_right_one(
        self, client: AsyncClient, ada: Member
    ) -> None:
        assert await guess(client, ada.username) == [401] * MOST
        made = passwords.load.made
        for password in (WRONG, "Weaves4lgebra"):
            answer = await log_in(client, ada.username, password)
            assert (answer.status_code, answer.json()["code"]) == (423, "account_locked")
            assert 880 < int(answer.headers["Retry-After"]) <= 900
        # Nothing is hashed for whom nothing would come of it.
        assert passwords.load.made == made

    async def test_is_the_same_for_a_name_that_nobody_has(self, client: AsyncClient, ada: Member) -> None:
        answers: list[list[tuple[int, dict[str, Any], set[str]]]] = []
        for name in (ada.username, "nobody_at_all", "nobody@example.org"):
            made = passwords.load.made
            answers.append([told(await log_in(client, name, WRONG)) for _ in range(MOST + 2)])
            assert passwords.load.made == made + MOST
        assert answers[0] == answers[1] == answers[2]
        assert [status for status, _, _ in answers[0]] == [401] * MOST + [423] * 2

    async def test_is_for_the_name_in_any_case(self, client: AsyncClient, ada: Member) -> None:
        assert await guess(client, ada.username.upper(), 3) == [401] * 3
        assert await guess(client, f" {ada.username.lower()} ", 3) == [401, 401, 423]

    async def test_is_one_for_every_way_to_log_in(self, client: AsyncClient, ada: Member) -> None:
        form = {"username": ada.username, "password": WRONG}
        assert (await client.post("/auth/session", data=form)).status_code == 401
        assert await guess(client, ada.username) == [401, 401, 401, 401, 423]
        answer = await client.post("/auth/session", data=form)
        assert (answer.status_code, answer.json()["code"]) == (423, "account_locked")

    async def test_of_one_name_is_not_one_of_another(self, client: AsyncClient, ada: Member, make: Factory) -> None:
        bob = await make.member(password_hash=real_hash())
        await guess(client, ada.username)
        assert (await log_in(client, bob.username)).status_code == 200

    async def test_ends_by_itself(self, client: AsyncClient, ada: Member, connection: Connection) -> None:
        await guess(client, ada.username)
        await connection.execute("UPDATE login_attempts SET forget_at = now() + interval '30 seconds'")
        assert (await log_in(client, ada.username)).headers["Retry-After"] == "30"
        await connection.execute("UPDATE login_attempts SET forget_at = now()")
        assert await guess(client, ada.username, MOST - 1) == [401] * (MOST - 1)
        assert (await log_in(client, ada.username)).status_code == 200

    async def test_does_not_come_when_the_right_password_comes_first(self, client: AsyncClient, ada: Member) -> None:
        for _ in range(3):
            assert await guess(client, ada.username, MOST - 1) == [401] * (MOST - 1)
            assert (await log_in(client, ada.username)).status_code == 200

    async def test_does_not_come_from_a_closed_account(self, client: AsyncClient, make: Factory) -> None:
        member = await make.member(is_active=False, password_hash=real_hash())
        assert [(await log_in(client, member.username)).status_code for _ in range(MOST + 1)] == [403] * (MOST + 1)

    async def test_is_written_down_once(self, client: AsyncClient, ada: Member, connection: Connection) -> None:
        await guess(client, ada.username, MOST + 3)
        events = await connection.fetch("SELECT action, subject_id FROM audit_events ORDER BY id")
        found = Counter((event["action"], event["subject_id"]) for event in events)
        assert found == {("login_failed", ada.id): MOST, ("account_locked", ada.id): 1}

    async def test_keeps_nothing_of_what_was_typed(self, client: AsyncClient, connection: Connection) -> None:
        await guess(client, "My5ecretPassword", 1)
        row = await connection.fetchval("SELECT login_attempts::text FROM login_attempts")
        assert len(row) > 64
        assert "secret" not in row
        assert b"my5ecret".hex() not in row


class TestOwner:
    async def test_is_not_locked_out_where_they_are_known(self, at: At, ada: Member) -> None:
        home, elsewhere = await at(HOME), await at(ELSEWHERE)
        assert (await log_in(home, ada.username)).status_code == 200
        assert await guess(elsewhere, ada.username, MOST + 1) == [401] * MOST + [423]
        assert await guess(await at(ANYWHERE), ada.username, 1) == [423]
        assert (await log_in(await at(OFFICE), ada.username)).status_code == 423
        for name in (ada.username, "ada@example.org"):
            assert (await log_in(home, name)).status_code == 200
        # Which opens nothing for the others.
        assert (await log_in(elsewhere, ada.username)).status_code == 423

    async def test_is_locked_out_of_one_known_network_alone(self, at: At, ada: Member) -> None:
        home, office = await at(HOME), await at(OFFICE)
        for client in (home, office):
            assert (await log_in(client, ada.username)).status_code == 200
        assert await guess(office, ada.username, MOST + 1) == [401] * MOST + [423]
        assert (await log_in(home, ada.username)).status_code == 200
        assert (await log_in(await at(ELSEWHERE), ada.username)).status_code == 200

    async def test_is_known_in_the_whole_of_an_ipv6_network(self, at: At, ada: Member) -> None:
        assert (await log_in(await at(ANYWHERE), ada.username)).status_code == 200
        await guess(await at("2001:db8:1:3::3"), ada.username)
        assert (await log_in(await at("2001:db8:1:3::4"), ada.username)).status_code == 423
        assert (await log_in(await at("2001:db8:1:2:ffff::1"), ada.username)).status_code == 200

    async def test_is_forgotten_in_time(self, at: At, ada: Member, connection: Connection) -> None:
        home = await at(HOME)
        await log_in(home, ada.username)
        await guess(await at(ELSEWHERE), ada.username)
        for days, status in ((KNOWN_DAYS - 1, 200), (KNOWN_DAYS, 423)):
            await connection.execute("UPDATE known_networks SET seen_at = now() - make_interval(days => $1)", days)
            assert (await log_in(home, ada.username)).status_code == status

    async def test_is_known_in_so_many_places(self, at: At, ada: Member, connection: Connection) -> None:
        # All of a test is one moment for the database; these were before it.
        for number in range(MOST_NETWORKS):
            await connection.execute(
                "INSERT INTO known_networks VALUES ($1, $2, now() - make_interval(hours => $3))",
                *(ada.id, f"10.0.0.{number}", MOST_NETWORKS - number),
            )
        assert (await log_in(await at(HOME), ada.username)).status_code == 200
        networks = await connection.fetch("SELECT network FROM known_networks ORDER BY seen_at, network")
        assert [row["network"] for row in networks] == [*(f"10.0.0.{number}" for number in range(1, 20)), HOME]

    async def test_is_not_known_for_having_been_refused(self, at: At, ada: Member, connection: Connection) -> None:
        await guess(await at(ELSEWHERE), ada.username, 1)
        assert await connection.fetchval("SELECT count(*) FROM known_networks") == 0

    async def test_is_not_known_where_the_address_is_not(self, at: At, ada: Member, connection: Connection) -> None:
        assert (await log_in(await at("testclient"), ada.username)).status_code == 200
        assert await connection.fetchval("SELECT count(*) FROM known_networks") == 0


class TestNotice:
    async def test_of_a_login_from_a_new_network(self, at: At, ada: Member, inbox: Inbox) -> None:
        for address in (HOME, HOME, OFFICE, HOME, OFFICE, ANYWHERE, ANYWHERE):
            assert (await log_in(await at(address), ada.username)).status_code == 200
        # The first login of all is no news, and neither is one from where she is known.
        assert to_and_subject(await inbox.collect()) == [("ada@example.org", "A login from a new place")] * 2

    async def test_of_a_login_after_long_absence(
        self, at: At, ada: Member, inbox: Inbox, connection: Connection
    ) -> None:
        await log_in(await at(HOME), ada.username)
        # As the hourly job leaves it after a quarter of a year.
        await connection.execute("DELETE FROM known_networks")
        await log_in(await at(ELSEWHERE), ada.username)
        assert to_and_subject(await inbox.collect()) == [("ada@example.org", "A login from a new place")]

    async def test_of_nothing_that_was_refused(self, at: At, ada: Member, make: Factory, inbox: Inbox) -> None:
        await log_in(await at(HOME), ada.username)
        await guess(await at(ELSEWHERE), ada.username)
        closed = await make.member(is_active=False, password_hash=real_hash())
        assert (await log_in(await at(OFFICE), closed.username)).status_code == 403
        assert await inbox.collect() == []

    async def test_of_nothing_where_the_address_is_not_known(self, at: At, ada: Member, inbox: Inbox) -> None:
        await log_in(await at(HOME), ada.username)
        assert (await log_in(await at("testclient"), ada.username)).status_code == 200
        assert await inbox.collect() == []


class TestAtOnce:
    @pytest.mark.parametrize("name", ["ada_l", "nobody_at_all"])
    async def test_no_more_passwords_are_looked_at_than_are_allowed(self, committed: Committed, name: str) -> None:
        assert (await committed.client.post("/auth/register", json=REGISTRATION)).status_code == 201
        made = passwords.load.made
        answers = await at_once(log_in(committed.client, name, WRONG) for _ in range(50))
        assert passwords.load.made == made + MOST
        found = Counter(answer.status_code for answer in answers)
        # While the five are looked at nobody knows yet whether the name will be locked.
        assert found[401] == MOST
        assert found[423] + found[503] == 45
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status_code != 401)
        assert (await log_in(committed.client, name, "Weaves4lgebra")).status_code == 423

    async def test_right_passwords_lock_nothing(self, committed: Committed) -> None:
        assert (await committed.client.post("/auth/register", json=REGISTRATION)).status_code == 201
        answers = await at_once(log_in(committed.client, "ada_l") for _ in range(20))
        found = Counter(answer.status_code for answer in answers)
        assert set(found) <= {200, 503}
        assert found[200] >= MOST
        assert (await log_in(committed.client, "ada_l")).status_code == 200

    async def test_attempts_of_a_process_that_died_do_not_count(
        self, client: AsyncClient, ada: Member, connection: Connection
    ) -> None:
        await guess(client, ada.username, 2)
        await connection.execute("UPDATE login_attempts SET tried = 5, open_until = now() + interval '1 second'")
        assert (await log_in(client, ada.username)).status_code == 503
        await connection.execute("UPDATE login_attempts SET open_until = now()")
        assert await guess(client, ada.username, 4) == [401, 401, 401, 423]


class TestCleaning:
    async def test_removes_what_is_forgotten_and_nothing_else(
        self, client: AsyncClient, ada: Member, connection: Connection
    ) -> None:
        await log_in(client, ada.username)
        for name in ("one", "two"):
            await guess(client, name, 1)
        gone = await connection.fetchval("SELECT key FROM login_attempts LIMIT 1")
        await connection.execute("UPDATE login_attempts SET forget_at = now() WHERE key = $1", gone)
        await connection.execute(
            "INSERT INTO known_networks VALUES ($1, '10.0.0.1', now() - interval '90 days')", ada.id
        )
        removed = await remove_expired({}, None) or {}  # pyright: ignore[reportArgumentType] - It reports no progress.
        assert (removed["login_attempts"], removed["known_networks"]) == (1, 1)
        assert await connection.fetchval("SELECT count(*) FROM login_attempts") == 1
        assert await connection.fetchval("SELECT network FROM known_networks") == "127.0.0.1"
