"""Whatever a medium is, its owner gets it, and all that is made of it, as the contract says."""

from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.factories import Factory, Member
from tests.factory_media import PIXEL

TYPES = (
    ("image", "image/jpeg"),
    ("image", "image/png"),
    ("image", "image/gif"),
    ("image", "image/webp"),
    ("document", "application/pdf"),
    ("document", "text/plain"),
    ("document", "application/msword"),
    ("video", "video/mp4"),
    ("video", "video/webm"),
)


@pytest.fixture
async def ada(make: Factory) -> Member:
    return await make.member()


async def in_jpeg(connection: Connection, variant: UUID) -> None:
    await connection.execute("UPDATE media_files SET media_type = 'image/jpeg' WHERE id = $1", variant)


class TestGetMedia:
    @pytest.mark.parametrize(("kind", "media_type"), TYPES)
    async def test_says_what_it_is(
        self, client: AsyncClient, make: Factory, ada: Member, kind: str, media_type: str
    ) -> None:
        media_id = await make.media(ada, kind=kind, media_type=media_type)
        found = (await client.get(f"/media/{media_id}", headers=ada.headers)).json()
        assert (found["kind"], found["media_type"]) == (kind, media_type)


class TestListMyMedia:
    async def test_tells_variants_in_their_form(
        self, client: AsyncClient, make: Factory, ada: Member, connection: Connection
    ) -> None:
        await make.media(ada)
        await in_jpeg(connection, await make.variant(ada))
        (found,) = (await client.get("/media", headers=ada.headers)).json()["items"]
        assert [variant["media_type"] for variant in found["variants"]] == ["image/jpeg"]


class TestDownloadVariant:
    @pytest.fixture
    async def path(self, make: Factory, ada: Member, connection: Connection) -> str:
        """Where a variant in JPEG is."""
        media_id, variant_id = await make.media(ada), await make.variant(ada)
        await in_jpeg(connection, variant_id)
        return f"/media/{media_id}/variants/{variant_id}/content"

    async def test_in_one_part(self, client: AsyncClient, ada: Member, path: str) -> None:
        tag = (await client.get(path, headers=ada.headers)).headers["ETag"]
        answer = await client.get(path, headers=ada.headers | {"Range": "bytes=0-3", "If-Range": tag})
        assert (answer.status_code, answer.headers["Content-Type"]) == (206, "image/jpeg")
        assert answer.content == PIXEL[:4]

    async def test_in_several(self, client: AsyncClient, ada: Member, path: str) -> None:
        answer = await client.get(path, headers=ada.headers | {"Range": "bytes=0-0,4-5"})
        assert answer.status_code == 206
        assert answer.headers["Content-Type"].startswith("multipart/byteranges")
        assert PIXEL[4:6] in answer.content

    async def test_of_what_there_is(self, client: AsyncClient, ada: Member, path: str) -> None:
        answer = await client.get(path, headers=ada.headers | {"Range": f"bytes={len(PIXEL)}-"})
        assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
        assert answer.headers["Content-Range"] == f"bytes */{len(PIXEL)}"


class TestSetAvatar:
    @pytest.mark.parametrize("role", ["manager", "moderator", "admin"])
    async def test_is_for_everybody(self, client: AsyncClient, make: Factory, role: str) -> None:
        member = await make.member(role)
        given = {"media_id": str(await make.media(member))}
        answer = await client.put("/users/me/avatar", json=given, headers=member.headers)
        assert (answer.status_code, answer.json()["role"]) == (200, role)
