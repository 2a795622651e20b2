"""Thumbnails and createVariant: what workers make of images, once each."""

from io import BytesIO
from typing import Any

import pytest
from httpx2 import AsyncClient
from PIL import Image

from app.jobs.registry import JobFailed
from app.media import files, store
from app.settings import settings
from app.sql import Connection
from tests.factories import Factory
from tests.media.samples import FILES, kept, picture
from tests.media.working import work

pytestmark = pytest.mark.actor("user")
THUMBNAILS, VARIANT = "media.make_thumbnails", "media.make_variant"


async def opened(client: AsyncClient, variant: dict[str, Any]) -> Image.Image:
    """Return a variant as a program sees it that follows its address."""
    path = variant["url"].partition("/api/v1")[2]
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, variant["media_type"])
    assert len(answer.content) == variant["size"]
    return Image.open(BytesIO(answer.content))


class TestThumbnails:
    async def test_are_made_by_themselves(self, client: AsyncClient, connection: Connection) -> None:
        medium = await kept(client, picture(size=(2_000, 1_000)))
        assert await work(connection, THUMBNAILS) == [{"media_id": medium["id"], "thumbnails": 3}]
        variants = (await client.get(f"/media/{medium['id']}")).json()["variants"]
        assert [(one["width"], one["height"]) for one in variants] == [(200, 100), (800, 400), (1_600, 800)]
        for one in variants:
            image = await opened(client, one)
            assert (image.format, image.size) == ("WEBP", (one["width"], one["height"]))

    async def test_are_made_once(self, client: AsyncClient, connection: Connection) -> None:
        await kept(client)
        await work(connection, THUMBNAILS)
        before = await store.names()
        await connection.execute("UPDATE jobs SET status = 'queued'")
        await work(connection, THUMBNAILS)
        assert await store.names() == before
        assert await connection.fetchval("SELECT count(*) FROM media_files") == 4

    async def test_take_no_room(self, client: AsyncClient, connection: Connection) -> None:
        medium = await kept(client)
        await work(connection, THUMBNAILS)
        assert await connection.fetchval("SELECT bytes FROM media_usage") == medium["size"]

    async def test_of_what_has_gone_leave_nothing(self, client: AsyncClient, connection: Connection) -> None:
        medium = await kept(client)
        await client.delete(f"/media/{medium['id']}", headers={"If-Match": "*"})
        await work(connection, "media.sweep")
        with pytest.raises(JobFailed):
            await work(connection, THUMBNAILS)
        assert await store.names() == []


class TestCreateVariant:
    @pytest.mark.parametrize(
        ("wish", "size", "form"),
        [
            ({"width": 20}, (20, 15), "WEBP"),
            ({"height": 60}, (80, 60), "WEBP"),
            ({"width": 10, "height": 10, "media_type": "image/jpeg", "quality": 1}, (10, 10), "JPEG"),
        ],
        ids=["width", "height", "both"],
    )
    async def test_makes_what_is_wished(
        self, client: AsyncClient, connection: Connection, wish: dict[str, Any], size: tuple[int, int], form: str
    ) -> None:
        medium = await kept(client)
        answer = await client.post(f"/media/{medium['id']}/variants", json=wish)
        assert (answer.status_code, answer.json()["kind"]) == (202, VARIANT)
        assert answer.headers["location"] == f"/api/v1/jobs/{answer.json()['id']}"
        (result,) = await work(connection, VARIANT)
        (variant,) = (await client.get(f"/media/{medium['id']}")).json()["variants"]
        assert result == {"media_id": medium["id"], "variant_id": variant["id"]}
        image = await opened(client, variant)
        assert (image.size, image.format) == (size, form)
        assert await connection.fetchval("SELECT bytes FROM media_usage") == medium["size"] + variant["size"]

    async def test_the_same_is_made_once(self, client: AsyncClient, connection: Connection) -> None:
        medium = await kept(client)
        for _ in range(2):
            await client.post(f"/media/{medium['id']}/variants", json={"width": 20})
        first, second = await work(connection, VARIANT)
        assert first == second
        assert len(await store.names()) == 2

    async def test_a_size_is_needed(self, client: AsyncClient) -> None:
        medium = await kept(client)
        answer = await client.post(f"/media/{medium['id']}/variants", json={"quality": 50})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/width")

    @pytest.mark.parametrize(
        "wish", [{"width": 0}, {"height": 8_193}, {"width": 1, "quality": 96}, {"width": 1, "media_type": "image/png"}]
    )
    async def test_other_sizes_are_refused(self, client: AsyncClient, wish: dict[str, Any]) -> None:
        medium = await kept(client)
        assert (await client.post(f"/media/{medium['id']}/variants", json=wish)).status_code == 422

    async def test_only_of_images(self, client: AsyncClient) -> None:
        medium = await kept(client, FILES["application/pdf"])
        answer = await client.post(f"/media/{medium['id']}/variants", json={"width": 20})
        assert (answer.status_code, answer.json()["code"]) == (409, "not_an_image")

    async def test_takes_room(
        self, client: AsyncClient, connection: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        medium = await kept(client)
        await connection.execute("UPDATE media_usage SET bytes = 1048576")
        few = settings().model_copy(update={"media_quota_mb": 1})
        monkeypatch.setattr(files, "settings", lambda: few)
        await client.post(f"/media/{medium['id']}/variants", json={"width": 20})
        with pytest.raises(JobFailed, match="1 MiB"):
            await work(connection, VARIANT)
        assert len(await store.names()) == 1

    async def test_no_more_than_a_medium_may_list(self, client: AsyncClient, connection: Connection) -> None:
        medium = await kept(client)
        await work(connection, THUMBNAILS)
        await connection.execute(
            "INSERT INTO media_files (id, media_id, label, media_type, size, digest, width, height, is_counted,"
            " leased_until) SELECT gen_random_uuid(), media_id, 'wish-' || n, media_type, 1, digest, 1, 1, true, now()"
            " FROM media_files, generate_series(1, 97) n WHERE label = 'thumbnail-200'"
        )
        assert len((await client.get(f"/media/{medium['id']}")).json()["variants"]) == 100
        await client.post(f"/media/{medium['id']}/variants", json={"width": 20})
        with pytest.raises(JobFailed, match="97 variants"):
            await work(connection, VARIANT)

    async def test_a_moderator_sees_but_does_not_change(self, client: AsyncClient, make: Factory) -> None:
        medium = await kept(client)
        moderator = await make.member("moderator")
        answer = await client.post(f"/media/{medium['id']}/variants", json={"width": 20}, headers=moderator.headers)
        assert answer.status_code == 403

    async def test_a_variant_is_found_with_its_own_medium_alone(
        self, client: AsyncClient, connection: Connection
    ) -> None:
        first, second = await kept(client), await kept(client)
        await work(connection, THUMBNAILS)
        (variant, *_) = (await client.get(f"/media/{first['id']}")).json()["variants"]
        for medium, identifier in ((second, variant["id"]), (first, first["id"])):
            answer = await client.get(f"/media/{medium['id']}/variants/{identifier}/content")
            assert answer.status_code == 404
