"""Run by Alembic, for one database at a time."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import async_engine_from_config
from sqlalchemy.pool import NullPool

from app.sql import Table

# Any number will do as long as nothing else uses it; it makes simultaneous starts take turns.
MIGRATION_LOCK = 4_242_061_526


def _migrate(connection: Connection) -> None:
    # Of the session and not of a transaction, because every migration commits by itself.
    connection.execute(text(f"SELECT pg_advisory_lock({MIGRATION_LOCK})"))
    connection.commit()
    context.configure(connection=connection, target_metadata=Table.metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


async def _run(dsn: str) -> None:
    engine = async_engine_from_config(
        {"url": dsn.replace("postgresql://", "postgresql+asyncpg://", 1)}, prefix="", poolclass=NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
    await engine.dispose()


asyncio.run(_run(context.config.attributes["dsn"]))
