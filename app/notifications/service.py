"""Notifying members, for the slices in which something happens: in the transaction that does it, and last in it.

Each function is one statement: whoever is to hear of it, without whom it is by and who does not want to hear of it, and
what listeners are told (app/domain_events). Nobody waits here for a member's row, and so nobody in a circle: a row that
is about to be deleted, which takes whoever deletes an account a while, is left out, and its member is not notified.

What can no longer be seen is withheld, and shown again with its mark of having been read when it can be; what is gone
takes its notifications along. docs/decisions/0031-domain-events-and-notifications.md has the reasons.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from app.domain_events import service as events
from app.domain_events.service import Audience
from app.ids import new_id
from app.notifications.tables import Notification, NotificationPreferences
from app.sql import Connection, Statement
from app.users.tables import User
from generated.models import NotificationKind

# Of the contract's NotificationText.
MAX_TEXT = 200


class Withheld(Enum):
    """Why a notification is not shown: bits of a number, as there may be several reasons."""

    # The comment waits for a moderator or was rejected.
    JUDGED = 1
    # The post is not published, and the member not its author.
    UNPUBLISHED = 2
    # Nobody likes it any more.
    UNLIKED = 4


def number(value: int) -> ColumnElement[int]:
    """Return a number as SQL has it, which the planner knows."""
    return literal_column(str(int(value)), Integer())


def withheld(why: Withheld) -> ColumnElement[int]:
    """Return what a notification is withheld for when this is added."""
    return Notification.withheld.bitwise_or(number(why.value))


def shown(why: Withheld) -> ColumnElement[int]:
    """Return what it is still withheld for when this is over."""
    return Notification.withheld.bitwise_and(number(~why.value))


def said(kind: NotificationKind) -> ColumnElement[str]:
    """Return a kind as SQL has it."""
    return literal_column(f"'{kind.value}'", Text())


def wants(member: Any, kind: Any) -> ColumnElement[bool]:
    """Return the condition that a member has not switched a kind off."""
    return ~exists().where(NotificationPreferences.member_id == member, kind == any_(NotificationPreferences.muted))


def locked(wanted: CTE, name: str = "recipients") -> CTE:
    """Return those of `wanted` (member_id, and more) who can be notified, each with one of the new `ids`."""
    given = select(bindparam("ids", type_=ARRAY(Uuid())).label("ids")).cte(f"{name}_ids")
    kept = (
        select(*wanted.c)
        .join(User, User.id == wanted.c.member_id)
        .where(User.is_active)
        .with_for_update(key_share=True, read=True, of=User, skip_locked=True)
        .cte(f"{name}_locked")
    )
    new_id = given.c.ids[func.row_number().over()].label("new_id")
    return select(*kept.c, new_id).select_from(kept).join(given, literal_column("true")).cte(name)


def told_of(written: CTE) -> Select[*tuple[Any, ...]]:
    """Return the events that tell members of their notifications, as `events.telling` takes them."""
    return select(
        events.kind_of(events.Kind.NOTIFICATION_CREATED),
        events.topic_of(Audience.MEMBER, written.c.member_id),
        written.c.id,
        func.jsonb_build_object(literal_column("'kind'"), written.c.kind),
    )


def _renewing() -> Statement:
    """Return the statement that notifies some members of a thing, anew if they have been notified of it before."""
    member = func.unnest(bindparam("member_ids", type_=ARRAY(Uuid()))).table_valued("id").render_derived(name="member")
    kind, subject = bindparam("kind", type_=Text()), bindparam("subject_id", type_=Uuid())
    actor = bindparam("actor_id", type_=Uuid())
    wanted = (
        select(member.c.id.label("member_id"))
        .distinct()
        .where(member.c.id.is_distinct_from(actor), wants(member.c.id, kind))
        .cte("wanted")
    )
    recipients = locked(wanted)
    columns = ["id", "member_id", "kind", "subject_id", "actor_id", "job_id", "text"]
    values = (kind, subject, actor, bindparam("job_id", type_=Uuid()), bindparam("text", type_=Text()))
    rows = select(recipients.c.new_id, recipients.c.member_id, *values)
    new = upsert(Notification).from_select(columns, rows)
    written = (
        new.on_conflict_do_update(
            index_elements=[Notification.subject_id, Notification.kind, Notification.member_id],
            set_={
                "read_at": literal_column("NULL"),
                "created_at": func.now(),
                "text": new.excluded.text,
                "actor_id": new.excluded.actor_id,
            },
        )
        .returning(Notification.id, Notification.member_id, Notification.kind)
        .cte("written")
    )
    names = (bindparam(name, type_=Text()) for name in ("event_kind", "topic"))
    thing = select(*names, subject, events.NOTHING)
    return events.Telling(events.telling(union_all(thing, told_of(written))))


_RENEW = _renewing()


async def _renew(  # noqa: PLR0913, PLR0917 - What happened to what, and who is to hear of it.
    connection: Connection,
    kind: NotificationKind,
    subject_id: UUID,
    member_ids: Sequence[UUID],
    told: tuple[events.Kind, str],
    text: str,
    *,
    actor_id: UUID | None = None,
    job_id: UUID | None = None,
) -> None:
    await _RENEW.value(
        connection,
        ids=[new_id() for _ in member_ids],
        member_ids=list(member_ids),
        kind=kind.value,
        subject_id=subject_id,
        actor_id=actor_id,
        job_id=job_id,
        text=text[:MAX_TEXT],
        event_kind=told[0].value,
        topic=told[1],
    )


async def item_sold_out(connection: Connection, item_id: UUID, owner_id: UUID, title: str) -> None:
    """Tell the owner of an item, and whoever looks at it, that none is left."""
    told = (events.Kind.ITEM_SOLD_OUT, events.topic(Audience.ITEM, item_id))
    await _renew(connection, NotificationKind.item_sold_out, item_id, [owner_id], told, title)


async def event_changed(  # noqa: PLR0913 - Which event, by whom, and who is to hear of it.
    connection: Connection,
    event_id: UUID,
    member_ids: Sequence[UUID],
    title: str,
    *,
    actor_id: UUID | None = None,
    cancelled: bool = False,
) -> None:
    """Tell the attendees of an event, but not who did it, that it takes place otherwise or not at all."""
    kind = NotificationKind.event_cancelled if cancelled else NotificationKind.event_changed
    happened = events.Kind.EVENT_CANCELLED if cancelled else events.Kind.EVENT_CHANGED
    told = (happened, events.topic(Audience.EVENT, event_id))
    await _renew(connection, kind, event_id, member_ids, told, title, actor_id=actor_id)


async def job_finished(connection: Connection, job_id: UUID, owner_id: UUID, kind: str, status: str) -> None:
    """Tell the owner of a job that it has come to an end."""
    told = (events.Kind.JOB_FINISHED, events.topic(Audience.MEMBER, owner_id))
    text = f"{kind}: {status}"
    await _renew(connection, NotificationKind.job_finished, job_id, [owner_id], told, text, job_id=job_id)


_FORGET = Statement(
    delete(Notification).where(
        Notification.subject_id == bindparam("subject_id"),
        Notification.kind == any_(bindparam("kinds", type_=ARRAY(Text()))),
    )
)


async def item_gone(connection: Connection, item_id: UUID) -> None:
    """Take the notifications of an item along that is deleted."""
    await _FORGET.run(connection, subject_id=item_id, kinds=[NotificationKind.item_sold_out.value])


async def event_gone(connection: Connection, event_id: UUID) -> None:
    """Take the notifications of an event along that is deleted; that it is cancelled stays said."""
    await _FORGET.run(connection, subject_id=event_id, kinds=[NotificationKind.event_changed.value])
