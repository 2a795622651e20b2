"""getMe and updateMe."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from httpx2 import AsyncClient, Response

from app.sql import Connection
from tests.auth.conftest import REGISTRATION, bearer, log_in
from tests.committed import Committed
from tests.factories import Factory, Member

MERGE_PATCH = "application/merge-patch+json"


async def patch(client: AsyncClient, changes: Any, if_match: str | None = "*", **headers: str) -> Response:
    """Send a merge patch."""
    conditions = {} if if_match is None else {"If-Match": if_match}
    return await client.patch("/users/me", json=changes, headers={"Content-Type": MERGE_PATCH} | conditions | headers)


class TestGetMe:
    @pytest.mark.actor("moderator")
    async def test_answers_the_whole_account(self, client: AsyncClient, actor: Member) -> None:
        answer = await client.get("/users/me")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, no-store"
        me = answer.json()
        assert (me["id"], me["username"], me["role"]) == (str(actor.id), actor.username, "moderator")
        assert (me["is_active"], me["email_verified"], me["version"]) == (True, False, 1)
        assert "password" not in answer.text

    @pytest.mark.parametrize("role", ["user", "manager", "moderator", "admin"])
    async def test_names_the_role(self, client: AsyncClient, make: Factory, role: str) -> None:
        member = await make.member(role)
        assert (await client.get("/users/me", headers=member.headers)).json()["role"] == role

    @pytest.mark.actor("user")
    async def test_is_not_sent_again_to_who_has_it(self, client: AsyncClient) -> None:
        tag = (await client.get("/users/me")).headers["etag"]
        again = await client.get("/users/me", headers={"If-None-Match": f'"other", {tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert (await client.get("/users/me", headers={"If-None-Match": '"other"'})).status_code == 200

    @pytest.mark.actor("user")
    async def test_needs_no_scope(self, client: AsyncClient, make: Factory) -> None:
        member = await make.member(scopes=frozenset())
        assert (await client.get("/users/me", headers=member.headers)).json()["id"] == str(member.id)

    async def test_needs_credentials(self, client: AsyncClient) -> None:
        answer = await client.get("/users/me")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE users SET is_active = false",
            "UPDATE sessions SET revoked_at = now()",
            "UPDATE sessions SET expires_at = now()",
            "DELETE FROM sessions",
            "DELETE FROM users",
        ],
    )
    @pytest.mark.actor("user")
    async def test_what_another_process_ends_has_ended_within_a_second(
        self, client: AsyncClient, connection: Connection, change: str
    ) -> None:
        assert (await client.get("/users/me")).status_code == 200
        await connection.execute(change)
        await anyio.sleep(1)
        answer = await client.get("/users/me")
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")

    @pytest.mark.actor("user")
    async def test_unknown_parameters_are_named(self, client: AsyncClient) -> None:
        answer = await client.get("/users/me?user_id=1")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameter"] == "user_id"


@pytest.mark.actor("user")
class TestUpdateMe:
    async def test_changes_what_is_given_and_nothing_else(self, client: AsyncClient, connection: Connection) -> None:
        await connection.execute("UPDATE users SET bio = 'Weaves.', updated_at = $1", datetime.now(UTC) - timedelta(1))
        before = (await client.get("/users/me")).json()
        answer = await patch(client, {"full_name": " Ada McDonald "})
        assert answer.status_code == 200
        after = answer.json()
        assert after["updated_at"] > before["updated_at"]
        changed = {"full_name": "Ada McDonald", "version": 2, "updated_at": after["updated_at"]}
        assert after == before | changed
        kept = await client.get("/users/me")
        assert (kept.json(), kept.headers["etag"]) == (after, answer.headers["etag"])

    @pytest.mark.parametrize("role", ["manager", "moderator", "admin"])
    async def test_leaves_the_role_as_it_is(self, client: AsyncClient, make: Factory, role: str) -> None:
        member = await make.member(role)
        answer = await patch(client, {"bio": "Weaves."}, **member.headers)
        assert (answer.status_code, answer.json()["bio"], answer.json()["role"]) == (200, "Weaves.", role)

    @pytest.mark.parametrize("member", ["full_name", "bio", "website", "phone"])
    async def test_null_clears(self, client: AsyncClient, member: str) -> None:
        full = {"full_name": "Ada", "bio": "Weaves.", "website": "https://ada.example", "phone": "442079460958"}
        before = (await patch(client, full)).json()
        answer = await patch(client, {member: None})
        assert {name: answer.json()[name] for name in full} == {name: before[name] for name in full} | {member: None}

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("ada.example", "https://ada.example"),
            ("http://ada.example/a?b=c#d", "http://ada.example/a?b=c#d"),
            ("HTTPS://Ada.Example", "https://Ada.Example"),
            ("ada.example:8443/https://x", "https://ada.example:8443/https://x"),
            ("a." + "b" * 253, "https://a." + "b" * 253),
        ],
    )
    async def test_a_website_gets_a_scheme(self, client: AsyncClient, given: str, kept: str) -> None:
        assert (await patch(client, {"website": given})).json()["website"] == kept

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("+44 (20) 7946-0958", "442079460958"),
            ("0123456789", "0123456789"),
            ("+123.456.789.012/345", "123456789012345"),
        ],
    )
    async def test_of_a_telephone_number_the_digits_are_kept(self, client: AsyncClient, given: str, kept: str) -> None:
        assert (await patch(client, {"phone": given})).json()["phone"] == kept

    async def test_a_new_address_is_not_verified_yet(
        self, client: AsyncClient, actor: Member, connection: Connection
    ) -> None:
        await connection.execute("UPDATE users SET email = 'ada@example.org', email_verified = true")
        same = (await patch(client, {"email": "ADA@example.org"})).json()
        assert (same["email"], same["email_verified"]) == ("ada@example.org", True)
        other = (await patch(client, {"email": "Ada.L@example.org", "bio": "New."})).json()
        assert (other["email"], other["email_verified"]) == ("ada.l@example.org", False)
        assert await connection.fetchval("SELECT email FROM users WHERE id = $1", actor.id) == "ada.l@example.org"

    async def test_an_address_of_somebody_else_is_taken(self, client: AsyncClient, make: Factory) -> None:
        await make.member(email="eve@example.org")
        answer = await patch(client, {"email": "Eve@Example.org", "bio": "Not kept."})
        assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
        assert (await client.get("/users/me")).json()["bio"] is None

    async def test_moves_to_another_address_only_after_a_login_of_a_short_while_ago(
        self, client: AsyncClient, actor: Member, connection: Connection
    ) -> None:
        key = (await client.post("/auth/api-keys", json={"name": "Backup", "scopes": []})).json()["key"]
        stolen = {"X-API-Key": key}, {"Authorization": f"Bearer {actor.token}"}
        await connection.execute("UPDATE sessions SET created_at = now() - interval '16 minutes'")
        client.headers.pop("Authorization")
        for credential in stolen:
            answer = await patch(client, {"email": "thief@example.org", "bio": "Not kept."}, **credential)
            assert (answer.status_code, answer.json()["code"]) == (403, "login_required")
            assert (await patch(client, {"full_name": "Ada"}, **credential)).status_code == 200
        row = await connection.fetchrow("SELECT email, bio FROM users WHERE id = $1", actor.id)
        assert row is not None
        assert (row["email"] != "thief@example.org", row["bio"]) == (True, None)
        assert await connection.fetchval("SELECT count(*) FROM audit_events WHERE action = 'email_changed'") == 0

    @pytest.mark.parametrize(
        "member",
        ["role", "is_active", "email_verified", "username", "id", "post_count", "version", "avatar_url", "password"],
    )
    async def test_what_is_not_ones_own_to_change_is_refused(
        self, client: AsyncClient, connection: Connection, member: str
    ) -> None:
        before = await connection.fetch("SELECT * FROM users")
        answer = await patch(client, {"bio": "Not kept.", member: "admin"})
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{member}"]
        assert await connection.fetch("SELECT * FROM users") == before

    @pytest.mark.parametrize(
        "wrong",
        [
            {"email": None},
            {"email": "ada"},
            {"full_name": " "},
            {"full_name": "a\nb"},
            {"full_name": "Ada\r\nBcc: eve@example.org"},
            {"full_name": "Ada\x1b[2J"},
            {"full_name": "Ada\u0085"},
            {"email": "ada@example.org\r\nBcc: eve@example.org"},
            {"email": "ada@example.org\n"},
            {"email": "Ada <ada@example.org>"},
            {"email": "ada@example.org,eve@example.org"},
            {"bio": "b" * 501},
            {"bio": "\u200b"},
            {"bio": "a\u0000b"},
            {"website": "javascript:alert(1)"},
            {"website": "ftp://ada.example"},
            {"website": "https://"},
            {"website": "localhost"},
            {"website": "https://eve@ada.example"},
            {"website": " ada.example"},
            {"website": "ada.example/a b"},
            {"phone": "123456789"},
            {"phone": "1234567890123456"},
            {"phone": "٠١٢٣٤٥٦٧٨٩"},
            {"phone": "call 0123456789"},
            {"phone": 1234567890},
        ],
    )
    async def test_a_wrong_value_is_named(self, client: AsyncClient, wrong: dict[str, Any]) -> None:
        answer = await patch(client, wrong)
        assert answer.status_code == 422
        assert {error["pointer"] for error in answer.json()["errors"]} == {f"/{name}" for name in wrong}

    @pytest.mark.parametrize(
        ("body", "media_type", "status"),
        [
            (b"{", MERGE_PATCH, 400),
            (b"{}", MERGE_PATCH, 422),
            (b"[]", MERGE_PATCH, 422),
            (b"null", MERGE_PATCH, 422),
            (b'{"bio": "x"}', "application/json", 415),
            pytest.param(b" " * 1_048_577, MERGE_PATCH, 413, id="too large"),
        ],
    )
    async def test_what_is_no_patch_is_refused(
        self, client: AsyncClient, body: bytes, media_type: str, status: int
    ) -> None:
        headers = {"Content-Type": media_type, "If-Match": "*"}
        assert (await client.patch("/users/me", content=body, headers=headers)).status_code == status

    async def test_needs_if_match(self, client: AsyncClient) -> None:
        answer = await patch(client, {"bio": "Not kept."}, None)
        assert (answer.status_code, answer.json()["code"]) == (428, "precondition_required")
        assert (await client.get("/users/me")).json()["bio"] is None

    async def test_an_edit_cannot_undo_another(self, client: AsyncClient) -> None:
        tag = (await client.get("/users/me")).headers["etag"]
        first = await patch(client, {"bio": "First."}, tag)
        assert first.status_code == 200
        late = await patch(client, {"bio": "Late."}, tag)
        assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
        assert (await patch(client, {"bio": "Next."}, first.headers["etag"])).status_code == 200
        assert (await patch(client, {"bio": "Weak."}, "W/" + first.headers["etag"])).status_code == 412

    async def test_needs_credentials(self, client: AsyncClient) -> None:
        answer = await patch(client, {"bio": "Not kept."}, Authorization="")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


async def test_of_edits_at_once_of_one_version_one_wins(committed: Committed) -> None:
    await committed.client.post("/auth/register", json=REGISTRATION)
    headers = bearer((await log_in(committed.client, "ada_l")).json()["access_token"])
    tag = (await committed.client.get("/users/me", headers=headers)).headers["etag"]
    answers = await asyncio.gather(*(patch(committed.client, {"bio": f"Bio {n}"}, tag, **headers) for n in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    assert await committed.connection.fetchval("SELECT version FROM users") == 2
