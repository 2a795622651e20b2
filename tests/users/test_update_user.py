"""updateUser."""

from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.auth.conftest import bearer, log_in, real_hash, refresh
from tests.factories import Factory, Member
from tests.mail.inbox import Inbox, to_and_subject
from tests.users.test_administration import NEW_PASSWORD, code, patch


@pytest.mark.actor("admin")
class TestUpdateUser:
    async def test_changes_what_is_given_and_nothing_else(self, client: AsyncClient, make: Factory) -> None:
        member = await make.member(bio="Weaves.", email_verified=True)
        before = (await client.get(f"/users/{member.id}")).json()
        answer = await patch(client, member.id, {"full_name": "Ada", "website": "ada.example", "bio": None})
        assert answer.status_code == 200
        changed = {"full_name": "Ada", "website": "https://ada.example", "bio": None, "version": 2}
        assert answer.json() == before | changed | {"updated_at": answer.json()["updated_at"]}

    @pytest.mark.parametrize("role", ["user", "manager", "moderator", "admin"])
    async def test_a_role_is_answered(self, client: AsyncClient, make: Factory, role: str) -> None:
        member = await make.member()
        assert (await patch(client, member.id, {"role": role})).json()["role"] == role

    async def test_a_role_gives_and_takes_scopes_with_the_next_request(
        self, client: AsyncClient, make: Factory
    ) -> None:
        member = await make.member(username="theo", password_hash=real_hash())
        tokens = (await log_in(client, "theo")).json()
        headers = bearer(tokens["access_token"])
        assert (await client.get("/users", headers=headers)).status_code == 403
        await patch(client, member.id, {"role": "moderator"})
        # What the token was issued for stays what it is; a new one has it all.
        assert (await client.get("/users", headers=headers)).status_code == 403
        renewed = bearer((await refresh(client, tokens["refresh_token"])).json()["access_token"])
        assert (await client.get("/users", headers=renewed)).status_code == 200
        await patch(client, member.id, {"role": "user"})
        assert (await client.get("/users", headers=renewed)).status_code == 403
        assert (await client.get("/users/me", headers=renewed)).json()["role"] == "user"

    async def test_closing_ends_every_session_for_good(self, client: AsyncClient, make: Factory) -> None:
        member = await make.member(username="theo", password_hash=real_hash())
        tokens = (await log_in(client, "theo")).json()
        assert (await patch(client, member.id, {"is_active": False})).json()["is_active"] is False
        for headers in (member.headers, bearer(tokens["access_token"])):
            assert code(await client.get("/users/me", headers=headers)) == (401, "invalid_token")
        assert (await refresh(client, tokens["refresh_token"])).status_code == 401
        assert code(await log_in(client, "theo")) == (403, "account_inactive")
        assert (await patch(client, member.id, {"is_active": True})).status_code == 200
        # What was open then stays closed.
        assert (await client.get("/users/me", headers=member.headers)).status_code == 401
        assert (await log_in(client, "theo")).status_code == 200

    async def test_a_new_password_ends_every_session(self, client: AsyncClient, make: Factory) -> None:
        member = await make.member(username="theo", password_hash=real_hash())
        tokens = (await log_in(client, "theo")).json()
        answer = await patch(client, member.id, {"password": NEW_PASSWORD})
        assert (answer.status_code, NEW_PASSWORD in answer.text) == (200, False)
        assert (await client.get("/users/me", headers=bearer(tokens["access_token"]))).status_code == 401
        assert (await refresh(client, tokens["refresh_token"])).status_code == 401
        assert (await log_in(client, "theo")).status_code == 401
        assert (await log_in(client, "theo", NEW_PASSWORD)).status_code == 200

    async def test_a_new_password_ends_keys_and_links_and_is_told_by_mail(
        self, client: AsyncClient, make: Factory, inbox: Inbox
    ) -> None:
        member = await make.member(username="theo", email="theo@example.org", password_hash=real_hash())
        key = await make.key(member, frozenset())
        assert (await client.post("/auth/password-reset", json={"email": "theo@example.org"})).status_code == 202
        token = await inbox.token()
        changes = {"password": NEW_PASSWORD, "email": "thief@example.org"}
        assert (await patch(client, member.id, changes)).status_code == 200
        headers = {"X-API-Key": key, "Authorization": ""}
        assert (await client.get("/users/me", headers=headers)).status_code == 401
        answer = await client.post("/auth/password-reset/confirm", json={"token": token, "new_password": "Spins2Looms"})
        assert (answer.status_code, answer.json()["code"]) == (422, "token_invalid")
        # The address that the account had is told, and the one that it has now asked to prove itself.
        assert sorted(to_and_subject(await inbox.collect())) == [
            ("theo@example.org", "Your e-mail address was changed"),
            ("theo@example.org", "Your password was set for you"),
            ("thief@example.org", "Is this your address?"),
        ]

    async def test_other_changes_end_no_key_and_are_not_told(
        self, client: AsyncClient, make: Factory, inbox: Inbox
    ) -> None:
        member = await make.member(email="theo@example.org")
        key = await make.key(member, frozenset())
        assert (await patch(client, member.id, {"full_name": "Theo"})).status_code == 200
        headers = {"X-API-Key": key, "Authorization": ""}
        assert (await client.get("/users/me", headers=headers)).status_code == 200
        assert await inbox.collect() == []

    async def test_other_changes_end_no_session(self, client: AsyncClient, make: Factory) -> None:
        member = await make.member()
        for changes in ({"bio": "New."}, {"role": "manager"}, {"email": "new@example.org"}, {"is_active": True}):
            assert (await patch(client, member.id, changes)).status_code == 200
            assert (await client.get("/users/me", headers=member.headers)).status_code == 200

    async def test_a_new_address_is_verified_only_when_that_is_said(self, client: AsyncClient, make: Factory) -> None:
        member = await make.member(email="ada@example.org", email_verified=True)
        assert (await patch(client, member.id, {"email": "ADA@example.org"})).json()["email_verified"] is True
        assert (await patch(client, member.id, {"email": "new@example.org"})).json()["email_verified"] is False
        said = {"email": "Newer@example.org", "email_verified": True}
        answer = (await patch(client, member.id, said)).json()
        assert (answer["email"], answer["email_verified"]) == ("newer@example.org", True)

    async def test_an_address_of_somebody_else_is_taken(self, client: AsyncClient, make: Factory) -> None:
        await make.member(email="eve@example.org")
        member = await make.member()
        answer = await patch(client, member.id, {"email": "Eve@example.org", "role": "admin"})
        assert code(answer) == (409, "email_taken")
        assert (await client.get(f"/users/{member.id}")).json()["role"] == "user"

    async def test_the_last_administrator_stays_one(
        self, client: AsyncClient, actor: Member, make: Factory, connection: Connection
    ) -> None:
        # One who is closed, or whose role is another, does not count.
        await make.member("admin", is_active=False)
        await make.member("manager")
        assert code(await patch(client, actor.id, {"role": "moderator", "bio": "Gone."})) == (409, "last_admin")
        me = (await client.get("/users/me")).json()
        assert (me["role"], me["bio"]) == ("admin", None)
        assert await connection.fetchval("SELECT count(*) FROM audit_events") == 0

    async def test_one_of_several_administrators_may_step_down(
        self, client: AsyncClient, actor: Member, make: Factory
    ) -> None:
        await make.member("admin")
        assert (await patch(client, actor.id, {"role": "user"})).json()["role"] == "user"
        assert (await client.get("/users")).status_code == 403

    @pytest.mark.parametrize("changes", [{"is_active": False}, {"password": NEW_PASSWORD}])
    async def test_ones_own_account_is_neither_closed_nor_given_a_password(
        self, client: AsyncClient, actor: Member, make: Factory, changes: dict[str, Any]
    ) -> None:
        await make.member("admin")
        assert code(await patch(client, actor.id, changes | {"bio": "Not kept."})) == (409, "own_account")
        assert (await client.get("/users/me")).json()["bio"] is None

    async def test_what_does_not_change_offends_no_rule(self, client: AsyncClient, actor: Member) -> None:
        changes = {"role": "admin", "is_active": True, "bio": "Keeps the presses running."}
        assert (await patch(client, actor.id, changes)).status_code == 200

    @pytest.mark.parametrize("member", ["id", "username", "post_count", "version", "avatar_url", "created_at"])
    async def test_what_nobody_sets_is_refused(self, client: AsyncClient, make: Factory, member: str) -> None:
        other = await make.member()
        answer = await patch(client, other.id, {"bio": "Not kept.", member: "x"})
        assert code(answer) == (422, "validation_failed")
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{member}"]

    async def test_an_edit_cannot_undo_another(self, client: AsyncClient, make: Factory) -> None:
        member = await make.member()
        tag = (await client.get(f"/users/{member.id}")).headers["etag"]
        assert (await patch(client, member.id, {"bio": "First."}, tag)).status_code == 200
        assert code(await patch(client, member.id, {"bio": "Late."}, tag)) == (412, "precondition_failed")

    async def test_is_put_on_record_without_what_was_set(
        self, client: AsyncClient, actor: Member, make: Factory, connection: Connection
    ) -> None:
        member = await make.member()
        await patch(client, member.id, {"password": NEW_PASSWORD, "email": "new@example.org", "role": "manager"})
        event = await connection.fetchrow("SELECT * FROM audit_events")
        assert event is not None
        assert (event["action"], event["actor_id"], event["subject_id"]) == ("user_updated", actor.id, member.id)
        assert "email, password, role" in event["detail"]
        assert "new@example.org" not in event["detail"]
        assert NEW_PASSWORD not in event["detail"]

    async def test_unknown_is_404(self, client: AsyncClient) -> None:
        assert code(await patch(client, uuid4(), {"bio": "x"})) == (404, "not_found")
