"""The life of a post: scheduled, published, archived, withdrawn, put forward.

A schedule is a job that was committed with it and knows for which moment it was made. It publishes the post only while
that is the post's schedule, so that one which was moved or cancelled does nothing, whenever it comes. Every minute all
that is overdue is published besides: no schedule depends on the fate of its job alone.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from asyncpg import Record
from sqlalchemy import DateTime, Text, Uuid, bindparam, case, func, literal_column, select, update

from app import clock
from app.access import Action, Principal
from app.jobs import service as jobs
from app.notifications import posts as notifications
from app.posts import service
from app.posts.tables import Post
from app.posts.text import excerpt_of
from app.problems import FieldError, ValidationFailed
from app.sql import Connection, Statement
from generated import models
from generated.models import PostStatus

PUBLISH = "posts.publish"
# Five years: whoever means a later year has most likely mistyped it.
FURTHEST = timedelta(days=5 * 365 + 2)
_OVERDUE = 100

_status = bindparam("new_status", type_=Text())
_moment: Any = bindparam("moment", type_=DateTime(timezone=True))
_SET_STATUS = Statement(
    update(Post)
    .where(Post.id == bindparam("post_id"))
    .values(
        status=_status,
        excerpt=bindparam("new_excerpt"),
        # A post that is published again keeps the date of its first publication only while it is not a draft.
        published_at=case(
            (_status == literal_column("'published'"), func.coalesce(_moment, func.now())),
            (_status == literal_column("'draft'"), None),
            else_=Post.published_at,
        ),
        publish_at=literal_column("NULL"),
        publication_job_id=literal_column("NULL"),
        version=Post.version + 1,
        updated_at=func.now(),
    )
)
_SCHEDULE = Statement(
    update(Post)
    .where(Post.id == bindparam("post_id"))
    .values(
        status="scheduled",
        publish_at=_moment,
        publication_job_id=bindparam("job_id", type_=Uuid()),
        version=Post.version + 1,
        updated_at=func.now(),
    )
)
_DUE = Statement(
    select(Post.id, Post.publish_at).where(Post.publish_at <= func.now()).order_by(Post.publish_at).limit(_OVERDUE)
)

# From a state by a step to a state; a step that leads to the state it starts from changes nothing.
_STEPS: dict[PostStatus, frozenset[PostStatus]] = {
    PostStatus.scheduled: frozenset({PostStatus.draft, PostStatus.scheduled}),
    PostStatus.published: frozenset({PostStatus.draft, PostStatus.scheduled, PostStatus.published}),
    PostStatus.archived: frozenset({PostStatus.published, PostStatus.archived}),
    PostStatus.draft: frozenset({PostStatus.scheduled, PostStatus.published, PostStatus.archived}),
}


async def _step(connection: Connection, principal: Principal, post_id: UUID, status: PostStatus) -> Record:
    """Lock a post for a step to a state. Raises NotFound, PermissionDenied, InvalidTransition."""
    row = await service.locked(connection, principal, post_id, Action.EDIT_POST)
    if row["status"] not in _STEPS[status]:
        raise service.InvalidTransition(f"The post is {row['status']}.")
    return row


async def _enter(connection: Connection, row: Record, status: PostStatus, moment: datetime | None = None) -> None:
    """Bring a locked post into another state, with all that depends on it."""
    excerpt = row["excerpt"] or (excerpt_of(row["content"]) if status is PostStatus.published else None)
    await service.call_off(connection, row)
    await _SET_STATUS.run(connection, post_id=row["id"], new_status=status.value, new_excerpt=excerpt, moment=moment)
    if PostStatus.published in (status, row["status"]):
        await service.count_published(connection, row, 1 if status is PostStatus.published else -1)
    if status is PostStatus.published:
        await notifications.post_published(connection, row["id"], row["author_id"], row["content"])
    elif row["status"] == PostStatus.published:
        await notifications.post_withdrawn(connection, row["id"], row["author_id"])


async def set_status(connection: Connection, principal: Principal, post_id: UUID, status: PostStatus) -> models.Post:
    """Publish, archive or withdraw a post. Raises NotFound, PermissionDenied, InvalidTransition."""
    row = await _step(connection, principal, post_id, status)
    if row["status"] != status:
        await _enter(connection, row, status)
    return await service.get(connection, principal, post_id)


async def schedule(connection: Connection, principal: Principal, post_id: UUID, publish_at: datetime) -> models.Post:
    """Publish a post later, or at another time than was said before.

    Raises NotFound, PermissionDenied, InvalidTransition, and ValidationFailed for a time that is over or too far away.
    """
    ahead = publish_at - clock.now()
    if not timedelta(0) < ahead <= FURTHEST:
        code, detail = (
            ("too_far_ahead", "Must be within five years.")
            if ahead > FURTHEST
            else ("time_is_over", "Must be a time to come.")
        )
        raise ValidationFailed(errors=[FieldError(pointer="/publish_at", code=code, detail=detail)])
    row = await _step(connection, principal, post_id, PostStatus.scheduled)
    if row["publish_at"] != publish_at:
        await service.call_off(connection, row)
        told = {"post_id": str(post_id), "publish_at": publish_at.isoformat()}
        # Nobody's, because who could cancel it would leave a schedule that does not come.
        job_id = await jobs.enqueue(connection, PUBLISH, told, not_before=publish_at)
        await _SCHEDULE.run(connection, post_id=post_id, moment=publish_at, job_id=job_id)
    return await service.get(connection, principal, post_id)


async def publish_scheduled(connection: Connection, post_id: UUID, publish_at: datetime) -> bool:
    """Publish a post whose time has come. Return whether it was still to be published at that time."""
    row = await service.lock(connection, post_id)
    if row is None or row["publish_at"] != publish_at:
        return False
    await _enter(connection, row, PostStatus.published, publish_at)
    return True


async def due(connection: Connection) -> list[tuple[UUID, datetime]]:
    """Return the posts whose time has come, and that time; a hundred at most."""
    return [(row["id"], row["publish_at"]) for row in await _DUE.all(connection)]


async def feature(connection: Connection, principal: Principal, post_id: UUID, *, featured: bool) -> models.Post:
    """Put a post forward, or no longer; repeated, it changes nothing. Raises NotFound, PermissionDenied."""
    row = await service.locked(connection, principal, post_id, Action.FEATURE_POST)
    if row["featured"] != featured:
        await service.change(connection, principal, row, {"featured": featured})
    return await service.get(connection, principal, post_id)
