"""Who sees media: their owner, until they are used where everybody looks; and what becomes of them in the end."""

import pytest
from httpx2 import AsyncClient

from app.media import files, queries, store
from app.settings import settings
from app.sql import Connection
from tests.factories import Factory
from tests.media.samples import FILES, kept
from tests.media.working import work

pytestmark = pytest.mark.actor("user")


async def anonymously(client: AsyncClient, path: str) -> int:
    """Return the status of the answer that somebody gets who brings no credentials."""
    request = client.build_request("GET", path)
    del request.headers["authorization"]
    return (await client.send(request)).status_code


class TestListMyMedia:
    async def test_answers_ones_own_the_newest_first(
        self, client: AsyncClient, connection: Connection, make: Factory
    ) -> None:
        mine = [await kept(client, content) for content in (FILES["image/png"], FILES["text/plain"])]
        await connection.execute("UPDATE media SET created_at = created_at - interval '1 hour' WHERE kind = 'image'")
        other = await make.member()
        await client.post("/media", files=[("files", ("a.png", FILES["image/png"]))], headers=other.headers)
        listed = (await client.get("/media", params={"include_total": "true"})).json()
        assert [one["id"] for one in listed["items"]] == [mine[1]["id"], mine[0]["id"]]
        assert listed["page"]["total"] == 2
        assert [one["id"] for one in (await client.get("/media?sort=created_at")).json()["items"]] == [
            one["id"] for one in mine
        ]

    @pytest.mark.parametrize("media_type", FILES)
    async def test_narrows_by_kind_and_type(self, client: AsyncClient, media_type: str) -> None:
        medium = await kept(client, FILES[media_type])
        other = await kept(client, FILES["image/png" if media_type == "image/jpeg" else "image/jpeg"])
        by_type = (await client.get("/media", params={"content_type": media_type})).json()["items"]
        assert [one["id"] for one in by_type] == [medium["id"]]
        by_kind = (await client.get("/media", params={"kind": medium["kind"]})).json()["items"]
        assert {one["id"] for one in by_kind} == {medium["id"], *([other["id"]] if medium["kind"] == "image" else [])}


class TestDeleteMedia:
    async def test_takes_all_of_it(self, client: AsyncClient, connection: Connection) -> None:
        medium = await kept(client)
        await work(connection, "media.make_thumbnails")
        tag = (await client.get(f"/media/{medium['id']}")).headers["etag"]
        assert len(await store.names()) == 4
        assert (await client.delete(f"/media/{medium['id']}", headers={"If-Match": tag})).status_code == 204
        assert await work(connection, "media.sweep") == [{"files": 4, "folders": 0}]
        assert await store.names() == []
        assert await connection.fetchval("SELECT count(*) FROM media_files") == 0
        assert await connection.fetchval("SELECT bytes FROM media_usage") == 0
        assert (await client.delete(f"/media/{medium['id']}", headers={"If-Match": "*"})).status_code == 404

    async def test_is_for_moderators_too(self, client: AsyncClient, make: Factory) -> None:
        medium = await kept(client)
        moderator = await make.member("moderator")
        headers = moderator.headers | {"If-Match": "*"}
        assert (await client.delete(f"/media/{medium['id']}", headers=headers)).status_code == 204

    async def test_of_another_s_public_medium_is_forbidden(self, client: AsyncClient, make: Factory) -> None:
        medium = await kept(client)
        await client.put("/users/me/avatar", json={"media_id": medium["id"]})
        headers = (await make.member()).headers | {"If-Match": "*"}
        assert (await client.delete(f"/media/{medium['id']}", headers=headers)).status_code == 403

    async def test_takes_the_avatar_along(self, client: AsyncClient) -> None:
        medium = await kept(client)
        await client.put("/users/me/avatar", json={"media_id": medium["id"]})
        await client.delete(f"/media/{medium['id']}", headers={"If-Match": "*"})
        assert (await client.get("/users/me")).json()["avatar_url"] is None

    async def test_a_member_who_leaves_leaves_no_file(self, client: AsyncClient, connection: Connection) -> None:
        await kept(client)
        assert (await client.delete("/users/me", headers={"If-Match": "*"})).status_code == 204
        assert await connection.fetchval("SELECT count(*) FROM media") == 0
        assert await work(connection, "media.sweep") == [{"files": 1, "folders": 0}]
        assert await store.names() == []


class TestAvatar:
    async def test_is_seen_by_everybody(self, client: AsyncClient, connection: Connection) -> None:
        medium = await kept(client)
        assert await anonymously(client, f"/media/{medium['id']}/content") == 404
        answer = await client.put("/users/me/avatar", json={"media_id": medium["id"]})
        me = answer.json()
        assert me["avatar_url"] == f"{settings().public_url}/api/v1/media/{medium['id']}/content"
        assert (await client.get("/users/me")).json() == me
        assert (await client.get("/users/me")).headers["etag"] == answer.headers["etag"]
        content = await client.get(f"/media/{medium['id']}/content")
        assert content.headers["cache-control"] == "public, max-age=86400, immutable"
        assert content.headers["cross-origin-resource-policy"] == "cross-origin"
        for path in ("", "/content"):
            assert await anonymously(client, f"/media/{medium['id']}{path}") == 200
        assert (await client.get(f"/media/{medium['id']}")).json()["is_public"] is True
        await work(connection, "media.make_thumbnails")
        (variant, *_) = (await client.get(f"/media/{medium['id']}")).json()["variants"]
        assert await anonymously(client, variant["url"].partition("/api/v1")[2]) == 200

    async def test_is_hidden_again(self, client: AsyncClient) -> None:
        first, second = await kept(client), await kept(client)
        for medium in (first, second, second):
            assert (await client.put("/users/me/avatar", json={"media_id": medium["id"]})).status_code == 200
        assert await anonymously(client, f"/media/{first['id']}") == 404
        assert (await client.delete("/users/me/avatar")).status_code == 204
        assert await anonymously(client, f"/media/{second['id']}") == 404
        assert (await client.get("/users/me")).json()["avatar_url"] is None
        assert (await client.delete("/users/me/avatar")).status_code == 404

    async def test_is_an_image_of_ones_own(self, client: AsyncClient, make: Factory) -> None:
        other = await make.member()
        files_of = [("files", ("a.png", FILES["image/png"]))]
        theirs = (await client.post("/media", files=files_of, headers=other.headers)).json()["items"][0]
        mine = await kept(client, FILES["text/plain"])
        codes: list[str] = []
        for medium in (theirs, mine):
            answer = await client.put("/users/me/avatar", json={"media_id": medium["id"]})
            assert answer.status_code == 422
            codes += [error["code"] for error in answer.json()["errors"]]
        assert codes == ["unknown_media", "not_an_image"]

    async def test_comes_from_the_cache_in_front(self, client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
        given = settings().model_copy(update={"cdn_base_url": "https://cdn.example.org"})
        monkeypatch.setattr(queries, "settings", lambda: given)
        medium = await kept(client)
        assert medium["url"].startswith(settings().public_url)
        me = (await client.put("/users/me/avatar", json={"media_id": medium["id"]})).json()
        assert me["avatar_url"] == f"https://cdn.example.org/api/v1/media/{medium['id']}/content"
        assert (await client.get(f"/media/{medium['id']}")).json()["url"] == me["avatar_url"]
        assert files.LEASE.total_seconds() > files.PUT_SECONDS
