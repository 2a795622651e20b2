"""`make demo-data`: write a small believable publication into an empty database."""

import asyncio
import logging
import sys
from datetime import UTC, datetime

import asyncpg

from app import embedded
from app.auth import passwords
from app.settings import load, settings
from app.words.tasks import learn
from scripts.demo.publication import publication

log = logging.getLogger(__name__)

# For demonstrations only, known to everybody; production refuses to have such members.
PASSWORD = "Weaves4lgebra"
# The order in which rows refer to each other.
TABLES = (
    *("users", "tags", "posts", "post_slugs", "post_likes", "comments", "comment_likes"),
    *("items", "events", "event_attendances"),
    *("rooms", "room_members", "messages"),
)


async def write_demo_data(dsn: str, now: datetime | None = None) -> None:
    """Write members, posts, comments, items, events and rooms as they stand `now`, and print how to log in.

    Raises RuntimeError, and writes nothing, in production and when the database has members.
    """
    if settings().environment == "production":
        raise RuntimeError("Demo data is not for production: everybody knows its members' password.")
    rows = publication((now or datetime.now(UTC)).replace(microsecond=0), await passwords.make_hash(PASSWORD))
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            # Nobody registers in between, and of two that start at once the second finds the first's members.
            await connection.execute("LOCK TABLE users IN EXCLUSIVE MODE")
            if await connection.fetchval("SELECT EXISTS (SELECT FROM users)"):
                raise RuntimeError("The database has members; demo data goes into an empty one only.")
            for table in TABLES:
                records = getattr(rows, table)
                columns = list(records[0])
                await connection.copy_records_to_table(
                    table, columns=columns, records=[tuple(record[name] for name in columns) for record in records]
                )
            # A worker would, in a while.
            await learn(connection)
        # Otherwise the first minute's plans are made without knowing what is there.
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    others = ", ".join(user["username"] for user in rows.users if user["role"] == "user")
    staff = ", ".join(f"{user['username']} ({user['role']})" for user in rows.users if user["role"] != "user")
    print(f"Demo members: {staff}; {others}.\nTheir password: {PASSWORD}", flush=True)


async def fill_if_empty(dsn: str, connection: asyncpg.Connection) -> None:
    """Write the demo data when the database has no members; `connection` is to the same database."""
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM users)"):
        log.info("writing demo data into the empty database")
        await write_demo_data(dsn)


def main() -> None:
    """Bring the database to the newest schema, started where there is none, and fill it."""
    from app.migrations import upgrade  # noqa: PLC0415 - The service imports this module and never migrates.

    current = load()
    try:
        dsn = current.database_url or embedded.start(current.data_dir)
        upgrade(dsn)
        asyncio.run(write_demo_data(dsn))
    except (RuntimeError, OSError, asyncpg.PostgresError) as failure:
        sys.exit(str(failure))
    finally:
        if current.database_url is None:
            embedded.stop()


if __name__ == "__main__":
    main()
