"""The statements that take a comment out of the tree or put it there, and keep what everybody sees of it true.

They are run under the lock of the post, which keeps answers and other changes of the tree out.
"""

from sqlalchemy import bindparam, delete, exists, func, literal_column, select, update

from app.comments.tables import Comment, CommentLike, CommentMention, CommentReport
from app.posts.tables import Post
from app.sql import Statement, aliased

LOCK_POST = Statement(
    select(Post.id)
    .join(Comment, Comment.post_id == Post.id)
    .where(Comment.id == bindparam("id"))
    .with_for_update(key_share=True, of=Post)
)
_answer = aliased(Comment)
# What was written is erased. Whose it was stays in the row, shown to nobody.
BURY = Statement(
    update(Comment)
    .where(Comment.id == bindparam("comment_id"))
    .values(
        content="",
        likes=0,
        report_count=0,
        version=Comment.version + 1,
        deleted_at=func.now(),
        updated_at=func.now(),
    )
)
IS_ANSWERED = Statement(select(exists().where(_answer.parent_id == bindparam("comment_id"))))
DELETE_BESIDE = [
    Statement(delete(table).where(table.comment_id == bindparam("comment_id")))
    for table in (CommentLike, CommentMention, CommentReport)
]


def _removal() -> Statement:
    """Return the statement that removes a comment, and the tombstones above it that only it kept in place."""
    above, sibling = aliased(Comment), aliased(Comment)
    gone = select(Comment.id, Comment.parent_id).where(Comment.id == bindparam("id")).cte("gone", recursive=True)
    gone = gone.union_all(
        select(above.id, above.parent_id).where(
            above.id == gone.c.parent_id,
            above.deleted_at.is_not(None),
            ~exists().where(sibling.parent_id == above.id, sibling.id != gone.c.id),
        )
    )
    return Statement(delete(Comment).where(Comment.id.in_(select(gone.c.id))))


REMOVE = _removal()


def _fading() -> Statement:
    """Return the statement that takes a comment, and places above it that only it kept, out of everybody's sight."""
    answer, above, sibling = aliased(Comment), aliased(Comment), aliased(Comment)
    own = select(Comment.id, Comment.parent_id).where(
        Comment.id == bindparam("id"), ~exists().where(answer.parent_id == Comment.id, answer.is_public)
    )
    faded = own.cte("faded", recursive=True)
    faded = faded.union_all(
        select(above.id, above.parent_id).where(
            above.id == faded.c.parent_id,
            (above.status != literal_column("'approved'")) | above.deleted_at.is_not(None),
            ~exists().where(sibling.parent_id == above.id, sibling.is_public, sibling.id != faded.c.id),
        )
    )
    return Statement(
        update(Comment).where(Comment.id.in_(select(faded.c.id))).values(is_public=literal_column("false"))
    )


def _appearing() -> Statement:
    """Return the statement that puts a comment, and the places above it, where everybody sees them."""
    above = aliased(Comment)
    shown = select(Comment.id, Comment.parent_id).where(Comment.id == bindparam("id")).cte("shown", recursive=True)
    shown = shown.union_all(select(above.id, above.parent_id).where(above.id == shown.c.parent_id))
    public = update(Comment).where(Comment.id.in_(select(shown.c.id)), ~Comment.is_public)
    return Statement(public.values(is_public=literal_column("true")))


FADE, APPEAR = _fading(), _appearing()
COUNT = Statement(
    update(Post).where(Post.id == bindparam("post_id")).values(comment_count=Post.comment_count + bindparam("step"))
)
