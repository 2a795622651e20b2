"""getPostBySlug by the names that a post has had."""

from typing import Any

from httpx2 import AsyncClient

from tests.factories import Factory

PATCH = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
DRAFT = {"title": "The engine weaves", "content": "It weaves patterns."}
TITLES = ("The loom weaves", "The loom rests")


class TestGetPostBySlug:
    async def test_follows_every_name_that_the_post_was_published_under(
        self, client: AsyncClient, make: Factory
    ) -> None:
        author, other = await make.member(), await make.member()

        async def act(method: str, path: str, body: Any = None) -> dict[str, Any]:
            headers = (PATCH if method == "PATCH" else {}) | author.headers
            answer = await client.request(method, path, json=body, headers=headers)
            assert answer.is_success, answer.text
            return answer.json()

        path = f"/posts/{(await act('POST', '/posts', DRAFT))['id']}"
        slugs = [(await act("PUT", f"{path}/publication"))["slug"]]
        for title in TITLES:
            await act("DELETE", f"{path}/publication")
            await act("PATCH", path, {"title": title})
            slugs.append((await act("PUT", f"{path}/publication"))["slug"])
        assert slugs == ["the-engine-weaves", "the-loom-weaves", "the-loom-rests"]
        for old in slugs[:-1]:
            answer = await client.get(f"/posts/by-slug/{old}")
            assert (answer.status_code, answer.headers["location"]) == (308, "/api/v1/posts/by-slug/the-loom-rests")
        assert (await client.get("/posts/by-slug/the-loom-rests")).status_code == 200
        # What leads to one post is not given to another, and leads nobody to what he may not see.
        taken = await client.post("/posts", json=DRAFT, headers=other.headers)
        assert taken.json()["slug"] == "the-engine-weaves-2"
        await act("DELETE", f"{path}/publication")
        assert (await client.get("/posts/by-slug/the-engine-weaves")).status_code == 404

    async def test_a_published_post_keeps_its_name(self, client: AsyncClient, make: Factory) -> None:
        author = await make.member()
        post = await make.post(author, slug="the-engine-weaves")
        edited = await client.patch(f"/posts/{post}", json={"title": "The loom"}, headers=PATCH | author.headers)
        assert edited.json()["slug"] == "the-engine-weaves"

    async def test_names_are_free_again_when_the_post_is_gone(self, client: AsyncClient, make: Factory) -> None:
        author = await make.member()
        post = await make.post(author, slug="the-engine-weaves")
        await client.delete(f"/posts/{post}", headers={"If-Match": "*"} | author.headers)
        assert (await client.get("/posts/by-slug/the-engine-weaves")).status_code == 404
        assert (await client.post("/posts", json=DRAFT, headers=author.headers)).json()["slug"] == "the-engine-weaves"
