"""What every test stands on: a real PostgreSQL, a transaction that is rolled back, and callers of every role.

The database server is started once and shared by the parallel workers; each worker has a database of its own. A test
runs on one connection, inside a transaction that never commits, so tests neither see nor disturb each other.
"""

import asyncio
import atexit
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir, mkdtemp
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

# The settings are read when the service is imported; a test must not find a developer's own.
os.environ |= {"DATA_DIR": mkdtemp(prefix="galley-test-"), "ENVIRONMENT": "development", "LOG_LEVEL": "WARNING"}
# A suite asks more in a minute than anybody may; the tests of the limits set their own.
os.environ |= {"RATE_LIMIT": "1000000/minute", "RATE_LIMIT_AUTH": "1000000/minute"}
# Tests write into the database beside the service, which cannot know of it; those of the kept answers keep some.
os.environ["PUBLIC_CACHE_SECONDS"] = "0"

import asyncpg
import httpx2
import pytest
from starlette.types import ASGIApp

from app import db, embedded
from app.contract import BASE_PATH
from app.current import Current, begin
from app.main import create_app
from app.migrations import upgrade
from app.sql import Connection
from tests.contract import seen
from tests.contract.checked import checked_client
from tests.factories import Factory, Member

atexit.register(rmtree, os.environ["DATA_DIR"], ignore_errors=True)

BASE_URL = f"http://localhost{BASE_PATH}"


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The service runs on asyncio with uvloop, and so do its tests."""
    return "asyncio", {"use_uvloop": True}


def at_database(dsn: str, name: str) -> str:
    """Return the address of another database on the same server."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


def _remove_unused(folder: Path) -> None:
    if not (folder / "postgres/postmaster.pid").exists():
        rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server(testrun_uid: str) -> Iterator[str]:
    """The address of the shared PostgreSQL server; the last worker to leave stops it.

    It lives beside pytest's own folder, not in it: where the server runs as another user, because we are root, the
    next session of pytest would close its way there.
    """
    folder = Path(gettempdir()) / f"galley-{testrun_uid}"
    folder.mkdir(mode=0o755, exist_ok=True)
    atexit.register(_remove_unused, folder)
    yield embedded.start(folder, fast=True)
    embedded.stop()


async def recreate(dsn: str, name: str) -> str:
    """Make an empty database, and return its address."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
        )
    finally:
        await connection.close()
    return at_database(dsn, name)


@pytest.fixture(scope="session")
def database(server: str, worker_id: str) -> str:
    """The address of this worker's database, migrated to the newest schema."""
    dsn = asyncio.run(recreate(server, f"test_{worker_id}"))
    upgrade(dsn)
    return dsn


class OneConnection:
    """Lends one and the same connection to whoever asks, one after the other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()

    async def take(self) -> Connection:
        await self._turn.acquire()
        return self._connection

    def give(self, connection: Connection, *, sound: bool) -> None:
        del connection, sound
        self._turn.release()


@pytest.fixture(scope="session")
async def opened(database: str) -> AsyncIterator[Connection]:
    """This worker's one connection: PostgreSQL takes longer to open one than most tests take."""
    raw = await asyncpg.connect(database)
    yield raw
    await raw.close()


@pytest.fixture
async def connection(opened: Connection) -> AsyncIterator[Connection]:
    """A connection in a transaction that is rolled back; the service uses it too for the length of the test."""
    # All tests of a worker run in one context, in which the last request of the test before would be the current one.
    begin(Current())
    outer = opened.transaction()
    await outer.start()
    db.use(OneConnection(opened))
    yield opened
    db.use(None)
    await outer.rollback()
    await opened.execute("RESET ALL")


@pytest.fixture(scope="session")
def app() -> ASGIApp:
    """The service, as it is served."""
    return create_app()


@pytest.fixture
def make(connection: Connection) -> Factory:
    """Makes members, posts, comments and tags."""
    return Factory(connection)


@pytest.fixture
async def actor(request: pytest.FixtureRequest, make: Factory) -> Member | None:
    """Who is calling: the member of the role that `@pytest.mark.actor("moderator")` names, or nobody."""
    marker = cast("pytest.Item", request.node).get_closest_marker("actor")
    return await make.member(role=marker.args[0]) if marker else None


@pytest.fixture
async def client(app: ASGIApp, actor: Member | None, connection: Connection) -> AsyncIterator[httpx2.AsyncClient]:
    """Speaks HTTP with the service as the actor; every answer is checked against the contract."""
    del connection
    async with checked_client(app, BASE_URL, actor.headers if actor else None) as client:
        yield client


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, and count what of the contract the suite sees."""
    config.pluginmanager.register(seen)
    config.addinivalue_line("markers", "actor(role): who is calling; without it nobody is logged in")
