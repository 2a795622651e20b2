"""logOut."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.auth.conftest import bearer, is_alive, log_in, refresh
from tests.factories import Factory, Member

Tokens = dict[str, Any]


async def log_out(client: AsyncClient, tokens: Tokens, **given: Any) -> int:
    answer = await client.post("/auth/logout", headers=bearer(tokens["access_token"]), **given)
    return answer.status_code


class TestLogOut:
    @pytest.mark.parametrize("given", [{}, {"json": {}}, {"json": {"everywhere": False}}])
    async def test_ends_this_session_at_once(
        self, client: AsyncClient, ada: Member, tokens: Tokens, given: dict[str, Any]
    ) -> None:
        other = (await log_in(client, ada.username)).json()
        assert await is_alive(client, tokens)
        assert await log_out(client, tokens, **given) == 204
        assert not await is_alive(client, tokens)
        assert (await refresh(client, tokens["refresh_token"])).status_code == 401
        assert await is_alive(client, other)
        assert (await refresh(client, other["refresh_token"])).status_code == 200

    async def test_everywhere_ends_all_sessions_of_the_member_and_no_others(
        self, client: AsyncClient, ada: Member, tokens: Tokens, make: Factory
    ) -> None:
        eve = await make.member()
        other = (await log_in(client, ada.username)).json()
        assert await log_out(client, tokens, json={"everywhere": True}) == 204
        assert not await is_alive(client, tokens)
        assert not await is_alive(client, other)
        assert (await refresh(client, other["refresh_token"])).status_code == 401
        assert await is_alive(client, {"access_token": eve.token})

    async def test_every_token_of_the_session_stops(self, client: AsyncClient, tokens: Tokens) -> None:
        new = (await refresh(client, tokens["refresh_token"])).json()
        assert await log_out(client, new) == 204
        assert not await is_alive(client, tokens)
        assert not await is_alive(client, new)

    async def test_repeated_the_token_is_no_longer_good(self, client: AsyncClient, tokens: Tokens) -> None:
        assert [await log_out(client, tokens) for _ in range(2)] == [204, 401]

    async def test_one_can_log_in_again(self, client: AsyncClient, ada: Member, tokens: Tokens) -> None:
        await log_out(client, tokens, json={"everywhere": True})
        assert (await log_in(client, ada.username)).status_code == 200

    async def test_needs_credentials(self, client: AsyncClient) -> None:
        answer = await client.post("/auth/logout")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")

    async def test_a_refresh_token_is_no_credential(self, client: AsyncClient, tokens: Tokens) -> None:
        assert await log_out(client, {"access_token": tokens["refresh_token"]}) == 401
        assert await is_alive(client, tokens)

    @pytest.mark.parametrize(
        ("body", "media_type", "status"),
        [
            (b"{", "application/json", 400),
            (b'{"everywhere": "true"}', "application/json", 422),
            (b'{"everywhere": 1}', "application/json", 422),
            (b'{"everywhere": null}', "application/json", 422),
            (b'{"user_id": "x"}', "application/json", 422),
            (b"[]", "application/json", 422),
            pytest.param(b" " * 1_048_577, "application/json", 413, id="too large"),
            (b"everywhere=true", "application/x-www-form-urlencoded", 415),
        ],
    )
    async def test_what_is_refused_ends_nothing(
        self, client: AsyncClient, tokens: Tokens, body: bytes, media_type: str, status: int
    ) -> None:
        headers = bearer(tokens["access_token"]) | {"Content-Type": media_type}
        answer = await client.post("/auth/logout", content=body, headers=headers)
        assert answer.status_code == status
        assert await is_alive(client, tokens)
