"""The objects that media are made of, and how none of them is ever nobody's for long.

An object is announced before it is put: its row is committed first, leased for longer than putting may take. Whoever
announced it gives it to a medium in the transaction that makes the medium, or lets go of it. Whatever ends early leaves
a row whose lease runs out, and `sweep` removes first the object, then the row. What is deleted goes the same way.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db import reading, transaction
from app.media import store
from app.media.tables import MediaFile, MediaUsage
from app.problems import Problem, ServiceUnavailable
from app.settings import settings
from app.sql import Connection, Statement
from generated.models import ProblemCode

# Putting ends before the lease does, by so much that nothing of it can come later.
PUT_SECONDS = 300
LEASE = timedelta(minutes=15)
STEP = 20
MIB = 1_048_576


class QuotaExceeded(Problem):
    status, code, title = 409, ProblemCode.quota_exceeded, "There is no room for it."


@dataclass(frozen=True, slots=True)
class Object:
    """What is to be put: a local file, and what is known of it."""

    id: UUID
    path: Path
    label: str
    media_type: str
    size: int
    digest: str
    width: int | None = None
    height: int | None = None
    is_counted: bool = True


_GIVEN = ("id", "label", "media_type", "size", "digest", "width", "height", "is_counted")
_ids = bindparam("ids", type_=ARRAY(Uuid()))
_nobodys = MediaFile.media_id.is_(None)
_announced: dict[str, Any] = {name: bindparam(name) for name in _GIVEN}
_ANNOUNCE = Statement(insert(MediaFile).values(_announced | {"leased_until": func.now() + LEASE}))
_GIVE = Statement(
    update(MediaFile)
    .where(MediaFile.id == func.any(_ids), _nobodys, MediaFile.leased_until > func.now())
    .values(media_id=bindparam("media"))
)
_LET_GO = Statement(update(MediaFile).where(MediaFile.id == func.any(_ids), _nobodys).values(leased_until=func.now()))
_EXPIRED = Statement(
    select(MediaFile.id)
    .where(_nobodys, MediaFile.leased_until <= func.now())
    .limit(STEP)
    .with_for_update(skip_locked=True)
)
_FORGET = Statement(delete(MediaFile).where(MediaFile.id == func.any(_ids)))

_more = bindparam("more", type_=BigInteger())
_room = bindparam("room", type_=BigInteger())
_first = select(bindparam("owner", type_=Uuid()), _more).where(_more <= _room)
_TAKE_ROOM = Statement(
    upsert(MediaUsage)
    .from_select(["user_id", "bytes"], _first)
    .on_conflict_do_update(
        index_elements=[MediaUsage.user_id],
        set_={"bytes": MediaUsage.bytes + _more},
        where=MediaUsage.bytes + _more <= _room,
    )
)
_GIVE_ROOM = Statement(
    update(MediaUsage)
    .where(MediaUsage.user_id == bindparam("owner"))
    .values(bytes=MediaUsage.bytes - bindparam("less", type_=BigInteger()))
)


@asynccontextmanager
async def announced(objects: Sequence[Object]) -> AsyncGenerator[None]:
    """Put objects, and keep beyond the block those that `give` has given to a medium there.

    Where putting itself fails, the last of it may still be on its way to the store: that is left to the sweep, which
    comes when nothing can be on its way any more.
    """
    async with transaction() as connection:
        for one in objects:
            await _ANNOUNCE.run(connection, **{name: getattr(one, name) for name in _GIVEN})
    async with asyncio.timeout(PUT_SECONDS):
        for one in objects:
            await store.put(one.id, one.path)
    try:
        yield
    finally:
        # Where this cannot be done now, the recurring job does it.
        with suppress(Exception):
            async with reading() as connection:
                lost = await _LET_GO.run(connection, ids=[one.id for one in objects])
            if lost:
                await sweep()


async def give(connection: Connection, media_id: UUID, file_ids: Sequence[UUID]) -> None:
    """Give announced objects to a medium. Raises ServiceUnavailable when that took longer than their lease."""
    if await _GIVE.run(connection, ids=list(file_ids), media=media_id) != len(file_ids):
        raise ServiceUnavailable("It took too long to keep the files.")


async def take_room(connection: Connection, owner_id: UUID, size: int) -> None:
    """Count bytes of a member's files. Raises QuotaExceeded; of several at once, each counts what the others took."""
    room = settings().media_quota_mb * MIB
    if not await _TAKE_ROOM.run(connection, owner=owner_id, more=size, room=room):
        raise QuotaExceeded(f"The files of a member may have {settings().media_quota_mb:,} MiB.")


async def give_room(connection: Connection, owner_id: UUID, size: int) -> None:
    """Count bytes of a member's files no longer."""
    await _GIVE_ROOM.run(connection, owner=owner_id, less=size)


async def let_go(connection: Connection, file_ids: Sequence[UUID]) -> None:
    """Let the sweep take objects that no medium has any more, as soon as it comes."""
    await _LET_GO.run(connection, ids=list(file_ids))


async def sweep() -> int:
    """Remove what is nobody's: each object, and then its row. Return how many there were."""
    removed = 0
    while True:
        async with transaction() as connection:
            ids = [row["id"] for row in await _EXPIRED.all(connection)]
            await store.remove(ids)
            await _FORGET.run(connection, ids=ids)
        removed += len(ids)
        if len(ids) < STEP:
            return removed
