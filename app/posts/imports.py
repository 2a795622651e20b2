"""Importing a file of posts that has been received, as a job.

With `valid_lines` each batch is a transaction, which also says how far the import is and what came of it: whoever goes
on after a crash goes on from there, and who was taken for dead and is not writes nothing more.

With `all_or_nothing` every line is read before the first is written, and all are written in one transaction. It takes
seconds, in which nobody else may have to wait. So it shares the vocabulary and counts only at its end: the tags are
there before it begins, and whatever becomes of them meanwhile, they are there again when the posts are.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import count
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record
from sqlalchemy import Integer, Text, Uuid, bindparam, delete, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.access import WRITE_POSTS
from app.categories import filing
from app.contract import role_scopes
from app.db import reading, transaction
from app.jobs.registry import JobFailed, Running
from app.posts import bulk, lines
from app.posts.bulk import Counts, Draft
from app.posts.lines import Line
from app.posts.tables import Post, PostImport, PostImportPiece
from app.problems import FieldError
from app.sql import Connection, Statement
from app.tags import service as tags
from app.users.tables import User
from generated.models import ImportMode

# What is said of lines that were refused: of so many, and in so many bytes.
MAX_LISTED, MAX_LISTED_BYTES = 1_000, 65_536
# An import of all or nothing keeps the names of its tags in mind.
MAX_TAGS = 10_000
# How far a file is read in percent when all of it has been read and nothing is written.
READ_PERCENT = 30
DEADLINE = 1_800

_GET = Statement(
    select(PostImport.author_id, PostImport.mode, PostImport.lines, PostImport.report, User.is_active, User.role)
    .join(User, User.id == PostImport.author_id)
    .where(PostImport.id == bindparam("import_id"))
)
_PIECE = Statement(
    select(PostImportPiece.content).where(
        PostImportPiece.import_id == bindparam("import_id"), PostImportPiece.number == bindparam("number")
    )
)
_REPORT = Statement(
    update(PostImport).where(PostImport.id == bindparam("import_id")).values(report=bindparam("report", type_=JSONB()))
)
_FORGET = Statement(delete(PostImportPiece).where(PostImportPiece.import_id == bindparam("import_id")))
# Two imports of one author, one after the other: what the first has written the second finds.
_ALONE = Statement(
    select(
        func.pg_advisory_xact_lock(
            literal_column("0x706f7374", Integer()), func.hashtext(bindparam("author", type_=Text()))
        )
    ),
    seconds=DEADLINE,
)
# What a crash of the machine takes back, it takes back with how far the import is: the job does it again. The end of
# the import waits for the disk, and for all before it.
_COMMIT_ASYNCHRONOUSLY = Statement(select(func.set_config("synchronous_commit", "off", literal_column("true"))))
_KNOWN = Statement(
    select(Post.external_id).where(
        Post.author_id == bindparam("author_id", type_=Uuid()),
        Post.external_id == func.any(bindparam("external_ids", type_=ARRAY(Text()))),
    )
)


@dataclass(frozen=True, slots=True)
class File:
    """What is imported, and whose posts it becomes."""

    id: UUID
    author_id: UUID
    mode: str
    lines: int


@dataclass(slots=True)
class Report:
    """What has come of the lines so far; all but the last are the members of the job's result."""

    lines: int
    done: int = 0
    imported: int = 0
    unchanged: int = 0
    refused: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    said_bytes: int = 0

    def refuse(self, number: int, errors: Sequence[FieldError]) -> None:
        """Count a line that is not imported, and say why while there is room for it."""
        self.refused += 1
        said = {"line": number, "errors": list(errors)}
        if len(self.errors) < MAX_LISTED and self.said_bytes < MAX_LISTED_BYTES:
            self.errors.append(said)
            self.said_bytes += len(orjson.dumps(said))

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it, in the order of the lines."""
        self.errors.sort(key=itemgetter("line"))
        return {name: getattr(self, name) for name in ("lines", "done", "imported", "unchanged", "refused", "errors")}


class _Refused(Exception):
    """Something is wrong with a line, of which only the database could tell."""


async def _current(connection: Connection, import_id: UUID) -> Record:
    """Return how far the import is. Raises JobFailed where nothing is left of it, or its author may not write now."""
    row = await _GET.first(connection, import_id=import_id)
    if row is None:
        raise JobFailed("What was uploaded is no longer there; send it again.", final=True)
    if not row["is_active"] or WRITE_POSTS not in role_scopes()[row["role"]]:
        raise JobFailed("The account may not write posts.", final=True)
    return row


async def _pieces(file: File, own: Connection | None = None) -> AsyncIterator[bytes]:
    """Yield what was received, read on a connection of one's own or on any."""
    for number in count():
        async with nullcontext(own) if own else reading() as connection:
            piece: bytes | None = await _PIECE.value(connection, import_id=file.id, number=number)
        if piece is None:
            return
        yield piece


async def _finish(connection: Connection, file: File, report: Report, job: Running) -> None:
    """Keep what came of all lines, and forget them."""
    report.done = file.lines
    await _REPORT.run(connection, import_id=file.id, report=orjson.dumps(report.document()).decode())
    await _FORGET.run(connection, import_id=file.id)
    await job.report(99, report.document(), connection)


async def _write(connection: Connection, file: File, read: Sequence[Line], report: Report, counts: Counts) -> None:
    """Write the posts that can be written, and say of each line what came of it."""
    drafts: dict[int, Draft] = {}
    for line in read:
        if line.draft is None:
            report.refuse(line.number, line.errors)
        else:
            drafts[line.number] = line.draft
    wrong = await filing.unfit(connection, {it.category_id for it in drafts.values() if it.category_id})
    for number in [number for number, draft in drafts.items() if draft.category_id in wrong]:
        report.refuse(number, [FieldError(pointer="/category_id", **wrong[drafts.pop(number).category_id])])
    fresh = await _fresh(connection, file, drafts)
    report.unchanged += len(drafts) - len(fresh)
    written = await bulk.write_fit(connection, file.author_id, list(fresh.values())) if fresh else []
    for (number, draft), post_id in zip(fresh.items(), written, strict=True):
        if post_id is None:
            detail = "The database cannot hold this post."
            report.refuse(number, [FieldError(pointer="", code="not_storable", detail=detail)])
            continue
        report.imported += 1
        if draft.published_at:
            counts.see(file.author_id, draft.tags, draft.category_id)


async def _fresh(connection: Connection, file: File, drafts: Mapping[int, Draft]) -> dict[int, Draft]:
    """Return the posts that have not been imported before; of several with one id, the first."""
    asked = list({draft.external_id for draft in drafts.values() if draft.external_id})
    found = await _KNOWN.all(connection, author_id=file.author_id, external_ids=asked) if asked else []
    known = {row["external_id"] for row in found}
    fresh: dict[int, Draft] = {}
    for number, draft in drafts.items():
        if draft.external_id is None or draft.external_id not in known:
            fresh[number] = draft
            known.add(draft.external_id)
    return fresh


async def _import_valid(file: File, report: Report, job: Running) -> None:
    """Import each line that is right, from where an earlier attempt has ended."""
    async for last, read in lines.read_ahead(lines.batches(_pieces(file), report.done)):
        async with transaction() as connection:
            await _COMMIT_ASYNCHRONOUSLY.value(connection)
            await _ALONE.value(connection, author=str(file.author_id))
            await tags.share(connection)
            await _current(connection, file.id)
            counts = Counts()
            await _write(connection, file, read, report, counts)
            await counts.keep(connection)
            report.done = last
            await _REPORT.run(connection, import_id=file.id, report=orjson.dumps(report.document()).decode())
            await job.report(report.done * 99 // file.lines, report.document(), connection)
    async with transaction() as connection:
        await _finish(connection, file, report, job)


async def _read_all(file: File, report: Report, job: Running) -> set[str]:
    """Read every line, and return the tags that the posts have."""
    names: set[str] = set()
    said = 0
    async for last, read in lines.read_ahead(lines.batches(_pieces(file), 0), excerpts=False):
        filed: dict[int, UUID] = {}
        for line in read:
            if line.draft is None:
                report.refuse(line.number, line.errors)
                continue
            names.update(line.draft.tags)
            if len(names) > MAX_TAGS:
                detail = f"All posts together may have {MAX_TAGS:,} tags."
                report.refuse(line.number, [FieldError(pointer="/tags", code="too_many_tags", detail=detail)])
                names.difference_update(line.draft.tags)
            elif line.draft.category_id:
                filed[line.number] = line.draft.category_id
        async with reading() as connection:
            wrong = await filing.unfit(connection, set(filed.values()))
        for number, category_id in filed.items():
            if category_id in wrong:
                report.refuse(number, [FieldError(pointer="/category_id", **wrong[category_id])])
        report.done = last
        # Each is a commit; one for each percent says as much as one for each batch.
        if (percent := last * READ_PERCENT // file.lines) > said:
            await job.report(said := percent, report.document())
    return names


async def _write_all(file: File, report: Report, job: Running, names: set[str]) -> None:
    """Write what has been read, in one transaction. Raises _Refused where the database does not take it."""
    async with transaction() as connection:
        await tags.share(connection)
        await tags.ensure(connection, names)
    counts = Counts()
    said = READ_PERCENT
    async with transaction() as connection:
        await _ALONE.value(connection, author=str(file.author_id))
        async for last, read in lines.read_ahead(lines.batches(_pieces(file, connection), 0)):
            await _write(connection, file, read, report, counts)
            if report.refused:
                raise _Refused
            if (percent := READ_PERCENT + last * (99 - READ_PERCENT) // file.lines) > said:
                await job.report(said := percent)
        await tags.share(connection)
        await tags.ensure(connection, names)
        await _current(connection, file.id)
        await counts.keep(connection)
        await _finish(connection, file, report, job)


async def _import_all(file: File, job: Running) -> Report:
    """Import every line, or none."""
    report = Report(file.lines)
    names = await _read_all(file, report, job)
    if not report.refused:
        report = Report(file.lines)
        try:
            await _write_all(file, report, job, names)
        except _Refused:
            report.imported = report.unchanged = 0
        else:
            return report
    async with transaction() as connection:
        await _finish(connection, file, report, job)
    return report


async def run(import_id: UUID, job: Running) -> dict[str, Any]:
    """Import what has been received, and return the report; what has been done before is not done again."""
    async with reading() as connection:
        row = await _current(connection, import_id)
    file = File(import_id, row["author_id"], row["mode"], row["lines"])
    report = Report(**orjson.loads(row["report"])) if row["report"] else Report(file.lines)
    report.said_bytes = len(orjson.dumps(report.errors))
    if report.done < file.lines:
        if ImportMode(file.mode) is ImportMode.all_or_nothing:
            report = await _import_all(file, job)
        else:
            await _import_valid(file, report, job)
    return report.document()
