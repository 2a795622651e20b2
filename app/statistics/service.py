"""How much there is: counted on several connections at once, kept for a minute, gathered once however many ask.

Every figure is counted by an index, exactly to 10,000 (docs/decisions/0027-moderation-and-figures.md).
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import MISSING
from sqlalchemy import ColumnElement, bindparam, literal_column, select

from app import clock
from app.access import Action, Principal, allowed
from app.comments.tables import Comment
from app.db import reading
from app.jobs.tables import Job
from app.pages import Counting, Total
from app.posts.tables import Post
from app.statistics.kept import Kept
from app.tags.tables import Tag
from app.users.tables import User
from generated import models

KEPT_SECONDS = 60.0
# The rest of the pool is for who cannot wait.
CONNECTIONS = 4
GROWTH = timedelta(days=30)


def _is(column: Any, value: str) -> ColumnElement[bool]:
    # A literal, because a partial index is not considered for a bind parameter.
    return column == literal_column(f"'{value}'")


_read: tuple[ColumnElement[bool], ...] = (_is(Comment.status, "approved"), Comment.deleted_at.is_(None))
_living: ColumnElement[bool] = Comment.deleted_at.is_(None)
_reported: ColumnElement[bool] = Comment.report_count > literal_column("0")
# Ids grow with time, so that what is new stands at the end of the primary key, and needs no index of its own.
_new = {table: table.id >= bindparam("first_id") for table in (Comment, User)}
_COUNTS = {
    "posts": Counting(select(Post.id).where(_is(Post.status, "published"))),
    "comments": Counting(select(Comment.id).where(*_read)),
    "tags": Counting(select(Tag.id)),
    "members": Counting(select(User.id)),
    "unpublished_posts": Counting(select(Post.id).where(Post.status != literal_column("'published'"))),
    "pending_comments": Counting(select(Comment.id).where(_is(Comment.status, "pending"), _living)),
    "reported_comments": Counting(select(Comment.id).where(_reported, _living)),
    "queued": Counting(select(Job.id).where(_is(Job.status, "queued"))),
    "running": Counting(select(Job.id).where(_is(Job.status, "running"))),
    "failed": Counting(select(Job.id).where(_is(Job.status, "failed"))),
}
_GROWTH = {
    "members": Counting(select(User.id).where(_new[User])),
    "posts": Counting(select(Post.id).where(_is(Post.status, "published"), Post.sort_at >= bindparam("since"))),
    "comments": Counting(select(Comment.id).where(_new[Comment], *_read)),
}


def first_id_of(moment: datetime) -> UUID:
    """Return the least UUIDv7 (RFC 9562, section 5.7) that can be made at a moment."""
    return UUID(int=int(moment.timestamp() * 1000) << 80 | 7 << 76 | 0b10 << 62)


_kept: Kept[models.Statistics] = Kept()


def forget() -> None:
    """Count anew for the next one who asks."""
    _kept.forget()


async def figures() -> models.Statistics:
    """Return every figure, up to a minute old."""
    return await _kept.get(_gather, KEPT_SECONDS)


async def _gather() -> models.Statistics:
    now = clock.now()
    since = now - GROWTH
    values = {"members": {"first_id": first_id_of(since)}, "posts": {"since": since}}
    values["comments"] = values["members"]
    lent = asyncio.Semaphore(CONNECTIONS)

    async def count(counting: Counting, **bound: Any) -> models.Figure:
        async with lent, reading() as connection:
            total: Total = await counting.total(connection, **bound)
        return models.Figure(number=total.number, is_exact=total.is_exact)

    jobs = [count(counting) for counting in _COUNTS.values()]
    jobs += [count(counting, **values[name]) for name, counting in _GROWTH.items()]
    found = await asyncio.gather(*jobs)
    counts, growth = dict(zip(_COUNTS, found, strict=False)), dict(zip(_GROWTH, found[len(_COUNTS) :], strict=True))
    return models.Statistics(
        gathered_at=now,
        posts=counts["posts"],
        comments=counts["comments"],
        tags=counts["tags"],
        administration=models.AdministrationStatistics(
            members=counts["members"],
            unpublished_posts=counts["unpublished_posts"],
            pending_comments=counts["pending_comments"],
            reported_comments=counts["reported_comments"],
            jobs=models.JobStatistics(queued=counts["queued"], running=counts["running"], failed=counts["failed"]),
            growth=models.GrowthStatistics(**growth),
        ),
    )


def shown(principal: Principal | None, gathered: models.Statistics) -> models.Statistics:
    """Return those of the figures that somebody may see."""
    if allowed(principal, Action.SEE_FIGURES, {}):
        return gathered
    return gathered.model_copy(update={"administration": MISSING})
