"""Answers that are kept by services beside each other: what one of them writes no other one hides for long."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import asyncpg
import httpx2
import pytest

from scripts.demo_data import PASSWORD
from tests.operations.service import Service, directory, running
from tests.pace import slowness

LIST = "/api/v1/tags?limit=100"
# Far longer than a sign takes, so that what is seen before was told.
SECONDS = 60


@pytest.fixture
def services() -> Iterator[tuple[Service, Service]]:
    """Two services on one database, with its demo data."""
    with ExitStack() as stack:
        first = stack.enter_context(
            running(stack.enter_context(directory()), DEMO_DATA="true", PUBLIC_CACHE_SECONDS=str(SECONDS))
        )
        dsn = f"postgresql://postgres@/galley?host={first.data_dir}/postgres"
        other = {"DATABASE_URL": dsn, "SECRET_KEY": (first.data_dir / "secret_key").read_text().strip()}
        second = stack.enter_context(
            running(stack.enter_context(directory()), PUBLIC_CACHE_SECONDS=str(SECONDS), JOB_WORKERS="0", **other)
        )
        yield first, second


def manager(service: Service) -> dict[str, str]:
    """Return the headers of somebody who may change tags."""
    answer = httpx2.post(
        f"{service.url}/api/v1/auth/login", data={"username": "marisol_v", "password": PASSWORD}, timeout=15
    )
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def names(service: Service) -> list[str]:
    return [tag["name"] for tag in service.get(LIST).json()["items"]]


def become_true(it_is: Callable[[], bool]) -> float:
    """Return after how many seconds it was. Fails when it never is."""
    started = time.monotonic()
    while not it_is():
        assert time.monotonic() - started < SECONDS / 2, "nobody told"
        time.sleep(0.02)
    return time.monotonic() - started


def test_what_one_writes_all_show(services: tuple[Service, Service]) -> None:
    first, second = services
    headers = manager(first)
    # Signs are heard from when somebody listens.
    time.sleep(1)
    for number in range(5):
        writer, reader = (first, second) if number % 2 else (second, first)
        name = f"kept-{number}"
        assert name not in names(writer) + names(reader)
        made = httpx2.post(f"{writer.url}/api/v1/tags", json={"name": name}, headers=headers, timeout=15)
        assert made.status_code == 201, made.text
        # Who has written reads what was written, at once.
        assert name in names(writer)
        assert become_true(lambda name=name, reader=reader: name in names(reader)) < max(1, slowness())


def test_it_is_read_from_the_database_once(services: tuple[Service, Service]) -> None:
    first, _ = services
    names(first)

    # The service keeps its connections, so that only their number of statements would tell; a row that no write of the
    # service has made does as well.
    async def insert() -> None:
        connection = await asyncpg.connect(f"postgresql://postgres@/galley?host={first.data_dir}/postgres")
        await connection.execute("INSERT INTO tags (id, name, color) VALUES (uuidv7(), 'behind-its-back', '#000000')")
        await connection.close()

    asyncio.run(insert())
    assert "behind-its-back" not in names(first)
    shown = httpx2.get(f"{first.url}{LIST}", headers=manager(first), timeout=15).json()["items"]
    assert "behind-its-back" in [tag["name"] for tag in shown], "a member is answered from the database"
