"""The hashing threads and their queue."""

import asyncio
import os
import sys
import threading
from concurrent.futures import Future

import pytest
from httpx2 import AsyncClient

from app.auth import passwords
from app.sql import Connection
from tests.auth.conftest import REGISTRATION, log_in, real_hash
from tests.factories import PASSWORD, Factory


def hold_all(release: threading.Event) -> list[Future[bool]]:
    """Keep every hashing thread from its work until the event."""
    return [passwords.threads.submit(release.wait, 30) for _ in range(passwords.THREADS)]


def test_the_hash_for_strangers_costs_what_a_real_one_costs() -> None:
    assert not passwords.hasher.needs_update(passwords.NOBODY)


@pytest.fixture
def twelve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for twelve characters."""
    longer = passwords.settings().model_copy(update={"min_password_length": 12})
    monkeypatch.setattr(passwords, "settings", lambda: longer)


@pytest.mark.actor("admin")
@pytest.mark.usefixtures("twelve")
class TestShortestPassword:
    SHORT, LONG = "Weaves4lgeb", "Weaves4lgebr"

    @pytest.mark.parametrize(
        ("request_line", "member", "more"),
        [
            ("POST /auth/register", "password", {"username": "ada_l", "email": "ada@example.org"}),
            ("POST /users", "password", {"username": "ada_l", "email": "ada@example.org"}),
            ("PATCH /users/{user_id}", "password", {}),
            ("PUT /auth/password", "new_password", {"current_password": PASSWORD}),
            ("POST /auth/password-reset/confirm", "new_password", {"token": "A" * 64}),
        ],
    )
    async def test_is_what_the_settings_say_wherever_one_is_chosen(
        self, client: AsyncClient, make: Factory, request_line: str, member: str, more: dict[str, str]
    ) -> None:
        chosen = await make.member(password_hash=real_hash())
        method, path = request_line.split(" ")
        merge_patch = {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
        headers = {"PATCH": merge_patch, "PUT": chosen.headers}.get(method, {})
        place = path.format(user_id=chosen.id)
        refused, taken = [
            await client.request(method, place, json=more | {member: password}, headers=headers)
            for password in (self.SHORT, self.LONG)
        ]
        assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
        (error,) = refused.json()["errors"]
        assert (error["pointer"], error["code"]) == (f"/{member}", "weak_password")
        assert error["detail"] == "A password needs at least 12 characters"
        # The token of the reset is nobody's, which is seen next.
        assert taken.status_code < 300 or taken.json()["code"] == "token_invalid"

    async def test_is_not_asked_of_who_logs_in(self, client: AsyncClient, make: Factory) -> None:
        old = await make.member(password_hash=passwords.hasher.hash(self.SHORT))
        assert (await log_in(client, old.username, self.SHORT)).status_code == 200


async def test_equal_passwords_have_different_hashes() -> None:
    one, other = await passwords.make_hash("Weaves4lgebra"), await passwords.make_hash("Weaves4lgebra")
    assert one != other
    assert (await passwords.check("Weaves4lgebra", one)) == passwords.Verdict(right=True)
    assert (await passwords.check("Weaves4lgebr", one)) == passwords.Verdict(right=False)


async def test_a_full_queue_is_answered_at_once(client: AsyncClient, connection: Connection) -> None:
    release = threading.Event()
    busy = hold_all(release)
    waiting = [asyncio.create_task(passwords.make_hash("x")) for _ in range(passwords.MAX_WAITING)]
    try:
        await asyncio.sleep(0)
        answer = await client.post("/auth/register", json=REGISTRATION)
        assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert await connection.fetchval("SELECT count(*) FROM users") == 0
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        release.set()
    assert all(held.result() for held in busy)
    assert passwords.load.waiting == 0
    # Those who gave up are not hashed for, and those who come later are served.
    made = passwords.load.made
    assert (await client.post("/auth/register", json=REGISTRATION)).status_code == 201
    assert passwords.load.made == made + 1


async def test_others_are_served_while_passwords_are_hashed(client: AsyncClient) -> None:
    release = threading.Event()
    hold_all(release)
    registration = asyncio.create_task(client.post("/auth/register", json=REGISTRATION))
    try:
        await asyncio.sleep(0.05)
        assert (await client.get("/profiles/nobody_yet")).status_code == 404
        assert not registration.done()
    finally:
        release.set()
    assert (await registration).status_code == 201


@pytest.mark.parametrize("password", ["p" * 100, "é" * 100, "😀" * 100, "a\nb", " "])
async def test_every_text_can_be_hashed(password: str) -> None:
    kept = await passwords.make_hash(password)
    assert (await passwords.check(password, kept)).right
    assert not (await passwords.check(password + " ", kept)).right


def test_hashing_steps_back_for_those_who_read() -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    asked = passwords.threads.submit(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    assert asked.result() == (own + 5 if sys.platform == "linux" else own)
    assert os.getpriority(os.PRIO_PROCESS, 0) == own


def test_there_is_a_thread_for_each_core_and_never_more_than_four() -> None:
    together = threading.Barrier(passwords.THREADS + 1)
    held = [passwords.threads.submit(together.wait, 5) for _ in range(passwords.THREADS)]
    # Would one of them wait for another's end, nobody would get here.
    together.wait(5)
    assert len({each.result() for each in held}) == min(passwords.cores(), 4)
