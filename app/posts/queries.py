"""The statements of this slice that are composed, compiled once per shape."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record
from sqlalchemy import ColumnClause, ColumnElement, Select, Text, Uuid, bindparam, func, literal_column, select

from app.categories.tables import Category
from app.media.queries import address
from app.pages import Counting, Key, Shape, ordered
from app.posts.tables import Post
from app.rows import fill, unread
from app.sql import Statement
from app.users.tables import User
from generated import models
from generated.models import PostSort, PostStatus

# Literals, because a partial index is not considered for a bind parameter.
PUBLISHED: ColumnElement[bool] = Post.status == literal_column("'published'")
UNPUBLISHED: ColumnElement[bool] = Post.status != literal_column("'published'")

AUTHOR = (User.username, User.full_name, User.avatar_url)
SUMMARY = (
    Post.id,
    Post.title,
    Post.slug,
    Post.excerpt,
    Post.status,
    Post.featured,
    Post.tags,
    Post.category_id,
    Post.featured_image_id,
    Post.views,
    Post.likes,
    Post.comment_count,
    Post.version,
    Post.published_at,
    Post.publish_at,
    Post.created_at,
    Post.updated_at,
)


class Order(NamedTuple):
    """A column with an index that ends in the id, and how to get its value from a row of the list."""

    column: ColumnClause[Any]
    key: Key
    descending: bool


def _sort_at(row: Record) -> datetime:
    # What posts.sort_at holds; decoding one more timestamp a row costs more.
    return row["published_at"] or row["created_at"]


ORDER: dict[PostSort, Order] = {
    PostSort.published_at_desc: Order(Post.sort_at, _sort_at, descending=True),
    PostSort.published_at_asc: Order(Post.sort_at, _sort_at, descending=False),
    PostSort.created_at_desc: Order(Post.created_at, itemgetter("created_at"), descending=True),
    PostSort.created_at_asc: Order(Post.created_at, itemgetter("created_at"), descending=False),
    PostSort.title_asc: Order(Post.title, itemgetter("title"), descending=False),
    PostSort.title_desc: Order(Post.title, itemgetter("title"), descending=True),
}

# What a list can be narrowed by; the key is the name of the bind parameter as well.
_FILTERS: dict[str, ColumnElement[bool]] = {
    "viewer": Post.author_id == bindparam("viewer"),
    "author": Post.author_id
    == select(User.id).where(func.lower(User.username) == bindparam("author")).scalar_subquery(),
    "tag": Post.tags.contains(func.array_append(literal_column("'{}'::text[]"), bindparam("tag", type_=Text()))),
    "category": Post.category_id == select(Category.id).where(Category.slug == bindparam("category")).scalar_subquery(),
    "featured": Post.featured == bindparam("featured"),
    "published_after": Post.published_at >= bindparam("published_after"),
    "published_before": Post.published_at < bindparam("published_before"),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by; None does not narrow."""

    status: PostStatus
    author: str | None = None
    tag: str | None = None
    category: str | None = None
    featured: bool | None = None
    published_after: datetime | None = None
    published_before: datetime | None = None

    def values(self, *, viewer: UUID | None) -> dict[str, Any]:
        """Return the bind values of the filters in use; `viewer` narrows the list to the posts of that member."""
        found = {"viewer": viewer, "author": self.author and self.author.lower(), "tag": self.tag}
        found |= {name: getattr(self, name) for name in ("category", "featured", "published_after", "published_before")}
        return {name: value for name, value in found.items() if value is not None}


def post() -> Select[*tuple[Any, ...]]:
    """Return the whole post with its author."""
    return select(*SUMMARY, *AUTHOR, Post.content, Post.author_id).join(User, User.id == Post.author_id)


def _of_status(status: PostStatus) -> list[ColumnElement[bool]]:
    # The second condition of the unpublished says to the planner which partial index fits.
    return (
        [PUBLISHED]
        if status is PostStatus.published
        else [Post.status == literal_column(f"'{status.value}'"), UNPUBLISHED]
    )


def _conditions(status: PostStatus, filters: frozenset[str]) -> list[ColumnElement[bool]]:
    return [*_of_status(status), *(_FILTERS[name] for name in sorted(filters))]


def published(filters: frozenset[str]) -> list[ColumnElement[bool]]:
    """Return the conditions for published posts that the filters leave."""
    return _conditions(PostStatus.published, filters)


@cache
def listing(
    sort: PostSort, status: PostStatus, filters: frozenset[str], shape: Shape, *, whole: bool = False
) -> Statement:
    """Return the statement for one page: it is compiled for the shape of the request, the values are bound.

    Posts that are `whole` come with their content.
    """
    order = ORDER[sort]
    columns = (*SUMMARY, *AUTHOR, Post.content) if whole else (*SUMMARY, *AUTHOR)
    statement = select(*columns).join(User, User.id == Post.author_id).where(*_conditions(status, filters))
    return Statement(ordered(statement, order.column, Post.id, shape, descending=order.descending))


@cache
def counting(status: PostStatus, filters: frozenset[str]) -> Counting:
    """Return the statement that counts a list."""
    return Counting(select(Post.id).where(*_conditions(status, filters)))


_SUMMARY_NAMES = tuple(column.key for column in SUMMARY)
_AUTHOR_NAMES = tuple(column.key for column in AUTHOR)
_IDS = tuple(column.key for column in SUMMARY if isinstance(column.type, Uuid))
_STATUS = {status.value: status for status in PostStatus}


# Members are answered in the order in which they were put in, so all are put in first, in the contract's order; but not
# what is answered on demand alone, which comes last.
_ON_DEMAND = "content_html"
_SUMMARY_MEMBERS, _POST_MEMBERS = (
    {name: None for name in model.model_fields if name != _ON_DEMAND} for model in (models.PostSummary, models.Post)
)


def _read(row: Record, members: dict[str, Any]) -> dict[str, Any]:
    # By place, which takes half as long as by name: every statement here selects SUMMARY first, and AUTHOR next.
    members.update(zip(_SUMMARY_NAMES, row, strict=False))
    if members["featured_image_id"]:
        is_public = members["status"] == PostStatus.published.value
        members["featured_image"] = address(members["featured_image_id"], is_public=is_public)
    members["author"] = dict(zip(_AUTHOR_NAMES, row[len(_SUMMARY_NAMES) :], strict=False))
    return members


def _as_models(members: dict[str, Any]) -> dict[str, Any]:
    members["status"] = _STATUS[members["status"]]
    members["author"] = fill(models.Author, members["author"])
    return members


def as_summary(row: Record) -> models.PostSummary:
    """Return a row as a post in a list."""
    return fill(models.PostSummary, _as_models(_read(row, _SUMMARY_MEMBERS.copy())))


def as_listed(row: Record) -> models.PostSummary:
    """Return a row as a post in a list that is answered as it is."""
    members = _read(row, _SUMMARY_MEMBERS.copy())
    for name in _IDS:
        if members[name] is not None:
            members[name] = str(members[name])
    return unread(models.PostSummary, members)


def as_post(row: Record) -> models.Post:
    """Return a row of `post` as a post."""
    members = _as_models(_read(row, _POST_MEMBERS.copy()))
    members["content"] = row["content"]
    return fill(models.Post, members)
