"""publishPost, withdrawPost, archivePost, featurePost, unfeaturePost, likePost and unlikePost."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient, Response

from app.sql import Connection
from tests.factories import Factory, Member

STEPS = {"publish": ("PUT", "publication"), "withdraw": ("DELETE", "publication"), "archive": ("PUT", "archive")}


@pytest.fixture
async def author(make: Factory) -> Member:
    return await make.member()


async def step(client: AsyncClient, name: str, post_id: UUID, who: Member) -> Response:
    method, place = STEPS[name]
    return await client.request(method, f"/posts/{post_id}/{place}", headers=who.headers)


class TestPublishPost:
    async def test_shows_the_post_and_counts_it(
        self, client: AsyncClient, author: Member, make: Factory, connection: Connection
    ) -> None:
        await make.tag("looms")
        long_ago = datetime(2026, 1, 1, tzinfo=UTC)
        post_id = await make.post(
            author, status="draft", tags=["looms"], content="*Looms* weave flowers.", updated_at=long_ago
        )
        answer = await step(client, "publish", post_id, author)
        post = answer.json()
        assert (answer.status_code, post["status"], post["version"]) == (200, "published", 2)
        for moment in (post["published_at"], post["updated_at"]):
            assert abs(datetime.now(UTC) - datetime.fromisoformat(moment)) < timedelta(minutes=1)
        assert post["excerpt"] == "Looms weave flowers."
        assert answer.headers["etag"] == (await client.get(f"/posts/{post_id}")).headers["etag"]
        assert await connection.fetchval("SELECT post_count FROM tags") == 1
        assert await connection.fetchval("SELECT post_count FROM users WHERE id = $1", author.id) == 1

    async def test_an_excerpt_of_the_author_stays(self, client: AsyncClient, author: Member, make: Factory) -> None:
        post_id = await make.post(author, status="draft", excerpt="My own words.")
        assert (await step(client, "publish", post_id, author)).json()["excerpt"] == "My own words."

    async def test_repeated_changes_nothing(
        self, client: AsyncClient, author: Member, make: Factory, connection: Connection
    ) -> None:
        post_id = await make.post(author, status="draft")
        first, second = [await step(client, "publish", post_id, author) for _ in range(2)]
        assert (second.status_code, second.json()) == (200, first.json())
        assert await connection.fetchval("SELECT post_count FROM users WHERE id = $1", author.id) == 1


class TestWithdrawPost:
    @pytest.mark.parametrize(("status", "left"), [("published", 0), ("archived", 1)])
    async def test_makes_it_a_draft_again(
        self, client: AsyncClient, connection: Connection, status: str, left: int
    ) -> None:
        make = Factory(connection)
        author = await make.member(post_count=1)
        await make.tag("looms", post_count=1)
        post_id = await make.post(author, status=status, tags=["looms"])
        post = (await step(client, "withdraw", post_id, author)).json()
        assert (post["status"], post["published_at"], post["version"]) == ("draft", None, 2)
        assert (await client.get(f"/posts/{post_id}")).status_code == 404
        assert await connection.fetchval("SELECT post_count FROM tags") == left
        assert await connection.fetchval("SELECT post_count FROM users WHERE id = $1", author.id) == left


class TestArchivePost:
    async def test_takes_it_out_of_sight_and_keeps_it(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        author = await make.member(post_count=1)
        post_id = await make.post(author)
        published_at = (await client.get(f"/posts/{post_id}")).json()["published_at"]
        first, second = [await step(client, "archive", post_id, author) for _ in range(2)]
        assert (first.json()["status"], first.json()["published_at"]) == ("archived", published_at)
        assert second.json() == first.json()
        assert (await client.get(f"/posts/{post_id}")).status_code == 404
        assert await connection.fetchval("SELECT post_count FROM users WHERE id = $1", author.id) == 0


class TestPublishWithdrawArchivePost:
    """Every step from every state."""

    @pytest.mark.parametrize(
        ("status", "name", "answered"),
        [
            ("draft", "publish", "published"),
            ("draft", "withdraw", None),
            ("draft", "archive", None),
            ("scheduled", "publish", "published"),
            ("scheduled", "withdraw", "draft"),
            ("scheduled", "archive", None),
            ("published", "publish", "published"),
            ("published", "withdraw", "draft"),
            ("published", "archive", "archived"),
            ("archived", "publish", None),
            ("archived", "withdraw", "draft"),
            ("archived", "archive", "archived"),
        ],
    )
    async def test_leads_where_the_contract_says_or_is_409(
        self, client: AsyncClient, make: Factory, status: str, name: str, answered: str | None
    ) -> None:
        author = await make.member()
        publish_at = datetime.now(UTC) + timedelta(days=1) if status == "scheduled" else None
        post_id = await make.post(author, status=status, publish_at=publish_at)
        answer = await step(client, name, post_id, author)
        if answered is None:
            assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition")
            unchanged = await client.get(f"/posts/{post_id}", headers=author.headers)
            assert (unchanged.json()["status"], unchanged.json()["version"]) == (status, 1)
        else:
            assert (answer.status_code, answer.json()["status"]) == (200, answered)

    @pytest.mark.parametrize("name", STEPS)
    async def test_only_the_author_takes_it(
        self, client: AsyncClient, author: Member, make: Factory, name: str
    ) -> None:
        post_id, hidden = await make.post(author), await make.post(author, status="draft")
        moderator, stranger = await make.member("moderator"), await make.member()
        assert (await step(client, name, post_id, moderator)).status_code == 403
        assert (await step(client, name, post_id, stranger)).status_code == 403
        assert (await step(client, name, hidden, stranger)).status_code == 404
        assert (await step(client, name, uuid4(), author)).status_code == 404


class TestFeaturePost:
    @pytest.mark.parametrize("status", ["draft", "scheduled", "published", "archived"])
    @pytest.mark.actor("admin")
    async def test_puts_a_post_forward_and_no_longer(self, client: AsyncClient, make: Factory, status: str) -> None:
        publish_at = datetime.now(UTC) + timedelta(days=1) if status == "scheduled" else None
        path = f"/posts/{await make.post(status=status, publish_at=publish_at)}/feature"
        first, second = [await client.put(path) for _ in range(2)]
        post = first.json()
        assert (first.status_code, post["featured"], post["version"], post["status"]) == (200, True, 2, status)
        assert (second.json(), second.headers["etag"]) == (post, first.headers["etag"])
        no_longer, again = [await client.delete(path) for _ in range(2)]
        assert (no_longer.json()["featured"], no_longer.json()["version"]) == (False, 3)
        assert again.json() == no_longer.json()

    async def test_is_for_editors_and_what_they_see(self, client: AsyncClient, author: Member, make: Factory) -> None:
        post_id, hidden = await make.post(author), await make.post(author, status="draft")
        manager = await make.member("manager")
        for method in ("PUT", "DELETE"):
            for who, post, expected in (
                (author, post_id, 403),
                (manager, post_id, 200),
                (manager, hidden, 404),
                (manager, uuid4(), 404),
            ):
                answer = await client.request(method, f"/posts/{post}/feature", headers=who.headers)
                assert answer.status_code == expected

    async def test_can_be_asked_for_in_lists(self, client: AsyncClient, make: Factory) -> None:
        featured, other = await make.post(), await make.post()
        manager = await make.member("manager")
        await client.put(f"/posts/{featured}/feature", headers=manager.headers)
        for wanted, found in (("true", featured), ("false", other)):
            listed = await client.get("/posts", params={"featured": wanted})
            assert [item["id"] for item in listed.json()["items"]] == [str(found)]


class TestLikePost:
    async def test_counts_once_per_member(self, client: AsyncClient, make: Factory, connection: Connection) -> None:
        post_id = await make.post()
        fans = [await make.member() for _ in range(3)]
        for fan in (*fans, *fans):
            answer = await client.put(f"/posts/{post_id}/like", headers=fan.headers)
            assert (answer.status_code, answer.content) == (204, b"")
        post = (await client.get(f"/posts/{post_id}")).json()
        assert (post["likes"], post["version"]) == (3, 1)
        assert await connection.fetchval("SELECT count(*) FROM post_likes") == 3

    @pytest.mark.parametrize("status", ["draft", "archived"])
    async def test_what_is_not_published_cannot_be_liked(
        self, client: AsyncClient, author: Member, make: Factory, status: str
    ) -> None:
        path = f"/posts/{await make.post(author, status=status)}/like"
        refused = await client.put(path, headers=author.headers)
        assert (refused.status_code, refused.json()["code"]) == (409, "post_not_published")
        assert (await client.put(path, headers=(await make.member()).headers)).status_code == 404
        assert (await client.put(f"/posts/{uuid4()}/like", headers=author.headers)).status_code == 404
        assert (await client.get(path.removesuffix("/like"), headers=author.headers)).json()["likes"] == 0


class TestUnlikePost:
    async def test_takes_back_ones_own_like_once(self, client: AsyncClient, make: Factory) -> None:
        post_id = await make.post()
        fan, other = await make.member(), await make.member()
        for member in (fan, other):
            await client.put(f"/posts/{post_id}/like", headers=member.headers)
        for _ in range(2):
            answer = await client.delete(f"/posts/{post_id}/like", headers=fan.headers)
            assert (answer.status_code, answer.content) == (204, b"")
        assert (await client.get(f"/posts/{post_id}")).json()["likes"] == 1

    async def test_without_a_like_changes_nothing(self, client: AsyncClient, author: Member, make: Factory) -> None:
        post_id = await make.post()
        assert (await client.delete(f"/posts/{post_id}/like", headers=author.headers)).status_code == 204
        assert (await client.get(f"/posts/{post_id}")).json()["likes"] == 0
        assert (await client.delete(f"/posts/{uuid4()}/like", headers=author.headers)).status_code == 404
