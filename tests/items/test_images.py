"""uploadItemImages and removeItemImage: which images an item has, who sees them, and what stays when it goes."""

import asyncio
from collections import Counter
from itertools import repeat
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response
from starlette.types import ASGIApp

from app.media import queries, store
from app.settings import settings
from app.sql import Connection
from tests.committed import Committed, at_once
from tests.contract.requests import fingerprint
from tests.factories import Factory, Member
from tests.items.calls import ANYWAY, create, edit
from tests.media.arriving import PIECE, sent
from tests.media.conftest import arriving
from tests.media.samples import FILES, PNG, mp4, picture

NOBODY = "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"


@pytest.fixture
async def ada(make: Factory) -> Member:
    return await make.member()


async def bring(client: AsyncClient, who: Member, item: UUID | str, *images: bytes, **headers: str) -> Response:
    """Send images as a browser does."""
    said = who.headers | {name.replace("_", "-"): value for name, value in headers.items()}
    files = [("files", ("front.png", image)) for image in images]
    return await client.post(f"/items/{item}/images", files=files, headers=said)


async def seen(client: AsyncClient, item: str, who: Member) -> dict[str, Any]:
    """Return an item as this member gets it."""
    return (await client.get(f"/items/{item}", headers=who.headers)).json()


async def statuses(client: AsyncClient, media_id: str, who: Member) -> list[int]:
    """Return the statuses of the answers to who asks for a medium and for its content."""
    paths = (f"/media/{media_id}", f"/media/{media_id}/content")
    return [(await client.get(path, headers=who.headers)).status_code for path in paths]


class TestUploadItemImages:
    async def test_adds_them_in_their_order(self, client: AsyncClient, ada: Member) -> None:
        item = (await create(client, ada)).json()
        assert item["images"] == []
        first = await bring(client, ada, item["id"], picture("PNG", (40, 30)), picture("JPEG", (20, 10)))
        assert first.status_code == 201, first.text
        assert first.headers["location"] == f"/api/v1/items/{item['id']}"
        second = (await bring(client, ada, item["id"], picture("WEBP", (8, 9)))).json()
        assert [(one["width"], one["height"]) for one in second["images"]] == [(40, 30), (20, 10), (8, 9)]
        assert second["images"][:2] == first.json()["images"]
        assert [(await client.get(one["url"])).status_code for one in second["images"]] == [200] * 3
        assert second["version"] == item["version"] + 2
        assert await seen(client, item["id"], ada) == second
        medium = (await client.get(f"/media/{second['images'][0]['id']}", headers=ada.headers)).json()
        assert (medium["url"], medium["original_name"]) == (second["images"][0]["url"], "front.png")

    async def test_is_another_version_of_the_item(self, client: AsyncClient, ada: Member) -> None:
        made = await create(client, ada)
        path = f"/items/{made.json()['id']}"
        answer = await bring(client, ada, made.json()["id"], PNG)
        old = ada.headers | {"If-Match": made.headers["etag"]}
        assert (await client.delete(path, headers=old)).status_code == 412
        new = ada.headers | {"If-Match": answer.headers["etag"]}
        assert (await client.delete(path, headers=new)).status_code == 204

    async def test_an_item_that_nobody_sees_has_images_too(self, client: AsyncClient, ada: Member) -> None:
        item = (await create(client, ada, status="inactive")).json()
        answer = await bring(client, ada, item["id"], PNG)
        assert (answer.status_code, answer.json()["status"]) == (201, "inactive")

    async def test_take_of_the_members_room(self, client: AsyncClient, ada: Member, connection: Connection) -> None:
        item = (await create(client, ada)).json()
        full = settings().media_quota_mb * 1024 * 1024
        await connection.execute("INSERT INTO media_usage (user_id, bytes) VALUES ($1, $2)", ada.id, full)
        answer = await bring(client, ada, item["id"], PNG)
        assert (answer.status_code, answer.json()["code"]) == (409, "quota_exceeded")
        assert (await seen(client, item["id"], ada))["images"] == []

    async def test_are_in_every_list(self, client: AsyncClient, ada: Member) -> None:
        item = (await create(client, ada, title="A case of looms")).json()
        shown = (await bring(client, ada, item["id"], PNG, FILES["image/gif"])).json()["images"]
        for path in ("/items", "/items/search?q=looms", "/items/popular", "/users/me/items"):
            (listed,) = (await client.get(path, headers=ada.headers)).json()["items"]
            assert listed.get("item", listed)["images"] == shown, path

    async def test_is_safe_to_retry(self, client: AsyncClient, ada: Member, connection: Connection) -> None:
        item = (await create(client, ada)).json()["id"]
        key = {"Idempotency_Key": "all-five"}
        first, second = [await bring(client, ada, item, *[PNG] * 5, **key) for _ in range(2)]
        assert (first.status_code, second.status_code) == (201, 201), second.text
        assert second.json() == first.json()
        assert second.headers["idempotent-replayed"] == "true"
        assert second.headers["etag"] == first.headers["etag"]
        assert await connection.fetchval("SELECT count(*) FROM media") == 5
        assert await connection.fetchval("SELECT count(*) FROM media_files") == 5
        other = await bring(client, ada, item, PNG, **key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")

    async def test_counts_them_with_their_owners_files(
        self, client: AsyncClient, ada: Member, connection: Connection
    ) -> None:
        item = (await create(client, ada)).json()["id"]
        await bring(client, ada, item, PNG)
        mine = (await client.get("/media", headers=ada.headers)).json()["items"]
        assert await connection.fetchval("SELECT bytes FROM media_usage") == sum(one["size"] for one in mine)
        kinds = [row["kind"] for row in await connection.fetch("SELECT kind FROM jobs WHERE kind LIKE 'media%'")]
        assert kinds == ["media.make_thumbnails"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("images", "status", "code"),
        [
            ([PNG, PNG[:40]], 422, "validation_failed"),
            ([PNG, b""], 422, "validation_failed"),
            ([PNG] * 6, 422, "validation_failed"),
            ([PNG, FILES["application/pdf"]], 415, "unsupported_media_type"),
            ([PNG, FILES["video/mp4"]], 415, "unsupported_media_type"),
            ([FILES["text/plain"]], 415, "unsupported_media_type"),
            ([PNG, b"<svg xmlns='http://www.w3.org/2000/svg'/>"], 415, "unsupported_media_type"),
        ],
        ids=["cut", "empty", "six", "document", "video", "text", "markup"],
    )
    async def test_leave_nothing(  # noqa: PLR0913, PLR0917 - Fixtures.
        self,
        client: AsyncClient,
        connection: Connection,
        ada: Member,
        images: list[bytes],
        status: int,
        code: str,
    ) -> None:
        item = (await create(client, ada)).json()["id"]
        before, kept = await fingerprint(connection), await store.names()
        answer = await bring(client, ada, item, *images)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert await fingerprint(connection) == before
        assert await store.names() == kept

    async def test_what_is_no_image_is_told_what_is(self, client: AsyncClient, ada: Member) -> None:
        item = (await create(client, ada)).json()["id"]
        answer = await bring(client, ada, item, FILES["text/plain"])
        assert answer.json()["detail"] == "File 1 is no JPEG, PNG, GIF or WebP."

    @pytest.mark.parametrize(("there", "more"), [(5, 1), (3, 3), (1, 5)])
    async def test_a_sixth_image_is_too_many(
        self, client: AsyncClient, connection: Connection, ada: Member, there: int, more: int
    ) -> None:
        item = (await create(client, ada)).json()["id"]
        assert (await bring(client, ada, item, *[PNG] * there)).status_code == 201
        before, kept = await fingerprint(connection), sorted(await store.names())
        answer = await bring(client, ada, item, *[PNG] * more)
        assert (answer.status_code, answer.json()["code"]) == (409, "too_many_images")
        assert await fingerprint(connection) == before
        assert sorted(await store.names()) == kept

    async def test_a_stranger_is_told_before_anything_is_read(
        self, client: AsyncClient, app: ASGIApp, ada: Member, make: Factory
    ) -> None:
        active = (await create(client, ada)).json()["id"]
        draft = (await create(client, ada, status="draft")).json()["id"]
        bram = await make.member("admin")
        for item, status in ((active, 403), (draft, 404), (NOBODY, 404)):
            assert (await bring(client, bram, item, PNG)).status_code == status
            outcome = await sent(app, bram, PNG, repeat(bytes(PIECE), 100), f"/items/{item}/images")
            assert (outcome.status, outcome.taken) == (status, 0)

    async def test_that_stops_leaves_nothing(
        self, app: ASGIApp, client: AsyncClient, connection: Connection, ada: Member
    ) -> None:
        item = (await create(client, ada)).json()["id"]
        before, kept = await fingerprint(connection), await store.names()
        outcome = await sent(app, ada, PNG, repeat(bytes(PIECE), 20), f"/items/{item}/images")
        assert outcome.status == 400
        video = await sent(app, ada, mp4(), repeat(bytes(PIECE), 100), f"/items/{item}/images")
        assert (video.status, video.taken <= 2 * PIECE) == (415, True)
        assert await fingerprint(connection) == before
        assert await store.names() == kept
        assert arriving() == []


class TestWhoSeesThem:
    async def test_is_everybody_as_long_as_the_item_is_active(
        self, client: AsyncClient, ada: Member, make: Factory
    ) -> None:
        bram = await make.member()
        item = (await create(client, ada, status="draft")).json()["id"]
        (image,) = (await bring(client, ada, item, PNG)).json()["images"]
        for status, expected in (("draft", 404), ("active", 200), ("inactive", 404), ("active", 200)):
            assert (await edit(client, ada, item, status=status)).status_code == 200
            assert await statuses(client, image["id"], bram) == [expected] * 2, status
            assert await statuses(client, image["id"], ada) == [200] * 2

    async def test_come_from_the_cache_in_front_when_they_are_public(
        self, client: AsyncClient, ada: Member, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given = settings().model_copy(update={"cdn_base_url": "https://cdn.example.org"})
        monkeypatch.setattr(queries, "settings", lambda: given)
        item = (await create(client, ada)).json()["id"]
        (image,) = (await bring(client, ada, item, PNG)).json()["images"]
        assert image["url"] == f"https://cdn.example.org/api/v1/media/{image['id']}/content"
        (hidden,) = (await edit(client, ada, item, status="inactive")).json()["images"]
        assert hidden["url"].startswith(settings().public_url)


class TestTheirEnd:
    async def test_a_medium_that_is_deleted_is_off_the_item(self, client: AsyncClient, ada: Member) -> None:
        item = (await create(client, ada)).json()["id"]
        before = (await bring(client, ada, item, PNG, FILES["image/gif"], FILES["image/webp"])).json()
        path = f"/media/{before['images'][1]['id']}"
        assert (await client.delete(path, headers=ada.headers | ANYWAY)).status_code == 204
        after = await seen(client, item, ada)
        assert after["images"] == [before["images"][0], before["images"][2]]
        assert after["version"] == before["version"] + 1
        again = (await bring(client, ada, item, *[PNG] * 3)).json()["images"]
        assert again[:2] == after["images"]
        assert len(again) == 5

    async def test_one_that_is_removed_stays_its_owners(self, client: AsyncClient, ada: Member, make: Factory) -> None:
        item = (await create(client, ada)).json()["id"]
        before = (await bring(client, ada, item, PNG, FILES["image/gif"])).json()
        gone, stays = before["images"]
        path = f"/items/{item}/images/{gone['id']}"
        assert (await client.delete(path, headers=ada.headers)).status_code == 204
        after = await seen(client, item, ada)
        assert (after["images"], after["version"]) == ([stays], before["version"] + 1)
        assert await statuses(client, gone["id"], ada) == [200, 200]
        assert await statuses(client, gone["id"], await make.member()) == [404, 404]
        again = await client.delete(path, headers=ada.headers)
        assert (again.status_code, again.json()["code"]) == (404, "not_found")

    async def test_only_the_owner_removes_one(self, client: AsyncClient, ada: Member, make: Factory) -> None:
        admin = await make.member("admin")
        for status, expected in (("active", 403), ("draft", 404)):
            item = (await create(client, ada, status=status)).json()["id"]
            (image,) = (await bring(client, ada, item, PNG)).json()["images"]
            answer = await client.delete(f"/items/{item}/images/{image['id']}", headers=admin.headers)
            assert answer.status_code == expected
            assert (await seen(client, item, ada))["images"] == [image]

    async def test_an_item_that_goes_leaves_its_owner_the_media(
        self, client: AsyncClient, ada: Member, make: Factory
    ) -> None:
        item = (await create(client, ada)).json()["id"]
        (image,) = (await bring(client, ada, item, PNG)).json()["images"]
        assert (await client.delete(f"/items/{item}", headers=ada.headers | ANYWAY)).status_code == 204
        assert await statuses(client, image["id"], ada) == [200, 200]
        assert await statuses(client, image["id"], await make.member()) == [404, 404]

    async def test_a_member_who_leaves_leaves_none(
        self, client: AsyncClient, ada: Member, connection: Connection
    ) -> None:
        item = (await create(client, ada)).json()["id"]
        await bring(client, ada, item, PNG)
        assert (await client.delete("/users/me", headers=ada.headers | ANYWAY)).status_code == 204
        for table in ("items", "item_images", "media"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - Names of ours.


class TestAtOnce:
    async def test_never_too_many(self, committed: Committed) -> None:
        """Of eight that come together, five have room."""
        ada = await committed.make.member()
        item = (await create(committed.client, ada)).json()["id"]
        answers = await at_once(bring(committed.client, ada, item, PNG) for _ in range(8))
        assert Counter(answer.status_code for answer in answers) == {201: 5, 409: 3}
        after = await seen(committed.client, item, ada)
        assert len({one["id"] for one in after["images"]}) == 5
        assert after["version"] == 6
        assert await committed.connection.fetchval("SELECT count(*) FROM media") == 5

    async def test_removing_and_deleting_wait_for_each_other(self, committed: Committed) -> None:
        """Whoever is first: the image is off the item, and nobody is told of a mistake of ours."""
        ada = await committed.make.member()
        item = (await create(committed.client, ada)).json()["id"]
        for _ in range(3):
            images = (await bring(committed.client, ada, item, *[PNG] * 5)).json()["images"]
            ways = (f"/items/{item}/images/{{}}", "/media/{}")
            paths = [way.format(one["id"]) for one in images for way in ways]
            headers = ada.headers | ANYWAY
            async with asyncio.timeout(60):
                answers = await at_once(committed.client.delete(path, headers=headers) for path in paths)
            assert {answer.status_code for answer in answers} <= {204, 404}
            assert (await seen(committed.client, item, ada))["images"] == []
            assert await committed.connection.fetchval("SELECT count(*) FROM media") == 0
