"""Attending under concurrency, over HTTP, and against members who leave and events that are deleted."""

import asyncio
import random
from collections import Counter

import pytest
from httpx2 import Response

from tests.committed import Committed, at_once
from tests.users.test_leaving import delete_me

pytestmark = pytest.mark.xdist_group("committed")

WRONG = """
    SELECT id FROM events WHERE attendee_count <> (SELECT count(*) FROM event_attendances WHERE event_id = events.id)
"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
EVERYTHING = {"If-Match": "*"}


class TestAttendEvent:
    async def test_sixty_at_once_get_twenty_seats(self, committed: Committed) -> None:
        event = await committed.make.happening(max_participants=20)
        members = [await committed.make.member() for _ in range(60)]
        path = f"/events/{event}/attendance"
        answers = await at_once(committed.client.put(path, headers=member.headers) for member in members)
        assert Counter(answer.status_code for answer in answers) == {204: 20, 409: 40}
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"event_full"}
        read = (await committed.client.get(f"/events/{event}")).json()
        assert (read["attendee_count"], await committed.connection.fetch(WRONG)) == (20, [])

    async def test_one_member_at_once_gets_one_seat(self, committed: Committed) -> None:
        """The seats are few, so that one counted twice would keep the second member out."""
        event = await committed.make.happening(max_participants=2)
        path = f"/events/{event}/attendance"
        eager, other = [await committed.make.member() for _ in range(2)]
        for _ in range(10):
            answers = await at_once(committed.client.put(path, headers=eager.headers) for _ in range(12))
            assert {answer.status_code for answer in answers} == {204}
            assert (await committed.client.put(path, headers=other.headers)).status_code == 204
            counted = "SELECT attendee_count, (SELECT count(*) FROM event_attendances) FROM events"
            assert tuple(await committed.connection.fetchrow(counted) or ()) == (2, 2)
            answers = await at_once(
                committed.client.delete(path, headers=member.headers) for member in (eager, other) for _ in range(4)
            )
            assert {answer.status_code for answer in answers} == {204}
            assert tuple(await committed.connection.fetchrow(counted) or ()) == (0, 0)


class TestLeaving:
    async def test_members_leave_while_all_come_and_go(self, committed: Committed) -> None:
        deadlocks = await committed.connection.fetchval(DEADLOCKS)
        members = [await committed.make.member() for _ in range(30)]
        manager = await committed.make.member("manager")
        # Twenty leave, one after the other: some of those who invite late, some of them never.
        invite = [*members[12:20], *members[-2:]]
        events = [await committed.make.happening(member, max_participants=12) for member in invite]
        dice = random.Random(1843)  # noqa: S311 - Dice that fall the same way each time.

        async def act(number: int) -> Response:
            member, event = dice.choice(members), dice.choice(events)
            if number % 30 == 0:
                return await delete_me(committed.client, **members[number // 30].headers)
            if number % 200 == 199:
                return await committed.client.delete(f"/events/{event}", headers=manager.headers | EVERYTHING)
            method = "DELETE" if dice.random() < 0.4 else "PUT"
            return await committed.client.request(method, f"/events/{event}/attendance", headers=member.headers)

        answers = await asyncio.gather(*(act(number) for number in range(600)))
        seen = Counter(answer.status_code for answer in answers)
        assert seen.keys() <= {204, 401, 404, 409}, seen
        assert seen[204] > 100
        assert await committed.connection.fetch(WRONG) == []
        assert await committed.connection.fetchval("SELECT count(*) FROM users") == 11
        assert await committed.connection.fetchval("SELECT count(*) FROM events") <= 2
        assert await committed.connection.fetchval(DEADLOCKS) == deadlocks

    async def test_who_invited_leaves_while_guests_come_twice(self, committed: Committed) -> None:
        """A second change of the event in one transaction would wait for the organizer, who waits for the event."""
        deadlocks = await committed.connection.fetchval(DEADLOCKS)
        guests = [await committed.make.member() for _ in range(5)]
        for _ in range(12):
            organizer = await committed.make.member()
            path = f"/events/{await committed.make.happening(organizer)}/attendance"
            calls = [committed.client.put(path, headers=guest.headers) for guest in guests for _ in range(4)]
            calls.insert(11, delete_me(committed.client, **organizer.headers))
            answers = await asyncio.gather(*calls)
            assert {answer.status_code for answer in answers} <= {204, 404}
        assert await committed.connection.fetchval("SELECT count(*) FROM events") == 0
        assert await committed.connection.fetchval(DEADLOCKS) == deadlocks

    async def test_seats_of_who_leaves_are_free_for_others(self, committed: Committed) -> None:
        event = await committed.make.happening(max_participants=10)
        leaving = [await committed.make.member() for _ in range(10)]
        coming = [await committed.make.member() for _ in range(20)]
        for member in leaving:
            await committed.make.attendance(event, member)
        path = f"/events/{event}/attendance"
        calls = [delete_me(committed.client, **member.headers) for member in leaving]
        calls += [committed.client.put(path, headers=member.headers) for member in coming]
        answers = await asyncio.gather(*calls)
        assert {answer.status_code for answer in answers} <= {204, 409}
        assert await committed.connection.fetch(WRONG) == []
        answers = await at_once(committed.client.put(path, headers=member.headers) for member in coming)
        assert await committed.connection.fetchval("SELECT attendee_count FROM events") == 10
        assert Counter(answer.status_code for answer in answers) == {204: 10, 409: 10}
