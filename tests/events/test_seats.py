"""No seat is sold twice and none is left unsold, whoever comes, goes and changes the capacity at the same time.

Twenty rounds of two hundred members on twenty seats, through the operations themselves. The same rounds are lost by
the way in which everybody writes this first: look whether there is room, then take the seat.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import pytest

from app.access import Principal
from app.db import transaction
from app.events import handlers
from app.events.attendance import EventFull
from app.events.service import CapacityTooSmall
from app.ids import new_id
from app.sql import Connection
from generated.models import EventUpdate
from tests.committed import Committed

pytestmark = pytest.mark.xdist_group("committed")

ROUNDS, CLIENTS, SEATS, CANCELLATIONS = 20, 200, 20, 40
CAPACITIES = (SEATS + 6, SEATS - 4, SEATS)
# How long the fixture's own statements take does not matter; what is measured is who got in.
STATE = """
    SELECT max_participants, attendee_count, (SELECT count(*) FROM event_attendances WHERE event_id = $1) AS taken
    FROM events WHERE id = $1
"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
Step = Callable[[Principal, UUID], Awaitable[None]]


class Way(NamedTuple):
    """A way to take a seat and to give it back."""

    attend: Step
    cancel: Step


async def attend(principal: Principal, event_id: UUID) -> None:
    await handlers.attend_event(principal=principal, event_id=event_id)


async def cancel(principal: Principal, event_id: UUID) -> None:
    await handlers.cancel_attendance(principal=principal, event_id=event_id)


async def check_then_insert(principal: Principal, event_id: UUID) -> None:
    """The planted fault: between the look and the seat, others look as well."""
    async with transaction() as connection:
        state = await connection.fetchrow(STATE, event_id)
        assert state is not None
        if state["taken"] >= state["max_participants"]:
            raise EventFull
        values = (event_id, principal.user_id, new_id())
        added = "INSERT INTO event_attendances (event_id, user_id, id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
        await connection.execute(added, *values)


async def just_delete(principal: Principal, event_id: UUID) -> None:
    async with transaction() as connection:
        gone = "DELETE FROM event_attendances WHERE event_id = $1 AND user_id = $2"
        await connection.execute(gone, event_id, principal.user_id)


OURS, NAIVE = Way(attend, cancel), Way(check_then_insert, just_delete)


@dataclass
class Tally:
    """What was wrong after a number of rounds, and how often what was answered."""

    over: int = 0
    under: int = 0
    miscounted: int = 0
    seen: Counter[str] = field(default_factory=Counter[str])

    async def take(self, name: str, step: Awaitable[object]) -> None:
        """Note what comes of a step."""
        try:
            await step
        except (EventFull, CapacityTooSmall) as refusal:
            name = f"{name}: {refusal.code}"
        self.seen[name] += 1


class Round:
    """One event, and everybody at it at once."""

    def __init__(self, way: Way, members: list[Principal], organizer: Principal, event_id: UUID) -> None:
        self._way = way
        self._members = members
        self._organizer = organizer
        self._event_id = event_id

    async def _resize(self, seats: int) -> None:
        patch = EventUpdate(max_participants=seats)
        await handlers.update_event(principal=self._organizer, event_id=self._event_id, if_match="*", body=patch)

    async def play(self, connection: Connection, tally: Tally, dice: random.Random) -> None:
        """Let all come while some go and the room changes; then let some of the rest have what is left."""
        steps = [("attend", self._way.attend(member, self._event_id)) for member in self._members]
        going = dice.sample(self._members, CANCELLATIONS)
        steps += [("cancel", self._way.cancel(member, self._event_id)) for member in going]
        steps += [("resize", self._resize(seats)) for seats in CAPACITIES]
        dice.shuffle(steps)
        await asyncio.gather(*(tally.take(name, step) for name, step in steps))
        await self._count(connection, tally, full=False)
        late = dice.sample(self._members, 2 * SEATS + max(CAPACITIES))
        await asyncio.gather(*(tally.take("come late", self._way.attend(member, self._event_id)) for member in late))
        await self._count(connection, tally, full=True)

    async def _count(self, connection: Connection, tally: Tally, *, full: bool) -> None:
        state = await connection.fetchrow(STATE, self._event_id)
        assert state is not None
        tally.over += max(0, state["taken"] - state["max_participants"])
        tally.under += max(0, state["max_participants"] - state["taken"]) if full else 0
        tally.miscounted += state["taken"] != state["attendee_count"]


async def play(committed: Committed, way: Way, rounds: int) -> Tally:
    """Play so many rounds, each on an event of its own."""
    members = [
        Principal((await committed.make.member()).id, None, "user", frozenset({"events:write"})) for _ in range(CLIENTS)
    ]
    tally, dice = Tally(), random.Random(1843)  # noqa: S311 - Dice that fall the same way each time.
    for _ in range(rounds):
        starts = datetime.now(UTC) + timedelta(days=1)
        event_id = new_id()
        await committed.connection.execute(
            "INSERT INTO events (id, organizer_id, title, description, starts_at, ends_at, max_participants)"
            " VALUES ($1, $2, 'An evening', 'At the loom.', $3, $4, $5)",
            *(event_id, members[0].user_id, starts, starts + timedelta(hours=3), SEATS),
        )
        await Round(way, members, members[0], event_id).play(committed.connection, tally, dice)
    return tally


class TestSeats:
    async def test_none_is_sold_twice_and_none_is_left(self, committed: Committed) -> None:
        deadlocks = await committed.connection.fetchval(DEADLOCKS)
        tally = await play(committed, OURS, ROUNDS)
        assert (tally.over, tally.under, tally.miscounted) == (0, 0, 0), tally
        # All of it has happened: seats were taken, refused and given back, and the room has changed.
        assert tally.seen.keys() >= {"attend", "attend: event_full", "cancel", "resize", "come late: event_full"}
        assert sum(tally.seen.values()) == ROUNDS * (CLIENTS + CANCELLATIONS + 3 + 2 * SEATS + max(CAPACITIES))
        assert await committed.connection.fetchval(DEADLOCKS) == deadlocks

    async def test_looking_before_taking_sells_seats_twice(self, committed: Committed) -> None:
        """What makes the other test worth its time: the same rounds find the fault in the naive way."""
        assert (await play(committed, NAIVE, 2)).over > 0
