"""Databases that are thrown away: one embedded server in a temporary directory, and as many databases as are needed."""

import asyncio
import atexit
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from app import embedded


@contextmanager
def throwaway_server() -> Generator[str]:
    """Start a PostgreSQL server that vanishes with its data; give the address of its database for asyncpg."""
    folder = Path(mkdtemp(prefix="galley-"))
    # When this process ends, too: the wheel leaves a lock behind where its server was.
    atexit.register(rmtree, folder, ignore_errors=True)
    # The server may run as another user when we are root; it has to get there.
    folder.chmod(0o755)
    try:
        yield embedded.start(folder, fast=True)
    finally:
        embedded.stop()
        rmtree(folder, ignore_errors=True)


def create_database(server: str, name: str) -> str:
    """Make an empty database with the locale that the service has everywhere; return its address."""

    async def create() -> None:
        connection = await asyncpg.connect(server)
        try:
            await connection.execute(
                f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
            )
        finally:
            await connection.close()

    asyncio.run(create())
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
