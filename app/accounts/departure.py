"""What becomes of all that a member has written and liked when the account goes.

Posts go with all that hangs on them, as if their author had deleted each. Comments go too, but where others have
answered, the place stays without text and author, so that the answers keep theirs. Every counter is as exact as before
(docs/decisions/0019-the-end-of-an-account.md).

Locks are taken in the order that everybody keeps: posts by their ids, the member, tags by their names, categories and
comments by their ids. The number of statements does not depend on how much there is.
"""

from uuid import UUID

from sqlalchemy import BindParameter, Uuid, bindparam, delete, func, literal_column, select, union, update

from app.categories.tables import Category
from app.comments.tables import Comment, CommentLike, CommentReport
from app.jobs import service as jobs
from app.media import service as media
from app.media.tables import Media, MediaFile
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

_carried = (
    select(func.unnest(Post.tags).label("name"))
    .where(Post.author_id == _member, Post.status == literal_column("'published'"))
    .subquery("carried")
)
_lost = select(_carried.c.name, func.count().label("number")).group_by(_carried.c.name).cte("lost")
_losing = (
    select(Tag.id, _lost.c.number)
    .join(_lost, _lost.c.name == Tag.name)
    .order_by(Tag.name)
    .with_for_update(of=Tag)
    .cte("losing")
)
_COUNT_TAGS = Statement(
    update(Tag).where(Tag.id == _losing.c.id).values(post_count=Tag.post_count - _losing.c.number), seconds=SECONDS
)
_filed = (
    select(Post.category_id, func.count().label("number"))
    .where(Post.author_id == _member, Post.status == literal_column("'published'"), Post.category_id.is_not(None))
    .group_by(Post.category_id)
    .cte("filed")
)
_leaving = (
    select(Category.id, _filed.c.number)
    .join(_filed, _filed.c.category_id == Category.id)
    .order_by(Category.id)
    .with_for_update(of=Category, key_share=True)
    .cte("leaving")
)
_COUNT_CATEGORIES = Statement(
    update(Category).where(Category.id == _leaving.c.id).values(post_count=Category.post_count - _leaving.c.number),
    seconds=SECONDS,
)
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


async def lock_posts(connection: Connection, member: UUID) -> None:
    """Lock every post that the member has written, liked or commented; the member's own row comes after these."""
    await _LOCK_POSTS.all(connection, member=member)


async def take_apart(connection: Connection, member: UUID) -> None:
    """Remove a member whose row is locked, so that nothing is added in the member's name meanwhile."""
    await _COUNT_TAGS.run(connection, member=member)
    await _COUNT_CATEGORIES.run(connection, member=member)
    schedules = await _SCHEDULED.all(connection, member=member)
    await jobs.call_off(connection, [row["publication_job_id"] for row in schedules])
    await _DELETE_POSTS.run(connection, member=member)
    await _UNLIKE_POSTS.run(connection, member=member)
    await _COUNT_COMMENTS.run(connection, member=member)
    await _LOCK_COMMENTS.all(connection, member=member)
    await _UNLIKE_COMMENTS.run(connection, member=member)
    await _TAKE_REPORTS_BACK.run(connection, member=member)
    await _BURY.run(connection, member=member)
    await _DELETE_LIKES.run(connection, member=member)
    await _PRUNE.run(connection, member=member)
    await _FADE.run(connection, member=member)
    # Sessions, likes and whatever else is the member's alone go with the row; a place that stays loses its author.
    if await _LET_GO_OF_FILES.run(connection, member=member):
        await jobs.enqueue(connection, media.SWEEP, {})
    await _DELETE_MEMBER.run(connection, member=member)
