"""Uploads that are too long, that stop, and that come at the same time."""

import asyncio
from itertools import repeat
from resource import RUSAGE_SELF, getrusage
from typing import Any

import pytest
from httpx2 import AsyncClient
from starlette.types import ASGIApp

from app.media import files, spool, store
from app.settings import settings
from app.sql import Connection
from tests.committed import Committed, at_once
from tests.factories import Factory
from tests.media.arriving import PIECE, sent
from tests.media.conftest import arriving
from tests.media.samples import PNG, mp4, upload

MIB = 1_048_576


class TestArriving:
    @pytest.mark.parametrize(("beginning", "limit"), [(PNG, 10 * MIB), (mp4(), 100 * MIB), (b"a" * 5_000, 10 * MIB)])
    async def test_reads_no_more_than_the_limit_and_a_little(
        self, app: ASGIApp, make: Factory, beginning: bytes, limit: int
    ) -> None:
        member = await make.member()
        filler = b"a" * PIECE if beginning.startswith(b"a") else bytes(PIECE)
        outcome = await sent(app, member, beginning, repeat(filler, 4_000))
        assert outcome.status == 413
        assert outcome.taken <= limit + PIECE
        assert await store.names() == []

    async def test_what_is_nothing_that_is_kept_is_not_read_on(self, app: ASGIApp, make: Factory) -> None:
        outcome = await sent(app, await make.member(), b"\x7fELF", repeat(bytes(PIECE), 100))
        assert (outcome.status, outcome.taken <= 2 * PIECE) == (415, True)

    async def test_that_stops_leaves_nothing(self, app: ASGIApp, connection: Connection, make: Factory) -> None:
        outcome = await sent(app, await make.member(), mp4(), repeat(bytes(PIECE), 50))
        assert outcome.status == 400
        assert await store.names() == []
        assert arriving() == []
        assert await connection.fetchval("SELECT count(*) FROM media_files") == 0

    async def test_is_not_held_in_memory(self, app: ASGIApp, make: Factory) -> None:
        """100 MB come and are refused at the end; the process does not grow by a fifth of them."""
        member = await make.member()
        await sent(app, member, mp4(), repeat(bytes(PIECE), 10))
        before = getrusage(RUSAGE_SELF).ru_maxrss
        assert (await sent(app, member, mp4(), repeat(bytes(PIECE), 1_500))).status == 400
        assert getrusage(RUSAGE_SELF).ru_maxrss - before < 20_000


class TestRoom:
    @pytest.fixture(autouse=True)
    def _little_room(self, monkeypatch: pytest.MonkeyPatch) -> None:
        few = settings().model_copy(update={"media_quota_mb": 1})
        monkeypatch.setattr(files, "settings", lambda: few)

    async def test_is_never_exceeded_by_many_at_once(self, committed: Committed) -> None:
        """Five of these have room; of twenty that come together, five are kept."""
        headers = (await committed.make.member()).headers
        text = b"a" * 200_000
        answers = await at_once(upload(committed.client, text, headers=headers) for _ in range(20))
        assert sorted(answer.status_code for answer in answers) == [201] * 5 + [409] * 15
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"quota_exceeded"}
        assert await committed.connection.fetchval("SELECT bytes FROM media_usage") == 5 * 200_000
        assert await orphans(committed.connection) == ([], [])
        assert len(await store.names()) == 5

    @pytest.mark.actor("user")
    async def test_comes_back_with_what_is_deleted(self, client: AsyncClient) -> None:
        text = b"a" * 600_000
        (first,) = (await upload(client, text)).json()["items"]
        assert (await upload(client, text)).status_code == 409
        assert (await client.delete(f"/media/{first['id']}", headers={"If-Match": "*"})).status_code == 204
        assert (await upload(client, text)).status_code == 201

    async def test_is_everybodys_own(self, committed: Committed) -> None:
        for _ in range(2):
            member = await committed.make.member()
            assert (await upload(committed.client, b"a" * 900_000, headers=member.headers)).status_code == 201


async def orphans(connection: Any) -> tuple[list[str], list[str]]:
    """Return the objects without a row, and the rows without an object or without a medium."""
    there = {store.id_of(name) for name in await store.names()}
    rows = await connection.fetch("SELECT id::text, media_id FROM media_files")
    known = {row["id"] for row in rows if row["media_id"] is not None}
    return sorted(there - known), sorted({row["id"] for row in rows} - (there & known))


class TestSweep:
    @pytest.mark.actor("user")
    async def test_takes_what_a_lost_request_has_left(self, client: AsyncClient, connection: Connection) -> None:
        (medium,) = (await upload(client, PNG)).json()["items"]
        (lost,) = (await upload(client, PNG)).json()["items"]
        # As if the process had ended between putting and giving: the row was there first.
        await connection.execute("DELETE FROM media WHERE id = $1", lost["id"])
        assert await files.sweep() == 0
        assert len(await store.names()) == 2
        await connection.execute("UPDATE media_files SET leased_until = now() WHERE media_id IS NULL")
        assert await files.sweep() == 1
        assert [store.id_of(name) for name in await store.names()] == [medium["id"]]
        assert await orphans(connection) == ([], [])

    async def test_takes_what_the_store_had_begun(self, connection: Connection) -> None:
        identifier = await connection.fetchval(
            "INSERT INTO media_files (id, label, media_type, size, digest, is_counted, leased_until)"
            " VALUES (gen_random_uuid(), 'original', 'image/png', 1, '', true, now()) RETURNING id"
        )
        begun = settings().data_dir / "media" / identifier.hex[-2:] / f"{identifier}#1"
        begun.parent.mkdir(parents=True)
        begun.write_bytes(b"half")
        assert await files.sweep() == 1
        assert await store.names() == []

    async def test_goes_through_more_than_a_step(self, connection: Connection) -> None:
        await connection.execute(
            "INSERT INTO media_files (id, label, media_type, size, digest, is_counted, leased_until)"
            " SELECT gen_random_uuid(), 'original', 'image/png', 1, '', true, now() FROM generate_series(1, 45)"
        )
        assert await files.sweep() == 45
        assert await files.sweep() == 0

    async def test_leaves_the_folders_of_the_living(self) -> None:
        with spool.folder() as folder:
            assert await asyncio.to_thread(spool.clear) == 0
            assert folder.exists()
            dead = folder.parent / "of-a-process-that-was-killed"
            dead.mkdir()
            (dead / "0").write_bytes(PNG)
            assert await asyncio.to_thread(spool.clear) == 1
            assert not dead.exists()
