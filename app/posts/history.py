"""Keeping what a post was: each change of what its author wrote adds a row, and none is ever changed.

A post that was never changed has no row, so that writing and importing posts costs nothing more: it is its own first
revision, and becomes a row with the first change.
"""

from typing import Any

from asyncpg import Record
from sqlalchemy import (
    Integer,
    Select,
    Uuid,
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.sql import Subquery

from app.access import Principal
from app.posts.tables import Post, PostRevision
from app.sql import Connection, Statement

# What the author writes; whatever else changes in a post is no revision.
WRITTEN = ("title", "content", "excerpt", "tags", "category_id")

_post_id = bindparam("post_id", type_=Uuid())
_of_post = PostRevision.post_id == _post_id
_written = tuple(getattr(Post, name) for name in WRITTEN)
_nothing = literal_column("NULL", Integer())
_as_written: Select[*tuple[Any, ...]] = select(
    Post.id.label("post_id"),
    literal_column("1", Integer()).label("number"),
    *_written,
    Post.author_id.label("editor_id"),
    _nothing.label("restored_from"),
    Post.created_at,
).where(Post.id == _post_id, ~exists().where(_of_post))
_COLUMNS = ("post_id", "number", *WRITTEN, "editor_id", "restored_from", "created_at")
_KEEP_FIRST = Statement(insert(PostRevision).from_select(_COLUMNS, _as_written))
_KEEP = Statement(
    insert(PostRevision).from_select(
        _COLUMNS[:-1],
        select(
            Post.id,
            select(func.max(PostRevision.number) + 1).where(_of_post).scalar_subquery(),
            *_written,
            bindparam("editor_id", type_=Uuid()),
            bindparam("restored_from", type_=Integer()),
        ).where(Post.id == _post_id),
    )
)


def history() -> Subquery:
    """Return every revision of the post that `post_id` names."""
    kept = select(*(getattr(PostRevision, name) for name in _COLUMNS)).where(_of_post)
    return union_all(kept, _as_written).subquery("history")


def is_change(row: Record, values: dict[str, object]) -> bool:
    """Whether what an author wrote would be another than in this row of a post."""
    return any(row[name] != values[name] for name in WRITTEN)


async def before(connection: Connection, row: Record) -> None:
    """Keep what a post is, which is locked and about to be changed for the first time."""
    await _KEEP_FIRST.run(connection, post_id=row["id"])


async def after(connection: Connection, row: Record, editor: Principal, restored_from: int | None) -> None:
    """Keep what a post has become."""
    await _KEEP.run(connection, post_id=row["id"], editor_id=editor.user_id, restored_from=restored_from)
