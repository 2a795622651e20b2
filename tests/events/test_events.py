"""createEvent, getEvent, updateEvent and deleteEvent."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.factories import Factory, Member

MERGE = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)


def moment(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


DRAFT: dict[str, Any] = {
    "title": "An evening at the loom",
    "description": "We thread a Jacquard loom and punch the cards.",
    "starts_at": moment(SOON),
    "ends_at": moment(SOON + timedelta(hours=3)),
    "max_participants": 24,
}
# What is wrong with an event, where that is said, and with which code.
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"title": "ab"}, "/title", "string_too_short"),
    ({"title": "a" * 101}, "/title", "string_too_long"),
    ({"title": "   \t\n "}, "/title", ""),
    ({"title": "An\x00evening"}, "/title", "nul_character"),
    ({"title": "An\nevening"}, "/title", "string_pattern_mismatch"),
    ({"description": "too short"}, "/description", "string_too_short"),
    ({"description": "a" * 501}, "/description", "string_too_long"),
    ({"description": "It weaves\x00patterns."}, "/description", "nul_character"),
    ({"starts_at": "2020-01-01T12:00:00Z"}, "/starts_at", "time_is_over"),
    ({"ends_at": moment(SOON - timedelta(seconds=1))}, "/ends_at", "ends_before_start"),
    ({"ends_at": moment(SOON)}, "/ends_at", "ends_before_start"),
    ({"starts_at": "2035-01-01T12:00:00", "ends_at": "2035-01-01T13:00:00Z"}, "/starts_at", "timestamp_format"),
    ({"ends_at": "2035-01-01T12:00:00"}, "/ends_at", "timestamp_format"),
    ({"starts_at": "2034-12-31T23:59:60Z", "ends_at": "2035-01-01T13:00:00Z"}, "/starts_at", ""),
    ({"ends_at": "2035-12-31T23:59:60Z"}, "/ends_at", ""),
    ({"starts_at": "9999-12-31T23:59:59-05:00"}, "/starts_at", "timestamp_range"),
    ({"ends_at": "9999-12-31T23:59:59-05:00"}, "/ends_at", "timestamp_range"),
    ({"ends_at": "2035-02-30T12:00:00Z"}, "/ends_at", ""),
    ({"ends_at": "2035-01-01T24:00:00Z"}, "/ends_at", ""),
    ({"ends_at": 2_051_222_400}, "/ends_at", "timestamp_format"),
    ({"ends_at": "2035-01-01"}, "/ends_at", "timestamp_format"),
    ({"ends_at": None}, "/ends_at", ""),
    ({"max_participants": 0}, "/max_participants", "greater_than_equal"),
    ({"max_participants": 1001}, "/max_participants", "less_than_equal"),
    ({"max_participants": -1}, "/max_participants", "greater_than_equal"),
    ({"max_participants": 1.5}, "/max_participants", ""),
    ({"max_participants": "24"}, "/max_participants", ""),
    ({"attendee_count": 3}, "/attendee_count", ""),
    ({"organizer": "ada_l"}, "/organizer", ""),
]


@pytest.mark.actor("user")
class TestCreateEvent:
    async def test_makes_an_event_that_everybody_sees(self, client: AsyncClient, actor: Member) -> None:
        answer = await client.post("/events", json=DRAFT)
        assert answer.status_code == 201
        event = answer.json()
        assert event | DRAFT == event
        assert (event["organizer"]["username"], event["attendee_count"], event["version"]) == (actor.username, 0, 1)
        assert answer.headers["location"].endswith(f"/events/{event['id']}")
        read = await client.get(f"/events/{event['id']}", headers={"Authorization": ""})
        assert (read.json(), read.headers["etag"]) == (event, answer.headers["etag"])

    async def test_times_of_any_zone_are_answered_in_utc(self, client: AsyncClient) -> None:
        times = {"starts_at": "2035-05-16T19:00:00.25+02:00", "ends_at": "2035-05-16T12:30:00-05:30"}
        event = (await client.post("/events", json=DRAFT | times)).json()
        assert (event["starts_at"], event["ends_at"]) == ("2035-05-16T17:00:00.250000Z", "2035-05-16T18:00:00Z")

    async def test_text_is_trimmed(self, client: AsyncClient) -> None:
        texts = {"title": "  An evening \n", "description": "\tBring an apron.\n\nAnd time. "}
        event = (await client.post("/events", json=DRAFT | texts)).json()
        assert (event["title"], event["description"]) == ("An evening", "Bring an apron.\n\nAnd time.")

    @pytest.mark.parametrize("seats", [1, 1000, 24.0])
    async def test_one_to_a_thousand_can_attend(self, client: AsyncClient, seats: float) -> None:
        answer = await client.post("/events", json=DRAFT | {"max_participants": seats})
        assert (answer.status_code, answer.json()["max_participants"]) == (201, int(seats))

    @pytest.mark.parametrize(("spoilt", "pointer", "code"), WRONG)
    async def test_what_is_wrong_is_named(
        self, client: AsyncClient, connection: Connection, spoilt: dict[str, Any], pointer: str, code: str
    ) -> None:
        answer = await client.post("/events", json=DRAFT | spoilt)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        errors = {error["pointer"]: error["code"] for error in answer.json()["errors"]}
        assert pointer in errors
        assert code in ("", errors[pointer])
        assert await connection.fetchval("SELECT count(*) FROM events") == 0

    @pytest.mark.parametrize("member", sorted(DRAFT))
    async def test_nothing_can_be_left_out(self, client: AsyncClient, member: str) -> None:
        draft = {name: value for name, value in DRAFT.items() if name != member}
        answer = await client.post("/events", json=draft)
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{member}"]

    async def test_all_that_is_wrong_with_the_times_is_said_at_once(self, client: AsyncClient) -> None:
        times = {"starts_at": "2020-01-02T12:00:00Z", "ends_at": "2020-01-01T12:00:00Z"}
        errors = (await client.post("/events", json=DRAFT | times)).json()["errors"]
        assert [(error["pointer"], error["code"]) for error in errors] == [
            ("/starts_at", "time_is_over"),
            ("/ends_at", "time_is_over"),
            ("/ends_at", "ends_before_start"),
        ]

    async def test_a_retry_makes_no_second_one(self, client: AsyncClient, connection: Connection) -> None:
        key = {"Idempotency-Key": "one-evening"}
        first, again = [await client.post("/events", json=DRAFT, headers=key) for _ in range(2)]
        assert (again.status_code, again.text) == (201, first.text)
        assert again.headers["idempotent-replayed"] == "true"
        assert await connection.fetchval("SELECT count(*) FROM events") == 1


class TestGetEvent:
    async def test_public_reads_may_be_kept_a_minute(self, client: AsyncClient, make: Factory) -> None:
        answer = await client.get(f"/events/{await make.happening()}")
        assert answer.headers["cache-control"] == "public, max-age=60"
        assert "Accept" in answer.headers["vary"]

    async def test_another_attendance_is_another_representation(self, client: AsyncClient, make: Factory) -> None:
        path = f"/events/{(event := await make.happening())}"
        tag = (await client.get(path)).headers["etag"]
        assert (await client.get(path, headers={"If-None-Match": tag})).status_code == 304
        await make.attendance(event)
        again = await client.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.json()["attendee_count"], again.json()["version"]) == (200, 1, 1)

    async def test_one_that_is_not_there_is_not_found(self, client: AsyncClient) -> None:
        assert (await client.get(f"/events/{uuid4()}")).status_code == 404


@pytest.mark.actor("user")
class TestUpdateEvent:
    async def test_changes_what_is_given_and_counts_the_edit(
        self, client: AsyncClient, actor: Member, make: Factory
    ) -> None:
        path = f"/events/{await make.happening(actor)}"
        before = await client.get(path)
        answer = await client.patch(
            path, json={"title": "Two evenings"}, headers=MERGE | {"If-Match": before.headers["etag"]}
        )
        after = answer.json()
        assert answer.status_code == 200
        changed = {name for name, value in before.json().items() if after[name] != value}
        assert changed <= {"title", "version", "updated_at"}
        assert (after["title"], after["version"]) == ("Two evenings", 2)
        late = await client.patch(path, json={"title": "Three"}, headers=MERGE | {"If-Match": before.headers["etag"]})
        assert late.status_code == 412

    async def test_attendances_do_not_stand_in_the_way_of_an_edit(
        self, client: AsyncClient, actor: Member, make: Factory
    ) -> None:
        event = await make.happening(actor)
        tag = (await client.get(f"/events/{event}")).headers["etag"]
        await make.attendance(event)
        patch = {"description": "Bring a pattern of your own."}
        answer = await client.patch(f"/events/{event}", json=patch, headers=MERGE | {"If-Match": tag})
        assert (answer.status_code, answer.json()["attendee_count"]) == (200, 1)

    async def test_capacity_does_not_go_below_attendance(
        self, client: AsyncClient, actor: Member, make: Factory
    ) -> None:
        event = await make.happening(actor, max_participants=5)
        for _ in range(3):
            await make.attendance(event)
        few = await client.patch(f"/events/{event}", json={"max_participants": 2, "title": "Small"}, headers=MERGE)
        assert (few.status_code, few.json()["code"]) == (409, "capacity_too_small")
        assert few.json()["detail"] == "3 members attend."
        assert (await client.get(f"/events/{event}")).json()["title"] != "Small"
        enough = await client.patch(f"/events/{event}", json={"max_participants": 3}, headers=MERGE)
        assert (enough.status_code, enough.json()["max_participants"]) == (200, 3)

    @pytest.mark.parametrize(
        ("patch", "pointer", "code"),
        [
            ({"ends_at": moment(SOON)}, "/ends_at", "ends_before_start"),
            ({"starts_at": moment(SOON + timedelta(hours=3))}, "/starts_at", "ends_before_start"),
            (
                {"starts_at": moment(SOON + timedelta(days=2)), "ends_at": moment(SOON + timedelta(days=1))},
                "/ends_at",
                "ends_before_start",
            ),
            ({"starts_at": "2020-01-01T12:00:00Z"}, "/starts_at", "time_is_over"),
            ({"ends_at": "2020-01-01T12:00:00Z"}, "/ends_at", "time_is_over"),
            ({"starts_at": None}, "/starts_at", ""),
            ({"max_participants": 1001}, "/max_participants", "less_than_equal"),
            ({"attendee_count": 1}, "/attendee_count", ""),
        ],
    )
    async def test_the_pair_that_results_is_held_to_the_rules(  # noqa: PLR0913, PLR0917 - Fixtures and parameters.
        self, client: AsyncClient, actor: Member, make: Factory, patch: dict[str, Any], pointer: str, code: str
    ) -> None:
        event = await make.happening(actor, starts_at=SOON)
        answer = await client.patch(f"/events/{event}", json=patch, headers=MERGE)
        assert answer.status_code == 422
        errors = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
        assert any(at == pointer and code in ("", found) for at, found in errors), errors
        assert (await client.get(f"/events/{event}")).json()["version"] == 1

    async def test_both_times_move_together(self, client: AsyncClient, actor: Member, make: Factory) -> None:
        event = await make.happening(actor, starts_at=SOON)
        times = {"starts_at": moment(SOON + timedelta(days=5)), "ends_at": moment(SOON + timedelta(days=6))}
        answer = await client.patch(f"/events/{event}", json=times, headers=MERGE)
        assert (answer.status_code, answer.json() | times) == (200, answer.json())

    async def test_what_has_started_is_edited_and_not_moved_into_the_past(
        self, client: AsyncClient, actor: Member, make: Factory
    ) -> None:
        started = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        path = f"/events/{await make.happening(actor, starts_at=started)}"
        same = {"title": "It has begun", "starts_at": moment(started), "ends_at": moment(started + timedelta(hours=3))}
        assert (await client.patch(path, json=same, headers=MERGE)).status_code == 200
        for past in ({"starts_at": moment(started - timedelta(hours=1))}, {"ends_at": moment(started)}):
            answer = await client.patch(path, json=past, headers=MERGE)
            assert {error["code"] for error in answer.json()["errors"]} >= {"time_is_over"}
        longer = {"ends_at": moment(started + timedelta(hours=9))}
        assert (await client.patch(path, json=longer, headers=MERGE)).status_code == 200

    async def test_others_may_not_whatever_they_may_delete(self, client: AsyncClient, make: Factory) -> None:
        path = f"/events/{await make.happening()}"
        for role in ("user", "manager", "admin"):
            member = await make.member(role)
            answer = await client.patch(path, json={"title": "Mine now"}, headers=MERGE | member.headers)
            assert answer.status_code == 403


class TestDeleteEvent:
    @pytest.mark.parametrize(("role", "status"), [("user", 403), ("moderator", 403), ("manager", 204), ("admin", 204)])
    async def test_strangers_need_the_scope(
        self, client: AsyncClient, connection: Connection, make: Factory, role: str, status: int
    ) -> None:
        event, member = await make.happening(), await make.member(role)
        await make.attendance(event)
        answer = await client.delete(f"/events/{event}", headers=member.headers | {"If-Match": "*"})
        assert answer.status_code == status
        left = 1 if status == 403 else 0
        assert await connection.fetchval("SELECT count(*) FROM event_attendances") == left

    @pytest.mark.actor("user")
    async def test_the_organizer_ends_every_attendance(
        self, client: AsyncClient, actor: Member, connection: Connection, make: Factory
    ) -> None:
        event, other = await make.happening(actor), await make.happening(actor)
        await make.attendance(event)
        await make.attendance(other)
        assert (await client.delete(f"/events/{event}", headers={"If-Match": '"2-00000000"'})).status_code == 412
        assert (await client.delete(f"/events/{event}", headers={"If-Match": "*"})).status_code == 204
        assert (await client.delete(f"/events/{event}", headers={"If-Match": "*"})).status_code == 404
        assert [row[0] for row in await connection.fetch("SELECT event_id FROM event_attendances")] == [other]
