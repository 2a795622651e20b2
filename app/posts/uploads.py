"""Receiving a file of posts: it is kept piece by piece as it comes, and what has come whole becomes a job.

Each piece is a transaction of its own. One for all would hold a connection for as long as the slowest client likes to
send; thirty of those would be the whole pool. So what is kept of a file that never reaches its end has to be taken
away: by the request itself where it can, and by a recurring job where the process ended with it.

So many files of a member are received at a time, and so many wait or are imported: nobody fills the disk alone. The
latter are counted when one more has come, for it may be one of them, sent again under its idempotency key.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update

from app.db import reading, transaction
from app.ids import new_id
from app.jobs import service as jobs
from app.jobs.cleaning import expired
from app.jobs.tables import Job
from app.posts.tables import PostImport, PostImportPiece
from app.problems import FieldError, InvalidToken, PayloadTooLarge, Problem, ValidationFailed
from app.sql import Connection, Statement
from app.users import service as users
from generated.models import ImportMode, ProblemCode

IMPORT = "posts.import"
MAX_LINES = 100_000
PIECE_BYTES = 1_048_576
# Of one member, being received; and as many that wait for their end.
MAX_IMPORTS = 5
# Nobody sends for longer than the first; for the second, a job that has failed can be tried again.
KEEP_UNFINISHED, KEEP_FAILED = timedelta(days=1), timedelta(days=7)


class TooManyImports(Problem):
    status, code, title = 409, ProblemCode.too_many_imports, "There are too many imports."


_mine = PostImport.author_id == bindparam("author_id")
_RECEIVING = Statement(select(func.count()).where(_mine, PostImport.job_id.is_(None)))
_WAITING = Statement(
    select(func.count()).where(_mine, PostImport.job_id == Job.id, (Job.status == "queued") | (Job.status == "running"))
)
# What was cancelled is nobody's any more, and is not left to the recurring job while its member sends more.
_FORGET_CANCELLED = Statement(delete(PostImport).where(_mine, PostImport.job_id == Job.id, Job.status == "cancelled"))
_OPEN = Statement(insert(PostImport).values({name: bindparam(name) for name in ("id", "author_id", "mode")}))
_KEEP = Statement(
    insert(PostImportPiece).values({name: bindparam(name) for name in ("import_id", "number", "content")})
)
_ATTACH = Statement(
    update(PostImport)
    .where(PostImport.id == bindparam("import_id"))
    .values(job_id=bindparam("job"), lines=bindparam("number"))
)
_DISCARD = Statement(delete(PostImport).where(PostImport.id == bindparam("import_id"), PostImport.job_id.is_(None)))
_job = select(Job.id).where(Job.id == PostImport.job_id)
REMOVE = expired(
    PostImport,
    or_(
        and_(PostImport.job_id.is_(None), PostImport.created_at <= func.now() - KEEP_UNFINISHED),
        _job.where((Job.status == "succeeded") | (Job.status == "cancelled")).exists(),
        _job.where(Job.status == "failed", Job.finished_at <= func.now() - KEEP_FAILED).exists(),
    ),
)


@dataclass(slots=True)
class Upload:
    """A file that has come whole: how many lines it has, and a digest that tells it from others."""

    id: UUID
    lines: int
    digest: bytes


async def _pieces(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield what comes in pieces of about a megabyte."""
    waiting: list[bytes] = []
    size = 0
    async for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= PIECE_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if size:
        yield b"".join(waiting)


async def _within_limits(connection: Connection, counted: Statement, author_id: UUID) -> None:
    """Raise TooManyImports when there are as many as a member may have, and InvalidToken when the member has gone."""
    # The member's row is the lock: of two requests at once, the second counts what the first has made.
    if await users.lock(connection, author_id) is None:
        raise InvalidToken
    if await counted.value(connection, author_id=author_id) >= MAX_IMPORTS:
        raise TooManyImports


async def _receive(import_id: UUID, author_id: UUID, mode: ImportMode, chunks: AsyncIterator[bytes]) -> Upload:
    """Keep what comes.

    Raises TooManyImports, PayloadTooLarge for too many lines, and ValidationFailed for what is no text at all.
    """
    number, ends, last = 0, 0, b""
    digest = blake2b(mode.value.encode(), digest_size=32)
    async for piece in _pieces(chunks):
        ends, last = ends + piece.count(b"\n"), piece[-1:]
        if b"\x00" in piece:
            # No text that is meant has it, and every second byte of what is written in UTF-16 is it.
            detail = "Must be UTF-8, without NUL."
            raise ValidationFailed(errors=[FieldError(pointer="", code="nul_character", detail=detail)])
        # The last line may have no end.
        if ends + (last != b"\n") > MAX_LINES:
            raise PayloadTooLarge(f"An import may have {MAX_LINES:,} lines.")
        digest.update(piece)
        async with transaction() as connection:
            if not number:
                await _within_limits(connection, _RECEIVING, author_id)
                await _OPEN.run(connection, id=import_id, author_id=author_id, mode=mode.value)
            await _KEEP.run(connection, import_id=import_id, number=number, content=piece)
        number += 1
    if not number:
        raise ValidationFailed(errors=[FieldError(pointer="", code="missing", detail="Field required")])
    return Upload(import_id, ends + (last != b"\n"), digest.digest())


@asynccontextmanager
async def received(author_id: UUID, mode: ImportMode, chunks: AsyncIterator[bytes]) -> AsyncGenerator[Upload]:
    """Receive a file, and keep it beyond the block only where `begin` has made a job of it there."""
    import_id = new_id()
    try:
        yield await _receive(import_id, author_id, mode, chunks)
    finally:
        # Where this cannot be done now, the recurring job does it.
        with suppress(Exception):
            async with reading() as connection:
                await _DISCARD.run(connection, import_id=import_id)


async def begin(connection: Connection, upload: Upload, owner_id: UUID) -> UUID:
    """Let a job import the file, and return the job's id. Raises TooManyImports."""
    await _FORGET_CANCELLED.run(connection, author_id=owner_id)
    await _within_limits(connection, _WAITING, owner_id)
    job_id = await jobs.enqueue(connection, IMPORT, {"import_id": str(upload.id)}, owner_id=owner_id)
    await _ATTACH.run(connection, import_id=upload.id, job=job_id, number=upload.lines)
    return job_id
