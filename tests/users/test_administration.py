"""listUsers, createUser, getUser and deleteUser."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient, Response

from app.sql import Connection
from tests.auth.conftest import log_in
from tests.factories import PASSWORD, Factory, Member

MERGE_PATCH = "application/merge-patch+json"
DRAFT = {"username": "Ingrid", "email": "Ingrid@Example.org", "password": PASSWORD}
NEW_PASSWORD = "Another4word"


async def patch(client: AsyncClient, user_id: UUID, changes: Any, if_match: str = "*", **headers: str) -> Response:
    """Send a merge patch for an account."""
    given = {"Content-Type": MERGE_PATCH, "If-Match": if_match} | headers
    return await client.patch(f"/users/{user_id}", json=changes, headers=given)


async def delete(client: AsyncClient, user_id: UUID, if_match: str = "*", **headers: str) -> Response:
    """Delete an account."""
    return await client.delete(f"/users/{user_id}", headers={"If-Match": if_match} | headers)


async def names(client: AsyncClient, **query: Any) -> list[str]:
    """Return the names of a list, in its order."""
    answer = await client.get("/users", params=query)
    assert answer.status_code == 200, answer.text
    return [account["username"] for account in answer.json()["items"]]


def code(answer: Response) -> tuple[int, str]:
    """Return what an answer refuses with."""
    return answer.status_code, answer.json()["code"]


@pytest.mark.actor("moderator")
class TestListUsers:
    async def test_shows_whole_accounts_the_newest_first(self, client: AsyncClient, actor: Member) -> None:
        answer = await client.get("/users")
        (account,) = answer.json()["items"]
        assert account == (await client.get(f"/users/{actor.id}")).json()
        assert "password" not in answer.text

    async def test_is_narrowed_by_what_is_asked(self, client: AsyncClient, make: Factory) -> None:
        await make.member(username="Ada_L", email="ada@example.org", email_verified=True)
        await make.member("manager", username="bram", is_active=False)
        assert await names(client, role="manager") == ["bram"]
        assert await names(client, role="admin") == []
        assert await names(client, is_active=False) == ["bram"]
        assert await names(client, email_verified=True) == ["Ada_L"]
        assert await names(client, username="ADA_l") == ["Ada_L"]
        assert await names(client, email="ADA@example.org") == ["Ada_L"]
        assert await names(client, email="ADA@example.org", role="manager") == []
        assert len(await names(client, is_active=True, email_verified=False)) == 1

    async def test_sorts_names_whatever_their_case(self, client: AsyncClient, make: Factory) -> None:
        for name in ("beta", "Alpha", "Gamma"):
            await make.member("manager", username=name)
        assert await names(client, sort="username", role="manager") == ["Alpha", "beta", "Gamma"]
        assert await names(client, sort="-username", role="manager") == ["Gamma", "beta", "Alpha"]

    @pytest.mark.parametrize("role", ["user", "manager", "moderator", "admin"])
    async def test_names_every_role(self, client: AsyncClient, make: Factory, role: str) -> None:
        member = await make.member(role)
        assert member.username in await names(client, role=role)

    @pytest.mark.parametrize("role", ["user", "manager"])
    async def test_is_not_for_members(self, client: AsyncClient, make: Factory, role: str) -> None:
        member = await make.member(role)
        assert code(await client.get("/users", headers=member.headers)) == (403, "permission_denied")


@pytest.mark.actor("admin")
class TestCreateUser:
    async def test_makes_an_account_that_can_be_used(self, client: AsyncClient, connection: Connection) -> None:
        answer = await client.post("/users", json=DRAFT)
        assert answer.status_code == 201
        account = answer.json()
        assert answer.headers["location"] == f"/api/v1/users/{account['id']}"
        assert (account["username"], account["email"], account["role"]) == ("Ingrid", "ingrid@example.org", "user")
        assert (account["is_active"], account["email_verified"], account["version"]) == (True, False, 1)
        assert "assword" not in answer.text
        assert (await client.get(f"/users/{account['id']}")).headers["etag"] == answer.headers["etag"]
        assert (await log_in(client, "ingrid")).status_code == 200
        kept = await connection.fetchval("SELECT password_hash FROM users WHERE id = $1", UUID(account["id"]))
        assert kept.startswith("$argon2id$")

    @pytest.mark.parametrize("role", ["user", "manager", "moderator", "admin"])
    async def test_takes_all_that_an_account_has(self, client: AsyncClient, role: str) -> None:
        more = {"full_name": " Ingrid S. ", "bio": "Reads.", "website": "ingrid.example", "phone": "+47 22 85 50 50 50"}
        state = {"role": role, "is_active": False, "email_verified": True}
        account = (await client.post("/users", json=DRAFT | more | state)).json()
        kept = {"full_name": "Ingrid S.", "bio": "Reads.", "website": "https://ingrid.example", "phone": "472285505050"}
        assert account == account | kept | state
        assert code(await log_in(client, "ingrid")) == (403, "account_inactive")

    @pytest.mark.parametrize("name", ["admin", "ROOT", "Api", "wWw"])
    async def test_reserved_names_cannot_be_had(self, client: AsyncClient, name: str) -> None:
        answer = await client.post("/users", json=DRAFT | {"username": name})
        assert code(answer) == (422, "validation_failed")
        assert answer.json()["errors"][0]["code"] == "reserved_username"

    async def test_names_and_addresses_are_had_once(self, client: AsyncClient, make: Factory) -> None:
        await make.member(username="INGRID", email="other@example.org")
        assert code(await client.post("/users", json=DRAFT)) == (409, "username_taken")
        other = DRAFT | {"username": "other", "email": "Other@example.org"}
        assert code(await client.post("/users", json=other)) == (409, "email_taken")

    @pytest.mark.parametrize(
        ("password", "lacking"),
        [
            ("Sh0rt", "at least 8 characters"),
            ("weaves4lgebra", "an upper-case letter"),
            ("WEAVES4LGEBRA", "a lower-case letter"),
            ("WeavesAlgebra", "a digit"),
            ("A1" + "b" * 99, "at most 100 characters"),
        ],
    )
    async def test_a_password_obeys_the_rules_of_all_passwords(
        self, client: AsyncClient, make: Factory, password: str, lacking: str
    ) -> None:
        member = await make.member()
        created = await client.post("/users", json=DRAFT | {"password": password})
        updated = await patch(client, member.id, {"password": password})
        for answer in (created, updated):
            (error,) = answer.json()["errors"]
            assert (answer.status_code, error["pointer"], error["code"]) == (422, "/password", "weak_password")
            assert lacking in error["detail"]
            assert password not in answer.text

    async def test_is_put_on_record(self, client: AsyncClient, actor: Member, connection: Connection) -> None:
        account = (await client.post("/users", json=DRAFT | {"role": "manager"})).json()
        event = await connection.fetchrow("SELECT * FROM audit_events")
        assert event is not None
        assert (event["action"], event["actor_id"], str(event["subject_id"])) == (
            "user_created",
            actor.id,
            account["id"],
        )
        assert event["detail"] == '{"role": "manager"}'

    @pytest.mark.parametrize("role", ["user", "manager", "moderator"])
    async def test_is_for_administrators(self, client: AsyncClient, make: Factory, role: str) -> None:
        member = await make.member(role)
        answer = await client.post("/users", json=DRAFT, headers=member.headers)
        assert code(answer) == (403, "permission_denied")


class TestGetUser:
    @pytest.mark.actor("user")
    async def test_ones_own_account_is_that_of_get_me(self, client: AsyncClient, actor: Member) -> None:
        answer, me = await client.get(f"/users/{actor.id}"), await client.get("/users/me")
        assert answer.json() == me.json()
        assert answer.headers["etag"] == me.headers["etag"]

    @pytest.mark.parametrize("role", ["user", "manager", "moderator", "admin"])
    @pytest.mark.actor("moderator")
    async def test_those_who_may_see_everybody(self, client: AsyncClient, make: Factory, role: str) -> None:
        member = await make.member(role)
        answer = await client.get(f"/users/{member.id}")
        assert (answer.status_code, answer.json()["role"]) == (200, role)

    @pytest.mark.parametrize("role", ["user", "manager"])
    async def test_others_do_not_exist_for_members(self, client: AsyncClient, make: Factory, role: str) -> None:
        member, other = await make.member(role), await make.member()
        seen = await client.get(f"/users/{other.id}", headers=member.headers)
        unknown = await client.get(f"/users/{uuid4()}", headers=member.headers)
        assert code(seen) == code(unknown) == (404, "not_found")
        assert seen.json()["detail"] == unknown.json()["detail"]

    async def test_a_token_without_the_scope_sees_its_member_alone(self, client: AsyncClient, make: Factory) -> None:
        admin, other = await make.member("admin", scopes=frozenset()), await make.member()
        assert (await client.get(f"/users/{admin.id}", headers=admin.headers)).status_code == 200
        assert code(await client.get(f"/users/{other.id}", headers=admin.headers)) == (404, "not_found")


@pytest.mark.actor("admin")
class TestDeleteUser:
    async def test_ends_the_account_and_its_sessions(
        self, client: AsyncClient, actor: Member, make: Factory, connection: Connection
    ) -> None:
        member = await make.member()
        answer = await delete(client, member.id)
        assert (answer.status_code, answer.content) == (204, b"")
        assert (await client.get("/users/me", headers=member.headers)).status_code == 401
        assert code(await client.get(f"/users/{member.id}")) == (404, "not_found")
        assert (await client.get(f"/profiles/{member.username}")).status_code == 404
        assert code(await delete(client, member.id)) == (404, "not_found")
        events = await connection.fetch("SELECT action, actor_id, subject_id FROM audit_events")
        assert [tuple(event) for event in events] == [("user_deleted", actor.id, member.id)]

    async def test_nobody_deletes_himself_here(self, client: AsyncClient, actor: Member, make: Factory) -> None:
        await make.member("admin")
        assert code(await delete(client, actor.id)) == (409, "own_account")
        assert (await client.get("/users/me")).status_code == 200

    async def test_another_administrator_may_be_deleted(self, client: AsyncClient, make: Factory) -> None:
        other = await make.member("admin")
        assert (await delete(client, other.id)).status_code == 204

    async def test_needs_the_current_etag(self, client: AsyncClient, make: Factory) -> None:
        member = await make.member()
        tag = (await client.get(f"/users/{member.id}")).headers["etag"]
        await patch(client, member.id, {"bio": "New."})
        assert code(await delete(client, member.id, tag)) == (412, "precondition_failed")
        assert (await client.get(f"/users/{member.id}")).status_code == 200

    @pytest.mark.parametrize("role", ["user", "manager", "moderator"])
    async def test_is_for_administrators(self, client: AsyncClient, make: Factory, role: str) -> None:
        member, other = await make.member(role), await make.member()
        assert code(await delete(client, other.id, **member.headers)) == (403, "permission_denied")
