"""What is told, who hears of it and when: on a database where work is really committed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app import writes
from app.db import reading, single, transaction
from app.domain_events import readers, tasks
from app.domain_events.service import CHANNEL, Audience, Kind, tell, topic
from app.ids import new_id
from app.jobs.registry import Running
from app.problems import NotFound
from tests.committed import Committed

ROOM = UUID(int=7)


class Fault(Exception):
    """What a transaction ends with that is not to be."""


@pytest.fixture
async def signs(committed: Committed) -> AsyncIterator[asyncio.Queue[str]]:
    """What a listener is sent."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(committed.dsn)

    def hear(_: object, __: int, ___: str, payload: object) -> None:
        heard.put_nowait(str(payload))

    await listener.add_listener(CHANNEL, hear)

    async def open_connection() -> Any:
        return await asyncpg.connect(committed.dsn)

    async with writes.shared(open_connection):
        yield heard
    await listener.close()


async def say(number: int) -> None:
    """Tell of a message, in a transaction of its own."""
    async with transaction() as connection:
        await tell(connection, Kind.MESSAGE_CREATED, Audience.ROOM, ROOM, UUID(int=number), {"number": number})


async def heard(signs: asyncio.Queue[str]) -> int:
    return int(await asyncio.wait_for(signs.get(), 5))


class TestTell:
    async def test_is_heard_at_commit(self, committed: Committed, signs: asyncio.Queue[str]) -> None:
        async with transaction() as connection:
            await tell(connection, Kind.ITEM_SOLD_OUT, Audience.ITEM, ROOM, new_id())
            await tell(connection, Kind.MESSAGE_CREATED, Audience.ROOM, ROOM, UUID(int=1), {"number": 1})
            assert await committed.connection.fetchval("SELECT count(*) FROM domain_events") == 0
        number = await heard(signs)
        async with reading() as connection:
            first, second = await readers.of_transaction(connection, number)
        assert (first.kind, second.kind) == (Kind.ITEM_SOLD_OUT, Kind.MESSAGE_CREATED)
        assert (second.topic, second.subject_id) == (topic(Audience.ROOM, ROOM), UUID(int=1))
        assert (first.payload, second.payload) == ({}, {"number": 1})
        # However much a transaction tells, there is one sign of it.
        assert signs.empty()

    @pytest.mark.usefixtures("committed")
    async def test_is_never_heard_when_the_transaction_fails(self, signs: asyncio.Queue[str]) -> None:
        async def fail() -> None:
            async with transaction() as connection:
                await tell(connection, Kind.MESSAGE_CREATED, Audience.ROOM, ROOM, new_id())
                raise Fault

        with pytest.raises(Fault):
            await fail()
        await say(2)
        number = await heard(signs)
        assert signs.empty()
        async with reading() as connection:
            _, events = await readers.since(connection, 0)
            assert [event.payload for event in events] == [{"number": 2}]
            assert events == await readers.of_transaction(connection, number)

    @pytest.mark.usefixtures("committed")
    async def test_by_one_statement_is_heard_unless_it_was_refused(self, signs: asyncio.Queue[str]) -> None:
        async def refuse() -> None:
            async with single() as connection:
                await tell(connection, Kind.MESSAGE_CREATED, Audience.ROOM, ROOM, new_id())
                raise NotFound

        with pytest.raises(NotFound):
            await refuse()
        async with single() as connection:
            await tell(connection, Kind.MESSAGE_CREATED, Audience.ROOM, ROOM, UUID(int=3), {"number": 3})
        number = await heard(signs)
        assert signs.empty()
        async with reading() as connection:
            (event,) = await readers.of_transaction(connection, number)
        assert event.payload == {"number": 3}

    async def test_is_not_sent_by_who_writes(self, committed: Committed, signs: asyncio.Queue[str]) -> None:
        """PostgreSQL commits transactions that send something one after the other, and each waits for the disk."""
        senders: list[int] = []

        def hear(_: object, process: int, *__: object) -> None:
            senders.append(process)

        await committed.raw.add_listener(CHANNEL, hear)
        async with transaction() as connection:
            await tell(connection, Kind.MESSAGE_CREATED, Audience.ROOM, ROOM, new_id())
            writer = await connection.fetchval("SELECT pg_backend_pid()")
        await heard(signs)
        # Whatever was sent has come with the answer.
        await committed.connection.execute("SELECT 1")
        await committed.raw.remove_listener(CHANNEL, hear)
        assert len(senders) == 1
        assert writer not in senders

    @pytest.mark.usefixtures("committed")
    async def test_is_left_to_nobody_who_shares_signs_later(self) -> None:
        async def never() -> Any:
            await asyncio.Event().wait()

        async with writes.shared(never):
            await say(4)
            assert len(writes._told.due) == 1  # pyright: ignore[reportPrivateUsage]
        assert not writes._told.due  # pyright: ignore[reportPrivateUsage]


class TestSince:
    async def test_misses_nothing_that_commits_late(self, committed: Committed) -> None:
        async with reading() as connection:
            begin = await readers.horizon(connection)
        late = committed.connection.transaction()
        await late.start()
        await tell(committed.connection, Kind.MESSAGE_CREATED, Audience.ROOM, ROOM, UUID(int=1), {"number": 1})
        await say(2)
        async with reading() as connection:
            middle, early = await readers.since(connection, begin)
        assert [event.payload["number"] for event in early] == [2]
        # Told first and not yet seen, it stands above the horizon, and what was seen stands above it as well.
        await late.commit()
        async with reading() as connection:
            end, again = await readers.since(connection, middle)
            known = {event.transaction for event in early}
            assert [event.payload["number"] for event in again if event.transaction not in known] == [1]
        # A horizon waits for every transaction of the server, those of other tests included.
        async with asyncio.timeout(30):
            while again:
                await asyncio.sleep(0.05)
                async with reading() as connection:
                    end, again = await readers.since(connection, end)
        assert end > max(known)

    @pytest.mark.usefixtures("committed")
    async def test_goes_on_in_steps(self) -> None:
        async with transaction() as connection:
            await connection.execute(
                "INSERT INTO domain_events (kind, topic, subject_id)"
                " SELECT 'message.created', 'room:x', gen_random_uuid() FROM generate_series(1, $1)",
                readers.STEP + 5,
            )
        async with reading() as connection:
            begin, first = await readers.since(connection, 0)
            _, second = await readers.since(connection, begin, first[-1])
        assert (len(first), len(second)) == (readers.STEP, 5)
        assert [event.id for event in first + second] == sorted({event.id for event in first + second})

    @pytest.mark.usefixtures("committed")
    async def test_hears_each_once_with_the_signs(self, signs: asyncio.Queue[str]) -> None:
        """What a reader does: signs while it is connected, and a look for what it may have missed."""
        async with reading() as connection:
            begin = await readers.horizon(connection)
        await asyncio.gather(*(say(number) for number in range(40)))
        seen: set[int] = set()
        numbers: list[int] = []
        for _ in range(25):
            seen.add(sign := await heard(signs))
            async with reading() as connection:
                numbers += [event.payload["number"] for event in await readers.of_transaction(connection, sign)]
        async with reading() as connection:
            _, events = await readers.since(connection, begin)
        numbers += [event.payload["number"] for event in events if event.transaction not in seen]
        assert sorted(numbers) == list(range(40))


class TestRemoveOld:
    async def test_keeps_three_days(self, committed: Committed) -> None:
        for number in range(3):
            await say(number)
        await committed.connection.execute(
            "UPDATE domain_events SET created_at = now() - interval '73 hours' WHERE payload->>'number' < '2'"
        )

        async def nobody(*_: object) -> None:
            """Nothing is reported."""

        job = Running(new_id(), "old", 1, None, nobody)
        assert await tasks.remove_old({}, job) == {"domain_events": 2}
        assert await committed.connection.fetchval("SELECT payload->>'number' FROM domain_events") == "2"
