"""deleteMe, and what becomes of all that a member has written and liked."""

import random
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from app.sql import Connection
from tests.auth.conftest import REGISTRATION, bearer, log_in, refresh
from tests.committed import Committed
from tests.factories import Factory, Member

# What every counter is, beside what it should be; exact counters leave no row.
WRONG_COUNTERS = {
    "tags": """
        SELECT name FROM tags WHERE post_count <>
            (SELECT count(*) FROM posts WHERE status = 'published' AND tags.name = ANY (posts.tags))""",
    "items of tags": """
        SELECT name FROM tags WHERE item_count <>
            (SELECT count(*) FROM items WHERE status = 'active' AND tags.name = ANY (items.tags))""",
    "items of categories": """
        SELECT slug FROM categories WHERE item_count <>
            (SELECT count(*) FROM items WHERE status = 'active' AND category_id = categories.id)""",
    "likes of posts": """
        SELECT id FROM posts WHERE likes <> (SELECT count(*) FROM post_likes WHERE post_id = posts.id)""",
    "comments of posts": """
        SELECT id FROM posts WHERE comment_count <>
            (SELECT count(*) FROM comments WHERE post_id = posts.id AND deleted_at IS NULL)""",
    "likes of comments": """
        SELECT id FROM comments WHERE likes <> (SELECT count(*) FROM comment_likes WHERE comment_id = comments.id)""",
    "posts of members": """
        SELECT id FROM users WHERE post_count <>
            (SELECT count(*) FROM posts WHERE author_id = users.id AND status = 'published')""",
    "seats of events": """
        SELECT id FROM events WHERE attendee_count <>
            (SELECT count(*) FROM event_attendances WHERE event_id = events.id)""",
    "places that nothing needs": """
        SELECT id FROM comments AS place WHERE deleted_at IS NOT NULL
            AND NOT EXISTS (SELECT FROM comments WHERE parent_id = place.id)""",
    "comments without author": """
        SELECT id FROM comments WHERE author_id IS NULL AND (deleted_at IS NULL OR content <> '')""",
}
MAKE_EXACT = (
    (
        "UPDATE posts SET likes = (SELECT count(*) FROM post_likes WHERE post_id = posts.id), comment_count = "
        "(SELECT count(*) FROM comments WHERE post_id = posts.id AND deleted_at IS NULL)"
    ),
    "UPDATE comments SET likes = (SELECT count(*) FROM comment_likes WHERE comment_id = comments.id)",
    "UPDATE tags SET post_count = (SELECT count(*) FROM posts WHERE status = 'published' AND tags.name = ANY (tags))",
    "UPDATE tags SET item_count = (SELECT count(*) FROM items WHERE status = 'active' AND tags.name = ANY (tags))",
    "UPDATE users SET post_count = (SELECT count(*) FROM posts WHERE author_id = users.id AND status = 'published')",
)


async def delete_me(client: AsyncClient, if_match: str = "*", **headers: str) -> Response:
    """Delete the account of whoever asks."""
    return await client.delete("/users/me", headers={"If-Match": if_match} | headers)


async def assert_exact(connection: Connection) -> None:
    """Every counter counts what is there."""
    for name, query in WRONG_COUNTERS.items():
        assert await connection.fetch(query) == [], name


async def count(connection: Connection) -> None:
    """Make every counter exact, where rows were made without counting."""
    for statement in MAKE_EXACT:
        await connection.execute(statement)


def code(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestDeleteMe:
    async def test_ends_the_account_and_frees_name_and_address(
        self, client: AsyncClient, connection: Connection
    ) -> None:
        first = (await client.post("/auth/register", json=REGISTRATION)).json()["id"]
        tokens = (await log_in(client, "ada_l")).json()
        headers = bearer(tokens["access_token"])
        answer = await delete_me(client, **headers)
        assert (answer.status_code, answer.content) == (204, b"")
        assert code(await client.get("/users/me", headers=headers)) == (401, "invalid_token")
        assert (await refresh(client, tokens["refresh_token"])).status_code == 401
        assert code(await log_in(client, "ada_l")) == (401, "invalid_credentials")
        assert code(await delete_me(client, **headers)) == (401, "invalid_token")
        again = await client.post("/auth/register", json=REGISTRATION)
        assert again.status_code == 201
        assert again.json()["id"] != first
        event = await connection.fetchrow("SELECT * FROM audit_events WHERE action = 'account_deleted'")
        assert event is not None
        assert str(event["actor_id"]) == str(event["subject_id"]) == first

    @pytest.mark.actor("user")
    async def test_needs_the_current_etag(self, client: AsyncClient, actor: Member) -> None:
        tag = (await client.get("/users/me")).headers["etag"]
        edit = {"Content-Type": "application/merge-patch+json", "If-Match": tag}
        assert (await client.patch("/users/me", json={"bio": "New."}, headers=edit)).status_code == 200
        assert code(await delete_me(client, tag)) == (412, "precondition_failed")
        assert (await client.delete("/users/me")).status_code == 428
        assert (await client.get("/users/me")).json()["id"] == str(actor.id)

    async def test_takes_a_login_of_a_short_while_ago(self, client: AsyncClient, connection: Connection) -> None:
        await client.post("/auth/register", json=REGISTRATION)
        tokens = (await log_in(client, "ada_l")).json()
        await connection.execute("UPDATE sessions SET created_at = now() - interval '16 minutes'")
        # A new token does not make the session any younger: whoever stole one has no password.
        renewed = (await refresh(client, tokens["refresh_token"])).json()
        for pair in (tokens, renewed):
            assert code(await delete_me(client, **bearer(pair["access_token"]))) == (403, "login_required")
        assert await connection.fetchval("SELECT count(*) FROM users") == 1
        fresh = (await log_in(client, "ada_l")).json()
        assert (await delete_me(client, **bearer(fresh["access_token"]))).status_code == 204

    @pytest.mark.actor("admin")
    async def test_the_last_administrator_stays(self, client: AsyncClient, make: Factory) -> None:
        await make.member("admin", is_active=False)
        assert code(await delete_me(client)) == (409, "last_admin")
        await make.member("admin")
        assert (await delete_me(client)).status_code == 204


@pytest.mark.actor("user")
class TestWhatIsLeft:
    async def test_of_an_answered_comment_the_place(
        self, client: AsyncClient, actor: Member, make: Factory, connection: Connection
    ) -> None:
        post = await make.post()
        comment = await make.comment(post, actor, content="Who weaves the cards?")
        other = await make.member()
        answer = await make.comment(post, other, parent=comment, content="The weaver does.")
        silent = await make.comment(post, actor)
        await count(connection)
        assert (await delete_me(client)).status_code == 204
        client.headers.pop("Authorization")
        place = (await client.get(f"/comments/{comment}")).json()
        assert (place["content"], place["author"], place["is_deleted"], place["reply_count"]) == (None, None, True, 1)
        kept = (await client.get(f"/comments/{answer}")).json()
        assert (kept["content"], kept["author"]["username"]) == ("The weaver does.", other.username)
        assert kept["parent_id"] == str(comment)
        assert (await client.get(f"/comments/{silent}")).status_code == 404
        (tree,) = (await client.get(f"/posts/{post}/comments")).json()["items"]
        assert [below["id"] for below in tree["replies"]] == [str(answer)]
        assert (await client.get(f"/posts/{post}")).json()["comment_count"] == 1
        await assert_exact(connection)

    async def test_of_a_talk_with_oneself_nothing(
        self, client: AsyncClient, actor: Member, make: Factory, connection: Connection
    ) -> None:
        post = await make.post()
        above = await make.comment(post, actor)
        between = await make.comment(post, parent=above, content="", deleted_at=datetime.now(UTC))
        await make.comment(post, actor, parent=between)
        await make.comment(post, actor)
        await count(connection)
        assert (await delete_me(client)).status_code == 204
        assert await connection.fetchval("SELECT count(*) FROM comments") == 0
        await assert_exact(connection)

    async def test_of_posts_and_likes_nothing(
        self, client: AsyncClient, actor: Member, make: Factory, connection: Connection
    ) -> None:
        own, other = await make.post(actor, tags=["looms", "cards"]), await make.post(tags=["looms"])
        await make.post(actor, tags=["cards"], status="draft")
        for tag in ("looms", "cards"):
            await make.tag(tag)
        comment = await make.comment(other)
        await make.comment(own)
        for liked in (own, other):
            await connection.execute("INSERT INTO post_likes (post_id, user_id) VALUES ($1, $2)", liked, actor.id)
        await connection.execute("INSERT INTO comment_likes (comment_id, user_id) VALUES ($1, $2)", comment, actor.id)
        await count(connection)
        assert (await delete_me(client)).status_code == 204
        await assert_exact(connection)
        assert await connection.fetch("SELECT id FROM posts") == [(other,)]
        counts = await connection.fetch("SELECT name, post_count FROM tags ORDER BY name")
        assert [tuple(row) for row in counts] == [("cards", 0), ("looms", 1)]
        assert await connection.fetchval("SELECT count(*) FROM post_slugs") == 1

    async def test_a_living_comment_cannot_lose_its_author(
        self, actor: Member, make: Factory, connection: Connection
    ) -> None:
        await make.comment(await make.post(), actor)
        with pytest.raises(Exception, match="ck_comments_author"):
            await connection.execute("DELETE FROM users WHERE id = $1", actor.id)


class Talk:
    """A publication in which chance has written, answered, liked and deleted."""

    def __init__(self, make: Factory, connection: Connection, seed: int) -> None:
        self._make, self._connection = make, connection
        self._chance = random.Random(seed)  # noqa: S311 - A talk that repeats.
        self.members: list[Member] = []
        self.posts: list[UUID] = []
        self.comments: list[dict[str, Any]] = []

    async def take_place(self) -> None:
        """Let it all happen, and count it."""
        self.members = [await self._make.member() for _ in range(4)]
        for name in ("looms", "cards", "engines"):
            await self._make.tag(name)
        for _ in range(8):
            tags = self._chance.sample(["looms", "cards", "engines"], self._chance.randrange(4))
            status = self._chance.choice(["published", "published", "draft"])
            self.posts.append(await self._make.post(self._chance.choice(self.members), tags=tags, status=status))
        for _ in range(60):
            await self._say()
        for member in self.members:
            for table, name, ids in (
                ("post_likes", "post_id", self._chance.sample(self.posts, 3)),
                ("comment_likes", "comment_id", [row["id"] for row in self._chance.sample(self._living(), 8)]),
            ):
                statement = f"INSERT INTO {table} ({name}, user_id) SELECT unnest($1::uuid[]), $2"
                await self._connection.execute(statement, ids, member.id)
        await count(self._connection)

    def _living(self) -> list[dict[str, Any]]:
        return [row for row in self.comments if not row["deleted"]]

    async def _say(self) -> None:
        post, author = self._chance.choice(self.posts), self._chance.choice(self.members)
        above = [row for row in self._living() if row["post"] == post and row["depth"] < 5]
        parent = self._chance.choice(above) if above and self._chance.random() < 0.8 else None
        given = {"parent": parent["id"]} if parent else {}
        made = await self._make.comment(post, author, **given)
        depth = parent["depth"] + 1 if parent else 1
        row = {"id": made, "post": post, "author": author.id, "parent": parent, "depth": depth, "deleted": False}
        self.comments.append(row)
        if parent and self._chance.random() < 0.15:
            parent["deleted"] = True
            await self._connection.execute(
                "UPDATE comments SET deleted_at = now(), content = '' WHERE id = $1", parent["id"]
            )

    async def expected(self, leaver: Member) -> set[UUID]:
        """Return the comments that should be left: the living ones of others, and all places above them."""
        own = await self._connection.fetch("SELECT id FROM posts WHERE author_id = $1", leaver.id)
        gone = {row["id"] for row in own}
        left: set[UUID] = set()
        for row in self._living():
            if row["author"] != leaver.id and row["post"] not in gone:
                above = row
                while above:
                    left.add(above["id"])
                    above = above["parent"]
        return left


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_was_written_the_rest_is_whole(
    client: AsyncClient, make: Factory, connection: Connection, seed: int
) -> None:
    talk = Talk(make, connection, seed)
    await talk.take_place()
    leaver = talk.members[0]
    expected = await talk.expected(leaver)
    await assert_exact(connection)
    assert (await delete_me(client, **leaver.headers)).status_code == 204
    await assert_exact(connection)
    assert {row["id"] for row in await connection.fetch("SELECT id FROM comments")} == expected
    assert await connection.fetchval("SELECT count(*) FROM posts WHERE author_id = $1", leaver.id) == 0


@pytest.mark.xdist_group("committed")
class TestWhoHasJustLeft:
    """Somebody is remembered for half a second; what refers to an account that went meanwhile cannot be kept."""

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "/posts", {"title": "The engine weaves", "content": "It weaves patterns."}),
            ("POST", "/posts/bulk", {"posts": [{"title": "The engine weaves", "content": "It weaves patterns."}]}),
            ("PUT", "/posts/{post}/like", None),
            ("POST", "/posts/{post}/comments", {"content": "Who weaves the cards?"}),
            ("PUT", "/comments/{comment}/like", None),
            ("PUT", "/comments/{comment}/report", {"reason": "spam"}),
            ("POST", "/auth/api-keys", {"name": "Backup", "scopes": ["posts:write"]}),
        ],
    )
    async def test_is_nobody(self, committed: Committed, method: str, path: str, body: object) -> None:
        post = await committed.make.post()
        place = path.format(post=post, comment=await committed.make.comment(post))
        leaver = await committed.make.member()
        assert (await committed.client.get("/users/me", headers=leaver.headers)).status_code == 200
        await committed.connection.execute("DELETE FROM users WHERE id = $1", leaver.id)
        answer = await committed.client.request(method, place, json=body, headers=leaver.headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
        counted = await committed.connection.fetch("SELECT likes, comment_count FROM posts")
        assert [tuple(row) for row in counted] == [(0, 0)]
