"""One statement that writes is a transaction of its own, and others hear of it."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from time import monotonic

import asyncpg
import pytest

from app import db, writes
from app.pool import Pool
from app.problems import NotFound


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One entry for each time that others were told."""
    times: list[None] = []

    def happened(_: object) -> None:
        times.append(None)

    monkeypatch.setattr(writes, "happened", happened)
    return times


@pytest.fixture(autouse=True)
async def source(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """A pool of one connection, so that each test has the last one's."""
    pool = Pool(partial(asyncpg.connect, database, command_timeout=0.3), size=1, patience=1, recycle=60)
    monkeypatch.setattr(db, "_database", db._Database())  # pyright: ignore[reportPrivateUsage]
    db.use(pool)
    yield
    await pool.close()


async def test_is_committed_and_told(told: list[None]) -> None:
    async with db.single() as connection:
        await connection.execute("CREATE TEMPORARY TABLE written AS SELECT 7 AS number")
        # A transaction that had begun would have a number by now.
        assert await connection.fetchval("SELECT pg_current_xact_id_if_assigned()::text") is None
        assert told == []
    assert told == [None]
    async with db.reading() as connection:
        assert await connection.fetchval("SELECT number FROM written") == 7


async def test_a_refusal_has_written_nothing_to_be_told_of(told: list[None]) -> None:
    with pytest.raises(NotFound):
        async with db.single():
            raise NotFound("There is no such thing.")
    assert told == []


async def test_a_failure_may_have_written(told: list[None]) -> None:
    with pytest.raises(OSError, match="lost"):
        async with db.single():
            raise OSError("lost")
    assert told == [None]


async def test_what_took_too_long_is_not_written_later(database: str) -> None:
    other: asyncpg.Connection = await asyncpg.connect(database)
    try:
        await other.execute("CREATE TABLE waiting AS SELECT 0 AS times")
        async with other.transaction():
            await other.execute("SELECT * FROM waiting FOR UPDATE")
            with pytest.raises(TimeoutError):
                async with db.single() as connection:
                    await connection.execute("UPDATE waiting SET times = times + 1")
        # Whoever still waited for the row would have it now, and be done before this.
        await other.execute("UPDATE waiting SET times = times + 10")
        assert await other.fetchval("SELECT times FROM waiting") == 10
    finally:
        await other.execute("DROP TABLE waiting")
        await other.close()


async def test_a_server_that_cancels_nothing_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, told: list[None]
) -> None:
    monkeypatch.setattr(db, "CANCEL_SECONDS", 0.1)

    async def wait(_: asyncpg.Connection) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(asyncpg.Connection, "close", wait)
    begun = monotonic()
    with pytest.raises(TimeoutError):
        async with db.single():
            raise TimeoutError
    assert monotonic() - begun < 5
    assert told == [None]


async def test_whoever_is_cancelled_meanwhile_gives_its_place_back(
    monkeypatch: pytest.MonkeyPatch, told: list[None]
) -> None:
    closing: asyncio.Queue[asyncpg.Connection] = asyncio.Queue()

    async def wait(connection: asyncpg.Connection) -> None:
        closing.put_nowait(connection)
        await asyncio.sleep(60)

    async def write() -> None:
        async with db.single():
            raise TimeoutError

    with monkeypatch.context() as patched:
        patched.setattr(asyncpg.Connection, "close", wait)
        writing = asyncio.create_task(write())
        lent = await closing.get()
        writing.cancel()
        await asyncio.wait({writing})
    try:
        assert writing.cancelled()
        assert lent.is_closed()
        assert told == [None]
        async with db.reading() as connection:
            assert await connection.fetchval("SELECT 7") == 7
    finally:
        lent.terminate()
