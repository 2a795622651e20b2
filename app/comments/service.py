"""The rules of comments, and the statements that keep them.

Locks are taken in one order, so that nobody waits in a circle: first the row of the post, by whoever changes how many
comments it has; then rows of comments; then likes, each under the lock of its comment.
"""

from collections import defaultdict
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record
from pydantic import MISSING
from sqlalchemy import bindparam, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased

from app import pages
from app.access import Action, Principal, allowed, require
from app.comments import queries
from app.comments.tables import Comment, CommentLike
from app.etags import require_match
from app.ids import new_id
from app.posts.service import PostNotPublished
from app.posts.tables import Post
from app.problems import Conflict, FieldError, NotFound, Problem, ValidationFailed
from app.rows import fill
from app.sql import Connection, Statement
from generated import models
from generated.models import CommentLayout, CommentSort, PostStatus

_GET = Statement(queries.comment().where(Comment.id == bindparam("id")))
_WHY_NOT = Statement(
    select(*queries.POST, Comment.post_id.label("parent_post_id"), Comment.deleted_at.label("parent_deleted_at"))
    .select_from(Post)
    .outerjoin(Comment, Comment.id == bindparam("parent_id"))
    .where(Post.id == bindparam("post_id"))
)
_LOCK_POST = Statement(
    select(Post.id)
    .join(Comment, Comment.post_id == Post.id)
    .where(Comment.id == bindparam("id"))
    .with_for_update(key_share=True, of=Post)
)
_LOCK = Statement(
    select(Comment.post_id, Comment.author_id, Comment.version, Comment.deleted_at, *queries.POST)
    .join(Post, Post.id == Comment.post_id)
    .where(Comment.id == bindparam("id"))
    .with_for_update(key_share=True, of=Comment)
)
_UPDATE = Statement(
    update(Comment)
    .where(Comment.id == bindparam("comment_id"))
    .values(content=bindparam("new_content"), version=Comment.version + 1, updated_at=func.now())
)
_answer = aliased(Comment)
# What was written is erased. Whose it was stays in the row, shown to nobody.
_BURY = Statement(
    update(Comment)
    .where(Comment.id == bindparam("comment_id"), exists().where(_answer.parent_id == Comment.id))
    .values(content="", likes=0, version=Comment.version + 1, deleted_at=func.now(), updated_at=func.now())
)
_DELETE_LIKES = Statement(delete(CommentLike).where(CommentLike.comment_id == bindparam("comment_id")))


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


_REMOVE = _removal()
_COUNT_LESS = Statement(
    update(Post).where(Post.id == bindparam("post_id")).values(comment_count=Post.comment_count - 1)
)
_LIKE = Statement(
    upsert(CommentLike)
    .values(comment_id=bindparam("comment_id"), user_id=bindparam("user_id"))
    .on_conflict_do_nothing()
)
_UNLIKE = Statement(
    delete(CommentLike).where(
        CommentLike.comment_id == bindparam("comment_id"), CommentLike.user_id == bindparam("user_id")
    )
)
_COUNT_LIKES = Statement(
    update(Comment).where(Comment.id == bindparam("comment_id")).values(likes=Comment.likes + bindparam("step"))
)


_AUTHOR = tuple(column.key for column in queries.AUTHOR)
_PLAIN = frozenset(models.Comment.model_fields) - {"author", "is_deleted", "replies"}


def _comment(row: Record, **more: Any) -> models.Comment:
    deleted = row["deleted_at"] is not None
    author = None if deleted else fill(models.Author, {name: row[name] for name in _AUTHOR})
    made = {"author": author, "is_deleted": deleted, **more}
    if deleted:
        made["content"] = None
    # In the contract's order, because members are answered in the order in which they were put in.
    names = (name for name in models.Comment.model_fields if name in made or name in _PLAIN)
    return fill(models.Comment, {name: made[name] if name in made else row[name] for name in names})


def _visible(principal: Principal | None, row: Record | None, what: str = "comment") -> Record:
    """Return the row if the member may see its post. Raises NotFound otherwise."""
    if row is None or (
        row["post_status"] != PostStatus.published
        and not allowed(principal, Action.SEE_UNPUBLISHED, {"author_id": row["post_author_id"]})
    ):
        raise NotFound(f"There is no such {what}.")
    return row


async def get(connection: Connection, principal: Principal | None, comment_id: UUID) -> models.Comment:
    """Return a comment or what is left of it. Raises NotFound when it does not exist or must not be seen."""
    return _comment(_visible(principal, await _GET.first(connection, id=comment_id)))


def _tree(top: list[Record], answers: list[Record]) -> list[models.Comment]:
    """Put answers below what they answer: read from the last level up, each finds its own answers made."""
    below: defaultdict[UUID, list[models.Comment]] = defaultdict(list)
    for row in reversed(answers):
        below[row["parent_id"]].append(_comment(row, replies=below[row["id"]][::-1]))
    return [_comment(row, replies=below[row["id"]][::-1]) for row in top]


class Order(NamedTuple):
    """How a list is laid out."""

    sort: CommentSort
    layout: CommentLayout


async def list_page(
    connection: Connection, principal: Principal | None, post_id: UUID, order: Order, asked: pages.Asked
) -> models.CommentPage:
    """Return a page of a post's comments. Raises NotFound, and ValidationFailed for another list's cursor."""
    sort, layout = order
    scope = f"comments {post_id} {sort} {layout}"
    page = pages.wanted(scope, asked)
    descending = sort is CommentSort.created_at_desc
    statement = queries.listing(layout, page.shape, descending=descending)
    rows = await statement.all(connection, post_id=post_id, **page.binds())
    _visible(principal, rows[0] if rows else None, "post")
    counted = await queries.counting(layout).value(connection, post_id=post_id) if page.total else None
    tree = layout is CommentLayout.tree
    rows = [row for row in rows if row["id"] is not None]
    listed = [row for row in rows if row["depth"] == 1] if tree else rows
    top, described = pages.cut(
        listed[::-1] if descending != page.backwards else listed, page, itemgetter("created_at"), counted
    )
    comments = _tree(top, rows[len(listed) :]) if tree else [_comment(row) for row in top]
    return models.CommentPage(items=comments, page=described)


async def _why_not(connection: Connection, principal: Principal, post_id: UUID, parent_id: UUID | None) -> Problem:
    """Return why a comment was not written. Raises NotFound when the post must not be seen."""
    row = _visible(principal, await _WHY_NOT.first(connection, post_id=post_id, parent_id=parent_id), "post")
    if row["post_status"] != PostStatus.published or parent_id is None:
        return PostNotPublished()
    if row["parent_post_id"] != post_id:
        detail = "No comment on this post has this id."
        return ValidationFailed(errors=[FieldError(pointer="/parent_id", code="unknown_parent", detail=detail)])
    return Conflict("The comment that you answer was deleted.")


async def create(
    connection: Connection, principal: Principal, post_id: UUID, draft: models.CommentCreate
) -> models.Comment:
    """Write a comment. Raises NotFound, PostNotPublished, ValidationFailed and Conflict (the parent was deleted)."""
    parent_id = draft.parent_id if draft.parent_id is not MISSING else None
    values: dict[str, Any] = {"comment_id": new_id(), "post_id": post_id}
    values |= {"member_id": principal.user_id, "text": draft.content}
    if parent_id is not None:
        values["parent_id"] = parent_id
    row = await queries.creating(answer=parent_id is not None).first(connection, **values)
    if row is None:
        raise await _why_not(connection, principal, post_id, parent_id)
    return _comment(row)


async def _locked(connection: Connection, principal: Principal, comment_id: UUID) -> Record:
    """Lock a living comment that the member may see. Raises NotFound."""
    row = _visible(principal, await _LOCK.first(connection, id=comment_id))
    if row["deleted_at"] is not None:
        raise NotFound("The comment was deleted.")
    return row


async def update_comment(
    connection: Connection, principal: Principal, comment_id: UUID, patch: models.CommentUpdate, if_match: str
) -> models.Comment:
    """Apply a merge patch. Raises NotFound, PermissionDenied, PreconditionFailed."""
    row = await _locked(connection, principal, comment_id)
    require(principal, Action.EDIT_COMMENT, row)
    require_match(if_match, row["version"])
    await _UPDATE.run(connection, comment_id=comment_id, new_content=patch.content)
    return await get(connection, principal, comment_id)


async def delete_comment(connection: Connection, principal: Principal, comment_id: UUID, if_match: str) -> None:
    """Remove a comment, or leave a tombstone if it has answers. Raises NotFound, PermissionDenied, PreconditionFailed.

    The lock on the post keeps answers and other deletions out, so that whether there are answers is true until the end.
    """
    await _LOCK_POST.first(connection, id=comment_id)
    row = await _locked(connection, principal, comment_id)
    require(principal, Action.DELETE_COMMENT, row)
    require_match(if_match, row["version"])
    if await _BURY.run(connection, comment_id=comment_id):
        await _DELETE_LIKES.run(connection, comment_id=comment_id)
    else:
        await _REMOVE.run(connection, id=comment_id)
    await _COUNT_LESS.run(connection, post_id=row["post_id"])


async def like(connection: Connection, principal: Principal, comment_id: UUID, *, liked: bool) -> None:
    """Like a comment or take the like back; repeated, it changes nothing. Raises NotFound and PostNotPublished."""
    row = await _locked(connection, principal, comment_id)
    if liked and row["post_status"] != PostStatus.published:
        raise PostNotPublished
    changed = await (_LIKE if liked else _UNLIKE).run(connection, comment_id=comment_id, user_id=principal.user_id)
    if changed:
        await _COUNT_LIKES.run(connection, comment_id=comment_id, step=1 if liked else -1)
