"""The pool lends what is good, waits with patience, and closes what is not."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.pool import Pool


async def a_pool(dsn: str, *, size: int = 2, patience: float = 0.05, recycle: float = 60) -> Pool:
    return Pool(lambda: asyncpg.connect(dsn), size=size, patience=patience, recycle=recycle)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    pool = await a_pool(database)
    yield pool
    await pool.close()


async def test_lends_the_same_connection_again(pool: Pool) -> None:
    first = await pool.take()
    pool.give(first, sound=True)
    second = await pool.take()
    pool.give(second, sound=True)
    assert second is first


async def test_lends_no_more_than_it_may(pool: Pool) -> None:
    lent = [await pool.take(), await pool.take()]
    with pytest.raises(TimeoutError):
        await pool.take()
    for connection in lent:
        pool.give(connection, sound=True)
    assert await pool.take() in lent
    pool.give(lent[1], sound=True)


async def test_who_waits_gets_what_comes_back(pool: Pool) -> None:
    lent = [await pool.take(), await pool.take()]
    waiting = asyncio.create_task(pool.take())
    await asyncio.sleep(0)
    pool.give(lent[0], sound=True)
    assert await waiting is lent[0]
    for connection in lent:
        pool.give(connection, sound=True)


@pytest.mark.parametrize("reason", ["not sound", "in a transaction", "closed"])
async def test_lends_no_bad_connection_again(pool: Pool, reason: str) -> None:
    bad = await pool.take()
    if reason == "in a transaction":
        await bad.execute("BEGIN")
    if reason == "closed":
        await bad.close()
    pool.give(bad, sound=reason != "not sound")
    assert bad.is_closed()
    other = await pool.take()
    assert other is not bad
    pool.give(other, sound=True)


async def test_closes_what_is_old(database: str) -> None:
    pool = await a_pool(database, recycle=0.01)
    old = await pool.take()
    await asyncio.sleep(0.02)
    pool.give(old, sound=True)
    assert old.is_closed()
    await pool.close()


async def test_a_failure_to_connect_keeps_the_place_free() -> None:
    async def refuse() -> asyncpg.Connection:
        raise ConnectionRefusedError

    pool = Pool(refuse, size=1, patience=0.05, recycle=60)
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            await pool.take()
