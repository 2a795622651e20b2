import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest
from starlette.applications import Starlette

from app.meta import routes

Check = Callable[[], Awaitable[object]]
Connect = Callable[..., httpx2.AsyncClient]


async def answering() -> None:
    """A database that is there."""
    await asyncio.sleep(0)


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Make clients of the root endpoints over a database that behaves as the test says."""
    clients: list[httpx2.AsyncClient] = []

    def with_database(check: Check, **spared: Check) -> httpx2.AsyncClient:
        app = Starlette(routes=routes(check_database=check, spared=spared))
        transport = httpx2.ASGITransport(app=app)
        # httpx2 asks for compression by itself; here each test says whether it does.
        plain = {"Accept-Encoding": "identity"}
        clients.append(httpx2.AsyncClient(transport=transport, base_url="http://galley.test", headers=plain))
        return clients[-1]

    yield with_database
    for client in clients:
        await client.aclose()


@pytest.fixture
def client(connect: Connect) -> httpx2.AsyncClient:
    return connect(answering)
