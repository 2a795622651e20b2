"""Kill -9 in the middle of 50 uploads: after the sweep, no object is without a row and no row without an object."""

import asyncio
from pathlib import Path
from uuid import uuid4

import httpx2

from app.media import files, spool, store
from app.settings import settings
from tests.committed import Committed
from tests.contract.checked import checked
from tests.media.conftest import arriving
from tests.media.samples import PNG
from tests.media.test_arriving import orphans
from tests.operations.service import start

UPLOADS = 50
KILL_AFTER = 12


async def _send(url: str, headers: dict[str, str], done: list[int], enough: asyncio.Event) -> None:
    """Send one file slowly enough that many are on their way at once."""
    text = b"Over two, under one.\n" * 20_000
    parts = [("files", ("a.png", PNG)), ("files", ("b.txt", text)), ("files", ("c.txt", text))]
    async with httpx2.AsyncClient(timeout=30) as client:
        try:
            answer = await client.post(f"{url}/api/v1/media", files=parts, headers=headers)
        except httpx2.HTTPError:
            return
    if checked(answer).status_code == 201:
        done.append(1)
    if len(done) == KILL_AFTER:
        enough.set()


class TestKilled:
    async def test_leaves_nothing_after_the_sweep(self, committed: Committed) -> None:
        member = await committed.make.member()
        folder = settings().data_dir
        secret = settings().secret_key.get_secret_value()
        environment = {"DATABASE_URL": committed.dsn, "JOB_WORKERS": "0", "SECRET_KEY": secret}
        service = start(folder, **environment)
        done: list[int] = []
        enough = asyncio.Event()
        sending = [asyncio.create_task(_send(service.url, member.headers, done, enough)) for _ in range(UPLOADS)]
        try:
            async with asyncio.timeout(60):
                await enough.wait()
        finally:
            service.process.kill()
            service.process.wait()
        await asyncio.gather(*sending)
        assert KILL_AFTER <= len(done) < UPLOADS
        before = await orphans(committed.connection)
        # Their leases run out: nobody is left who could be putting.
        await committed.connection.execute("UPDATE media_files SET leased_until = now() WHERE media_id IS NULL")
        await files.sweep()
        await asyncio.to_thread(spool.clear)
        assert await orphans(committed.connection) == ([], []), before
        assert arriving() == []
        kept = await committed.connection.fetchval("SELECT count(*) FROM media")
        assert kept % 3 == 0
        assert kept >= 3 * len(done)
        assert len(await store.names()) == kept


class TestPlanted:
    """The same end of a process between two steps, for what keeps its files in another order."""

    async def test_a_file_before_its_row_is_nobodys_for_ever(self, committed: Committed, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_bytes(PNG)
        # Naive: the object first, and its row when it is there. The process ends in between.
        await store.put(uuid4(), path)
        await files.sweep()
        unknown, dangling = await orphans(committed.connection)
        assert (len(unknown), dangling) == (1, [])

    async def test_a_row_before_its_file_is_found(self, committed: Committed, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_bytes(PNG)
        identifier = uuid4()
        await committed.connection.execute(
            "INSERT INTO media_files (id, label, media_type, size, digest, is_counted, leased_until)"
            " VALUES ($1, 'original', 'image/png', 1, '', true, now())",
            identifier,
        )
        await store.put(identifier, path)
        assert (await orphans(committed.connection))[1] != []
        await files.sweep()
        assert await orphans(committed.connection) == ([], [])
