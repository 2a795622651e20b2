"""Keys of programs: shown once, limited in scope and number, ended at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.factories import Factory, Member
from tests.mail.inbox import Inbox

KEYS = "/auth/api-keys"
BACKUP: dict[str, Any] = {"name": " Nightly backup ", "scopes": ["posts:write"]}


async def create(client: AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post(KEYS, json=BACKUP | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


def by_key(key: dict[str, Any]) -> dict[str, str]:
    return {"X-API-Key": key["key"], "Authorization": ""}


@pytest.mark.actor("user")
class TestCreateApiKey:
    async def test_shows_the_key_once_and_keeps_no_trace_of_it(
        self, client: AsyncClient, connection: Connection
    ) -> None:
        made = await create(client)
        assert (made["name"], made["scopes"], made["expires_at"]) == ("Nightly backup", ["posts:write"], None)
        assert made["key"].startswith(made["prefix"] + "_")
        (shown,) = (await client.get(KEYS)).json()["items"]
        assert shown == {name: value for name, value in made.items() if name != "key"}
        kept = await connection.fetchval("SELECT string_agg(row::text, '') FROM api_keys AS row")
        records = await connection.fetchval("SELECT string_agg(encode(body, 'escape'), '') FROM idempotency_records")
        secret = made["key"].removeprefix(made["prefix"])
        assert secret not in kept + (records or "")

    async def test_is_told_by_mail_once(self, client: AsyncClient, actor: Member, inbox: Inbox) -> None:
        headers = {"Idempotency-Key": "backup-of-monday"}
        for _ in range(2):
            assert (await client.post(KEYS, json=BACKUP, headers=headers)).status_code == 201
        assert (await client.post(KEYS, json=BACKUP | {"scopes": ["taxonomy:write"]})).status_code == 422
        (mail,) = await inbox.collect()
        assert mail["Subject"] == "A new API key was made"
        assert mail["To"].addresses[0].display_name == actor.username
        assert "galley_" not in mail.as_string()

    async def test_again_with_one_idempotency_key_shows_the_same_and_keeps_no_trace_either(
        self, client: AsyncClient, connection: Connection
    ) -> None:
        headers = {"Idempotency-Key": "backup-of-monday"}
        first, again = [(await client.post(KEYS, json=BACKUP, headers=headers)).json() for _ in range(2)]
        assert first == again
        records = await connection.fetchval("SELECT string_agg(encode(body, 'escape'), '') FROM idempotency_records")
        assert first["prefix"] in records
        assert first["key"] not in records

    async def test_makes_keys_that_differ(self, client: AsyncClient) -> None:
        made = [await create(client) for _ in range(20)]
        assert len({key["key"] for key in made}) == len({key["prefix"] for key in made}) == 20

    @pytest.mark.parametrize(
        ("changes", "pointer", "code"),
        [
            ({"scopes": ["posts:write", "taxonomy:write"]}, "/scopes/1", "scope_not_held"),
            ({"scopes": ["nothing:known"]}, "/scopes/0", "scope_not_held"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at", "time_is_over"),
            ({"name": " "}, "/name", "string_pattern_mismatch"),
            ({"name": "\u3000 \u00a0"}, "/name", "string_pattern_mismatch"),
        ],
    )
    async def test_refuses(self, client: AsyncClient, changes: dict[str, Any], pointer: str, code: str) -> None:
        answer = await client.post(KEYS, json=BACKUP | changes)
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == (pointer, code)

    async def test_makes_fifty_and_no_more(self, client: AsyncClient) -> None:
        for _ in range(50):
            await create(client)
        answer = await client.post(KEYS, json=BACKUP)
        assert (answer.status_code, answer.json()["code"]) == (409, "too_many_keys")

    async def test_hands_on_no_more_than_the_token_holds(self, client: AsyncClient, make: Factory) -> None:
        narrow = await make.member(scopes=frozenset({"comments:write"}))
        answer = await client.post(KEYS, json=BACKUP, headers=narrow.headers)
        assert answer.json()["errors"][0]["code"] == "scope_not_held"


@pytest.mark.actor("user")
class TestUse:
    async def test_acts_for_the_member_within_its_scopes(self, client: AsyncClient, actor: Member) -> None:
        key = await create(client)
        assert (await client.get("/users/me", headers=by_key(key))).json()["id"] == str(actor.id)
        draft = {"title": "On loose type", "content": "It walks at night."}
        assert (await client.post("/posts", json=draft, headers=by_key(key))).status_code == 201
        narrow = await create(client, scopes=[])
        answer = await client.post("/posts", json=draft, headers=by_key(narrow))
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")

    async def test_manages_no_keys_and_sessions(self, client: AsyncClient) -> None:
        key = await create(client)
        for path in (KEYS, "/auth/sessions"):
            answer = await client.get(path, headers=by_key(key))
            assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")

    async def test_is_noted_to_the_minute(self, client: AsyncClient, connection: Connection) -> None:
        key = await create(client)
        await client.get("/users/me", headers=by_key(key))
        (shown,) = (await client.get(KEYS)).json()["items"]
        assert datetime.now(UTC) - datetime.fromisoformat(shown["last_used_at"]) < timedelta(minutes=1)
        recently = datetime.now(UTC) - timedelta(seconds=30)
        await connection.execute("UPDATE api_keys SET last_used_at = $1", recently)
        await client.get("/users/me", headers=by_key(key))
        assert await connection.fetchval("SELECT last_used_at FROM api_keys") == recently

    async def test_ends_when_revoked(self, client: AsyncClient) -> None:
        key = await create(client)
        assert (await client.get("/users/me", headers=by_key(key))).status_code == 200
        assert (await client.delete(f"{KEYS}/{key['id']}")).status_code == 204
        answer = await client.get("/users/me", headers=by_key(key))
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
        assert (await client.delete(f"{KEYS}/{key['id']}")).status_code == 404

    async def test_is_nobody_elses_to_revoke(self, client: AsyncClient, make: Factory) -> None:
        key = await create(client)
        other = await make.member(role="admin")
        assert (await client.delete(f"{KEYS}/{key['id']}", headers=other.headers)).status_code == 404
        assert (await client.get("/users/me", headers=by_key(key))).status_code == 200
