"""Members who can log in, and a database in which what is written stays written."""

import asyncio
from collections.abc import AsyncIterator
from functools import cache
from typing import Any

import pytest
from asyncpg.pool import Pool
from httpx2 import AsyncClient, Response
from starlette.types import ASGIApp

from app import db
from app.auth.passwords import hasher
from app.migrations import upgrade
from app.settings import settings
from tests.conftest import BASE_URL, recreate
from tests.contract.checked import checked_client
from tests.factories import PASSWORD, Factory, Member

REGISTRATION = {"username": "ada_l", "email": "ada@example.org", "password": PASSWORD}


@cache
def real_hash() -> str:
    """Return the hash of PASSWORD, made once as the service makes it."""
    return hasher.hash(PASSWORD)


async def log_in(client: AsyncClient, username: str, password: str = PASSWORD, **form: str) -> Response:
    """Log in by name and password."""
    return await client.post("/auth/login", data={"username": username, "password": password} | form)


async def refresh(client: AsyncClient, token: str) -> Response:
    """Exchange a refresh token."""
    return await client.post("/auth/refresh", json={"refresh_token": token})


def bearer(token: str) -> dict[str, str]:
    """Return what carries an access token."""
    return {"Authorization": f"Bearer {token}"}


async def is_alive(client: AsyncClient, tokens: dict[str, Any]) -> bool:
    """Whether the access token of a pair is accepted."""
    answer = await client.get("/users/me", headers=bearer(tokens["access_token"]))
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


@pytest.fixture
async def ada(make: Factory) -> Member:
    """A member whose password is PASSWORD."""
    return await make.member(username="Ada_L", email="ada@example.org", password_hash=real_hash())


@pytest.fixture
async def tokens(client: AsyncClient, ada: Member) -> dict[str, Any]:
    """The tokens of a login of Ada."""
    answer = await log_in(client, ada.username)
    assert answer.status_code == 200
    return answer.json()


@pytest.fixture(scope="session")
def committed_database(server: str, worker_id: str) -> str:
    """The address of a database for tests of true concurrency."""
    dsn = asyncio.run(recreate(server, f"test_auth_{worker_id}"))
    upgrade(dsn)
    return dsn


@pytest.fixture
async def committed(committed_database: str) -> AsyncIterator[Pool]:
    """A pool of connections that commit, to an empty database; the service uses it too for the length of the test."""
    pool = await db.connect(settings(), committed_database)
    await pool.execute("TRUNCATE users CASCADE")
    yield pool
    db.use(None)
    await pool.close()


@pytest.fixture
async def crowd(app: ASGIApp, committed: Pool) -> AsyncIterator[AsyncClient]:
    """Speaks HTTP with a service whose work is committed, as many requests at a time as there are."""
    del committed
    async with checked_client(app, BASE_URL) as client:
        yield client
