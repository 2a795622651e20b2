"""getStatistics, and the totals of lists, which are counted in the same way."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from app import pages
from app.pages import Counting
from app.sql import Connection
from app.statistics import service
from tests.committed import Committed, at_once, committed, committed_database
from tests.factories import Factory, Member

__all__ = ["committed", "committed_database"]

LONG_AGO = datetime.now(UTC) - timedelta(days=40)


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    """What another test has gathered is not known here."""
    service.forget()
    yield
    service.forget()


def numbers(figures: dict[str, Any]) -> dict[str, Any]:
    """Return the figures alone; each is counted."""
    found: dict[str, Any] = {}
    for name, figure in figures.items():
        assert figure["is_exact"] is True
        found[name] = figure["number"]
    return found


async def get(client: AsyncClient, member: Member | None = None) -> dict[str, Any]:
    answer = await client.get("/stats", headers=member.headers if member else {})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def publication(make: Factory) -> None:
    """Two old posts of an old member with one old comment, and what is new or not for everybody."""
    old = await make.member(id=service.first_id_of(LONG_AGO), created_at=LONG_AGO)
    posts = [await make.post(old, published_at=LONG_AGO, created_at=LONG_AGO) for _ in range(2)]
    await make.post(old, status="draft")
    await make.post(old)
    identifier = service.first_id_of(LONG_AGO)
    await make.comment(posts[0], old, id=identifier, root_id=identifier, created_at=LONG_AGO)
    parent = await make.comment(posts[0], old)
    await make.comment(posts[0], old, parent=parent, status="pending")
    await make.comment(posts[0], old, status="rejected")
    await make.report(parent, old)
    await make.tag("looms")
    await make.job(status="failed")
    await make.job()


class TestGetStatistics:
    @pytest.mark.parametrize("role", [None, "user", "manager", "moderator"])
    async def test_everybody_sees_what_is_public(self, client: AsyncClient, make: Factory, role: str | None) -> None:
        await publication(make)
        found = await get(client, await make.member(role) if role else None)
        assert found.pop("gathered_at")
        assert numbers(found) == {"posts": 3, "comments": 2, "tags": 1}

    async def test_administrators_see_more(self, client: AsyncClient, make: Factory) -> None:
        await publication(make)
        found = (await get(client, await make.member("admin")))["administration"]
        assert numbers(found.pop("jobs")) == {"queued": 1, "running": 0, "failed": 1}
        assert numbers(found.pop("growth")) == {"members": 1, "posts": 1, "comments": 1}
        expected = {"members": 2, "unpublished_posts": 1, "pending_comments": 1, "reported_comments": 1}
        assert numbers(found) == expected

    async def test_a_token_without_the_scope_sees_no_more(self, client: AsyncClient, make: Factory) -> None:
        await make.post()
        reduced = await make.member("admin", scopes=frozenset({"posts:write"}))
        assert "administration" not in await get(client, reduced)

    async def test_figures_are_kept_a_minute(
        self, client: AsyncClient, make: Factory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await make.post()
        first = await get(client)
        await make.post()
        assert await get(client) == first
        monkeypatch.setattr(service, "KEPT_SECONDS", 0.0)
        service.forget()
        assert (await get(client))["posts"]["number"] == 2
        await make.post()
        assert (await get(client))["posts"]["number"] == 3

    async def test_above_ten_thousand_they_are_estimated_and_say_so(
        self, client: AsyncClient, make: Factory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        few = Counting.__new__(Counting)
        monkeypatch.setattr(pages, "EXACT_TO", 3)
        few.__init__(service.select(service.Tag.id))
        monkeypatch.setitem(service._COUNTS, "tags", few)  # pyright: ignore[reportPrivateUsage]
        for number in range(5):
            await make.tag(f"tag-{number}")
        figure = (await get(client))["tags"]
        assert figure["is_exact"] is False
        assert figure["number"] >= 4


class Held:
    """Lets counts begin when all who ask have asked, and counts the gatherings."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gate = asyncio.Event()
        self.times = 0
        self.fails = False
        gather = service._gather  # pyright: ignore[reportPrivateUsage]

        async def held() -> Any:
            self.times += 1
            await self.gate.wait()
            if self.fails:
                raise TimeoutError
            return await gather()

        monkeypatch.setattr(service, "_gather", held)


@pytest.mark.xdist_group("committed")
class TestAtOnce:
    async def test_a_hundred_who_ask_cause_one_gathering(
        self, committed: Committed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held = Held(monkeypatch)
        asking = [asyncio.create_task(committed.client.get("/stats")) for _ in range(100)]
        await asyncio.sleep(0.2)
        # One who gives up takes nothing from the others.
        asking.pop(0).cancel()
        held.gate.set()
        answers = await at_once(asking)
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.text for answer in answers}) == 1
        assert held.times == 1

    async def test_a_gathering_that_failed_is_not_kept(
        self, committed: Committed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held = Held(monkeypatch)
        held.gate.set()
        held.fails = True
        assert (await committed.client.get("/stats")).status_code == 503
        held.fails = False
        assert (await committed.client.get("/stats")).status_code == 200
        assert held.times == 2

    async def test_leaves_connections_to_others(self, committed: Committed, monkeypatch: pytest.MonkeyPatch) -> None:
        busy, most = 0, 0
        total = Counting.total

        async def counted(self: Counting, connection: Connection, **values: Any) -> pages.Total:
            nonlocal busy, most
            busy += 1
            most = max(most, busy)
            await asyncio.sleep(0.01)
            try:
                return await total(self, connection, **values)
            finally:
                busy -= 1

        monkeypatch.setattr(Counting, "total", counted)
        assert (await committed.client.get("/stats")).status_code == 200
        assert most == service.CONNECTIONS


class TestTotals:
    """Of lists: one rule for all of them, in app/pages.py."""

    async def test_are_exact_to_ten_thousand(self, client: AsyncClient, connection: Connection, make: Factory) -> None:
        await tagged(connection, pages.EXACT_TO)
        page = (await client.get("/tags?include_total=true&limit=1")).json()["page"]
        assert (page["total"], page["total_is_exact"]) == (pages.EXACT_TO, True)
        await make.tag("one-more")
        await connection.execute("ANALYZE tags")
        page = (await client.get("/tags?page=2&limit=100")).json()["page"]
        assert page["total_is_exact"] is False
        assert pages.EXACT_TO < page["total"] <= pages.EXACT_TO * 1.1
        assert page["pages"] == -(-page["total"] // 100)

    async def test_estimates_follow_the_filters(
        self, client: AsyncClient, connection: Connection, make: Factory
    ) -> None:
        member = await make.member()
        for status, times in (("failed", 12_000), ("succeeded", 30_000), ("cancelled", 500)):
            await connection.execute(
                "INSERT INTO jobs (id, kind, owner_id, status, payload) "
                "SELECT gen_random_uuid(), 'mail.send', $1, $2, '{}' FROM generate_series(1, $3::int)",
                member.id,
                status,
                times,
            )
        await connection.execute("ANALYZE jobs")
        totals: dict[str, tuple[int, bool]] = {}
        for status in ("failed", "succeeded", "cancelled"):
            answer = await client.get(f"/jobs?include_total=true&status={status}", headers=member.headers)
            page = answer.json()["page"]
            totals[status] = (page["total"], page["total_is_exact"])
        assert totals["cancelled"] == (500, True)
        assert totals["failed"][1] is totals["succeeded"][1] is False
        assert totals["failed"][0] == pytest.approx(12_000, rel=0.2)
        assert totals["succeeded"][0] == pytest.approx(30_000, rel=0.2)

    async def test_is_exact_is_there_beside_a_total_alone(self, client: AsyncClient) -> None:
        page = (await client.get("/tags")).json()["page"]
        assert not page.keys() & {"total", "total_is_exact"}


async def tagged(connection: Connection, times: int) -> None:
    """Write tags."""
    await connection.execute(
        "INSERT INTO tags (id, name) SELECT gen_random_uuid(), 'tag-' || n FROM generate_series(1, $1::int) n", times
    )
