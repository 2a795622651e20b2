"""The statements of this slice that are composed, compiled once per shape."""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.comments.tables import Comment
from app.pages import Shape, ordered
from app.posts.tables import Post
from app.sql import Statement
from app.users.tables import User
from generated.models import CommentLayout

MAX_DEPTH = 5
# What one page of a tree shows below its top level; the contract says what happens to the rest.
MAX_ANSWERS = 1000

AUTHOR = (User.username, User.full_name, User.avatar_url)
# Whoever sees the post sees its comments, so every read brings along what decides that.
POST = (Post.status.label("post_status"), Post.author_id.label("post_author_id"))
_STORED = (
    Comment.id,
    Comment.post_id,
    Comment.parent_id,
    Comment.root_id,
    Comment.depth,
    Comment.author_id,
    Comment.content,
    Comment.likes,
    Comment.version,
    Comment.deleted_at,
    Comment.created_at,
    Comment.updated_at,
)

# Literals, because a partial index is not considered for a bind parameter.
_TOP_LEVEL: ColumnElement[bool] = Comment.depth == literal_column("1")
_LISTED: dict[CommentLayout, ColumnElement[bool]] = {
    CommentLayout.tree: _TOP_LEVEL,
    CommentLayout.flat: Comment.deleted_at.is_(None),
}


def _reply_count(comment_id: ColumnElement[UUID] | InstrumentedAttribute[UUID]) -> ColumnElement[int]:
    answer = aliased(Comment)
    counted = select(func.count()).select_from(answer).where(answer.parent_id == comment_id)
    return counted.scalar_subquery().label("reply_count")


def comment() -> Select[*tuple[Any, ...]]:
    """Return the whole comment with its author and its post's state."""
    return (
        select(*_STORED, _reply_count(Comment.id), *AUTHOR, *POST)
        .outerjoin(User, User.id == Comment.author_id)
        .join(Post, Post.id == Comment.post_id)
    )


def _top_level(post: CTE) -> Select[*tuple[Any, ...]]:
    return select(post.c.id, literal_column("NULL::uuid"), bindparam("comment_id", type_=Uuid()), literal_column("1"))


def _answering(post: CTE) -> Select[*tuple[Any, ...]]:
    """Return the place below `parent_id`; a comment of the last level is not answered below but beside it."""
    parent = (
        select(Comment.id, Comment.parent_id, Comment.root_id, Comment.depth, Comment.post_id)
        .join(post, post.c.id == Comment.post_id)
        .where(Comment.id == bindparam("parent_id"), Comment.deleted_at.is_(None))
        .with_for_update(read=True, of=Comment)
        .cte("parent")
    )
    last = parent.c.depth == MAX_DEPTH
    above = case((last, parent.c.parent_id), else_=parent.c.id)
    return select(parent.c.post_id, above, parent.c.root_id, func.least(parent.c.depth + 1, MAX_DEPTH))


@cache
def creating(*, answer: bool) -> Statement:
    """Return the statement that counts, writes and returns a comment on a post or an answer to one of its comments.

    It returns no row when the post is not published, or has no living comment `parent_id`; what it has counted by then
    must be rolled back. Counting comes first, because it locks the post and so keeps deletions out: the parent is
    read after that, as it is then (FOR SHARE), and not as it was when the statement began.
    """
    post = (
        update(Post)
        .where(Post.id == bindparam("post_id"), Post.status == literal_column("'published'"))
        .values(comment_count=Post.comment_count + 1)
        .returning(Post.id)
        .cte("post")
    )
    identity = [bindparam("comment_id", type_=Uuid()), bindparam("member_id", type_=Uuid())]
    place = _answering(post) if answer else _top_level(post)
    written = (
        insert(Comment)
        .from_select(
            ["post_id", "parent_id", "root_id", "depth", "id", "author_id", "content"],
            place.add_columns(*identity, bindparam("text", type_=Text())),
        )
        .returning(*_STORED)
        .cte("written")
    )
    no_replies = literal_column("0", Integer()).label("reply_count")
    return Statement(select(*written.c, no_replies, *AUTHOR).join(User, User.id == written.c.author_id))


@cache
def listing(layout: CommentLayout, shape: Shape, *, descending: bool) -> Statement:
    """Return the statement for one page, in a tree with the answers below it.

    Its rows are in ascending order, those of a tree level by level, so that a parent always stands before its answers
    and is never the one that the limit cuts off. Every row says what the post is like; a post without comments gives
    one row without a comment, and no post gives none.
    """
    page = select(*_STORED).where(Comment.post_id == bindparam("post_id"), _LISTED[layout])
    chosen = ordered(page, Comment.created_at, Comment.id, shape, descending=descending).cte("chosen")
    levels: list[ColumnElement[Any]] = []
    if layout is CommentLayout.tree:
        top = chosen
        falling = descending != shape.backwards
        order = (top.c.created_at.desc(), top.c.id.desc()) if falling else (top.c.created_at, top.c.id)
        # The row that is fetched beyond the page is not shown, and its answers would take others' places.
        shown = select(top.c.id).order_by(*order).limit(shape.limit - 1)
        below = (
            select(*_STORED)
            .where(Comment.root_id.in_(shown), Comment.depth > literal_column("1"))
            .order_by(Comment.depth, Comment.created_at, Comment.id)
            .limit(MAX_ANSWERS)
        )
        chosen = union_all(select(*top.c), select(*below.subquery("below").c)).cte("tree")
        levels = [chosen.c.depth]
    return Statement(
        select(*chosen.c, _reply_count(chosen.c.id), *AUTHOR, *POST)
        .select_from(Post)
        .outerjoin(chosen, true())
        .outerjoin(User, User.id == chosen.c.author_id)
        .where(Post.id == bindparam("post_id"))
        .order_by(*levels, chosen.c.created_at, chosen.c.id)
    )


@cache
def counting(layout: CommentLayout) -> Statement:
    """Return the statement that counts a list."""
    return Statement(
        select(func.count()).select_from(Comment).where(Comment.post_id == bindparam("post_id"), _LISTED[layout])
    )
