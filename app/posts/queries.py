"""The statements of this slice that are composed, compiled once per shape."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, bindparam, func, literal_column, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

from app.posts.tables import Post
from app.sql import Statement
from app.users.tables import User
from generated.models import PostSort, PostStatus

# Literals, because a partial index is not considered for a bind parameter.
PUBLISHED: ColumnElement[bool] = Post.status == literal_column("'published'")
UNPUBLISHED: ColumnElement[bool] = Post.status != literal_column("'published'")

AUTHOR = (User.username, User.full_name, User.avatar_url)
SUMMARY = (
    Post.id,
    Post.author_id,
    Post.title,
    Post.slug,
    Post.excerpt,
    Post.status,
    Post.featured,
    Post.tags,
    Post.views,
    Post.likes,
    Post.comment_count,
    Post.version,
    Post.published_at,
    Post.created_at,
    Post.updated_at,
)

ORDER: dict[PostSort, tuple[InstrumentedAttribute[Any], bool]] = {
    PostSort.published_at_desc: (Post.sort_at, True),
    PostSort.published_at: (Post.sort_at, False),
    PostSort.created_at_desc: (Post.created_at, True),
    PostSort.created_at: (Post.created_at, False),
    PostSort.title: (Post.title, False),
    PostSort.title_desc: (Post.title, True),
}

# What a list can be narrowed by; the key is the name of the bind parameter as well.
FILTERS: dict[str, ColumnElement[bool]] = {
    "author": Post.author_id
    == select(User.id).where(func.lower(User.username) == bindparam("author")).scalar_subquery(),
    "tag": Post.tags.contains(
        func.array_append(literal_column("'{}'::text[]"), bindparam("tag", type_=Text()))
    ),
    "featured": Post.featured.is_(bindparam("featured")),
    "published_after": Post.published_at >= bindparam("published_after"),
    "published_before": Post.published_at < bindparam("published_before"),
}


def post() -> Select[Any]:
    """Return the whole post with its author."""
    return select(Post.content, *SUMMARY, *AUTHOR).join(User, User.id == Post.author_id)


def _visible(status: PostStatus, *, own: bool) -> list[ColumnElement[bool]]:
    """Return which posts of a status the caller may see: everybody's when published or a moderator asks, else one's own."""
    conditions = (
        [PUBLISHED]
        if status is PostStatus.published
        else [UNPUBLISHED, Post.status == literal_column(f"'{status.value}'")]
    )
    return [*conditions, Post.author_id == bindparam("viewer")] if own else conditions


@cache
def listing(
    sort: PostSort,
    status: PostStatus,
    filters: frozenset[str],
    *,
    own: bool,
    after: bool,
    backwards: bool,
    offset: bool,
) -> Statement:
    """Return the statement for one page: the shape of the request is what it is compiled for, the values are bound."""
    column, descending = ORDER[sort]
    falling = descending != backwards
    statement = (
        select(*SUMMARY, *AUTHOR, column.label("sort_key"))
        .join(User, User.id == Post.author_id)
        .where(*_visible(status, own=own), *_conditions(filters))
        .order_by(column.desc() if falling else column.asc(), Post.id.desc() if falling else Post.id.asc())
        .limit(bindparam("limit"))
    )
    if after:
        place = tuple_(column, Post.id)
        key = tuple_(bindparam("key", type_=column.type), bindparam("key_id", type_=Post.id.type))
        statement = statement.where(place < key if falling else place > key)
    return Statement(statement.offset(bindparam("offset")) if offset else statement)


@cache
def counting(status: PostStatus, filters: frozenset[str], *, own: bool) -> Statement:
    """Return the statement that counts a list."""
    return Statement(
        select(func.count()).select_from(Post).where(*_visible(status, own=own), *_conditions(filters))
    )


def _conditions(filters: Iterable[str]) -> list[ColumnElement[bool]]:
    return [FILTERS[name] for name in sorted(filters)]
