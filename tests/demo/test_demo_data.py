"""`make demo-data`: what it writes is consistent, readable through the API, and written into an empty database only."""

import asyncio
import os
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from scripts.demo.publication import publication
from scripts.demo_data import PASSWORD, write_demo_data
from tests.committed import Committed
from tests.pace import within

pytestmark = pytest.mark.xdist_group("committed")

# Each finds rows whose counter is not what it counts, or whose place is wrong.
INCONSISTENCIES = {
    "posts.likes": "SELECT id FROM posts WHERE likes <> (SELECT count(*) FROM post_likes WHERE post_id = posts.id)",
    "posts.comment_count": """
        SELECT id FROM posts WHERE comment_count <>
            (SELECT count(*) FROM comments WHERE post_id = posts.id AND deleted_at IS NULL)""",
    "posts.slug": """
        SELECT id FROM posts
        WHERE NOT EXISTS (SELECT FROM post_slugs s WHERE s.slug = posts.slug AND s.post_id = posts.id)""",
    "posts.views": "SELECT id FROM posts WHERE views < likes",
    "posts.times": """
        SELECT id FROM posts
        WHERE published_at < created_at OR updated_at > now() OR (status = 'draft') <> (published_at IS NULL)""",
    "posts.tags": """
        SELECT id FROM posts, unnest(tags) AS t (name)
        WHERE NOT EXISTS (SELECT FROM tags WHERE tags.name = t.name)""",
    "users.post_count": """
        SELECT id FROM users WHERE post_count <>
            (SELECT count(*) FROM posts WHERE author_id = users.id AND status = 'published')""",
    "tags.post_count": """
        SELECT id FROM tags WHERE post_count <>
            (SELECT count(*) FROM posts WHERE status = 'published' AND tags.name = ANY (posts.tags))""",
    "tags.item_count": """
        SELECT id FROM tags WHERE item_count <>
            (SELECT count(*) FROM items WHERE status = 'active' AND tags.name = ANY (items.tags))""",
    "items.tags": """
        SELECT id FROM items, unnest(tags) AS t (name)
        WHERE NOT EXISTS (SELECT FROM tags WHERE tags.name = t.name)""",
    "comments.likes": """
        SELECT id FROM comments WHERE likes <> (SELECT count(*) FROM comment_likes WHERE comment_id = comments.id)""",
    "comments on what is not published": """
        SELECT c.id FROM comments c JOIN posts p ON p.id = c.post_id
        WHERE p.status <> 'published' OR c.created_at < p.published_at""",
    "answers": """
        SELECT c.id FROM comments c JOIN comments p ON p.id = c.parent_id
        WHERE c.post_id <> p.post_id OR c.root_id <> p.root_id OR c.depth <> p.depth + 1
            OR c.created_at < p.created_at""",
    "top level": "SELECT id FROM comments WHERE (parent_id IS NULL) <> (depth = 1) OR (depth = 1 AND root_id <> id)",
    "events.attendee_count": """
        SELECT id FROM events WHERE attendee_count <>
            (SELECT count(*) FROM event_attendances WHERE event_id = events.id)""",
    "attendances": """
        SELECT a.id FROM event_attendances a JOIN events e ON e.id = a.event_id
        WHERE a.user_id = e.organizer_id OR a.created_at > least(e.starts_at, now()) OR a.created_at < e.created_at""",
    "rooms": """
        SELECT id FROM rooms r WHERE member_count <> (SELECT count(*) FROM room_members WHERE room_id = r.id)
            OR (last_number, last_message_at) <>
                (SELECT max(number), max(created_at) FROM messages WHERE room_id = r.id)
            OR NOT EXISTS (SELECT FROM room_members WHERE room_id = r.id AND user_id = r.owner_id)""",
    "messages": """
        SELECT m.id FROM messages m LEFT JOIN messages a ON a.id = m.reply_to
        WHERE a.number >= m.number OR a.room_id <> m.room_id OR a.created_at > m.created_at OR m.created_at > now()
            OR NOT EXISTS (SELECT FROM room_members WHERE room_id = m.room_id AND user_id = m.author_id)""",
    "tombstones": """
        SELECT id FROM comments c WHERE (deleted_at IS NOT NULL) <> (content = '') OR (deleted_at IS NOT NULL
            AND NOT EXISTS (SELECT FROM comments a WHERE a.parent_id = c.id AND a.deleted_at IS NULL))""",
}


async def walk(committed: Committed, path: str, headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """Follow a list to its end."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = await committed.client.get(f"{path}limit=100{cursor}", headers=headers)
        assert answer.status_code == 200
        found += answer.json()["items"]
        if not answer.json()["page"]["has_next"]:
            return found
        cursor = f"&cursor={answer.json()['page']['next_cursor']}"


class TestWriteDemoData:
    async def test_every_counter_equals_what_it_counts(self, committed: Committed) -> None:
        with within(10):
            await write_demo_data(committed.dsn)
        sizes = {
            table: await committed.connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - Names of ours.
            for table in ("users", "posts", "comments", "items", "events", "rooms")
        }
        expected = {"users": 20, "posts": 200, "comments": 1_000, "items": 12, "events": 8, "rooms": 3}
        assert sizes == expected
        wrong = {name: await committed.connection.fetch(query) for name, query in INCONSISTENCIES.items()}
        assert {name: rows for name, rows in wrong.items() if rows} == {}

    async def test_everything_can_be_read_through_the_api(self, committed: Committed) -> None:
        """The client holds every answer against the contract."""
        await write_demo_data(committed.dsn)
        form = {"grant_type": "password", "username": "theo_k", "password": PASSWORD}
        login = await committed.client.post("/auth/login", data=form)
        assert login.status_code == 200
        moderator = {"Authorization": f"Bearer {login.json()['access_token']}"}
        listed = [
            post
            for status in ("published", "draft", "archived")
            for post in await walk(committed, f"/posts?status={status}&", moderator)
        ]
        assert len(listed) == 200
        assert len({post["title"] for post in listed}) == 200
        comments = 0
        for summary in listed:
            post = await committed.client.get(f"/posts/{summary['id']}", headers=moderator)
            assert post.status_code == 200
            comments += len(await walk(committed, f"/posts/{summary['id']}/comments?layout=flat&", moderator))
            await walk(committed, f"/posts/{summary['id']}/comments?", moderator)
        tombstones = await committed.connection.fetchval("SELECT count(*) FROM comments WHERE deleted_at IS NOT NULL")
        assert tombstones == 15
        assert comments == 1_000 - tombstones
        assert len(await walk(committed, "/tags?")) == 15
        events = await walk(committed, "/events?")
        assert any(event["attendee_count"] == event["max_participants"] for event in events)
        assert 0 < len(await walk(committed, "/events?upcoming=false&")) < len(events) == 8
        for username in await committed.connection.fetch("SELECT username FROM users"):
            assert (await committed.client.get(f"/profiles/{username[0]}")).status_code == 200

    async def test_says_once_how_to_log_in(self, committed: Committed, capsys: pytest.CaptureFixture[str]) -> None:
        await write_demo_data(committed.dsn)
        printed = capsys.readouterr().out
        assert printed.count(PASSWORD) == 1
        for username in ("ottilie (admin)", "marisol_v (manager)", "theo_k (moderator)", "quill"):
            assert username in printed

    async def test_members_are_left_alone(self, committed: Committed) -> None:
        await committed.make.member()
        with pytest.raises(RuntimeError, match="has members"):
            await write_demo_data(committed.dsn)
        assert await committed.connection.fetchval("SELECT count(*) FROM users") == 1
        assert await committed.connection.fetchval("SELECT count(*) FROM posts") == 0

    async def test_production_is_refused(self, committed: Committed) -> None:
        production = {
            "ENVIRONMENT": "production",
            "SECRET_KEY": "a secret for this test alone, long enough",
            "ALLOWED_HOSTS": "galley.example",
            "DATABASE_URL": committed.dsn,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "scripts.demo_data"),
            env=os.environ | production,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, complaint = await process.communicate()
        assert (process.returncode, printed) == (1, b"")
        assert b"not for production" in complaint
        assert await committed.connection.fetchval("SELECT count(*) FROM users") == 0


class TestPublication:
    def test_is_the_same_every_time(self) -> None:
        now = datetime.now(UTC)
        first, second = publication(now, "hash"), publication(now, "hash")
        assert first.posts == second.posts
        assert first.comments == second.comments
        assert first.comment_likes == second.comment_likes
        assert (first.events, first.event_attendances) == (second.events, second.event_attendances)
