"""updatePost and deletePost."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient, Response

from app.sql import Connection
from tests.factories import Factory, Member

MERGE = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture
async def author(make: Factory) -> Member:
    return await make.member()


async def patch(
    client: AsyncClient, post_id: UUID | str, who: Member, body: dict[str, Any], if_match: str = "*"
) -> Response:
    return await client.patch(f"/posts/{post_id}", json=body, headers=MERGE | who.headers | {"If-Match": if_match})


async def write(client: AsyncClient, who: Member, **members: Any) -> dict[str, Any]:
    draft = {"title": "The engine weaves", "content": "It weaves algebraical patterns."} | members
    answer = await client.post("/posts", json=draft, headers=who.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def tag_counts(connection: Connection) -> dict[str, int]:
    return {row["name"]: row["post_count"] for row in await connection.fetch("SELECT name, post_count FROM tags")}


class TestUpdatePost:
    async def test_what_is_absent_stays_and_null_clears(self, client: AsyncClient, author: Member) -> None:
        post = await write(client, author, excerpt="On engines.", tags=["looms"])
        answer = await patch(client, post["id"], author, {"content": "It weaves flowers and leaves.", "excerpt": None})
        assert answer.status_code == 200
        changed = answer.json()
        assert changed.pop("content") == "It weaves flowers and leaves."
        assert (changed.pop("excerpt"), changed.pop("version")) == (None, 2)
        assert changed.pop("updated_at") >= post["updated_at"]
        assert changed == {name: post[name] for name in changed}
        again = await client.get(f"/posts/{post['id']}", headers=author.headers)
        assert again.headers["etag"] == answer.headers["etag"]

    async def test_the_excerpt_of_a_published_post_is_made_again_when_cleared(
        self, client: AsyncClient, author: Member, make: Factory
    ) -> None:
        post_id = await make.post(author, content="# Looms\n\nThey **weave** [flowers](https://a.example).")
        answer = await patch(client, post_id, author, {"excerpt": None})
        assert answer.json()["excerpt"] == "Looms They weave flowers."

    @pytest.mark.parametrize("status", ["draft", "published", "archived"])
    async def test_leaves_the_status_as_it_is(
        self, client: AsyncClient, author: Member, make: Factory, status: str
    ) -> None:
        answer = await patch(client, await make.post(author, status=status), author, {"content": "It weaves on."})
        assert (answer.status_code, answer.json()["status"]) == (200, status)

    async def test_a_draft_gets_a_new_slug_with_a_new_title(self, client: AsyncClient, author: Member) -> None:
        post = await write(client, author)
        renamed = (await patch(client, post["id"], author, {"title": "The loom weaves"})).json()
        assert renamed["slug"] == "the-loom-weaves"
        # Its own old slug is free for it, and nobody else's.
        back = (await patch(client, post["id"], author, {"title": "The engine weaves"})).json()
        assert back["slug"] == "the-engine-weaves"
        other = await write(client, author, title="The loom weaves")
        assert other["slug"] == "the-loom-weaves-2"

    async def test_the_slug_of_a_published_post_stays(self, client: AsyncClient, author: Member) -> None:
        post = await write(client, author)
        await client.put(f"/posts/{post['id']}/publication", headers=author.headers)
        answer = await patch(client, post["id"], author, {"title": "The loom weaves"})
        assert (answer.json()["title"], answer.json()["slug"]) == ("The loom weaves", "the-engine-weaves")

    async def test_tags_are_normalised_made_and_counted(
        self, client: AsyncClient, author: Member, connection: Connection
    ) -> None:
        post = await write(client, author, tags=["cards", "looms"])
        assert await tag_counts(connection) == {"cards": 0, "looms": 0}
        await client.put(f"/posts/{post['id']}/publication", headers=author.headers)
        answer = await patch(client, post["id"], author, {"tags": ["Engines", " looms ", "", "engines"]})
        assert answer.json()["tags"] == ["engines", "looms"]
        assert await tag_counts(connection) == {"cards": 0, "engines": 1, "looms": 1}
        assert (await patch(client, post["id"], author, {"tags": []})).json()["tags"] == []
        assert await tag_counts(connection) == {"cards": 0, "engines": 0, "looms": 0}

    async def test_featured_is_for_editors_and_the_rest_for_the_author(
        self, client: AsyncClient, author: Member, make: Factory
    ) -> None:
        post_id = await make.post(author)
        manager, moderator = await make.member("manager"), await make.member("moderator")
        assert (await patch(client, post_id, author, {"featured": True})).status_code == 403
        assert (await patch(client, post_id, moderator, {"featured": True})).status_code == 403
        answer = await patch(client, post_id, manager, {"featured": True})
        assert (answer.status_code, answer.json()["featured"]) == (200, True)
        assert (await patch(client, post_id, manager, {"featured": False, "title": "Mine now"})).status_code == 403
        assert (await patch(client, post_id, author, {"title": "Still mine"})).json()["featured"] is True

    async def test_nobody_edits_what_others_wrote(
        self, client: AsyncClient, author: Member, make: Factory, connection: Connection
    ) -> None:
        published, draft = await make.post(author), await make.post(author, status="draft")
        expected = {"user": (403, 404), "manager": (403, 404), "moderator": (403, 403), "admin": (403, 403)}
        for role, statuses in expected.items():
            other = await make.member(role)
            answers = [await patch(client, post, other, {"title": "Taken over"}) for post in (published, draft)]
            assert tuple(answer.status_code for answer in answers) == statuses, role
        assert await connection.fetchval("SELECT count(*) FROM posts WHERE version > 1") == 0

    async def test_a_stale_etag_is_412_and_a_like_makes_none_stale(
        self, client: AsyncClient, author: Member, make: Factory
    ) -> None:
        post_id, fan = await make.post(author), await make.member()
        etag = (await client.get(f"/posts/{post_id}")).headers["etag"]
        await client.put(f"/posts/{post_id}/like", headers=fan.headers)
        first = await patch(client, post_id, author, {"title": "First change"}, etag)
        assert first.status_code == 200
        second = await patch(client, post_id, author, {"title": "Second change"}, etag)
        assert (second.status_code, second.json()["code"]) == (412, "precondition_failed")
        third = await patch(client, post_id, author, {"title": "Third change"}, f'"x", {first.headers["etag"]}')
        assert (third.status_code, third.json()["title"]) == (200, "Third change")

    @pytest.mark.parametrize("condition", ["3", '"', 'W/"1-00000000"', '"-1"', '"1', "**"])
    async def test_what_is_no_strong_etag_of_this_version_changes_nothing(
        self, client: AsyncClient, author: Member, make: Factory, condition: str
    ) -> None:
        post_id = await make.post(author)
        answer = await patch(client, post_id, author, {"title": "Changed after all"}, condition)
        assert answer.status_code in (412, 422)
        assert (await client.get(f"/posts/{post_id}")).json()["version"] == 1

    async def test_without_if_match_is_428(self, client: AsyncClient, author: Member, make: Factory) -> None:
        post_id = await make.post(author)
        answer = await client.patch(f"/posts/{post_id}", json={"title": "Changed"}, headers=MERGE | author.headers)
        assert (answer.status_code, answer.json()["code"]) == (428, "precondition_required")

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, ""),
            ({"title": None}, "/title"),
            ({"title": "Four"}, "/title"),
            ({"title": "  Four  "}, "/title"),
            ({"title": "T" * 201}, "/title"),
            ({"title": 12345}, "/title"),
            ({"content": "Too short"}, "/content"),
            ({"content": "c" * 200_001}, "/content"),
            ({"excerpt": "e" * 301}, "/excerpt"),
            ({"tags": None}, "/tags"),
            ({"tags": ["a"] * 11}, "/tags"),
            ({"tags": ["fine", "not fine"]}, "/tags/1"),
            ({"featured": "yes"}, "/featured"),
            ({"status": "published"}, "/status"),
            ({"views": 1_000_000}, "/views"),
        ],
    )
    async def test_what_the_contract_does_not_allow_is_422(
        self, client: AsyncClient, author: Member, make: Factory, body: dict[str, Any], pointer: str
    ) -> None:
        post_id = await make.post(author)
        answer = await patch(client, post_id, author, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        assert answer.json()["errors"][0]["pointer"] == pointer
        assert (await client.get(f"/posts/{post_id}")).json()["version"] == 1

    async def test_unknown_is_404(self, client: AsyncClient, author: Member) -> None:
        assert (await patch(client, uuid4(), author, {"title": "Nowhere"})).status_code == 404


class TestDeletePost:
    async def test_takes_everything_along(
        self, client: AsyncClient, author: Member, make: Factory, connection: Connection
    ) -> None:
        post = await write(client, author, tags=["looms"])
        path = f"/posts/{post['id']}"
        await client.put(f"{path}/publication", headers=author.headers)
        await client.put(f"{path}/like", headers=(await make.member()).headers)
        comment = await make.comment(UUID(post["id"]))
        await make.comment(UUID(post["id"]), parent=comment)
        etag = (await client.get(path)).headers["etag"]
        answer = await client.delete(path, headers=author.headers | {"If-Match": etag})
        assert (answer.status_code, answer.content) == (204, b"")
        for table in ("posts", "post_slugs", "post_likes", "comments"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0, table  # noqa: S608 - Names of ours.
        assert await tag_counts(connection) == {"looms": 0}
        assert (await client.get(f"/profiles/{author.username}")).json()["post_count"] == 0

    async def test_repeated_is_404(self, client: AsyncClient, author: Member, make: Factory) -> None:
        post_id = await make.post(author, status="draft")
        headers = author.headers | {"If-Match": "*"}
        answers = [await client.delete(f"/posts/{post_id}", headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [204, 404]

    async def test_its_slug_is_free_again(self, client: AsyncClient, author: Member) -> None:
        post = await write(client, author)
        await client.delete(f"/posts/{post['id']}", headers=author.headers | {"If-Match": "*"})
        assert (await write(client, author))["slug"] == post["slug"]

    async def test_is_for_the_author_and_moderators(self, client: AsyncClient, author: Member, make: Factory) -> None:
        for role, status in {"user": 403, "manager": 403, "moderator": 204, "admin": 204}.items():
            post_id = await make.post(author)
            other = await make.member(role)
            answer = await client.delete(f"/posts/{post_id}", headers=other.headers | {"If-Match": "*"})
            assert answer.status_code == status, role
        hidden = await make.post(author, status="draft")
        stranger = await make.member()
        answer = await client.delete(f"/posts/{hidden}", headers=stranger.headers | {"If-Match": "*"})
        assert answer.status_code == 404

    async def test_needs_the_current_etag(self, client: AsyncClient, author: Member, make: Factory) -> None:
        post_id = await make.post(author)
        stale = (await client.get(f"/posts/{post_id}")).headers["etag"]
        await patch(client, post_id, author, {"title": "Changed meanwhile"})
        assert (await client.delete(f"/posts/{post_id}", headers=author.headers)).status_code == 428
        answer = await client.delete(f"/posts/{post_id}", headers=author.headers | {"If-Match": stale})
        assert answer.status_code == 412
        assert (await client.get(f"/posts/{post_id}")).status_code == 200
