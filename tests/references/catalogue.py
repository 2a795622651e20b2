"""Everything that refers to something else: the foreign keys that PostgreSQL knows, and what it knows nothing of."""

from dataclasses import dataclass

from app.sql import Connection

# The schemas that are ours; a column of a foreign key comes with the one that it refers to.
FOREIGN_KEYS = """
    SELECT conname::text AS name, conrelid::regclass::text AS child, confrelid::regclass::text AS parent,
        array_agg(quote_ident(c.attname) ORDER BY place) AS columns,
        array_agg(quote_ident(p.attname) ORDER BY place) AS keys
    FROM pg_constraint
        JOIN unnest(conkey, confkey) WITH ORDINALITY AS pair (child_number, parent_number, place) ON true
        JOIN pg_attribute c ON c.attrelid = conrelid AND c.attnum = child_number
        JOIN pg_attribute p ON p.attrelid = confrelid AND p.attnum = parent_number
    WHERE contype = 'f' GROUP BY pg_constraint.oid ORDER BY conname
"""
# Columns that can say which row of another table is meant, by their type or their name, and that no constraint minds.
# What names the row itself, its whole primary key, is left out.
SUSPECTS = """
    SELECT format('%s.%s', attrelid::regclass, attname)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        AND attnum > 0 AND NOT attisdropped
        AND (atttypid::regtype::text ~ '^(uuid|jsonb?|text\\[\\])'
            OR attname ~ '(^|_)(ids?|refs?|key|kind|type|of|from|by|subject|target|payload|slugs?|place|path)$')
        AND NOT EXISTS (SELECT FROM pg_constraint f
            WHERE f.conrelid = attrelid AND f.contype = 'f' AND attnum = ANY (f.conkey))
        AND NOT EXISTS (SELECT FROM pg_constraint p
            WHERE p.conrelid = attrelid AND p.contype = 'p' AND p.conkey = ARRAY[attnum])
    ORDER BY 1
"""


@dataclass(frozen=True)
class Loose:
    """What a column means that PostgreSQL does not check: how to find what leads nowhere, and how to plant it.

    Without these two, it may lead nowhere, or is no reference; `because` says why.
    """

    because: str
    orphans: str = ""
    plant: str = ""


_PGQUEUER = Loose("PgQueuer's own, for its own tables.")
_REQUEST = Loose("A request, which is in the logs alone.")
_NAME = Loose("A name in the contract and in the code, not in a table.")
_KEPT = Loose("What is kept for good says what was, whatever has gone since.")
# A column that SUSPECTS finds gets a line here.
LOOSE: dict[str, Loose] = {
    "api_keys.scopes": _NAME,
    "audit_events.actor_id": _KEPT,
    "audit_events.detail": _KEPT,
    "audit_events.request_id": _REQUEST,
    "audit_events.subject_id": _KEPT,
    "categories.place": Loose(
        "The slugs of the categories above it, and its own.",
        """
        SELECT c.place FROM categories c LEFT JOIN categories above ON above.id = c.parent_id
        WHERE c.place <> concat_ws(' ', above.place, c.slug)
        """,
        "UPDATE categories SET place = 'gone ' || slug",
    ),
    "categories.slug": Loose("Its own name."),
    "domain_events.kind": _NAME,
    "domain_events.payload": Loose("What listeners are told beside the subject, at that time."),
    "domain_events.subject_id": Loose("What it happened to, which may have gone with that."),
    "event_attendances.id": Loose("Its own name, for the cursors of a list."),
    "jobs.key": Loose("A word of whoever queued it, so that it is queued once."),
    "jobs.kind": _NAME,
    "jobs.payload": Loose(
        "What was asked for: done although it has gone, but for a schedule, which is the schedule of a post.",
        """
        SELECT j.id FROM jobs j WHERE kind = 'posts.publish' AND status = 'queued' AND NOT EXISTS (
            SELECT FROM posts WHERE publication_job_id = j.id AND id = (j.payload ->> 'post_id')::uuid)
        """,
        "INSERT INTO jobs (id, kind, payload) VALUES (gen_random_uuid(), 'posts.publish', "
        "jsonb_build_object('post_id', gen_random_uuid()))",
    ),
    "jobs.problem": Loose("What went wrong, in words."),
    "jobs.request_id": _REQUEST,
    "jobs.result": _KEPT,
    "mailed_links.id": Loose(
        "The job that mails it; jobs are kept longer than links are good for.",
        """
        SELECT id FROM mailed_links WHERE expires_at > now() AND NOT EXISTS (
            SELECT FROM jobs WHERE jobs.id = mailed_links.id)
        """,
        "INSERT INTO mailed_links (user_id, purpose, id, email, expires_at) SELECT id, 'password_reset', "
        "gen_random_uuid(), email, now() + interval '1 day' FROM users LIMIT 1",
    ),
    "media.kind": _NAME,
    "media.media_type": _NAME,
    "media_files.media_type": _NAME,
    "notification_preferences.muted": _NAME,
    "notifications.kind": _NAME,
    "notifications.subject_id": Loose(
        "The comment, post or job that has a column of its own; or an item or event, which takes them along.",
        """
        SELECT id FROM notifications WHERE subject_id IS DISTINCT FROM CASE
            WHEN kind IN ('comment', 'reply') THEN comment_id
            WHEN kind IN ('like', 'mention') THEN coalesce(comment_id, post_id)
            WHEN kind = 'job_finished' THEN job_id
            ELSE subject_id END
        """,
        "INSERT INTO notifications (id, member_id, kind, subject_id) SELECT gen_random_uuid(), id, 'comment', "
        "gen_random_uuid() FROM users LIMIT 1",
    ),
    "post_revisions.restored_from": Loose(
        "A revision of the same post.",
        """
        SELECT post_id FROM post_revisions r WHERE restored_from IS NOT NULL AND NOT EXISTS (
            SELECT FROM post_revisions o WHERE (o.post_id, o.number) = (r.post_id, r.restored_from))
        """,
        "UPDATE post_revisions SET restored_from = 99",
    ),
    "post_revisions.tags": Loose("What the post had then; restoring it makes the tags again."),
    "post_imports.report": Loose("What came of the lines, by their numbers."),
    "items.tags": Loose(
        "The names of tags.",
        """
        SELECT id FROM items, unnest(tags) AS carried (name) WHERE NOT EXISTS (
            SELECT FROM tags WHERE tags.name = carried.name)
        """,
        "UPDATE items SET tags = '{gone}'",
    ),
    "posts.external_id": Loose("What the author calls it elsewhere."),
    "posts.publication_job_id": Loose(
        "The job that will publish it; none when it is not scheduled.",
        """
        SELECT id FROM posts WHERE (publication_job_id IS NOT NULL) <> (status = 'scheduled')
            OR status = 'scheduled' AND NOT EXISTS (SELECT FROM jobs WHERE jobs.id = publication_job_id)
        """,
        "UPDATE posts SET publication_job_id = gen_random_uuid()",
    ),
    "posts.slug": Loose(
        "One of the post's own slugs.",
        """
        SELECT slug FROM posts WHERE NOT EXISTS (
            SELECT FROM post_slugs WHERE (post_slugs.slug, post_slugs.post_id) = (posts.slug, posts.id))
        """,
        "UPDATE posts SET slug = slug || '-gone'",
    ),
    "posts.tags": Loose(
        "The names of tags.",
        """
        SELECT id FROM posts, unnest(tags) AS carried (name) WHERE NOT EXISTS (
            SELECT FROM tags WHERE tags.name = carried.name)
        """,
        "UPDATE posts SET tags = '{gone}'",
    ),
    "queue.pgqueuer.dedupe_key": Loose(
        "The job and the round that a message is of.",
        """
        SELECT id FROM queue.pgqueuer WHERE dedupe_key ~ '^[0-9a-f-]{36}/' AND NOT EXISTS (
            SELECT FROM jobs WHERE jobs.id = split_part(dedupe_key, '/', 1)::uuid)
        """,
        "INSERT INTO queue.pgqueuer (priority, entrypoint, dedupe_key, status) "
        "VALUES (0, 'posts.publish', gen_random_uuid() || '/1', 'queued')",
    ),
    "queue.pgqueuer.headers": _PGQUEUER,
    "queue.pgqueuer.payload": Loose("What `dedupe_key` says as well."),
    "queue.pgqueuer.queue_manager_id": _PGQUEUER,
    "queue.pgqueuer_log.job_id": _PGQUEUER,
    "queue.pgqueuer_log.traceback": _PGQUEUER,
    "words_reading.post_id": Loose("A place in the order of posts, which it remains when the post has gone."),
}
# Trees whose edges are foreign keys, and that lead astray all the same where two edges of a row disagree.
ASTRAY = {
    "comments.parent_id": """
        SELECT a.id FROM comments a JOIN comments p ON p.id = a.parent_id
        WHERE (p.post_id, p.root_id, p.depth) IS DISTINCT FROM (a.post_id, a.root_id, a.depth - 1)
    """,
    "comments.root_id": "SELECT id FROM comments WHERE (root_id = id) <> (parent_id IS NULL)",
    "messages.reply_to": """
        SELECT a.id FROM messages a JOIN messages o ON o.id = a.reply_to
        WHERE o.room_id <> a.room_id OR o.number >= a.number
    """,
    "rooms.owner_id": """
        SELECT id FROM rooms WHERE NOT EXISTS (
            SELECT FROM room_members m WHERE (m.room_id, m.user_id) = (rooms.id, rooms.owner_id))
    """,
    "categories.parent_id": """
        SELECT a.id FROM categories a JOIN categories p ON p.id = a.parent_id WHERE p.depth <> a.depth - 1
    """,
}


async def foreign_keys(connection: Connection) -> dict[str, str]:
    """Return, for every foreign key, the query that finds rows which refer to nothing."""
    found: dict[str, str] = {}
    for key in await connection.fetch(FOREIGN_KEYS):
        given = " AND ".join(f"child.{column} IS NOT NULL" for column in key["columns"])
        pairs = zip(key["columns"], key["keys"], strict=True)
        same = " AND ".join(f"parent.{parent} = child.{child}" for child, parent in pairs)
        found[f"{key['child']} {key['name']}"] = (
            f"SELECT 1 FROM {key['child']} child WHERE {given}"  # noqa: S608 - Names of the catalogue.
            f" AND NOT EXISTS (SELECT FROM {key['parent']} parent WHERE {same})"
        )
    return found


async def orphans(connection: Connection) -> dict[str, int]:
    """Return how many rows refer to what is not there, by what refers to it; nothing where there are none."""
    queries = await foreign_keys(connection) | {name: loose.orphans for name, loose in LOOSE.items() if loose.orphans}
    queries |= {f"{name} astray": query for name, query in ASTRAY.items()}
    found = {name: len(await connection.fetch(query)) for name, query in queries.items()}
    return {name: number for name, number in found.items() if number}
