"""Seats: who takes one, who gives one back, and who has one.

No seat is given twice, because the statement that gives one counts it in the event's row before anything else, and
counts it only while one is left: whoever comes at the same time waits for that row, and is held against what is there
then. `attendee_count` is the number of attendances at the end of every transaction.

Locks are taken in one order, so that nobody waits in a circle: the member (so that nobody takes a seat who is leaving
the service), rows of events in the order of their ids, attendances. A transaction changes the row of an event once: the
second time, PostgreSQL would look for the organizer again, and wait for one who is leaving and waits for the event.
"""

from functools import cache
from operator import itemgetter
from uuid import UUID

import asyncpg
from sqlalchemy import BindParameter, Uuid, bindparam, delete, exists, func, insert, select, union, update

from app import clock, pages
from app.access import Action, Principal, require
from app.events import queries, service
from app.events.tables import Event, EventAttendance
from app.ids import new_id
from app.notifications.departure import CalledOff
from app.problems import NotFound, Problem
from app.sql import Connection, Statement
from app.users.tables import User
from generated import models
from generated.models import ProblemCode

# Somebody with thousands of seats may take longer than other requests, rather than never get away.
SECONDS = 60


class EventFull(Problem):
    status, code, title = 409, ProblemCode.event_full, "All seats are taken."


class EventStarted(Problem):
    status, code, title = 409, ProblemCode.event_started, "The event has started."


_event: BindParameter[UUID] = bindparam("event", type_=Uuid())
_member: BindParameter[UUID] = bindparam("member", type_=Uuid())
_theirs = (EventAttendance.event_id == _event, EventAttendance.user_id == _member)


def _attending() -> Statement:
    """Return the statement that takes a seat, if one is left, and says how many it took.

    Of one member who comes twice at the same time, the first seat is not seen before the event's row is waited for: the
    second violates the primary key, and what was counted for it is undone with all of the statement.
    """
    who = select(User.id).where(User.id == _member).with_for_update(read=True, key_share=True).cte("who")
    seat = (
        update(Event)
        .where(
            Event.id == _event,
            who.c.id == _member,
            Event.attendee_count < Event.max_participants,
            Event.starts_at > func.now(),
            ~exists().where(*_theirs),
        )
        .values(attendee_count=Event.attendee_count + 1)
        .returning(Event.id)
        .cte("seat")
    )
    written = (
        insert(EventAttendance)
        .from_select(["event_id", "user_id", "id"], select(seat.c.id, _member, bindparam("id", type_=Uuid())))
        .returning(EventAttendance.id)
        .cte("written")
    )
    return Statement(select(func.count()).select_from(written))


def _cancelling() -> Statement:
    """Return the statement that gives a seat back; the event's row is locked before the attendance."""
    event = select(Event.id).where(Event.id == _event, Event.starts_at > func.now())
    locked = event.with_for_update(key_share=True).cte("locked")
    gone = (
        delete(EventAttendance)
        .where(EventAttendance.event_id == locked.c.id, EventAttendance.user_id == _member)
        .returning(EventAttendance.event_id)
        .cte("gone")
    )
    return Statement(update(Event).where(Event.id == gone.c.event_id).values(attendee_count=Event.attendee_count - 1))


_ATTEND, _CANCEL = _attending(), _cancelling()
_WHY_NOT = Statement(
    select((Event.starts_at <= func.now()).label("started"), exists().where(*_theirs).label("attends")).where(
        Event.id == _event
    )
)


async def attend(connection: Connection, principal: Principal, event_id: UUID) -> None:
    """Take a seat; whoever has one keeps it. Raises NotFound, EventStarted, EventFull.

    Nothing is to be done in the same transaction before or after.
    """
    asked = {"event": event_id, "member": principal.user_id}
    try:
        if await _ATTEND.value(connection, id=new_id(), **asked):
            return
    except asyncpg.UniqueViolationError:
        return
    why = await _WHY_NOT.first(connection, **asked)
    if why is None:
        raise NotFound("There is no such event.")
    if not why["attends"]:
        raise EventStarted if why["started"] else EventFull


async def cancel(connection: Connection, principal: Principal, event_id: UUID) -> None:
    """Give a seat back; without one nothing changes. Raises NotFound, EventStarted."""
    asked = {"event": event_id, "member": principal.user_id}
    if await _CANCEL.run(connection, **asked):
        return
    why = await _WHY_NOT.first(connection, **asked)
    if why is None:
        raise NotFound("There is no such event.")
    if why["attends"] and why["started"]:
        raise EventStarted


@cache
def _listing(shape: pages.Shape) -> Statement:
    statement = (
        select(EventAttendance.id, EventAttendance.created_at, *queries.AUTHOR)
        .join(User, User.id == EventAttendance.user_id)
        .where(EventAttendance.event_id == _event)
    )
    return Statement(pages.ordered(statement, EventAttendance.created_at, EventAttendance.id, shape, descending=False))


_COUNT = pages.Counting(select(EventAttendance.id).where(EventAttendance.event_id == _event))


async def list_page(
    connection: Connection, principal: Principal, event_id: UUID, asked: pages.Asked
) -> models.AttendeePage:
    """Return a page of who attends. Raises NotFound, PermissionDenied, and ValidationFailed for another's cursor."""
    require(principal, Action.SEE_ATTENDEES, await service.row_of(connection, event_id))
    page = pages.wanted(f"attendees {event_id}", asked)
    total = await _COUNT.total(connection, event=event_id) if page.total else None
    rows = await _listing(page.shape).all(connection, event=event_id, **page.binds())
    kept, described = pages.cut(rows, page, itemgetter("created_at"), total)
    attendees = [models.Attendee(member=queries.as_author(row), attending_since=row["created_at"]) for row in kept]
    return models.AttendeePage(items=attendees, page=described)


_attended = select(EventAttendance.event_id).where(EventAttendance.user_id == _member)
_touched = union(select(Event.id).where(Event.organizer_id == _member), _attended)
_LOCK_ALL = Statement(
    select(Event.id).where(Event.id.in_(_touched)).order_by(Event.id).with_for_update(key_share=True), seconds=SECONDS
)
_GIVE_BACK = Statement(
    update(Event).where(Event.id.in_(_attended)).values(attendee_count=Event.attendee_count - 1), seconds=SECONDS
)
_FORGET = Statement(delete(EventAttendance).where(EventAttendance.user_id == _member), seconds=SECONDS)
_organized = Event.organizer_id == _member
_AHEAD = Statement(
    select(Event.id, Event.title, EventAttendance.user_id)
    .outerjoin(EventAttendance, EventAttendance.event_id == Event.id)
    .where(_organized, Event.ends_at > bindparam("now")),
    seconds=SECONDS,
)
_CALL_OFF = Statement(delete(Event).where(_organized).returning(Event.id), seconds=SECONDS)


async def take_leave(connection: Connection, member: UUID) -> CalledOff:
    """Give every seat of a member back, delete the events that the member organizes, and return whom this concerns.

    The member's row is locked, so that no seat and no event is added; each statement sees what was committed before.
    """
    await _LOCK_ALL.all(connection, member=member)
    await _GIVE_BACK.run(connection, member=member)
    await _FORGET.run(connection, member=member)
    ahead = await _AHEAD.all(connection, member=member, now=clock.now())
    gone = await _CALL_OFF.all(connection, member=member)
    return CalledOff([event_id for (event_id,) in gone], [(id_, title, guest) for id_, title, guest in ahead])
