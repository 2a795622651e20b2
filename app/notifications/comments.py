"""Comments: whoever is answered hears of it, the author of the post, and whoever is mentioned; each of them once."""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    FromClause,
    Select,
    Text,
    Uuid,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal_column,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert

from app.domain_events import service as events
from app.domain_events.service import Audience, Kind, tell
from app.ids import new_id
from app.notifications.causes import COMMENTS, MENTIONS, POSTS
from app.notifications.service import Withheld, locked, number, said, shown, told_of, wants, withheld
from app.notifications.tables import Notification
from app.sql import Connection, Statement
from generated.models import NotificationKind

# The answered, the author of the post, and as many as a comment may mention.
_MOST = 12
_APPROVED, _PUBLISHED = (literal_column(f"'{status}'", Text()) for status in ("approved", "published"))
_COMMENT: Any = bindparam("comment_id", type_=Uuid())


def _cause() -> CTE:
    """Return a comment that everybody may read, with all who have to do with it."""
    parent = COMMENTS.alias("parent")
    cause = (
        select(
            COMMENTS.c.id,
            COMMENTS.c.post_id,
            COMMENTS.c.author_id,
            POSTS.c.author_id.label("post_author_id"),
            POSTS.c.status.label("post_status"),
            parent.c.author_id.label("answered_id"),
        )
        .join(POSTS, POSTS.c.id == COMMENTS.c.post_id)
        .outerjoin(parent, parent.c.id == COMMENTS.c.parent_id)
    )
    readable = (COMMENTS.c.id == _COMMENT, COMMENTS.c.status == _APPROVED, COMMENTS.c.deleted_at.is_(None))
    return cause.where(*readable).cte("cause")


def _mentioned(mentions: FromClause) -> Select[UUID, str, int]:
    kind, rank = said(NotificationKind.mention).label("kind"), number(3).label("rank")
    return select(mentions.c.user_id.label("member_id"), kind, rank)


def _concerned(cause: CTE, mentioned: Select[UUID, str, int] | None) -> CTE:
    """Return who is to hear of a comment and as what; lower numbers go first."""
    owner = cause.c.post_author_id.label("member_id")
    parts: list[Any] = [select(owner, said(NotificationKind.comment).label("kind"), number(2).label("rank"))]
    if "answered_id" in cause.c:
        parts.append(select(cause.c.answered_id, said(NotificationKind.reply), number(1)))
    if mentioned is not None:
        parts.append(mentioned)
    return union_all(*parts).cte("candidates")


def _telling(cause: CTE, candidates: CTE, happening: Kind) -> Select[Any]:
    """Return what notifies the candidates of a comment, and tells of that and of what has happened to it."""
    wanted = (
        select(candidates.c.member_id, candidates.c.kind)
        .join(cause, candidates.c.member_id != cause.c.author_id)
        .where(wants(candidates.c.member_id, candidates.c.kind))
        .ext(distinct_on(candidates.c.member_id))
        .order_by(candidates.c.member_id, candidates.c.rank)
        .cte("wanted")
    )
    recipients = locked(wanted)
    hidden = (cause.c.post_status != _PUBLISHED) & (recipients.c.member_id != cause.c.post_author_id)
    reasons = case((hidden, number(Withheld.UNPUBLISHED.value)), else_=number(0))
    columns = ["id", "member_id", "kind", "subject_id", "comment_id", "actor_id", "withheld"]
    values = (recipients.c.kind, cause.c.id, cause.c.id, cause.c.author_id, reasons)
    rows = select(recipients.c.new_id, recipients.c.member_id, *values).select_from(recipients).join(cause, true())
    notified = (
        upsert(Notification)
        .from_select(columns, rows)
        .on_conflict_do_update(
            index_elements=[Notification.subject_id, Notification.kind, Notification.member_id],
            # Withheld when the comment was taken back, it is shown again as it was.
            set_={"withheld": shown(Withheld.JUDGED)},
        )
        .returning(Notification.id, Notification.member_id, Notification.kind)
        .cte("notified")
    )
    topic = events.topic_of(Audience.POST, cause.c.post_id)
    happened = select(events.kind_of(happening), topic, cause.c.id, events.NOTHING)
    return events.telling(union_all(happened, told_of(notified)))


def telling_of_new(cause: CTE, mentions: CTE | None) -> CTE:
    """Return what notifies of a comment that the same statement writes, for that to read; it needs `new_ids`.

    `cause` is the comment if everybody may read it: its id, post_id and author_id, the post_author_id and post_status,
    and the answered_id if it answers a member. `mentions` has the user_id of those whom it names.
    """
    mentioned = _mentioned(mentions) if mentions is not None else None
    return _telling(cause, _concerned(cause, mentioned), Kind.COMMENT_CREATED).cte("told")


def new_ids(names: int) -> list[UUID]:
    """Return the `ids` of as many notifications as there may be of a new comment which names so many members."""
    return [new_id() for _ in range(names + 2)]


@cache
def _approved() -> Statement:
    cause = _cause()
    mentioned = _mentioned(MENTIONS).join(cause, cause.c.id == MENTIONS.c.comment_id)
    return events.Telling(_telling(cause, _concerned(cause, mentioned), Kind.COMMENT_CREATED))


@cache
def _edited() -> Statement:
    cause = _cause()
    # What this transaction has noted, of those who have heard of nothing in this comment yet.
    known = exists().where(Notification.subject_id == cause.c.id, Notification.member_id == MENTIONS.c.user_id)
    mentioned = _mentioned(MENTIONS).join(cause, cause.c.id == MENTIONS.c.comment_id)
    candidates = mentioned.where(MENTIONS.c.created_at == func.now(), ~known).cte("candidates")
    return events.Telling(_telling(cause, candidates, Kind.COMMENT_UPDATED))


_WITHHOLD = Statement(
    update(Notification)
    .where(Notification.subject_id == _COMMENT, Notification.kind != said(NotificationKind.like))
    .values(withheld=withheld(Withheld.JUDGED))
)
_REMOVE = Statement(delete(Notification).where(Notification.comment_id == _COMMENT))
_UNMENTION = Statement(
    delete(Notification).where(
        Notification.subject_id == _COMMENT,
        Notification.kind == said(NotificationKind.mention),
        ~exists().where(MENTIONS.c.comment_id == _COMMENT, MENTIONS.c.user_id == Notification.member_id),
    )
)


async def comment_approved(connection: Connection, comment_id: UUID) -> None:
    """Notify of a comment that everybody may read from now on, and show again what was withheld."""
    await _approved().value(connection, comment_id=comment_id, ids=[new_id() for _ in range(_MOST)])


async def comment_edited(connection: Connection, comment_id: UUID, post_id: UUID, *, mentions: bool) -> None:
    """Tell of another text, and notify those whom it names and the text before did not; `mentions` says whether any."""
    if not mentions:
        await tell(connection, Kind.COMMENT_UPDATED, Audience.POST, post_id, comment_id)
        return
    await _UNMENTION.run(connection, comment_id=comment_id)
    await _edited().value(connection, comment_id=comment_id, ids=[new_id() for _ in range(_MOST)])


async def comment_hidden(connection: Connection, comment_id: UUID, post_id: UUID) -> None:
    """Withhold what notifies of a comment that waits for a moderator again, or was rejected."""
    await _WITHHOLD.run(connection, comment_id=comment_id)
    await tell(connection, Kind.COMMENT_DELETED, Audience.POST, post_id, comment_id)


async def comment_gone(connection: Connection, comment_id: UUID, post_id: UUID, *, was_shown: bool) -> None:
    """Remove what notifies of a comment that is deleted, also where its place stays."""
    await _REMOVE.run(connection, comment_id=comment_id)
    if was_shown:
        await tell(connection, Kind.COMMENT_DELETED, Audience.POST, post_id, comment_id)
