"""What becomes of notifications when a member leaves: of what the member has done, nobody is notified any more."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    column,
    delete,
    func,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from app.domain_events import service as events
from app.domain_events.service import Audience
from app.ids import new_id
from app.notifications.causes import COMMENT_LIKES, COMMENTS, POST_LIKES
from app.notifications.service import MAX_TEXT, Withheld, locked, number, said, told_of, wants, withheld
from app.notifications.tables import Notification
from app.sql import Connection, Statement
from generated.models import NotificationKind

_MEMBER = bindparam("member", type_=Uuid())
_WORDS = [kind.value for kind in (NotificationKind.comment, NotificationKind.reply, NotificationKind.mention)]
_written = literal_column(f"'{{{','.join(_WORDS)}}}'", ARRAY(Text()))
_posts = select(POST_LIKES.c.post_id).where(POST_LIKES.c.user_id == _MEMBER)
_comments = select(COMMENT_LIKES.c.comment_id).where(COMMENT_LIKES.c.user_id == _MEMBER)
_liked = (Notification.kind == said(NotificationKind.like)) & (Notification.member_id != _MEMBER)
_own = select(Notification.id).where((Notification.member_id == _MEMBER) | (Notification.actor_id == _MEMBER))
_counted = select(Notification.id).where(Notification.subject_id.in_(_posts.union_all(_comments)), _liked)


def statements(seconds: int) -> list[Statement]:
    """Return what is to be done, in this order, while the likes and comments are still there.

    The rows are locked in one order first, as by whoever changes several.
    """
    chosen = _own.union(_counted).subquery("chosen")
    lock = select(Notification.id).where(Notification.id.in_(select(chosen.c.id))).order_by(Notification.id)
    last = Notification.count <= number(1)
    unliked = withheld(Withheld.UNLIKED)
    unlike = (
        update(Notification)
        .where(Notification.id.in_(_counted), Notification.count > number(0))
        .values(
            count=Notification.count - number(1),
            withheld=case((last, unliked), else_=Notification.withheld),
        )
    )
    forget = delete(Notification).where(Notification.actor_id == _MEMBER, Notification.kind == any_(_written))
    shown = (
        COMMENTS.c.author_id == _MEMBER,
        COMMENTS.c.status == literal_column("'approved'", Text()),
        COMMENTS.c.deleted_at.is_(None),
    )
    topic = events.topic_of(Audience.POST, COMMENTS.c.post_id)
    gone = select(events.kind_of(events.Kind.COMMENT_DELETED), topic, COMMENTS.c.id, events.NOTHING).where(*shown)
    told = events.telling(gone)
    found = [Statement(statement, seconds=seconds) for statement in (lock.with_for_update(), unlike, forget)]
    return [*found, events.Telling(told, seconds=seconds)]


async def forget(connection: Connection, member: UUID, found: list[Statement]) -> None:
    """Run these statements."""
    for statement in found:
        await statement.value(connection, member=member)


class CalledOff(NamedTuple):
    """Events that have gone with their organizer: all of them; and of those that lay ahead the title and each guest.

    One without guests has one line without a guest.
    """

    event_ids: list[UUID]
    ahead: list[tuple[UUID, str, UUID | None]]


def _calling_off() -> Statement:
    """Return the statement that tells the guests of several events, and who listens, that these are cancelled."""
    arrays = (("subject_id", Uuid()), ("text", Text()), ("member_id", Uuid()))
    given = (bindparam(f"{name}s", type_=ARRAY(kind)) for name, kind in arrays)
    rows = func.unnest(*given).table_valued(*(column(*named) for named in arrays)).render_derived(name="ahead")
    kind = said(NotificationKind.event_cancelled)
    wanted = select(rows).where(rows.c.member_id.is_not(None), wants(rows.c.member_id, kind)).cte("wanted")
    recipients = locked(wanted)
    columns = ["id", "member_id", "kind", "subject_id", "text"]
    new = select(recipients.c.new_id, recipients.c.member_id, kind, recipients.c.subject_id, recipients.c.text)
    written = (
        upsert(Notification)
        .from_select(columns, new)
        .returning(Notification.id, Notification.member_id, Notification.kind)
        .cte("written")
    )
    topic = events.topic_of(Audience.EVENT, rows.c.subject_id)
    things = select(events.kind_of(events.Kind.EVENT_CANCELLED), topic, rows.c.subject_id, events.NOTHING).distinct()
    return events.Telling(events.telling(union_all(things, told_of(written))), seconds=_SECONDS)


_SECONDS = 60
_CALL_OFF = _calling_off()
_FORGET_EVENTS = Statement(
    delete(Notification).where(
        Notification.subject_id == any_(bindparam("event_ids", type_=ARRAY(Uuid()))),
        Notification.kind == said(NotificationKind.event_changed),
    ),
    seconds=_SECONDS,
)


async def events_called_off(connection: Connection, called_off: CalledOff) -> None:
    """Tell the guests that the events do not take place, and take along what they were told of them before."""
    await _FORGET_EVENTS.run(connection, event_ids=called_off.event_ids)
    if called_off.ahead:
        subjects, titles, members = zip(*called_off.ahead, strict=True)
        texts = [title[:MAX_TEXT] for title in titles]
        ids = [new_id() for _ in subjects]
        await _CALL_OFF.value(connection, ids=ids, subject_ids=subjects, texts=texts, member_ids=members)
