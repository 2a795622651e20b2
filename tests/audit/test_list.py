"""listAuditEvents."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.audit.service import record
from app.ids import new_id
from app.sql import Connection
from generated.models import AuditAction
from tests.factories import Factory, Member

PATH = "/admin/audit-events"


async def listed(client: AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """Return the events that a filter leaves, the newest first."""
    answer = await client.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


@pytest.mark.actor("admin")
class TestListAuditEvents:
    @pytest.mark.parametrize("action", AuditAction)
    async def test_finds_events_of_a_kind(
        self, client: AsyncClient, actor: Member, connection: Connection, action: AuditAction
    ) -> None:
        for each in AuditAction:
            await record(connection, each, actor_id=actor.id, subject_id=new_id())
        (event,) = await listed(client, action=action.value)
        assert (event["action"], event["actor_id"]) == (action.value, str(actor.id))

    async def test_tells_everything_of_an_event(self, client: AsyncClient, connection: Connection) -> None:
        detail = {"changed": "role", "count": 3, "everywhere": True, "lines": "a\r\n\0b", "long": "x" * 1000}
        await record(connection, AuditAction.login_failed, actor_id=None, detail=detail)
        (event,) = await listed(client)
        assert event.keys() == {
            "id", "action", "actor_id", "subject_id", "address", "request_id", "detail", "created_at",
        }  # fmt: skip
        assert (event["actor_id"], event["subject_id"]) == (None, None)
        assert (event["address"], event["request_id"]) == ("", "-")
        told = {entry["name"]: entry["value"] for entry in event["detail"]}
        assert told == {"changed": "role", "count": "3", "everywhere": "true", "lines": "a   b", "long": "x" * 500}

    async def test_names_the_request(self, client: AsyncClient) -> None:
        wrong = {"username": "nobody_at_all", "password": "Wrong4password"}
        await client.post("/auth/login", data=wrong, headers={"X-Request-ID": "the-one"})
        (event,) = await listed(client)
        assert event["request_id"] == "the-one"

    async def test_narrows_by_actor_subject_and_time(
        self, client: AsyncClient, actor: Member, connection: Connection
    ) -> None:
        subject = new_id()
        moment = datetime.now(UTC)
        await record(connection, AuditAction.logged_in, actor_id=actor.id)
        await record(connection, AuditAction.login_failed, actor_id=None, subject_id=subject)
        assert [event["action"] for event in await listed(client, actor_id=actor.id)] == ["logged_in"]
        assert [event["action"] for event in await listed(client, subject_id=subject)] == ["login_failed"]
        # `now()` is when the test's transaction began.
        early, late = moment - timedelta(hours=1), moment + timedelta(hours=1)
        assert len(await listed(client, created_after=early.isoformat(), created_before=late.isoformat())) == 2
        assert await listed(client, created_after=late.isoformat()) == []
        assert await listed(client, created_before=early.isoformat()) == []

    async def test_a_cursor_is_of_one_filter(self, client: AsyncClient, connection: Connection) -> None:
        for _ in range(3):
            await record(connection, AuditAction.logged_in, actor_id=None)
        first = await client.get(PATH, params={"limit": 1, "action": "logged_in"})
        cursor = first.json()["page"]["next_cursor"]
        assert (await client.get(PATH, params={"limit": 1, "action": "logged_in", "cursor": cursor})).is_success
        other = await client.get(PATH, params={"limit": 1, "action": "logged_out", "cursor": cursor})
        assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "cursor_invalid")

    @pytest.mark.parametrize("role", ["user", "manager", "moderator"])
    async def test_is_for_administrators_alone(self, client: AsyncClient, make: Factory, role: str) -> None:
        member = await make.member(role)
        answer = await client.get(PATH, headers=member.headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
