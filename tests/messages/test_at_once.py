"""Rooms under concurrency: places, counters, numbers, and who reads on while many write."""

import asyncio
import random
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from app.sql import Connection
from tests.committed import Committed, at_once
from tests.factories import Member
from tests.messages.conftest import ANY
from tests.messages.test_people import COUNTS

pytestmark = pytest.mark.xdist_group("committed")

DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
GAPS = """
    SELECT id FROM rooms r WHERE (last_number, last_number) <>
        (SELECT coalesce(max(number), 0), count(*) FROM messages WHERE room_id = r.id)
"""
WRITERS, EACH = 50, 8


async def assert_sound(connection: Connection) -> None:
    """Every counter counts what is there, numbers have no gaps, and nobody waited in a circle."""
    assert await connection.fetch(COUNTS) == []
    assert await connection.fetch(GAPS) == []
    assert await connection.fetchval(DEADLOCKS) == 0


async def crowd(committed: Committed, size: int) -> list[Member]:
    """Return members."""
    return [await committed.make.member() for _ in range(size)]


class TestJoinRoom:
    async def test_the_last_places_are_taken_once(self, committed: Committed) -> None:
        owner, *others = await crowd(committed, 41)
        room = await committed.make.room(owner.id)
        # A thousand less five, of which nobody has to be there.
        await committed.connection.execute("UPDATE rooms SET member_count = 995")
        path = f"/rooms/{room}/membership"
        found = await at_once(committed.client.put(path, headers=member.headers) for member in others * 2)
        statuses = Counter(answer.status_code for answer in found)
        # Whoever is in is told so again.
        assert statuses == {204: 10, 409: 70}
        count = "SELECT member_count FROM rooms", "SELECT count(*) - 1 FROM room_members"
        assert [await committed.connection.fetchval(query) for query in count] == [1000, 5]

    async def test_counts_stay_true_while_all_come_and_go(self, committed: Committed) -> None:
        members = await crowd(committed, 20)
        rooms = [await committed.make.room(member.id) for member in members[:2]]
        dice = random.Random(1)  # noqa: S311 - Dice that fall the same way each time.
        seen: Counter[tuple[str, int]] = Counter()

        async def act(member: Member) -> None:
            for _ in range(20):
                room, owner = dice.choice(list(zip(rooms, members, strict=False)))
                other = dice.choice(members)
                what, path, by = dice.choice(
                    [
                        ("PUT", f"/rooms/{room}/membership", member),
                        ("DELETE", f"/rooms/{room}/membership", member),
                        ("PUT", f"/rooms/{room}/invitations/{other.username}", owner),
                        ("DELETE", f"/rooms/{room}/members/{other.username}", owner),
                        ("DELETE", f"/users/me/invitations/{room}", member),
                        ("POST", f"/rooms/{room}/messages", member),
                        ("PUT", f"/rooms/{room}/read", member),
                    ]
                )
                body: Any = {"content": "A loom."} if what == "POST" else {} if path.endswith("read") else None
                answer = await committed.client.request(what, path, json=body, headers=by.headers)
                seen[what, answer.status_code] += 1

        await asyncio.gather(*(act(member) for member in members))
        assert {status for _, status in seen} <= {201, 204, 403, 404, 409}
        await assert_sound(committed.connection)

    async def test_two_rooms_beside_99_are_one(self, committed: Committed) -> None:
        (owner,) = await crowd(committed, 1)
        for _ in range(99):
            await committed.make.room(owner.id)
        draft = {"name": "One more", "visibility": "private"}
        found = await at_once(committed.client.post("/rooms", json=draft, headers=owner.headers) for _ in range(6))
        assert Counter(answer.status_code for answer in found) == {201: 1, 409: 5}

    async def test_a_withdrawn_invitation_lets_nobody_in(self, committed: Committed) -> None:
        owner, *guests = await crowd(committed, 13)
        room = await committed.make.room(owner.id, visibility="private")
        for guest in guests:
            await committed.make.invitation(room, guest.id)
        calls = [
            call
            for guest in guests
            for call in (
                committed.client.delete(f"/rooms/{room}/invitations/{guest.username}", headers=owner.headers),
                committed.client.put(f"/rooms/{room}/membership", headers=guest.headers),
            )
        ]
        found = await at_once(calls)
        # One of the two was first, and the other finds no invitation.
        pairs = zip(found[::2], found[1::2], strict=True)
        assert all({one.status_code, two.status_code} == {204, 404} for one, two in pairs)
        await assert_sound(committed.connection)


class TestLeaveRoom:
    async def test_one_stays_and_owns_it(self, committed: Committed) -> None:
        members = await crowd(committed, 12)
        room = await committed.make.room(members[0].id)
        for member in members[1:]:
            await committed.make.room_member(room, member.id)
        path = f"/rooms/{room}/membership"
        found = await at_once(committed.client.delete(path, headers=member.headers) for member in members)
        assert Counter(answer.status_code for answer in found) == {204: 11, 409: 1}
        await assert_sound(committed.connection)

    async def test_accounts_that_go_at_once_leave_no_room_without_owner(self, committed: Committed) -> None:
        members = await crowd(committed, 8)
        for owner in members[:4]:
            room = await committed.make.room(owner.id)
            for member in members:
                if member is not owner:
                    await committed.make.room_member(room, member.id)
                    await committed.make.message(room, member.id)
        found = await at_once(committed.client.delete("/users/me", headers=ANY | one.headers) for one in members[:6])
        assert {answer.status_code for answer in found} == {204}
        assert await committed.connection.fetchval("SELECT count(*) FROM rooms WHERE member_count = 2") == 4
        await assert_sound(committed.connection)


class Talk:
    """A room in which many write at once, and what comes of reading it meanwhile."""

    def __init__(self, committed: Committed, room: UUID, reader: Member) -> None:
        self.committed, self.reader = committed, reader
        self.path = f"/rooms/{room}/messages"
        self.told: list[str] = []
        self.done = asyncio.Event()

    async def write(self, writer: Member) -> None:
        """Say one thing after the other."""
        for _ in range(EACH):
            answer = await self.committed.client.post(self.path, json={"content": "A loom."}, headers=writer.headers)
            assert answer.status_code == 201
            self.told.append(answer.json()["id"])

    async def walk(self, query: str) -> list[dict[str, Any]]:
        """Follow the cursors from a page on, as far as they lead."""
        seen: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self.committed.client.get(f"{self.path}?{query}{cursor}", headers=self.reader.headers)
            seen += page.json()["items"]
            if not (onward := page.json()["page"]["next_cursor"]):
                return seen
            cursor = f"&cursor={onward}"

    async def read_on(self) -> list[dict[str, Any]]:
        """Go on after the last number for as long as others write."""
        seen: list[dict[str, Any]] = []
        finished = False
        while not finished:
            finished = self.done.is_set()
            seen += await self.walk(f"sort=number&limit=7&after={seen[-1]['number'] if seen else 0}")
        return seen

    async def look_back(self) -> None:
        """Walk from the newest to the oldest: what stood there is seen, and seen once."""
        for _ in range(4):
            numbers = [message["number"] for message in await self.walk("limit=9")]
            assert numbers == list(range(len(numbers), 0, -1))


class TestListMessages:
    async def test_who_reads_on_misses_nothing_and_sees_nothing_twice(self, committed: Committed) -> None:
        writers = await crowd(committed, WRITERS)
        room = await committed.make.room(writers[0].id)
        for writer in writers[1:]:
            await committed.make.room_member(room, writer.id)
        talk = Talk(committed, room, writers[0])
        reading, back = asyncio.create_task(talk.read_on()), asyncio.create_task(talk.look_back())
        await asyncio.gather(*(talk.write(writer) for writer in writers))
        talk.done.set()
        seen = await reading
        await back
        assert [message["number"] for message in seen] == list(range(1, WRITERS * EACH + 1))
        assert sorted(message["id"] for message in seen) == sorted(talk.told)
        await assert_sound(committed.connection)

    async def test_ids_and_times_alone_would_not_have_told(self, committed: Committed) -> None:
        """The planted fault: an id that was made first may be committed last, and its reader has gone on by then."""
        (owner,) = await crowd(committed, 1)
        room = await committed.make.room(owner.id)
        early, late = UUID(int=1), UUID(int=2)
        await committed.make.message(room, owner.id, id=late)
        seen = await committed.connection.fetch("SELECT id FROM messages WHERE id > $1 ORDER BY id", UUID(int=0))
        await committed.make.message(room, owner.id, id=early)
        last = seen[-1]["id"]
        rest = await committed.connection.fetch("SELECT id FROM messages WHERE id > $1", last)
        assert [row["id"] for row in rest] == []
        by_number = await committed.client.get(f"/rooms/{room}/messages?after=1", headers=owner.headers)
        assert [message["id"] for message in by_number.json()["items"]] == [str(early)]


class TestMarkRoomRead:
    async def test_never_goes_back(self, committed: Committed) -> None:
        owner, reader = await crowd(committed, 2)
        room = await committed.make.room(owner.id)
        await committed.make.room_member(room, reader.id)
        messages = [await committed.make.message(room, owner.id) for _ in range(20)]
        bodies = [{"message_id": str(message)} for message in messages]
        random.Random(2).shuffle(bodies)  # noqa: S311 - The same way each time.
        path = f"/rooms/{room}/read"
        found = await at_once(committed.client.put(path, json=body, headers=reader.headers) for body in bodies)
        assert {answer.status_code for answer in found} == {204}
        answer = await committed.client.get(f"/rooms/{room}", headers=reader.headers)
        assert answer.json()["unread_count"] == 0
