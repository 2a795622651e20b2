"""The rules of comments, and the statements that keep them; app/comments/moderation.py judges them.

What everybody sees of a post's comments is kept with them (`is_public`): those that are approved and not deleted, and
the places above them. So a list looks at each comment by itself, and whoever changes one sees to those above it.

Locks are taken in one order, so that nobody waits in a circle: first the row of the post, by whoever changes how many
comments it has; then rows of comments; then likes, each under the lock of its comment.
"""

from collections import defaultdict
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record
from pydantic import MISSING
from sqlalchemy import Text, any_, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from app import pages
from app.access import Action, Principal, allowed, require
from app.comments import places, queries
from app.comments.queries import View
from app.comments.tables import Comment, CommentLike, CommentMention
from app.etags import require_match
from app.ids import new_id
from app.notifications import comments as notifications
from app.notifications import likes
from app.notifications.mentions import named
from app.posts.service import PostNotPublished
from app.posts.tables import Post
from app.problems import Conflict, FieldError, NotFound, Problem, ValidationFailed
from app.rows import fill
from app.settings import Moderation, settings
from app.sql import Connection, Statement
from app.users.tables import User
from generated import models
from generated.models import CommentLayout, CommentSort, CommentStatus, PostStatus

MAX_MENTIONS = 10

_WHY_NOT = Statement(
    select(
        *queries.POST,
        Comment.post_id.label("parent_post_id"),
        Comment.author_id,
        Comment.is_public,
        Comment.deleted_at.label("parent_deleted_at"),
    )
    .select_from(Post)
    .outerjoin(Comment, Comment.id == bindparam("parent_id"))
    .where(Post.id == bindparam("post_id"))
)
_UPDATE = Statement(
    update(Comment)
    .where(Comment.id == bindparam("comment_id"))
    .values(
        content=bindparam("new_content"),
        status=bindparam("new_status"),
        version=Comment.version + 1,
        updated_at=func.now(),
    )
)
_MENTION_NAMES = queries.mentioning()
_FORGET_MENTIONS = Statement(
    delete(CommentMention).where(
        CommentMention.comment_id == bindparam("comment_id"),
        CommentMention.user_id.not_in(
            select(User.id).where(func.lower(User.username) == any_(bindparam("names", type_=ARRAY(Text()))))
        ),
    )
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
_PLAIN = frozenset(models.Comment.model_fields) - {"author", "is_deleted", "status", "replies"}
_STATUS = {status.value: status for status in CommentStatus}


def view_of(principal: Principal | None) -> View:
    """Return which comments somebody may see."""
    if principal is None:
        return View.everybody
    return View.moderator if allowed(principal, Action.SEE_WAITING, {"author_id": None}) else View.member


def _whose(view: View, principal: Principal | None) -> dict[str, Any]:
    """Return the value that the statements of a view take."""
    return {"viewer": principal.user_id} if view is View.member and principal else {}


def as_comment(row: Record, principal: Principal | None, **more: Any) -> models.Comment:
    """Return a row as a comment, or as the place that is left of it for who may not read it."""
    status = _STATUS[row["status"]]
    gone = row["deleted_at"] is not None or (
        status is not CommentStatus.approved and not allowed(principal, Action.SEE_WAITING, row)
    )
    author = None if gone else fill(models.Author, {name: row[name] for name in _AUTHOR})
    made = {"author": author, "is_deleted": gone, "status": status, **more}
    if gone:
        made |= {"content": None, "mentions": list[str](), "likes": 0}
    # In the contract's order, because members are answered in the order in which they were put in.
    names = (name for name in models.Comment.model_fields if name in made or name in _PLAIN)
    return fill(models.Comment, {name: made[name] if name in made else row[name] for name in names})


def visible(principal: Principal | None, row: Record | None, what: str = "comment") -> Record:
    """Return the row if the member may see its post. Raises NotFound otherwise."""
    if row is None or (
        row["post_status"] != PostStatus.published
        and not allowed(principal, Action.SEE_UNPUBLISHED, {"author_id": row["post_author_id"]})
    ):
        raise NotFound(f"There is no such {what}.")
    return row


async def get(connection: Connection, principal: Principal | None, comment_id: UUID) -> models.Comment:
    """Return a comment or what is left of it. Raises NotFound when it does not exist or must not be seen."""
    view = view_of(principal)
    row = await _get(view).first(connection, id=comment_id, **_whose(view, principal))
    return as_comment(visible(principal, row), principal)


@cache
def _get(view: View) -> Statement:
    return Statement(queries.comment(view).where(Comment.id == bindparam("id")))


def _tree(top: list[Record], answers: list[Record], principal: Principal | None) -> list[models.Comment]:
    """Put answers below what they answer: read from the last level up, each finds its own answers made."""
    below: defaultdict[UUID, list[models.Comment]] = defaultdict(list)
    for row in reversed(answers):
        below[row["parent_id"]].append(as_comment(row, principal, replies=below[row["id"]][::-1]))
    return [as_comment(row, principal, replies=below[row["id"]][::-1]) for row in top]


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
    view = view_of(principal)
    values = {"post_id": post_id} | _whose(view, principal)
    rows = await queries.listing(layout, view, page.shape, descending=descending).all(
        connection, **values, **page.binds()
    )
    visible(principal, rows[0] if rows else None, "post")
    counted = await queries.counting(layout, view).total(connection, **values) if page.total else None
    tree = layout is CommentLayout.tree
    rows = [row for row in rows if row["id"] is not None]
    listed = [row for row in rows if row["depth"] == 1] if tree else rows
    top, described = pages.cut(
        listed[::-1] if descending != page.backwards else listed, page, itemgetter("created_at"), counted
    )
    comments = _tree(top, rows[len(listed) :], principal) if tree else [as_comment(row, principal) for row in top]
    return models.CommentPage(items=comments, page=described)


async def _why_not(connection: Connection, principal: Principal, post_id: UUID, parent_id: UUID | None) -> Problem:
    """Return why a comment was not written. Raises NotFound when the post must not be seen."""
    row = visible(principal, await _WHY_NOT.first(connection, post_id=post_id, parent_id=parent_id), "post")
    if row["post_status"] != PostStatus.published or parent_id is None:
        return PostNotPublished()
    seen = row["is_public"] or allowed(principal, Action.SEE_WAITING, row)
    if row["parent_post_id"] != post_id or not seen:
        detail = "No comment on this post has this id."
        return ValidationFailed(errors=[FieldError(pointer="/parent_id", code="unknown_parent", detail=detail)])
    gone = row["parent_deleted_at"] is not None
    return Conflict(f"The comment that you answer {'was deleted' if gone else 'is not approved'}.")


def _moderation(principal: Principal) -> Moderation:
    """Return whose comments wait for a moderator; moderators do not wait for themselves."""
    judges = allowed(principal, Action.SEE_WAITING, {"author_id": None})
    return "none" if judges else settings().comment_moderation


async def create(
    connection: Connection, principal: Principal, post_id: UUID, draft: models.CommentCreate
) -> models.Comment:
    """Write a comment. Raises NotFound, PostNotPublished, ValidationFailed and Conflict (the parent was deleted)."""
    parent_id = draft.parent_id if draft.parent_id is not MISSING else None
    values: dict[str, Any] = {"comment_id": new_id(), "post_id": post_id, "member_id": principal.user_id}
    values["text"] = draft.content
    if parent_id is not None:
        values["parent_id"] = parent_id
    if names := named(draft.content, MAX_MENTIONS):
        values["names"] = names
    values["ids"] = notifications.new_ids(len(names))
    statement = queries.creating(_moderation(principal), answer=parent_id is not None, mentions=bool(names))
    row = await statement.first(connection, **values)
    if row is None:
        raise await _why_not(connection, principal, post_id, parent_id)
    return as_comment(row, principal)


@cache
def _lock(view: View) -> Statement:
    columns = (Comment.post_id, Comment.author_id, Comment.version, Comment.status, Comment.content)
    return Statement(
        select(*columns, Comment.deleted_at, *queries.POST)
        .join(Post, Post.id == Comment.post_id)
        .where(Comment.id == bindparam("id"), queries.seen(view))
        .with_for_update(key_share=True, of=Comment)
    )


async def locked(connection: Connection, principal: Principal, comment_id: UUID) -> Record:
    """Lock a living comment that the member may see and read. Raises NotFound."""
    view = view_of(principal)
    row = visible(principal, await _lock(view).first(connection, id=comment_id, **_whose(view, principal)))
    readable = row["status"] == CommentStatus.approved or allowed(principal, Action.SEE_WAITING, row)
    if row["deleted_at"] is not None or not readable:
        raise NotFound("There is no such comment any more.")
    return row


async def update_comment(
    connection: Connection, principal: Principal, comment_id: UUID, patch: models.CommentUpdate, if_match: str
) -> models.Comment:
    """Apply a merge patch. Raises NotFound, PermissionDenied, PreconditionFailed."""
    waits = _moderation(principal) == "all"
    if waits:
        await places.LOCK_POST.first(connection, id=comment_id)
    row = await locked(connection, principal, comment_id)
    require(principal, Action.EDIT_COMMENT, row)
    require_match(if_match, row["version"])
    waits = waits and row["status"] == CommentStatus.approved
    status = CommentStatus.pending.value if waits else row["status"]
    if waits:
        await places.COUNT.run(connection, post_id=row["post_id"], step=-1)
    await _UPDATE.run(connection, comment_id=comment_id, new_content=patch.content, new_status=status)
    if waits:
        await places.FADE.run(connection, id=comment_id)
    if mentions := "@" in row["content"] or "@" in str(patch.content):
        names = named(str(patch.content), MAX_MENTIONS)
        await _FORGET_MENTIONS.run(connection, comment_id=comment_id, names=names)
        await _MENTION_NAMES.run(connection, comment_id=comment_id, names=names)
    if waits:
        await notifications.comment_hidden(connection, comment_id, row["post_id"])
    elif status == CommentStatus.approved:
        await notifications.comment_edited(connection, comment_id, row["post_id"], mentions=mentions)
    return await get(connection, principal, comment_id)


async def delete_comment(connection: Connection, principal: Principal, comment_id: UUID, if_match: str) -> None:
    """Remove a comment, or leave a tombstone if it has answers. Raises NotFound, PermissionDenied, PreconditionFailed.

    The lock on the post keeps answers and other deletions out, so that whether there are answers is true until the end.
    """
    await places.LOCK_POST.first(connection, id=comment_id)
    row = await locked(connection, principal, comment_id)
    require(principal, Action.DELETE_COMMENT, row)
    require_match(if_match, row["version"])
    await places.BURY.run(connection, comment_id=comment_id)
    await places.FADE.run(connection, id=comment_id)
    if await places.IS_ANSWERED.value(connection, comment_id=comment_id):
        for statement in places.DELETE_BESIDE:
            await statement.run(connection, comment_id=comment_id)
    else:
        await places.REMOVE.run(connection, id=comment_id)
    if shown := row["status"] == CommentStatus.approved:
        await places.COUNT.run(connection, post_id=row["post_id"], step=-1)
    await notifications.comment_gone(connection, comment_id, row["post_id"], was_shown=shown)


async def like(connection: Connection, principal: Principal, comment_id: UUID, *, liked: bool) -> None:
    """Like a comment or take the like back; repeated, it changes nothing. Raises NotFound and PostNotPublished."""
    row = await locked(connection, principal, comment_id)
    if liked and row["post_status"] != PostStatus.published:
        raise PostNotPublished
    changed = await (_LIKE if liked else _UNLIKE).run(connection, comment_id=comment_id, user_id=principal.user_id)
    if changed:
        await _COUNT_LIKES.run(connection, comment_id=comment_id, step=1 if liked else -1)
        await likes.comment_liked(connection, comment_id, principal.user_id, liked=liked)
