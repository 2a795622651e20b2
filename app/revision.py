"""Which schema a database has, found out without Alembic: a service that has nothing to migrate need not load it."""

from pathlib import Path
from typing import Any

import asyncpg

_VERSIONS = Path(__file__).parent / "migrations/versions"


def newest() -> str:
    """Return the newest revision. The name of a migration's file begins with its own, and they are counted up."""
    return max((path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py")), default="")


async def is_newest(connection: Any) -> bool:
    """Whether nothing has to be migrated; `connection` is one of asyncpg."""
    try:
        found = await connection.fetch("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return False
    return [row["version_num"] for row in found] == [newest()]
