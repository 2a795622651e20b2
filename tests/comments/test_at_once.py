"""Comments under concurrency: members who write, answer, like, unlike and delete at the same time."""

import asyncio
import random
from collections import Counter
from time import monotonic
from uuid import UUID

import pytest

from app.sql import Connection
from tests.committed import Committed, at_once
from tests.factories import Member

pytestmark = pytest.mark.xdist_group("committed")

ANY = {"If-Match": "*"}
SECONDS = 3.0
MEMBERS = 20
WRONG_POSTS = """
    SELECT id, comment_count FROM posts
    WHERE comment_count <> (SELECT count(*) FROM comments c WHERE c.post_id = posts.id AND c.deleted_at IS NULL
                           AND c.status = 'approved')
"""
WRONG_COMMENTS = """
    SELECT id, likes FROM comments
    WHERE likes <> (SELECT count(*) FROM comment_likes l WHERE l.comment_id = comments.id)
"""
STRAYS = """
    SELECT a.id FROM comments a LEFT JOIN comments p ON p.id = a.parent_id
    WHERE (a.parent_id IS NULL) <> (a.depth = 1)
    OR p.id IS NOT NULL AND (p.depth, p.post_id, p.root_id) IS DISTINCT FROM (a.depth - 1, a.post_id, a.root_id)
    OR a.deleted_at IS NOT NULL AND NOT EXISTS (SELECT FROM comments c WHERE c.parent_id = a.id)
"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


async def assert_consistent(connection: Connection) -> None:
    """Every counter is the count, every answer stands one level below its parent, and no place stands for nothing."""
    assert await connection.fetch(WRONG_POSTS) == []
    assert await connection.fetch(WRONG_COMMENTS) == []
    assert await connection.fetch(STRAYS) == []


class Crowd:
    """Members who pick comments at random and do something to them, and the answers they get."""

    def __init__(self, committed: Committed, posts: list[UUID]) -> None:
        self.committed = committed
        self.posts = posts
        self.known: list[tuple[UUID, str]] = []
        self.seen: Counter[tuple[str, int]] = Counter()

    async def write(self, member: Member, dice: random.Random) -> int:
        """Comment on a post, or answer one of the newest comments, which others are about to delete."""
        post_id, parent_id = dice.choice(self.known[-30:]) if self.known and dice.random() < 0.8 else (None, None)
        draft = {"content": "Looms, yes.", "parent_id": parent_id}
        post_id = post_id or dice.choice(self.posts)
        client = self.committed.client
        answer = await client.post(f"/posts/{post_id}/comments", json=draft, headers=member.headers)
        if answer.status_code == 201:
            self.known.append((post_id, answer.json()["id"]))
        return answer.status_code

    async def act(self, member: Member, dice: random.Random) -> None:
        """Do one thing."""
        what = dice.choice(["write", "like", "unlike", "delete"]) if self.known else "write"
        if what == "write":
            self.seen[what, await self.write(member, dice)] += 1
            return
        path = f"/comments/{dice.choice(self.known[-30:])[1]}"
        method = "PUT" if what == "like" else "DELETE"
        path, headers = (path, ANY) if what == "delete" else (f"{path}/like", {})
        answer = await self.committed.client.request(method, path, headers=headers | member.headers)
        self.seen[what, answer.status_code] += 1

    async def act_until(self, end: float, member: Member, number: int) -> None:
        """Do one thing after the other."""
        dice = random.Random(number)  # noqa: S311 - Dice that fall the same way each time.
        while monotonic() < end:
            await self.act(member, dice)


class TestDeleteComment:
    async def test_counters_stay_true_in_a_crowd(self, committed: Committed) -> None:
        crowd = Crowd(committed, [await committed.make.post() for _ in range(2)])
        members = [await committed.make.member("moderator") for _ in range(MEMBERS)]
        end = monotonic() + SECONDS
        await asyncio.gather(*(crowd.act_until(end, member, number) for number, member in enumerate(members)))
        await assert_consistent(committed.connection)
        assert await committed.connection.fetchval(DEADLOCKS) == 0
        expected = {
            "write": {201, 409, 422},
            "like": {204, 404},
            "unlike": {204, 404},
            "delete": {204, 404},
        }
        for (what, status), times in crowd.seen.items():
            assert status in expected[what], (what, status, times)
        # Each kind of work was done, and some of it met a comment that somebody had just deleted.
        assert all(crowd.seen[what, 201 if what == "write" else 204] > 10 for what in expected)
        assert crowd.seen["like", 404] > 0

    async def test_a_place_and_its_last_answers_go_together(self, committed: Committed) -> None:
        post_id = await committed.make.post(comment_count=9)
        moderator = await committed.make.member("moderator")
        top = await committed.make.comment(post_id)
        answers = [await committed.make.comment(post_id, parent=top) for _ in range(8)]
        headers = ANY | moderator.headers
        found = await at_once(
            committed.client.delete(f"/comments/{comment_id}", headers=headers) for comment_id in [top, *answers]
        )
        assert {answer.status_code for answer in found} == {204}
        assert await committed.connection.fetchval("SELECT count(*) FROM comments") == 0
        await assert_consistent(committed.connection)


class TestCreateComment:
    async def test_an_answer_never_joins_what_is_deleted_meanwhile(self, committed: Committed) -> None:
        post_id = await committed.make.post(comment_count=12)
        moderator = await committed.make.member("moderator")
        parents = [await committed.make.comment(post_id) for _ in range(12)]
        calls = [
            call
            for parent in parents
            for call in (
                committed.client.post(
                    f"/posts/{post_id}/comments",
                    json={"content": "Looms, yes.", "parent_id": str(parent)},
                    headers=moderator.headers,
                ),
                committed.client.delete(f"/comments/{parent}", headers=ANY | moderator.headers),
            )
        ]
        found = await at_once(calls)
        assert {answer.status_code for answer in found[1::2]} == {204}
        # Who came before the deletion is answered below an empty place, who came after finds nothing to answer.
        assert {answer.status_code for answer in found[::2]} <= {201, 422}
        await assert_consistent(committed.connection)


class TestLikeComment:
    async def test_twenty_at_once_count_twenty(self, committed: Committed) -> None:
        comment_id = await committed.make.comment(await committed.make.post(comment_count=1))
        members = [await committed.make.member() for _ in range(MEMBERS)]
        path = f"/comments/{comment_id}/like"
        await at_once(committed.client.put(path, headers=member.headers) for member in members * 2)
        assert (await committed.client.get(f"/comments/{comment_id}")).json()["likes"] == MEMBERS
        await at_once(committed.client.delete(path, headers=member.headers) for member in members[5:] * 2)
        assert (await committed.client.get(f"/comments/{comment_id}")).json()["likes"] == 5
        await assert_consistent(committed.connection)
