"""The service as a process of its own on a database of its own, and members who speak with it through the client."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack, asynccontextmanager
from itertools import count

import asyncpg
import httpx2
import pytest
from galley_client import AsyncClient, Client
from galley_client.models import LoginForm, Registration

from app.contract import BASE_PATH
from tests.conftest import recreate
from tests.contract.checked import checked
from tests.operations.service import directory, running

PASSWORD = "Weaves4lgebra"
_numbers = count(1)


class Members:
    """Makes members, and clients for them; every answer that a client gets is held against the contract."""

    def __init__(self, address: str, dsn: str, clients: ExitStack) -> None:
        self.url = address + BASE_PATH
        self._dsn = dsn
        self._clients = clients

    def visitor(self, *, token: str | None = None) -> Client:
        """Return a client, of nobody or of whoever holds the token."""

        def check(response: httpx2.Response) -> None:
            response.read()
            checked(response)

        native = self._clients.enter_context(httpx2.Client(event_hooks={"response": [check]}))
        return Client(base_url=self.url, bearer=token, http_client=native)

    def register(self, role: str = "user") -> str:
        """Make a member of a role, and return the name; nobody gets a role by HTTP."""
        name = f"member{next(_numbers)}"
        body = Registration(username=name, email=f"{name}@example.org", password=PASSWORD)
        self.visitor().auth.register_user(body=body)
        if role != "user":
            asyncio.run(self._promote(name, role))
        return name

    def token(self, name: str) -> str:
        """Log in, and return the access token."""
        return self.visitor().auth.log_in(body=LoginForm(username=name, password=PASSWORD)).access_token

    def member(self, role: str = "user") -> Client:
        """Return the client of a new member who is logged in."""
        return self.visitor(token=self.token(self.register(role)))

    async def _promote(self, name: str, role: str) -> None:
        connection = await asyncpg.connect(self._dsn)
        try:
            await connection.execute("UPDATE users SET role = $2 WHERE username = $1", name, role)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def endtoend_database(server: str, worker_id: str) -> str:
    """The address of an empty database."""
    return asyncio.run(recreate(server, f"endtoend_{worker_id}"))


@pytest.fixture(scope="session")
def address(endtoend_database: str) -> Iterator[str]:
    """The address of the service; it brings its database to the newest schema itself."""
    with directory() as folder, running(folder, DATABASE_URL=endtoend_database) as service:
        yield service.url


@pytest.fixture
def members(address: str, endtoend_database: str) -> Iterator[Members]:
    """Makes members; their connections are closed after the test."""
    with ExitStack() as clients:
        yield Members(address, endtoend_database, clients)


@asynccontextmanager
async def unblocked(members: Members, token: str) -> AsyncGenerator[AsyncClient]:
    """Lend the client that does not block to the holder of a token."""

    async def check(response: httpx2.Response) -> None:
        await response.aread()
        checked(response)

    async with (
        httpx2.AsyncClient(event_hooks={"response": [check]}) as native,
        AsyncClient(base_url=members.url, bearer=token, http_client=native) as client,
    ):
        yield client
