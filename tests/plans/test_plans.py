"""How PostgreSQL goes about the statements that many requests wait for, in a database that is not small.

`PLANS=write` writes the snapshot anew; read what has changed before you commit it.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest

from app.migrations import upgrade
from tests.conftest import recreate
from tests.plans import events
from tests.plans.statements import statements

SNAPSHOT = Path(__file__).with_name("plans.txt")
# Enough for an index to pay, and few enough for ANALYZE to read every row, so that its statistics are always the same.
ROWS = """
    INSERT INTO users (id, username, email, password_hash, full_name)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'member_' || n, n || '@example.org', 'x', 'Member ' || n
    FROM generate_series(1, 8000) n;

    INSERT INTO tags (id, name, post_count)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'tag-' || n, n % 50 FROM generate_series(1, 8000) n;

    INSERT INTO categories (id, name, slug, place, depth, post_count)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'Category ' || n, 'category-' || n, 'category-' || n, 1, n % 50
    FROM generate_series(1, 4000) n;

    INSERT INTO media (id, owner_id, kind, media_type, original_name, created_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(1 + n % 800), 32, '0')::uuid, 'image', 'image/png', 'a.png',
        timestamptz '2024-01-01 UTC' + n * interval '1 hour' FROM generate_series(1, 20000) n;

    INSERT INTO posts (id, author_id, title, slug, content, excerpt, status, tags, featured, category_id, published_at,
                       created_at, featured_image_id)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(1 + n % 8000), 32, '0')::uuid, 'Title ' || n, 'slug-' || n,
           'A loom, and word' || n || ' beside it.', 'On looms.',
           CASE WHEN n % 50 = 0 THEN 'draft' ELSE 'published' END,
           ARRAY['tag-' || n % 300], n % 500 = 0,
           CASE WHEN n % 3 = 0 THEN lpad(to_hex(1 + n % 4000), 32, '0')::uuid END,
           CASE WHEN n % 50 > 0 THEN moment END, moment,
           CASE WHEN n % 6 = 0 THEN lpad(to_hex(1 + n % 20000), 32, '0')::uuid END
    FROM generate_series(1, 25000) n, LATERAL (SELECT timestamptz '2024-01-01 UTC' + n * interval '1 hour' AS moment) m;

    INSERT INTO post_slugs SELECT slug, id FROM posts;

    INSERT INTO items (id, owner_id, title, description, price, tax, status, tags, category_id, views, created_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(1 + n % 8000), 32, '0')::uuid, 'Title ' || n,
           'A loom, and word' || n || ' beside it.', 1 + n % 9999, 19,
           CASE WHEN n % 50 = 0 THEN 'draft' ELSE 'active' END, ARRAY['tag-' || n % 300],
           CASE WHEN n % 3 = 0 THEN lpad(to_hex(1 + n % 4000), 32, '0')::uuid END, n * 37 % 1001,
           timestamptz '2024-01-01 UTC' + n * interval '1 hour'
    FROM generate_series(1, 25000) n;

    INSERT INTO comments (id, post_id, parent_id, root_id, depth, author_id, content, created_at, status, is_public,
                          report_count)
    SELECT lpad(to_hex(120000 + n), 32, '0')::uuid, lpad(to_hex(4000 + n / 10), 32, '0')::uuid,
           CASE WHEN n % 10 > 0 THEN first END, first, CASE WHEN n % 10 > 0 THEN 2 ELSE 1 END,
           lpad(to_hex(1 + n % 8000), 32, '0')::uuid, 'Looms, yes.',
           timestamptz '2024-01-01 UTC' + n * interval '30 minutes',
           CASE n % 500 WHEN 1 THEN 'pending' WHEN 2 THEN 'rejected' ELSE 'approved' END, n % 500 NOT IN (1, 2),
           (n % 500 = 3)::int
    FROM generate_series(0, 29999) n, LATERAL (SELECT lpad(to_hex(120000 + n - n % 10), 32, '0')::uuid AS first) f;

    INSERT INTO comment_reports (comment_id, user_id, reason, settled_at)
    SELECT id, author_id, 'spam', CASE WHEN report_count = 0 THEN created_at END FROM comments;
    INSERT INTO post_revisions (post_id, number, title, content, tags, editor_id)
    SELECT posts.id, n, title, 'A loom.', tags, author_id FROM posts, generate_series(1, 3) n
    WHERE NOT featured ORDER BY posts.id, n LIMIT 30000;
    INSERT INTO comment_likes SELECT id, author_id FROM comments;
    INSERT INTO post_likes SELECT id, author_id FROM posts;
    INSERT INTO comment_mentions SELECT id, author_id FROM comments WHERE likes = 0 LIMIT 10000;
    INSERT INTO words SELECT 'word' || n FROM generate_series(1, 20000) n;
    INSERT INTO media_files (id, media_id, label, media_type, size, digest, width, height, is_counted, leased_until)
    SELECT lpad(to_hex(n * 2 + part), 32, '0')::uuid,
        CASE WHEN n % 1000 > 0 THEN lpad(to_hex(n), 32, '0')::uuid END,
        CASE part WHEN 0 THEN 'original' ELSE 'thumbnail-200' END, 'image/webp', 1, '', 1, 1, part = 0,
        now() + n * interval '1 second' FROM generate_series(1, 20000) n, generate_series(0, 1) part;
    INSERT INTO avatars SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid
    FROM generate_series(1, 4000) n;
    INSERT INTO media_usage SELECT id, 1 FROM users;
    INSERT INTO item_images SELECT lpad(to_hex(8000 + n), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid, 1, 1, 1
    FROM generate_series(1, 10000) n;
    INSERT INTO jobs (id, kind, status, payload)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'mail.send', CASE WHEN n % 400 = 0 THEN 'failed' ELSE 'succeeded' END, '{}'
    FROM generate_series(1, 20000) n;

    INSERT INTO notifications (id, member_id, kind, subject_id, actor_id, comment_id, created_at, read_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(1 + n % 97), 32, '0')::uuid,
           CASE WHEN n % 3 = 0 THEN 'comment' ELSE 'reply' END, comment_id, lpad(to_hex(1 + n % 8000), 32, '0')::uuid,
           comment_id, moment, CASE WHEN n % 20 > 0 THEN moment END
    FROM generate_series(1, 20000) n,
        LATERAL (SELECT timestamptz '2024-01-01 UTC' + n * interval '1 hour' AS moment) m,
        LATERAL (SELECT lpad(to_hex(120000 + n), 32, '0')::uuid AS comment_id) c;
    INSERT INTO notifications (id, member_id, kind, subject_id, post_id)
    SELECT lpad(to_hex(50000 + n), 32, '0')::uuid, lpad(to_hex(1 + n % 8000), 32, '0')::uuid, 'like', post_id, post_id
    FROM generate_series(1, 10000) n, LATERAL (SELECT lpad(to_hex(n), 32, '0')::uuid AS post_id) p;
    INSERT INTO notification_preferences SELECT id, '{like}' FROM users;
    INSERT INTO domain_events (transaction, kind, topic, subject_id)
    SELECT n, 'message.created', 'room:' || n % 100, lpad(to_hex(n), 32, '0')::uuid FROM generate_series(1, 20000) n;

    INSERT INTO rooms (id, owner_id, name, visibility, last_number, created_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(1 + n % 8000), 32, '0')::uuid, 'Room ' || n,
           CASE WHEN n % 4 = 0 THEN 'private' ELSE 'public' END, 15,
           timestamptz '2024-01-01 UTC' + n * interval '1 hour'
    FROM generate_series(1, 4000) n;
    INSERT INTO room_members (id, room_id, user_id, joined_at)
    SELECT gen_random_uuid(), lpad(to_hex(1 + n / 7), 32, '0')::uuid, lpad(to_hex(1 + (n * 13) % 8000), 32, '0')::uuid,
           timestamptz '2024-01-01 UTC' + n * interval '1 minute'
    FROM generate_series(0, 27999) n;
    INSERT INTO room_invitations (id, room_id, user_id, inviter_id, created_at)
    SELECT gen_random_uuid(), lpad(to_hex(1 + n / 5), 32, '0')::uuid, lpad(to_hex(1 + (n * 17) % 8000), 32, '0')::uuid,
           lpad(to_hex(1 + n % 8000), 32, '0')::uuid, timestamptz '2024-01-01 UTC' + n * interval '1 minute'
    FROM generate_series(0, 19999) n;
    INSERT INTO messages (id, room_id, number, author_id, content)
    SELECT lpad(to_hex(60000 + n), 32, '0')::uuid, lpad(to_hex(1 + n / 15), 32, '0')::uuid, 1 + n % 15,
           lpad(to_hex(1 + n % 8000), 32, '0')::uuid, 'Looms, yes.'
    FROM generate_series(0, 29999) n;
"""
GROWING = frozenset(
    {
        *("users", "tags", "posts", "post_slugs", "post_likes", "comments", "comment_likes", "comment_mentions"),
        *("comment_reports", "words", "jobs", "post_revisions", "categories", "items", "events", "event_attendances"),
        *("notifications", "notification_preferences", "domain_events"),
        *("rooms", "room_members", "room_invitations", "messages"),
    }
)
Plan = dict[str, Any]


def nodes(plan: Plan) -> Iterator[Plan]:
    """Yield a plan's nodes, itself first."""
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def read(plan: Plan) -> list[str]:
    """Return how the plan reads tables, in the order of the plan."""
    found: list[str] = []
    for node in nodes(plan):
        table, index = node.get("Relation Name"), node.get("Index Name")
        if node["Node Type"].endswith("Scan") and (table or index):
            name = f"{node['Node Type']} {index or table}"
            found += [name] if name not in found else []
    return found


@pytest.fixture(scope="session")
def large(server: str, worker_id: str) -> str:
    """The address of a database with rows and statistics."""
    dsn = asyncio.run(recreate(server, f"plans_{worker_id}"))
    upgrade(dsn)

    async def fill() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(ROWS + events.ROWS)
            # A GIN index keeps what is new in a list of its own until then, and a table's pages may all be visible.
            await connection.execute("VACUUM ANALYZE")
        finally:
            await connection.close()

    asyncio.run(fill())
    return dsn


@pytest.fixture
async def plans(large: str) -> dict[str, Plan]:
    """The plan of every statement by its name."""
    connection = await asyncpg.connect(large)
    found: dict[str, Plan] = {}
    try:
        # Pages on a disk of today cost hardly more when they are not in a row.
        await connection.execute("SET jit = off; SET max_parallel_workers_per_gather = 0; SET random_page_cost = 1.1")
        for name, statement, values in statements():
            assert name not in found
            query = f"EXPLAIN (FORMAT JSON) {statement.sql}"
            (explained,) = orjson.loads(await connection.fetchval(query, *statement.arguments(values)))
            found[name] = explained["Plan"]
    finally:
        await connection.close()
    return found


@pytest.mark.xdist_group("plans")
class TestPlans:
    async def test_no_table_that_grows_is_read_from_end_to_end(self, plans: dict[str, Plan]) -> None:
        walked = {
            name: tables
            for name, plan in plans.items()
            if (tables := {node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"} & GROWING)
        }
        assert walked == {}

    async def test_are_as_they_were(self, plans: dict[str, Plan]) -> None:
        told = "".join(f"{name}: {', '.join(read(plan))}\n" for name, plan in plans.items())
        if os.environ.get("PLANS") == "write":
            SNAPSHOT.write_text(told)
        # What differs is named line by line.
        assert told.splitlines() == SNAPSHOT.read_text().splitlines()
