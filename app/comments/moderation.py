"""Judging comments: what waits for a moderator, what becomes of it, and what members report."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from uuid import UUID

from asyncpg import Record
from pydantic import MISSING
from sqlalchemy import ColumnElement, Select, Uuid, bindparam, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from app import pages
from app.access import Principal
from app.audit.service import record
from app.comments import places, queries, service
from app.comments.queries import View
from app.comments.tables import Comment, CommentReport
from app.etags import etag, require_match
from app.notifications import comments as notifications
from app.posts.tables import Post
from app.problems import NotFound
from app.rows import fill
from app.sql import Connection, Statement
from app.users.tables import User
from generated import models
from generated.models import AuditAction, CommentStatus, ModerationSort, ReportReason

# Of the contract's ModerationEntry.
SHOWN_REPORTS = 10

# Literals throughout, because a partial index is not considered for a bind parameter.
_reported: ColumnElement[bool] = Comment.report_count > literal_column("0")
_of_status = {status: Comment.status == literal_column(f"'{status.value}'") for status in CommentStatus}
_WAITING: dict[CommentStatus | None, ColumnElement[bool]] = {
    None: _of_status[CommentStatus.pending] | _reported,
    CommentStatus.pending: _of_status[CommentStatus.pending],
    CommentStatus.approved: _of_status[CommentStatus.approved] & _reported,
    CommentStatus.rejected: _of_status[CommentStatus.rejected],
}
_GET = Statement(queries.comment(View.moderator).where(Comment.id == bindparam("id")))
_LOCK = Statement(
    select(Comment.post_id, Comment.author_id, Comment.status, Comment.report_count, Comment.version)
    .where(Comment.id == bindparam("id"), Comment.deleted_at.is_(None))
    .with_for_update(key_share=True)
)
# Not an edit: an author who has read the text may go on with it.
_DECIDE = Statement(
    update(Comment)
    .where(Comment.id == bindparam("comment_id"))
    .values(
        status=bindparam("new_status"),
        report_count=0,
        is_public=Comment.is_public | (bindparam("new_status") == literal_column("'approved'")),
    )
)
_SETTLE = Statement(
    update(CommentReport)
    .where(CommentReport.comment_id == bindparam("comment_id"), CommentReport.settled_at.is_(None))
    .values(settled_at=func.now())
)
_REPORT = Statement(
    upsert(CommentReport)
    .values({name: bindparam(name) for name in ("comment_id", "user_id", "reason", "text")})
    .on_conflict_do_nothing()
)
_COUNT_REPORT = Statement(
    update(Comment).where(Comment.id == bindparam("comment_id")).values(report_count=Comment.report_count + 1)
)
_DECISIONS = {
    CommentStatus.approved: AuditAction.comment_approved,
    CommentStatus.rejected: AuditAction.comment_rejected,
}


def _reports() -> Statement:
    """Return the statement that reads the newest open reports of each of some comments."""
    wanted = func.unnest(bindparam("ids", type_=ARRAY(Uuid()))).table_valued("id").render_derived(name="wanted")
    newest = (
        select(CommentReport)
        .where(CommentReport.comment_id == wanted.c.id, CommentReport.settled_at.is_(None))
        .order_by(CommentReport.created_at.desc(), CommentReport.user_id)
        .limit(literal_column(str(SHOWN_REPORTS)))
        .lateral("newest")
    )
    columns = (newest.c.comment_id, newest.c.reason, newest.c.text, newest.c.created_at)
    return Statement(
        select(*columns, User.username)
        .select_from(wanted)
        .join(newest, literal_column("true"))
        .join(User, User.id == newest.c.user_id)
        .order_by(newest.c.created_at.desc(), newest.c.user_id)
    )


_REPORTS = _reports()


@dataclass(frozen=True, slots=True)
class Filters:
    """What the queue is narrowed by; None does not narrow."""

    status: CommentStatus | None = None
    reported: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions."""
        found = [Comment.deleted_at.is_(None), _WAITING[self.status]]
        return found if self.reported is None else [*found, _reported if self.reported else ~_reported]


def _queue(filters: Filters) -> Select[*tuple[object, ...]]:
    waiting = queries.comment(View.moderator).add_columns(Post.title.label("post_title"), Comment.report_count)
    return waiting.where(*filters.conditions())


@cache
def _listing(filters: Filters, shape: pages.Shape, *, descending: bool) -> Statement:
    return Statement(pages.ordered(_queue(filters), Comment.created_at, Comment.id, shape, descending=descending))


@cache
def _counting(filters: Filters) -> pages.Counting:
    return pages.Counting(select(Comment.id).where(*filters.conditions()))


def _report(row: Record) -> models.ReceivedReport:
    reason = ReportReason(row["reason"])
    members = {"reason": reason, "text": row["text"], "reporter": row["username"], "created_at": row["created_at"]}
    return fill(models.ReceivedReport, members)


async def _entries(connection: Connection, principal: Principal, rows: list[Record]) -> list[models.ModerationEntry]:
    reports: defaultdict[UUID, list[models.ReceivedReport]] = defaultdict(list)
    reported = [row["id"] for row in rows if row["report_count"]]
    for row in await _REPORTS.all(connection, ids=reported) if reported else ():
        reports[row["comment_id"]].append(_report(row))
    comments = [service.as_comment(row, principal) for row in rows]
    return [
        models.ModerationEntry(
            comment=comment,
            etag=etag(comment),
            post_title=row["post_title"],
            report_count=row["report_count"],
            reports=reports[row["id"]],
        )
        for comment, row in zip(comments, rows, strict=True)
    ]


async def list_page(
    connection: Connection, principal: Principal, sort: ModerationSort, filters: Filters, asked: pages.Asked
) -> models.ModerationPage:
    """Return a page of what waits. Raises ValidationFailed for a cursor that is not ours."""
    page = pages.wanted(f"moderation {sort} {filters}", asked)
    counted = await _counting(filters).total(connection) if page.total else None
    descending = sort is ModerationSort.created_at_desc
    rows = await _listing(filters, page.shape, descending=descending).all(connection, **page.binds())
    kept, described = pages.cut(rows, page, itemgetter("created_at"), counted)
    return models.ModerationPage(items=await _entries(connection, principal, kept), page=described)


async def decide(
    connection: Connection, principal: Principal, comment_id: UUID, status: CommentStatus, if_match: str
) -> models.Comment:
    """Approve or reject a comment, which settles its reports; repeated, it changes nothing.

    The post is locked first, as by whoever changes how many comments it has. Raises NotFound, and PreconditionFailed
    when the author has edited it since the moderator read it.
    """
    await places.LOCK_POST.first(connection, id=comment_id)
    row = await _LOCK.first(connection, id=comment_id)
    if row is None:
        raise NotFound("There is no such comment.")
    require_match(if_match, row["version"])
    changes = row["status"] != status
    if changes or row["report_count"]:
        await _DECIDE.run(connection, comment_id=comment_id, new_status=status.value)
        await _SETTLE.run(connection, comment_id=comment_id)
        if changes:
            await _show(connection, comment_id, row, status)
        detail = {"author_id": row["author_id"], "post_id": row["post_id"], "reports": row["report_count"]}
        action = _DECISIONS[status]
        await record(connection, action, actor_id=principal.user_id, subject_id=comment_id, detail=detail)
    found = await _GET.first(connection, id=comment_id)
    assert found is not None  # noqa: S101 - It is locked.
    return service.as_comment(found, principal)


async def _show(connection: Connection, comment_id: UUID, row: Record, status: CommentStatus) -> None:
    """Count a comment and show it to everybody, or the opposite, after its status has changed."""
    if status is CommentStatus.approved:
        await places.APPEAR.run(connection, id=comment_id)
        await places.COUNT.run(connection, post_id=row["post_id"], step=1)
        await notifications.comment_approved(connection, comment_id)
    elif row["status"] == CommentStatus.approved:
        await places.FADE.run(connection, id=comment_id)
        await places.COUNT.run(connection, post_id=row["post_id"], step=-1)
        await notifications.comment_hidden(connection, comment_id, row["post_id"])


async def report(connection: Connection, principal: Principal, comment_id: UUID, said: models.CommentReport) -> None:
    """Note what a member says of a comment; once, and only of an approved one. Raises NotFound."""
    row = await service.locked(connection, principal, comment_id)
    if row["status"] != CommentStatus.approved:
        return
    text = said.text if said.text is not MISSING else None
    member = principal.user_id
    values = {"comment_id": comment_id, "user_id": member, "reason": said.reason.value, "text": text}
    if await _REPORT.run(connection, **values):
        await _COUNT_REPORT.run(connection, comment_id=comment_id)
