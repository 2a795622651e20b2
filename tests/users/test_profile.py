"""getProfile."""

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.factories import Factory

MEMBERS = {"username", "full_name", "bio", "website", "avatar_url", "post_count", "created_at"}


class TestGetProfile:
    @pytest.mark.parametrize("username", ["Ada_L", "ada_l", "ADA_L"])
    async def test_finds_a_member_whatever_the_case(self, client: AsyncClient, make: Factory, username: str) -> None:
        await make.member(username="Ada_L", full_name="Ada Lovelace", website="https://ada.example", post_count=3)
        answer = await client.get(f"/profiles/{username}")
        assert answer.status_code == 200
        profile = answer.json()
        assert (profile["username"], profile["full_name"], profile["post_count"]) == ("Ada_L", "Ada Lovelace", 3)

    async def test_shows_what_everybody_may_know_and_nothing_else(self, client: AsyncClient, make: Factory) -> None:
        member = await make.member("admin", email="secret@example.org", phone="442079460958")
        answer = await client.get(f"/profiles/{member.username}")
        assert answer.json().keys() == MEMBERS
        assert "secret@example.org" not in answer.text
        assert "442079460958" not in answer.text

    async def test_may_be_kept_by_everybody_when_nobody_asks(self, client: AsyncClient, make: Factory) -> None:
        member = await make.member()
        anonymous = await client.get(f"/profiles/{member.username}")
        assert anonymous.headers["cache-control"] == "public, max-age=60"
        known = await client.get(f"/profiles/{member.username}", headers=member.headers)
        assert known.headers["cache-control"] == "private, no-store"
        assert known.json() == anonymous.json()

    async def test_is_not_sent_again_until_it_changes(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        member = await make.member()
        tag = (await client.get(f"/profiles/{member.username}")).headers["etag"]
        again = await client.get(f"/profiles/{member.username}", headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        await connection.execute("UPDATE users SET post_count = post_count + 1 WHERE id = $1", member.id)
        changed = await client.get(f"/profiles/{member.username}", headers={"If-None-Match": tag})
        assert (changed.status_code, changed.headers["etag"] == tag) == (200, False)

    async def test_who_does_not_exist_is_not_found(self, client: AsyncClient) -> None:
        answer = await client.get("/profiles/nobody_here")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    @pytest.mark.parametrize("username", ["ab", "a" * 51, "ada.l", "ada%00l", "%C3%A4da", "ada%20l", "a%2Fb%2Fc"])
    async def test_what_is_no_username_is_refused(self, client: AsyncClient, username: str) -> None:
        answer = await client.get(f"/profiles/{username}")
        assert answer.status_code in (404, 422)
        assert answer.json()["code"] in ("not_found", "validation_failed")

    async def test_a_bad_token_is_refused(self, client: AsyncClient, make: Factory) -> None:
        member = await make.member()
        answer = await client.get(f"/profiles/{member.username}", headers={"Authorization": "Bearer x.y.z"})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
