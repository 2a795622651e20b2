"""attendEvent, cancelAttendance, listAttendees, and what becomes of seats when a member leaves."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.factories import Factory, Member
from tests.users.test_leaving import delete_me

SEATS = "SELECT attendee_count, (SELECT count(*) FROM event_attendances WHERE event_id = events.id) FROM events"
YESTERDAY = datetime.now(UTC) - timedelta(days=1)


async def seats(connection: Connection) -> tuple[int, ...]:
    """Return how many seats are counted and how many there are, of the only event."""
    return tuple(await connection.fetchrow(SEATS) or ())


@pytest.mark.actor("user")
class TestAttendEvent:
    async def test_takes_one_seat_however_often_it_is_sent(
        self, client: AsyncClient, connection: Connection, make: Factory
    ) -> None:
        path = f"/events/{await make.happening()}/attendance"
        assert [(await client.put(path)).status_code for _ in range(3)] == [204, 204, 204]
        assert await seats(connection) == (1, 1)

    async def test_the_last_seat_is_the_last(self, client: AsyncClient, connection: Connection, make: Factory) -> None:
        path = f"/events/{await make.happening(max_participants=1)}/attendance"
        assert (await client.put(path)).status_code == 204
        late = await client.put(path, headers=(await make.member()).headers)
        assert (late.status_code, late.json()["code"]) == (409, "event_full")
        # Who has a seat keeps it, full or not.
        assert (await client.put(path)).status_code == 204
        assert await seats(connection) == (1, 1)

    async def test_nobody_comes_once_it_has_started(
        self, client: AsyncClient, actor: Member, connection: Connection, make: Factory
    ) -> None:
        event = await make.happening(starts_at=YESTERDAY)
        answer = await client.put(f"/events/{event}/attendance")
        assert (answer.status_code, answer.json()["code"]) == (409, "event_started")
        assert await seats(connection) == (0, 0)
        await make.attendance(event, actor)
        assert (await client.put(f"/events/{event}/attendance")).status_code == 204
        assert await seats(connection) == (1, 1)

    async def test_one_that_starts_this_moment_has_started(
        self, client: AsyncClient, connection: Connection, make: Factory
    ) -> None:
        event = await make.happening(starts_at=await connection.fetchval("SELECT now()"))
        assert (await client.put(f"/events/{event}/attendance")).json()["code"] == "event_started"

    async def test_organizers_attend_their_own_as_everybody_does(
        self, client: AsyncClient, actor: Member, connection: Connection, make: Factory
    ) -> None:
        event = await make.happening(actor)
        assert (await client.get(f"/events/{event}")).json()["attendee_count"] == 0
        assert (await client.put(f"/events/{event}/attendance")).status_code == 204
        assert await seats(connection) == (1, 1)

    async def test_one_that_is_not_there_is_not_found(self, client: AsyncClient) -> None:
        assert (await client.put(f"/events/{uuid4()}/attendance")).status_code == 404


@pytest.mark.actor("user")
class TestCancelAttendance:
    async def test_gives_the_seat_to_others(
        self, client: AsyncClient, actor: Member, connection: Connection, make: Factory
    ) -> None:
        event = await make.happening(max_participants=1)
        await make.attendance(event, actor)
        path = f"/events/{event}/attendance"
        assert [(await client.delete(path)).status_code for _ in range(2)] == [204, 204]
        assert await seats(connection) == (0, 0)
        assert (await client.put(path, headers=(await make.member()).headers)).status_code == 204
        assert await seats(connection) == (1, 1)

    async def test_without_a_seat_nothing_changes(
        self, client: AsyncClient, connection: Connection, make: Factory
    ) -> None:
        coming, over = await make.happening(), await make.happening(starts_at=YESTERDAY)
        await make.attendance(coming)
        for event in (coming, over):
            assert (await client.delete(f"/events/{event}/attendance")).status_code == 204
        assert await connection.fetchval("SELECT sum(attendee_count) FROM events") == 1

    async def test_nobody_goes_once_it_has_started(
        self, client: AsyncClient, actor: Member, connection: Connection, make: Factory
    ) -> None:
        event = await make.happening(starts_at=YESTERDAY)
        await make.attendance(event, actor)
        answer = await client.delete(f"/events/{event}/attendance")
        assert (answer.status_code, answer.json()["code"]) == (409, "event_started")
        assert await seats(connection) == (1, 1)

    async def test_one_that_is_not_there_is_not_found(self, client: AsyncClient) -> None:
        assert (await client.delete(f"/events/{uuid4()}/attendance")).status_code == 404


class TestListAttendees:
    async def test_the_organizer_sees_who_comes_in_the_order_of_coming(
        self, client: AsyncClient, make: Factory
    ) -> None:
        organizer, now = await make.member(), datetime.now(UTC)
        event, other = await make.happening(organizer), await make.happening(organizer)
        guests = [await make.member(full_name=f"Guest {number}") for number in range(3)]
        for hours, guest in zip((2, 3, 1), guests, strict=True):
            await make.attendance(event, guest, created_at=now - timedelta(hours=hours))
        await make.attendance(other)
        answer = await client.get(f"/events/{event}/attendees?include_total=true", headers=organizer.headers)
        assert answer.status_code == 200
        found = answer.json()["items"]
        assert [item["member"]["username"] for item in found] == [guests[place].username for place in (1, 0, 2)]
        # Of a member everybody's part is shown, and nothing by which the account is known.
        assert {name for item in found for name in item["member"]} == {"username", "full_name", "avatar_url"}
        assert answer.json()["page"]["total"] == 3

    @pytest.mark.parametrize(("role", "status"), [("user", 403), ("moderator", 403), ("manager", 200), ("admin", 200)])
    async def test_of_others_those_see_it_who_may_delete_it(
        self, client: AsyncClient, make: Factory, role: str, status: int
    ) -> None:
        event, member = await make.happening(), await make.member(role)
        await make.attendance(event, member)
        answer = await client.get(f"/events/{event}/attendees", headers=member.headers)
        assert answer.status_code == status


@pytest.mark.actor("user")
class TestLeaving:
    async def test_seats_are_given_back_and_own_events_called_off(
        self, client: AsyncClient, actor: Member, connection: Connection, make: Factory
    ) -> None:
        own, other, past = await make.happening(actor), await make.happening(), await make.happening()
        for event in (own, other, past):
            await make.attendance(event, actor)
            await make.attendance(event)
        await connection.execute("UPDATE events SET starts_at = now() - interval '1 day' WHERE id = $1", past)
        assert (await delete_me(client)).status_code == 204
        rows = await connection.fetch(f"{SEATS} ORDER BY id")
        assert [tuple(row) for row in rows] == [(1, 1), (1, 1)]
        assert await connection.fetchval("SELECT count(*) FROM events WHERE id = $1", own) == 0
