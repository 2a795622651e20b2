"""Items in the benchmark: a few of them, answered by all three services."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from scripts.bench import answers, data, market, servers
from scripts.bench.servers import GALLEY, LIMIT, TUTORIAL
from tests.committed import Committed, committed, committed_database

__all__ = ["committed", "committed_database"]

pytestmark = pytest.mark.xdist_group("committed")
FEW = 60


async def fill(connection: asyncpg.Connection) -> int:
    """Write members and a few items, and return how many are active."""
    drawn = data.draw()
    tables: list[tuple[str, Any, str]] = [
        ("users", list(data.user_rows(drawn))[: len(drawn.users)], data.COLUMNS["users"]),
        ("items", list(market.rows(drawn, FEW)), market.COLUMNS),
    ]
    for table, rows, columns in tables:
        await connection.copy_records_to_table(table, records=rows, columns=columns.split())
    return await connection.fetchval("SELECT count(*) FROM items WHERE status = 'active'")


class TestRows:
    async def test_are_taken_by_the_schema(self, committed: Committed) -> None:
        active = await fill(committed.raw)
        assert active == FEW - FEW // market.DRAFT_EVERY
        totals = (
            "SELECT count(*) FROM items WHERE discount_price < price AND total_price = round(discount_price * 1.19, 2)"
        )
        assert await committed.connection.fetchval(totals) == FEW // market.DISCOUNT_EVERY


class TestPage:
    async def test_of_the_limit_leads_to_the_next(self, committed: Committed) -> None:
        active = await fill(committed.raw)
        found: list[str] = []
        query = b""
        while True:
            page = json.loads(await market.page(query, lambda *after: committed.raw.fetch(market.LIST, *after)))
            found += [item["id"] for item in page["items"]]
            if not page["page"]["has_next"]:
                break
            query = f"cursor={page['page']['next_cursor']}".encode()
        assert len(found) == len(set(found)) == active
        shown = (await committed.client.get("/items", params={"limit": 100})).json()["items"]
        assert found == [item["id"] for item in shown]

    async def test_is_the_same_whoever_answers(self, committed: Committed, tmp_path: Path) -> None:
        await fill(committed.raw)
        path = f"{market.ITEMS}?limit={market.LENGTH}"
        core = {min(os.sched_getaffinity(0))}

        def ask(name: str) -> bytes:
            with servers.running(name, dsn=committed.dsn, folder=tmp_path, cores=core, path=path) as server:
                return server.ask("GET", path)[1]

        ours = await committed.client.get("/items", params={"limit": market.LENGTH})
        theirs = {name: await asyncio.to_thread(ask, name) for name in (LIMIT, TUTORIAL)}
        assert answers.compare({GALLEY: ours.content} | theirs, path) == []
        assert len(json.loads(theirs[LIMIT])["items"]) == market.LENGTH
