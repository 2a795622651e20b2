"""listRelatedPosts."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from httpx2 import AsyncClient

from app.posts import related
from app.sql import Connection
from tests.factories import Factory

START = datetime(2026, 1, 1, tzinfo=UTC)


async def titles(client: AsyncClient, post_id: UUID, **query: int) -> list[str]:
    answer = await client.get(f"/posts/{post_id}/related", params=query)
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json()["items"]]


class TestListRelatedPosts:
    async def test_share_most_tags_and_then_are_the_newest(self, client: AsyncClient, make: Factory) -> None:
        post_id = await make.post(tags=["looms", "engines", "cards"])
        for day, (title, tags) in enumerate(
            [
                ("Two, older", ["engines", "looms"]),
                ("Two, newer", ["looms", "cards", "other"]),
                ("Three of them", ["cards", "engines", "looms"]),
                ("One of them", ["looms"]),
                ("None of them", ["other"]),
                ("No tags", []),
            ]
        ):
            await make.post(title=title, tags=tags, published_at=START + timedelta(days=day))
        await make.post(title="A draft", tags=["looms", "engines", "cards"], status="draft")
        assert await titles(client, post_id) == ["Three of them", "Two, newer", "Two, older", "One of them"]
        assert await titles(client, post_id, limit=2) == ["Three of them", "Two, newer"]

    async def test_are_none_without_tags(self, client: AsyncClient, make: Factory) -> None:
        await make.post(tags=["looms"])
        assert await titles(client, await make.post()) == []

    async def test_are_five_unless_asked(self, client: AsyncClient, make: Factory) -> None:
        post_id, *_ = [await make.post(tags=["looms"]) for _ in range(7)]
        assert len(await titles(client, post_id)) == 5
        assert len(await titles(client, post_id, limit=20)) == 6

    async def test_of_a_draft_are_for_its_author(self, client: AsyncClient, make: Factory) -> None:
        author = await make.member()
        post_id = await make.post(author, status="draft", tags=["looms"])
        await make.post(tags=["looms"], title="On looms")
        assert (await client.get(f"/posts/{post_id}/related")).status_code == 404
        answer = await client.get(f"/posts/{post_id}/related", headers=author.headers)
        assert [item["title"] for item in answer.json()["items"]] == ["On looms"]

    async def test_are_found_by_an_index(self, connection: Connection, make: Factory) -> None:
        author = await make.member()
        await connection.execute(
            "INSERT INTO posts (id, author_id, title, slug, content, status, published_at, tags)"
            " SELECT gen_random_uuid(), $1, 'The engine weaves', 'e-' || n, 'It weaves patterns.', 'published',"
            " now() - n * interval '1 minute', ARRAY['common', 'rare-' || n % 1000]"
            " FROM generate_series(1, 20000) AS n",
            author.id,
        )
        await connection.execute("ANALYZE posts")
        for names in (["common"], ["rare-7"], ["common", "rare-7"], ["absent"]):
            values = {"names": names, "post_id": UUID(int=1), "limit": 5}
            statement = related._RELATED  # pyright: ignore[reportPrivateUsage] - Its plan is the subject.
            rows = await connection.fetch(f"EXPLAIN {statement.sql}", *statement.arguments(values))
            plan = "\n".join(row[0] for row in rows)
            assert "Seq Scan on posts" not in plan, plan
