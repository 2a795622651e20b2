"""The same in a bucket: a server that speaks S3 on this machine."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from httpx2 import AsyncClient
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from app.media import store
from app.settings import settings
from app.sql import Connection
from tests.media.samples import PNG, kept, mp4
from tests.media.working import work

BUCKET = "galley"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    # It asks nobody for a signature.
    httpx2.put(f"{address}/{BUCKET}").raise_for_status()
    yield address
    server.stop()


@pytest.fixture(autouse=True)
def _bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    given = {
        "storage_url": f"s3://{BUCKET}/media",
        "storage_endpoint": endpoint,
        "storage_access_key_id": "loom",
        "storage_secret_access_key": SecretStr("weaves"),
        "storage_region": "us-east-1",
    }
    current = settings().model_copy(update=given)
    monkeypatch.setattr(store, "settings", lambda: current)
    store.reopen()
    yield
    store.reopen()


class TestBucket:
    @pytest.mark.actor("user")
    async def test_keeps_what_is_uploaded_until_it_is_deleted(
        self, client: AsyncClient, connection: Connection
    ) -> None:
        medium = await kept(client)
        assert [store.id_of(name) for name in await store.names()] == [medium["id"]]
        await work(connection, "media.make_thumbnails")
        assert len(await store.names()) == 4
        whole = (await client.get(f"/media/{medium['id']}/content")).content
        part = await client.get(f"/media/{medium['id']}/content", headers={"Range": "bytes=8-15"})
        assert (part.status_code, part.content) == (206, whole[8:16])
        await client.delete(f"/media/{medium['id']}", headers={"If-Match": "*"})
        await work(connection, "media.sweep")
        assert await store.names() == []

    @pytest.mark.actor("user")
    async def test_takes_large_files_in_parts(self, client: AsyncClient, connection: Connection) -> None:
        video = mp4()[:-108] + (12 * 1_048_576 + 8).to_bytes(4) + b"mdat" + bytes(range(256)) * 49_152
        medium = await kept(client, video)
        assert (await client.get(f"/media/{medium['id']}/content")).content == video
        await client.delete(f"/media/{medium['id']}", headers={"If-Match": "*"})
        await work(connection, "media.sweep")
        assert await store.names() == []

    async def test_what_is_not_there_is_told_before_the_first_byte(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            await store.read(uuid4(), 0, 10)
        await store.remove([uuid4()])
        path = tmp_path / "a"
        await asyncio.to_thread(path.write_bytes, PNG)
        identifier = uuid4()
        await store.put(identifier, path)
        await store.fetch(identifier, tmp_path / "b")
        assert await asyncio.to_thread((tmp_path / "b").read_bytes) == PNG
        await store.remove([identifier])
