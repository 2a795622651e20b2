"""A reset does not wait for what PostgreSQL cleans up by itself."""

import asyncio
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import asyncpg
import pytest

from scripts.databases import throwaway_server
from scripts.sandbox.database import keep, restore
from tests.workers.process import until

# A table that is being vacuumed for as long as it is let, by a server that looks for work every second.
BUSY = (
    "ALTER SYSTEM SET autovacuum_naptime = '1s'",
    "SELECT pg_reload_conf()",
    """CREATE TABLE parts WITH (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,
                             autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)
    AS SELECT number FROM generate_series(1, 200000) AS number""",
    "CREATE SCHEMA sandbox",
    "CREATE TABLE sandbox.clock AS SELECT now() AS moment",
)
VACUUMED = "SELECT FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND query LIKE '%public.parts'"

pytestmark = pytest.mark.xdist_group("sandbox")


async def _reset(dsn: str) -> int:
    connection: Any = await asyncpg.connect(dsn)
    try:
        for statement in BUSY:
            await connection.execute(statement)
        await keep(connection)
        await connection.execute("DELETE FROM parts WHERE number % 2 = 0")
        await until(lambda: connection.fetch(VACUUMED))
        # As long as whoever waits for a vacuum lets it go on, unless told otherwise; it is a second by default.
        await connection.execute("SET deadlock_timeout = '10min'")
        async with asyncio.timeout(30), connection.transaction():
            await restore(connection)
        return await connection.fetchval("SELECT count(*) FROM parts")
    finally:
        await connection.close()


def _reset_beside_a_vacuum() -> int:
    with throwaway_server() as dsn:
        return asyncio.run(_reset(dsn))


def test_a_vacuum_makes_way_at_once() -> None:
    # A server of its own, and a process of its own that may stop it.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        assert process.submit(_reset_beside_a_vacuum).result(timeout=150) == 200_000
