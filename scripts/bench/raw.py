"""The limit: the same answers out of the same rows with no framework, no validation and no rules.

Pure ASGI, rows as the driver hands them over, statements prepared once per connection, JSON by orjson. What
this reaches is what the machine, the HTTP server and the database leave to any Python service.
"""

import asyncio
import base64
import gc
import os
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import asyncpg
import orjson

from scripts.bench import market

CONNECTIONS = 12
PREFIX = "/api/v1/posts"
LIST_LENGTH = 20

AUTHOR = "users.username, users.full_name, users.avatar_url"
SUMMARY = f"""
    posts.id::text, posts.title, posts.slug, posts.excerpt, posts.status, posts.featured, posts.tags,
    posts.category_id::text, posts.featured_image_id::text, NULL AS featured_image, posts.views, posts.likes,
    posts.comment_count, posts.version, posts.published_at, posts.publish_at, posts.created_at, posts.updated_at,
    {AUTHOR}"""
GET_POST = f"""
    SELECT {SUMMARY}, posts.content FROM posts JOIN users ON users.id = posts.author_id
    WHERE posts.id = $1 AND posts.status = 'published'"""  # noqa: S608 - Only our own constants go in.
LIST_POSTS = f"""
    SELECT {SUMMARY}, posts.sort_at FROM posts JOIN users ON users.id = posts.author_id
    WHERE posts.status = 'published' AND (posts.sort_at, posts.id) < ($1, $2)
    ORDER BY posts.sort_at DESC, posts.id DESC LIMIT {LIST_LENGTH + 1}"""  # noqa: S608 - As above.
CREATE_COMMENT = f"""
    WITH comment AS (
        INSERT INTO comments (id, post_id, root_id, depth, author_id, content)
        SELECT id, $1, id, 1, $2, $3 FROM uuidv7() AS id RETURNING *),
    post AS (UPDATE posts SET comment_count = comment_count + 1 WHERE id = $1)
    SELECT comment.id::text, comment.post_id::text, NULL AS parent_id, comment.depth, comment.content,
        false AS is_deleted, comment.status, '{{}}'::text[] AS mentions, comment.likes, 0 AS reply_count,
        comment.version, comment.created_at, comment.updated_at, {AUTHOR}
    FROM comment JOIN users ON users.id = comment.author_id"""  # noqa: S608 - As above.

FIRST_PAGE = (datetime.fromisoformat("9999-01-01T00:00:00Z"), UUID(int=2**128 - 1))
# One connection's prepared statements: getPost, listPosts, createComment, listItems.
Statements = tuple[Any, Any, Any, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

idle: asyncio.LifoQueue[Statements] = asyncio.LifoQueue()
# Who writes the comments; the limit knows no tokens.
authors: list[UUID] = []


async def fetch(which: int, *arguments: object) -> list[Any]:
    statements = await idle.get()
    try:
        return await statements[which].fetch(*arguments)
    finally:
        idle.put_nowait(statements)


def with_author(row: Any) -> dict[str, Any]:
    members = dict(row)
    members["author"] = {
        "username": members.pop("username"),
        "full_name": members.pop("full_name"),
        "avatar_url": members.pop("avatar_url"),
    }
    return members


def encode(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


async def get_post(post_id: UUID) -> bytes:
    (row,) = await fetch(0, post_id)
    return encode(with_author(row))


async def list_posts(query: bytes) -> bytes:
    after = FIRST_PAGE
    if cursor := parse_qs(query.decode()).get("cursor"):
        moment, post_id = orjson.loads(base64.urlsafe_b64decode(cursor[0]))
        after = datetime.fromisoformat(moment), UUID(post_id)
    rows = await fetch(1, *after)
    items = [with_author(row) for row in rows[:LIST_LENGTH]]
    moments = [item.pop("sort_at") for item in items]
    has_next = len(rows) > LIST_LENGTH
    position = encode([moments[-1], items[-1]["id"]]) if has_next else b""
    page = {
        "size": len(items),
        "has_next": has_next,
        "has_previous": after is not FIRST_PAGE,
        "next_cursor": base64.urlsafe_b64encode(position).decode() if has_next else None,
        "previous_cursor": None,
    }
    return encode({"items": items, "page": page})


async def create_comment(post_id: UUID, receive: Receive) -> bytes:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    (row,) = await fetch(2, post_id, authors[0], orjson.loads(body)["content"])
    return encode(with_author(row))


async def connect() -> None:
    for _ in range(CONNECTIONS):
        connection = await asyncpg.connect(os.environ["DATABASE_URL"])
        statements = [await connection.prepare(sql) for sql in (GET_POST, LIST_POSTS, CREATE_COMMENT, market.LIST)]
        idle.put_nowait((statements[0], statements[1], statements[2], statements[3]))
        if not authors:
            authors.append(await connection.fetchval("SELECT id FROM users ORDER BY id LIMIT 1"))
    gc.collect()
    gc.freeze()


async def lifespan(receive: Receive, send: Send) -> None:
    await receive()
    await connect()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    path: str = scope["path"]
    status = 200
    if path == PREFIX:
        body = await list_posts(scope["query_string"])
    elif path == market.ITEMS:
        body = await market.page(scope["query_string"], partial(fetch, 3))
    elif path.endswith("/comments"):
        body = await create_comment(UUID(path[len(PREFIX) + 1 : -len("/comments")]), receive)
        status = 201
    else:
        body = await get_post(UUID(path[len(PREFIX) + 1 :]))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
