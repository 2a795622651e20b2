"""Sessions as their member sees them."""

import pytest
from httpx2 import AsyncClient

from tests.auth.conftest import bearer, is_alive, log_in
from tests.factories import Factory, Member

SESSIONS = "/auth/sessions"


async def test_are_told_apart(client: AsyncClient, ada: Member) -> None:
    client.headers["User-Agent"] = "Loom/1.0 \x07(carding)"
    first = (await log_in(client, ada.username)).json()
    client.headers["User-Agent"] = "x" * 1000
    second = (await log_in(client, ada.username)).json()
    items = (await client.get(SESSIONS, headers=bearer(first["access_token"]))).json()["items"]
    assert [(it["user_agent"], it["current"]) for it in items] == [
        ("x" * 200, False),
        ("Loom/1.0 (carding)", True),
        (None, False),
    ]
    assert await is_alive(client, second)


async def test_that_were_renewed_say_when(client: AsyncClient, ada: Member) -> None:
    tokens = (await log_in(client, ada.username)).json()
    headers = bearer(tokens["access_token"])
    before = (await client.get(SESSIONS, headers=headers)).json()["items"][0]
    await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    after = (await client.get(SESSIONS, headers=headers)).json()["items"][0]
    assert (before["id"], before["created_at"]) == (after["id"], after["created_at"])
    assert before["last_used_at"] <= after["last_used_at"]
    assert before["expires_at"] <= after["expires_at"]


async def test_can_be_ended_one_by_one(client: AsyncClient, ada: Member) -> None:
    mine, other = [(await log_in(client, ada.username)).json() for _ in range(2)]
    headers = bearer(mine["access_token"])
    items = (await client.get(SESSIONS, headers=headers)).json()["items"]
    (another,) = [it for it in items[:2] if not it["current"]]
    assert await is_alive(client, other)
    assert (await client.delete(f"{SESSIONS}/{another['id']}", headers=headers)).status_code == 204
    assert not await is_alive(client, other)
    assert await is_alive(client, mine)
    assert (await client.delete(f"{SESSIONS}/{another['id']}", headers=headers)).status_code == 404


@pytest.mark.actor("admin")
async def test_of_others_are_not_there(client: AsyncClient, make: Factory) -> None:
    other = await make.member()
    assert (await client.delete(f"{SESSIONS}/{other.session_id}")).status_code == 404
    assert (await client.get("/users/me", headers=other.headers)).status_code == 200
