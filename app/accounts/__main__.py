"""`make admin USERNAME=… EMAIL=…`: make somebody an administrator.

The password of somebody new is read from the terminal, or else from the first line of the standard input; never from
the arguments, which every process on the machine can read.
"""

import asyncio
import sys
from getpass import getpass

import asyncpg

from app import embedded
from app.accounts.first import make_admin
from app.migrations import upgrade
from app.settings import load


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass("Password: ")
    if getpass("Again: ") != password:
        raise RuntimeError("PASSWORD: the two differ.")
    return password


async def _run(dsn: str, username: str, email: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        return await make_admin(connection, username, email, _ask_password)
    finally:
        await connection.close()


def main() -> None:
    """Do it, or leave with 1 and a line that says why not."""
    username, email = (*sys.argv[1:], "", "")[:2]
    if not username:
        sys.exit("usage: make admin USERNAME=… EMAIL=… (the address for somebody new; the password is asked for)")
    current = load()
    try:
        dsn = current.database_url or embedded.start(current.data_dir)
        upgrade(dsn)
        sys.stdout.write(asyncio.run(_run(dsn, username, email)) + "\n")
    except (RuntimeError, OSError, asyncpg.PostgresError) as failure:
        sys.exit(str(failure))
    finally:
        if current.database_url is None:
            embedded.stop()


if __name__ == "__main__":
    main()
