"""The statements of this slice that are composed, compiled once per shape."""

from enum import Enum, auto
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
    any_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal_column,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from app.comments.tables import Comment, CommentMention
from app.domain_events.service import Telling
from app.notifications.comments import telling_of_new
from app.pages import Counting, Shape, ordered
from app.posts.tables import Post
from app.settings import Moderation
from app.sql import Statement, aliased
from app.users.tables import User
from generated.models import CommentLayout

MAX_DEPTH = 5
# What one page of a tree shows below its top level; the contract says what happens to the rest.
MAX_ANSWERS = 1000

AUTHOR = (User.username, User.full_name, User.avatar_url)
# Whoever sees the post sees its comments, so every read brings along what decides that.
POST = (Post.status.label("post_status"), Post.author_id.label("post_author_id"))
STORED = (
    Comment.id,
    Comment.post_id,
    Comment.parent_id,
    Comment.root_id,
    Comment.depth,
    Comment.author_id,
    Comment.content,
    Comment.status,
    Comment.likes,
    Comment.version,
    Comment.deleted_at,
    Comment.created_at,
    Comment.updated_at,
)

# Literals, because a partial index is not considered for a bind parameter.
_TOP_LEVEL: ColumnElement[bool] = Comment.depth == literal_column("1")
APPROVED: ColumnElement[bool] = Comment.status == literal_column("'approved'")


class View(Enum):
    """Whose eyes see a comment: everybody's, those of a member who may have comments waiting, or a moderator's."""

    everybody = auto()
    member = auto()
    moderator = auto()


def seen(view: View, comment: type[Comment] = Comment) -> ColumnElement[bool]:
    """Return the condition for comments that have a place in what these eyes see."""
    if view is View.everybody:
        return comment.is_public
    return comment.is_public | (comment.author_id == bindparam("viewer")) if view is View.member else true()


def _listed(layout: CommentLayout, view: View) -> list[ColumnElement[bool]]:
    if layout is CommentLayout.tree:
        return [_TOP_LEVEL, seen(view)]
    own: ColumnElement[bool] = APPROVED | (Comment.author_id == bindparam("viewer"))
    read = {View.everybody: APPROVED, View.member: own, View.moderator: true()}[view]
    return [Comment.deleted_at.is_(None), read]


def _reply_count(comment_id: ColumnElement[UUID], view: View) -> ColumnElement[int]:
    answer = aliased(Comment)
    counted = select(func.count()).select_from(answer).where(answer.parent_id == comment_id, seen(view, answer))
    return counted.scalar_subquery().label("reply_count")


def _mentions(comment_id: ColumnElement[UUID], content: ColumnElement[str]) -> ColumnElement[list[str]]:
    """Return the members whom a comment mentions; most comments mention nobody, and are not asked about."""
    mentioned = aliased(User)
    names = (
        select(mentioned.username)
        .join(CommentMention, CommentMention.user_id == mentioned.id)
        .where(CommentMention.comment_id == comment_id)
        .order_by(mentioned.username)
    )
    found = func.array(names.scalar_subquery(), type_=ARRAY(Text()))
    nobody = literal_column("'{}'::text[]", ARRAY(Text()))
    return case((func.strpos(content, literal_column("'@'")) > literal_column("0"), found), else_=nobody).label(
        "mentions"
    )


def comment(view: View) -> Select[*tuple[Any, ...]]:
    """Return the whole comment with its author and its post's state, where these eyes see it."""
    return (
        select(*STORED, _reply_count(Comment.id, view), _mentions(Comment.id, Comment.content), *AUTHOR, *POST)
        .outerjoin(User, User.id == Comment.author_id)
        .join(Post, Post.id == Comment.post_id)
        .where(seen(view))
    )


def _waits(moderation: Moderation) -> ColumnElement[bool]:
    """Return whether what `member_id` writes waits for a moderator."""
    if moderation == "first":
        known = aliased(Comment)
        return ~exists().where(
            known.author_id == bindparam("member_id", type_=Uuid()),
            known.status == literal_column("'approved'"),
            known.deleted_at.is_(None),
        )
    return literal_column("true" if moderation == "all" else "false")


_NONE, _ONE = (literal_column(number, Integer()) for number in "01")
_PENDING, _APPROVED, _PUBLISHED = (
    literal_column(f"'{status}'", Text()) for status in ("pending", "approved", "published")
)


def _top_level(post: CTE) -> Select[*tuple[Any, ...]]:
    return select(
        post.c.id,
        literal_column("NULL::uuid"),
        bindparam("comment_id", type_=Uuid()),
        literal_column("1"),
        case((post.c.waits, _PENDING), else_=_APPROVED),
        ~post.c.waits,
    )


def _parent(post: CTE) -> CTE:
    """Return the comment `parent_id` if it can be answered."""
    place = (Comment.parent_id, Comment.root_id, Comment.depth)
    return (
        select(Comment.id, *place, Comment.post_id, Comment.author_id, post.c.waits)
        .join(post, post.c.id == Comment.post_id)
        .where(Comment.id == bindparam("parent_id"), Comment.deleted_at.is_(None), APPROVED)
        .with_for_update(read=True, of=Comment)
        .cte("parent")
    )


def _answering(parent: CTE) -> Select[*tuple[Any, ...]]:
    """Return the place below a comment; one of the last level is not answered below but beside it."""
    last = parent.c.depth == MAX_DEPTH
    above = case((last, parent.c.parent_id), else_=parent.c.id)
    return select(
        parent.c.post_id,
        above,
        parent.c.root_id,
        func.least(parent.c.depth + 1, MAX_DEPTH),
        case((parent.c.waits, _PENDING), else_=_APPROVED),
        ~parent.c.waits,
    )


def _mentioning(comment_id: ColumnElement[UUID]) -> Any:
    """Return the insertion of the members of these names whom a comment mentions; others are nobody."""
    named = aliased(User)
    names = any_(bindparam("names", type_=ARRAY(Text())))
    return upsert(CommentMention).from_select(
        ["comment_id", "user_id"],
        select(comment_id, named.id).where(func.lower(named.username) == names, named.is_active),
    )


def _cause(written: CTE, post: CTE, parent: CTE | None) -> CTE:
    """Return the comment that is written, if everybody may read it, as notifications take it."""
    owner, is_open = post.c.author_id.label("post_author_id"), _PUBLISHED.label("post_status")
    answered = [parent.c.author_id.label("answered_id")] if parent is not None else []
    cause = select(written.c.id, written.c.post_id, written.c.author_id, owner, is_open, *answered)
    cause = cause.select_from(written).join(post, true())
    # Whoever was answered hears of it even where there is no place left below what they wrote.
    cause = cause.join(parent, true()) if parent is not None else cause
    return cause.where(written.c.status == _APPROVED).cte("cause")


@cache
def creating(moderation: Moderation, *, answer: bool, mentions: bool) -> Statement:
    """Return the statement that counts, writes, tells of and returns a comment on a post or an answer to another one.

    It returns no row when the post is not published, or has no living and approved comment `parent_id`; an answer must
    then be rolled back, because its post has counted it. Counting comes first, because it locks the post and so keeps
    deletions out: the parent is read after that, as it is then (FOR SHARE), and not as it was when the statement began.
    """
    waits = _waits(moderation)
    post = (
        update(Post)
        .where(Post.id == bindparam("post_id"), Post.status == _PUBLISHED)
        .values(comment_count=Post.comment_count + case((waits, _NONE), else_=_ONE))
        .returning(Post.id, Post.author_id, waits.label("waits"))
        .cte("post")
    )
    identity = [bindparam("comment_id", type_=Uuid()), bindparam("member_id", type_=Uuid())]
    parent = _parent(post) if answer else None
    place = _answering(parent) if parent is not None else _top_level(post)
    columns = ["post_id", "parent_id", "root_id", "depth", "status", "is_public", "id", "author_id", "content"]
    written = (
        insert(Comment)
        .from_select(columns, place.add_columns(*identity, bindparam("text", type_=Text())))
        .returning(*STORED)
        .cte("written")
    )
    no_replies = literal_column("0", Integer()).label("reply_count")
    found: ColumnElement[Any] = literal_column("'{}'::text[]", ARRAY(Text()))
    noted = None
    if mentions:
        noted = _mentioning(written.c.id).returning(CommentMention.user_id).cte("noted")
        named = aliased(User)
        names = select(named.username).join(noted, noted.c.user_id == named.id).order_by(named.username)
        found = func.array(names.scalar_subquery(), type_=ARRAY(Text()))
    told = telling_of_new(_cause(written, post, parent), noted)
    made = select(*written.c, no_replies, found.label("mentions"), *AUTHOR, *told.c)
    return Telling(made.join(User, User.id == written.c.author_id).outerjoin(told, true()))


def mentioning() -> Statement:
    """Return the statement that notes whom the comment `comment_id` mentions, without those it has noted before."""
    return Statement(_mentioning(bindparam("comment_id", type_=Uuid())).on_conflict_do_nothing())


@cache
def listing(layout: CommentLayout, view: View, shape: Shape, *, descending: bool) -> Statement:
    """Return the statement for one page, in a tree with the answers below it.

    Its rows are in ascending order, those of a tree level by level, so that a parent always stands before its answers
    and is never the one that the limit cuts off. Every row says what the post is like; a post without comments gives
    one row without a comment, and no post gives none.
    """
    page = select(*STORED).where(Comment.post_id == bindparam("post_id"), *_listed(layout, view))
    chosen = ordered(page, Comment.created_at, Comment.id, shape, descending=descending).cte("chosen")
    levels: list[ColumnElement[Any]] = []
    if layout is CommentLayout.tree:
        top = chosen
        falling = descending != shape.backwards
        order = (top.c.created_at.desc(), top.c.id.desc()) if falling else (top.c.created_at, top.c.id)
        # The row that is fetched beyond the page is not shown, and its answers would take others' places.
        shown = select(top.c.id).order_by(*order).limit(shape.limit - 1)
        below = (
            select(*STORED)
            .where(Comment.root_id.in_(shown), Comment.depth > literal_column("1"), seen(view))
            .order_by(Comment.depth, Comment.created_at, Comment.id)
            .limit(MAX_ANSWERS)
        )
        chosen = union_all(select(*top.c), select(*below.subquery("below").c)).cte("tree")
        levels = [chosen.c.depth]
    return Statement(
        select(*chosen.c, _reply_count(chosen.c.id, view), _mentions(chosen.c.id, chosen.c.content), *AUTHOR, *POST)
        .select_from(Post)
        .outerjoin(chosen, true())
        .outerjoin(User, User.id == chosen.c.author_id)
        .where(Post.id == bindparam("post_id"))
        .order_by(*levels, chosen.c.created_at, chosen.c.id)
    )


@cache
def counting(layout: CommentLayout, view: View) -> Counting:
    """Return what counts a list."""
    return Counting(select(Comment.id).where(Comment.post_id == bindparam("post_id"), *_listed(layout, view)))
