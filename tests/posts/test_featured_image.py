"""The featured image of a post: an image of its author's, seen by everybody as long as the post is published."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from app.media import queries
from app.settings import settings
from app.sql import Connection
from tests.committed import Committed, at_once
from tests.contract.requests import fingerprint
from tests.factories import Factory, Member

ANYWAY = {"If-Match": "*"}
MERGE = ANYWAY | {"Content-Type": "application/merge-patch+json"}
DRAFT = {"title": "The engine weaves", "content": "It weaves algebraical patterns."}


@pytest.fixture
async def ada(make: Factory) -> Member:
    return await make.member()


@pytest.fixture
async def image(make: Factory, ada: Member) -> str:
    return str(await make.media(ada))


async def write(client: AsyncClient, who: Member, image: str | None, **members: Any) -> Response:
    draft = DRAFT | {"featured_image_id": image} | members
    return await client.post("/posts", json=draft, headers=who.headers)


async def change(client: AsyncClient, post: str, who: Member, **members: Any) -> Response:
    return await client.patch(f"/posts/{post}", json=members, headers=MERGE | who.headers)


async def publish(client: AsyncClient, post: str, who: Member) -> None:
    answer = await client.put(f"/posts/{post}/publication", json={}, headers=who.headers)
    assert answer.status_code == 200, answer.text


async def statuses(client: AsyncClient, media_id: str, who: Member) -> list[int]:
    paths = (f"/media/{media_id}", f"/media/{media_id}/content")
    return [(await client.get(path, headers=who.headers)).status_code for path in paths]


def errors(answer: Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


class TestGiving:
    async def test_with_a_new_post(self, client: AsyncClient, ada: Member, image: str) -> None:
        answer = await write(client, ada, image)
        assert answer.status_code == 201, answer.text
        post = answer.json()
        assert post["featured_image_id"] == image
        assert post["featured_image"] == f"{settings().public_url}/api/v1/media/{image}/content"
        assert (await client.get(f"/posts/{post['id']}", headers=ada.headers)).json() == post
        assert (await client.get(post["featured_image"], headers=ada.headers)).status_code == 200

    @pytest.mark.parametrize("members", [{}, {"featured_image_id": None}])
    async def test_none(self, client: AsyncClient, ada: Member, members: dict[str, None]) -> None:
        post = (await client.post("/posts", json=DRAFT | members, headers=ada.headers)).json()
        assert (post["featured_image_id"], post["featured_image"]) == (None, None)

    async def test_with_several_new_posts(self, client: AsyncClient, ada: Member, image: str, make: Factory) -> None:
        other = str(await make.media(ada))
        wanted = [image, None, other, image]
        drafts = [DRAFT | {"featured_image_id": one} for one in wanted]
        answer = await client.post("/posts/bulk", json={"posts": drafts}, headers=ada.headers)
        assert [one["featured_image_id"] for one in answer.json()["items"]] == wanted, answer.text

    async def test_by_an_edit_and_taking_it_off_again(self, client: AsyncClient, ada: Member, image: str) -> None:
        post = (await write(client, ada, None)).json()
        given = (await change(client, post["id"], ada, featured_image_id=image)).json()
        assert (given["featured_image_id"], given["version"]) == (image, post["version"] + 1)
        same = (await change(client, post["id"], ada, title="The engine weaves on")).json()
        assert same["featured_image_id"] == image
        off = (await change(client, post["id"], ada, featured_image_id=None)).json()
        assert (off["featured_image_id"], off["featured_image"]) == (None, None)

    async def test_is_no_revision(self, client: AsyncClient, ada: Member, image: str) -> None:
        post = (await write(client, ada, None)).json()["id"]
        await change(client, post, ada, featured_image_id=image)
        listed = (await client.get(f"/posts/{post}/revisions", headers=ada.headers)).json()
        assert [one["number"] for one in listed["items"]] == [1]
        await change(client, post, ada, content="It weaves flowers and leaves.")
        restored = await client.put(f"/posts/{post}/revisions/1/restoration", headers=ada.headers | ANYWAY)
        assert restored.json()["featured_image_id"] == image

    async def test_is_for_the_author_alone(self, client: AsyncClient, ada: Member, make: Factory) -> None:
        post = (await write(client, ada, None)).json()["id"]
        await publish(client, post, ada)
        manager = await make.member("manager")
        theirs = str(await make.media(manager))
        assert (await change(client, post, manager, featured_image_id=theirs)).status_code == 403


class TestRefusals:
    async def test_what_is_no_image_of_ones_own(
        self, client: AsyncClient, connection: Connection, ada: Member, make: Factory
    ) -> None:
        notes = await make.media(ada, kind="document", media_type="text/plain")
        theirs = await make.media(await make.member())
        wrong = {theirs: "unknown_media", UUID(int=7): "unknown_media", notes: "not_an_image"}
        post = (await write(client, ada, None)).json()["id"]
        before = await fingerprint(connection)
        for media_id, code in wrong.items():
            expected = [("/featured_image_id", code)]
            assert errors(await write(client, ada, str(media_id))) == expected
            assert errors(await change(client, post, ada, featured_image_id=str(media_id))) == expected
        drafts = [DRAFT, *(DRAFT | {"featured_image_id": str(media_id)} for media_id in wrong)]
        batch = await client.post("/posts/bulk", json={"posts": drafts}, headers=ada.headers)
        assert errors(batch) == [
            (f"/posts/{place}/featured_image_id", code) for place, code in enumerate(wrong.values(), 1)
        ]
        assert await fingerprint(connection) == before


class TestWhoSeesIt:
    async def test_is_everybody_as_long_as_the_post_is_published(
        self, client: AsyncClient, ada: Member, image: str, make: Factory
    ) -> None:
        bram = await make.member()
        post = (await write(client, ada, image)).json()["id"]
        assert await statuses(client, image, bram) == [404, 404]
        await publish(client, post, ada)
        assert await statuses(client, image, bram) == [200, 200]
        await client.delete(f"/posts/{post}/publication", headers=ada.headers)
        assert await statuses(client, image, bram) == [404, 404]
        await publish(client, post, ada)
        await change(client, post, ada, featured_image_id=None)
        assert await statuses(client, image, bram) == [404, 404]

    async def test_is_in_every_list_of_posts(self, client: AsyncClient, ada: Member, image: str) -> None:
        post = (await write(client, ada, image, tags=["looms"])).json()["id"]
        await publish(client, post, ada)
        for path in ("/posts", "/posts?include=content_html", "/posts/search?q=weaves", "/search?q=weaves"):
            (listed,) = (await client.get(path)).json()["items"]
            found = listed.get("post", listed)
            assert found["featured_image_id"] == image, path
            assert found["featured_image"].endswith(f"/media/{image}/content"), path
        other = (await write(client, ada, None, tags=["looms"])).json()["id"]
        await publish(client, other, ada)
        (related,) = (await client.get(f"/posts/{other}/related")).json()["items"]
        assert related["featured_image_id"] == image

    async def test_is_in_no_export(self, client: AsyncClient, ada: Member, image: str) -> None:
        await publish(client, (await write(client, ada, image)).json()["id"], ada)
        for form in ("application/x-ndjson", "text/csv"):
            answer = await client.get("/posts/export", headers=ada.headers | {"Accept": form})
            assert answer.status_code == 200
            assert "featured_image" not in answer.text

    async def test_comes_from_the_cache_in_front_when_it_is_public(
        self, client: AsyncClient, ada: Member, image: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given = settings().model_copy(update={"cdn_base_url": "https://cdn.example.org"})
        monkeypatch.setattr(queries, "settings", lambda: given)
        post = (await write(client, ada, image)).json()
        assert post["featured_image"].startswith(settings().public_url)
        await publish(client, post["id"], ada)
        public = (await client.get(f"/posts/{post['id']}")).json()["featured_image"]
        assert public == f"https://cdn.example.org/api/v1/media/{image}/content"


class TestItsEnd:
    async def test_deleting_the_medium_takes_it_off_every_post(
        self, client: AsyncClient, ada: Member, image: str
    ) -> None:
        posts = [(await write(client, ada, image)).json() for _ in range(2)]
        answer = await client.delete(f"/media/{image}", headers=ada.headers | ANYWAY)
        assert answer.status_code == 204, answer.text
        for post in posts:
            after = (await client.get(f"/posts/{post['id']}", headers=ada.headers)).json()
            assert (after["featured_image_id"], after["featured_image"]) == (None, None)
            assert after["version"] == post["version"] + 1

    async def test_a_refused_deletion_changes_nothing(
        self, client: AsyncClient, ada: Member, image: str, connection: Connection
    ) -> None:
        await write(client, ada, image)
        before = await fingerprint(connection)
        old = ada.headers | {"If-Match": '"7-00000000"'}
        assert (await client.delete(f"/media/{image}", headers=old)).status_code == 412
        assert await fingerprint(connection) == before

    async def test_deleting_the_post_leaves_the_medium(self, client: AsyncClient, ada: Member, image: str) -> None:
        post = (await write(client, ada, image)).json()["id"]
        assert (await client.delete(f"/posts/{post}", headers=ada.headers | ANYWAY)).status_code == 204
        assert await statuses(client, image, ada) == [200, 200]

    async def test_using_and_deleting_wait_for_each_other(self, committed: Committed) -> None:
        """Whoever is first: no post leads to what has gone, and nobody is told of a mistake of ours."""
        ada = await committed.make.member()
        client = committed.client
        posts = [(await write(client, ada, None)).json()["id"] for _ in range(4)]
        for _ in range(5):
            image = str(await committed.make.media(ada))
            ways = [change(client, post, ada, featured_image_id=image) for post in posts]
            ways += [client.put("/users/me/avatar", json={"media_id": image}, headers=ada.headers)]
            ways.insert(2, client.delete(f"/media/{image}", headers=ada.headers | ANYWAY))
            async with asyncio.timeout(60):
                answers = await at_once(ways)
            assert {answer.status_code for answer in answers} <= {200, 204, 422}, [one.text for one in answers]
            for post in posts:
                after = (await client.get(f"/posts/{post}", headers=ada.headers)).json()
                assert after["featured_image_id"] is None
            assert (await client.get("/users/me", headers=ada.headers)).json()["avatar_url"] is None
