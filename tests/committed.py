"""A database of one's own in which work is really committed, for tests of what happens at the same time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx2
import pytest
from starlette.types import ASGIApp

from app import db
from app.current import Current, begin
from app.migrations import upgrade
from app.settings import settings
from app.sql import Connection
from tests.conftest import BASE_URL, recreate
from tests.contract.checked import checked_client
from tests.factories import Factory

_TABLES = """
    SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables
    WHERE schemaname IN ('public', 'queue') AND tablename <> 'alembic_version'
"""


@dataclass(frozen=True, slots=True)
class Committed:
    """The service on a pool, and beside it a connection to make rows and to look at them."""

    client: httpx2.AsyncClient
    connection: Connection
    make: Factory
    dsn: str
    # The same connection, with all that asyncpg's can.
    raw: asyncpg.Connection
    pool: db.Source


async def at_once(calls: Iterable[Awaitable[httpx2.Response]]) -> list[httpx2.Response]:
    """Send requests together and wait for all answers."""
    return list(await asyncio.gather(*calls))


@pytest.fixture(scope="session")
def committed_database(server: str, worker_id: str) -> str:
    """The address of this worker's database for committed work, migrated to the newest schema."""
    dsn = asyncio.run(recreate(server, f"committed_{worker_id}"))
    upgrade(dsn)
    return dsn


@pytest.fixture
async def committed(app: ASGIApp, committed_database: str) -> AsyncIterator[Committed]:
    """The service on a pool of connections; the tables are emptied afterwards."""
    # Outside of any request, as `connection` begins.
    begin(Current())
    # Ten connections, because eight workers share the server's hundred.
    few = settings().model_copy(update={"database_pool_size": 8, "database_max_overflow": 0})
    pool = await db.connect(few, committed_database)
    own: Any = await asyncpg.connect(committed_database)
    async with checked_client(app, BASE_URL, None) as client:
        yield Committed(client, own, Factory(own), committed_database, own, pool)
    db.use(None)
    await pool.close()
    # As a replica, because audit events are guarded by a trigger.
    await own.execute(f"SET session_replication_role = replica; TRUNCATE {await own.fetchval(_TABLES)}")
    await own.close()
