"""What becomes of all that a member has written, offered and liked when the account goes.

Posts and items go with all that hangs on them, as if their author had deleted each. Comments go too, but where others
have answered, the place stays without text and author, so that the answers keep theirs. Seats at events are given back,
and events that the member organizes are called off, of which their guests hear. Every counter is as exact as before
(docs/decisions/0019-the-end-of-an-account.md).

Locks are taken in the order that everybody keeps: items, posts and rooms by their ids, the member, tags by their names,
categories, events, comments and notifications by their ids. The number of statements does not depend on how much there
is.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnClause,
    ColumnElement,
    Integer,
    Select,
    Uuid,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    union,
    union_all,
    update,
)

from app.categories.tables import Category
from app.comments.tables import Comment, CommentLike, CommentReport
from app.events import attendance
from app.items.tables import Item
from app.jobs import service as jobs
from app.media import service as media
from app.media.tables import Media, MediaFile
from app.messages.departure import leave_rooms, lock_rooms
from app.notifications import departure as notifications
from app.posts.tables import Post, PostLike
from app.sql import Connection, Statement
from app.tags.tables import Tag
from app.users.tables import User

# Somebody with thousands of posts may take longer than other requests, rather than never get away.
SECONDS = 60

_member: BindParameter[UUID] = bindparam("member", type_=Uuid())
_commented = select(Comment.post_id).where(Comment.author_id == _member)
_liked = select(PostLike.post_id).where(PostLike.user_id == _member)
_touched = union(select(Post.id).where(Post.author_id == _member), _commented, _liked)
_LOCK_POSTS = Statement(
    select(Post.id).where(Post.id.in_(_touched)).order_by(Post.id).with_for_update(key_share=True), seconds=SECONDS
)

_LOCK_ITEMS = Statement(
    select(Item.id).where(Item.owner_id == _member).order_by(Item.id).with_for_update(key_share=True), seconds=SECONDS
)
# What is counted with tags and categories, and by which column of theirs.
_COUNTED: dict[str, tuple[type[Post | Item], ColumnElement[bool]]] = {
    Post.counter: (Post, Post.author_id == _member),
    Item.counter: (Item, Item.owner_id == _member),
}


def _lost(of: Callable[[type[Post | Item]], ColumnElement[Any]]) -> CTE:
    """Return how much of each kind is lost to each tag or category: one row for each, whatever it loses."""
    parts: list[Select[*tuple[Any, ...]]] = []
    for counter, (table, own) in _COUNTED.items():
        ones = (literal_column(str(int(name == counter)), Integer()).label(name) for name in _COUNTED)
        seen = table.status == literal_column(f"'{table.listed}'")
        parts.append(select(of(table).label("key"), *ones).where(own, seen))
    each = union_all(*parts).subquery("each")
    numbers = (func.sum(each.c[name]).label(name) for name in _COUNTED)
    return select(each.c.key, *numbers).where(each.c.key.is_not(None)).group_by(each.c.key).cte("lost")


def _counting(table: type[Tag | Category], key: ColumnClause[Any], lost: CTE) -> Statement:
    """Return the statement that takes what is lost out of the numbers, in the order of the key."""
    losing = (
        select(table.id, *(lost.c[name] for name in _COUNTED))
        .join(lost, lost.c.key == key)
        .order_by(key)
        .with_for_update(of=table, key_share=True)
        .cte("losing")
    )
    numbers = {name: getattr(table, name) - losing.c[name].cast(Integer()) for name in _COUNTED}
    return Statement(update(table).where(table.id == losing.c.id).values(numbers), seconds=SECONDS)


_COUNT_TAGS = _counting(Tag, Tag.name, _lost(lambda table: func.unnest(table.tags)))
_COUNT_CATEGORIES = _counting(Category, Category.id, _lost(lambda table: table.category_id))
_DELETE_ITEMS = Statement(delete(Item).where(Item.owner_id == _member), seconds=SECONDS)
_SCHEDULED = Statement(
    select(Post.publication_job_id).where(Post.author_id == _member, Post.publication_job_id.is_not(None))
)
_DELETE_POSTS = Statement(delete(Post).where(Post.author_id == _member), seconds=SECONDS)
_UNLIKE_POSTS = Statement(update(Post).where(Post.id.in_(_liked)).values(likes=Post.likes - 1), seconds=SECONDS)
_living = (
    select(Comment.post_id, func.count().label("number"))
    .where(
        Comment.author_id == _member,
        Comment.deleted_at.is_(None),
        Comment.status == literal_column("'approved'"),
    )
    .group_by(Comment.post_id)
    .cte("living")
)
_COUNT_COMMENTS = Statement(
    update(Post).where(Post.id == _living.c.post_id).values(comment_count=Post.comment_count - _living.c.number),
    seconds=SECONDS,
)

_own = select(Comment.id).where(Comment.author_id == _member)
_liked_comments = select(CommentLike.comment_id).where(CommentLike.user_id == _member)
_reported = select(CommentReport.comment_id).where(CommentReport.user_id == _member, CommentReport.settled_at.is_(None))
_LOCK_COMMENTS = Statement(
    select(Comment.id)
    .where(Comment.id.in_(union(_own, _liked_comments, _reported)))
    .order_by(Comment.id)
    .with_for_update(key_share=True),
    seconds=SECONDS,
)
_UNLIKE_COMMENTS = Statement(
    update(Comment).where(Comment.id.in_(_liked_comments)).values(likes=Comment.likes - 1), seconds=SECONDS
)
_TAKE_REPORTS_BACK = Statement(
    update(Comment)
    .where(Comment.id.in_(_reported), Comment.deleted_at.is_(None))
    .values(report_count=Comment.report_count - 1),
    seconds=SECONDS,
)
_BURY = Statement(
    update(Comment)
    .where(Comment.author_id == _member, Comment.deleted_at.is_(None))
    .values(
        content="", likes=0, report_count=0, version=Comment.version + 1, deleted_at=func.now(), updated_at=func.now()
    ),
    seconds=SECONDS,
)
_DELETE_LIKES = Statement(delete(CommentLike).where(CommentLike.comment_id.in_(_own)), seconds=SECONDS)
_NOTIFICATIONS = notifications.statements(SECONDS)
# No object is nobody's: the row of each stays until the sweep has removed it, and this lets it come at once.
_theirs = select(Media.id).where(Media.owner_id == _member)
_LET_GO_OF_FILES = Statement(
    update(MediaFile).where(MediaFile.media_id.in_(_theirs)).values(leased_until=func.now()), seconds=SECONDS
)
_DELETE_MEMBER = Statement(delete(User).where(User.id == _member), seconds=SECONDS)


def _pruning() -> Statement:
    """Return the statement that removes, where the member has commented, places that no living answer needs."""
    roots = select(Comment.root_id).where(Comment.author_id == _member)
    needed = select(Comment.id, Comment.parent_id).where(Comment.root_id.in_(roots), Comment.deleted_at.is_(None))
    needed = needed.cte("needed", recursive=True)
    above = select(Comment.id, Comment.parent_id).where(Comment.id == needed.c.parent_id)
    needed = needed.union(above)
    unneeded = delete(Comment).where(Comment.root_id.in_(roots), Comment.id.not_in(select(needed.c.id)))
    return Statement(unneeded, seconds=SECONDS)


_PRUNE = _pruning()


def _fading() -> Statement:
    """Return the statement that takes out of everybody's sight, where the member has commented, what nobody needs."""
    roots = select(Comment.root_id).where(Comment.author_id == _member)
    read = select(Comment.id, Comment.parent_id).where(
        Comment.root_id.in_(roots), Comment.deleted_at.is_(None), Comment.status == literal_column("'approved'")
    )
    shown = read.cte("shown", recursive=True)
    above = select(Comment.id, Comment.parent_id).where(Comment.id == shown.c.parent_id)
    shown = shown.union(above)
    faded = update(Comment).where(Comment.root_id.in_(roots), Comment.is_public, Comment.id.not_in(select(shown.c.id)))
    return Statement(faded.values(is_public=literal_column("false")), seconds=SECONDS)


_FADE = _fading()


async def lock_things(connection: Connection, member: UUID) -> None:
    """Lock the member's items, every post that the member has written, liked or commented, and every room of theirs.

    The member's own row comes after these.
    """
    await _LOCK_ITEMS.all(connection, member=member)
    await _LOCK_POSTS.all(connection, member=member)
    await lock_rooms(connection, member)


async def take_apart(connection: Connection, member: UUID) -> None:
    """Remove a member whose row is locked, so that nothing is added in the member's name meanwhile."""
    await _COUNT_TAGS.run(connection, member=member)
    await _COUNT_CATEGORIES.run(connection, member=member)
    await _DELETE_ITEMS.run(connection, member=member)
    schedules = await _SCHEDULED.all(connection, member=member)
    await jobs.call_off(connection, [row["publication_job_id"] for row in schedules])
    await _DELETE_POSTS.run(connection, member=member)
    await _UNLIKE_POSTS.run(connection, member=member)
    await _COUNT_COMMENTS.run(connection, member=member)
    called_off = await attendance.take_leave(connection, member)
    await _LOCK_COMMENTS.all(connection, member=member)
    await notifications.forget(connection, member, _NOTIFICATIONS)
    await notifications.events_called_off(connection, called_off)
    await _UNLIKE_COMMENTS.run(connection, member=member)
    await _TAKE_REPORTS_BACK.run(connection, member=member)
    await _BURY.run(connection, member=member)
    await _DELETE_LIKES.run(connection, member=member)
    await _PRUNE.run(connection, member=member)
    await _FADE.run(connection, member=member)
    await leave_rooms(connection, member)
    # Sessions, likes and whatever else is the member's alone go with the row; a place that stays loses its author.
    if await _LET_GO_OF_FILES.run(connection, member=member):
        await jobs.enqueue(connection, media.SWEEP, {})
    await _DELETE_MEMBER.run(connection, member=member)
