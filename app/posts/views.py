"""Views are counted in memory and written together, so that a read stays a read."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Uuid, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from app.db import transaction
from app.posts.tables import Post
from app.sql import Statement
from generated import models

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0

_seen: Counter[UUID] = Counter()
_new = (
    func.unnest(bindparam("ids", type_=ARRAY(Uuid())), bindparam("numbers", type_=ARRAY(Integer())))
    .table_valued("id", "number")
    .render_derived(name="new")
)
# Rows are locked in the order of their ids, so that two processes that write at once cannot wait for each other.
_locked = (
    select(Post.id, _new.c.number)
    .join(_new, _new.c.id == Post.id)
    .order_by(Post.id)
    .with_for_update(of=Post)
    .cte("locked")
)
_ADD = Statement(
    update(Post).where(Post.id == _locked.c.id).values(views=Post.views + _locked.c.number.cast(BigInteger))
)


def count(post: models.Post) -> None:
    """Count a view of a published post; authors and moderators who look at others do not count."""
    if post.status is models.PostStatus.published:
        _seen[post.id] += 1


async def flush() -> None:
    """Write the views counted so far; when that fails they are kept for the next time."""
    if not _seen:
        return
    batch = dict(_seen)
    _seen.clear()
    try:
        async with transaction() as connection:
            await _ADD.run(connection, ids=list(batch), numbers=list(batch.values()))
    except BaseException:
        _seen.update(batch)
        raise


async def flush_regularly(stop: asyncio.Event) -> None:
    """Write the views every second until told to stop, and never in the midst of writing."""
    while not stop.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(INTERVAL_SECONDS):
                await stop.wait()
        try:
            await flush()
        except Exception as failure:  # noqa: BLE001 - Whatever it was, the views wait in memory for the next time.
            log.warning("views not written", extra={"error": type(failure).__name__})


@asynccontextmanager
async def written_regularly() -> AsyncGenerator[None]:
    """Write the views while the block runs, and the rest at its end."""
    stop = asyncio.Event()
    writing = asyncio.create_task(flush_regularly(stop))
    try:
        yield
    finally:
        # A write that is cancelled may have been committed, and would be counted twice by the last one.
        stop.set()
        await writing
        await flush()
