"""The rules of events, and the statements that keep them; app/events/attendance.py gives the seats away.

Whoever changes or deletes an event holds the lock of its row from the beginning, and without that lock nobody attends
or cancels: between `_locked` and the end of the transaction, the attendances are those of the members whom it concerns.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record
from sqlalchemy import bindparam, delete, func, insert, select, update

from app import clock, pages
from app.access import Action, Principal, require
from app.etags import require_match
from app.events import queries
from app.events.tables import Event, EventAttendance
from app.ids import new_id
from app.notifications import service as notifications
from app.problems import FieldError, NotFound, Problem, ValidationFailed
from app.sql import Connection, Statement
from generated import models
from generated.models import EventSort, ProblemCode


class CapacityTooSmall(Problem):
    status, code, title = 409, ProblemCode.capacity_too_small, "More members attend than that."


_GET = Statement(queries.event().where(Event.id == bindparam("id")))
_LOCK = Statement(select(Event).where(Event.id == bindparam("id")).with_for_update(key_share=True))
_EDITABLE = ("title", "description", "starts_at", "ends_at", "max_participants")
_new: dict[str, Any] = {name: bindparam(name) for name in ("id", "organizer_id", *_EDITABLE)}
_INSERT = Statement(insert(Event).values(_new))
_edits: dict[str, Any] = {name: bindparam(name) for name in _EDITABLE}
_edits |= {"version": Event.version + 1, "updated_at": func.now()}
_UPDATE = Statement(update(Event).where(Event.id == bindparam("event_id")).values(_edits))
_DELETE = Statement(delete(Event).where(Event.id == bindparam("id")))
_ATTENDEES = Statement(select(EventAttendance.user_id).where(EventAttendance.event_id == bindparam("id")))
_TIMES = ("starts_at", "ends_at")
# What attendees hear of when it changes.
_TOLD = ("title", "description", *_TIMES)


async def row_of(connection: Connection, event_id: UUID) -> Record:
    """Return a row of an event with its organizer. Raises NotFound."""
    row = await _GET.first(connection, id=event_id)
    if row is None:
        raise NotFound("There is no such event.")
    return row


async def get(connection: Connection, event_id: UUID) -> models.Event:
    """Return an event. Raises NotFound."""
    return queries.as_event(await row_of(connection, event_id))


async def list_page(
    connection: Connection, sort: EventSort, filters: queries.Filters, asked: pages.Asked
) -> models.EventPage:
    """Return a page of events. Raises ValidationFailed for a cursor that is not of this list."""
    values, names = filters.values(), filters.names()
    page = pages.wanted(f"events {sort} {sorted(names)} {sorted(values.items())}", asked)
    total = await queries.counting(names).total(connection, **values) if page.total else None
    rows = await queries.listing(sort, names, page.shape).all(connection, **values, **page.binds())
    kept, described = pages.cut(rows, page, queries.ORDER[sort].key, total)
    return models.EventPage(items=[queries.as_event(row) for row in kept], page=described)


def _require_times(starts_at: datetime, ends_at: datetime, given: tuple[str, ...]) -> None:
    """Raise ValidationFailed unless the times that are given are to come, and the end is after the beginning."""
    now, times = clock.now(), {"starts_at": starts_at, "ends_at": ends_at}
    errors = [
        FieldError(pointer=f"/{name}", code="time_is_over", detail="Must be a time to come.")
        for name in given
        if times[name] <= now
    ]
    if ends_at <= starts_at and given:
        # Of a pair, the one is wrong that was sent; of two, the end.
        pointer, detail = f"/{given[-1]}", "`ends_at` must be after `starts_at`."
        errors.append(FieldError(pointer=pointer, code="ends_before_start", detail=detail))
    if errors:
        raise ValidationFailed(errors=errors)


async def create(connection: Connection, principal: Principal, draft: models.EventCreate) -> models.Event:
    """Make an event. Raises ValidationFailed for times that are over or in the wrong order."""
    _require_times(draft.starts_at, draft.ends_at, _TIMES)
    event_id = new_id()
    await _INSERT.run(connection, id=event_id, organizer_id=principal.user_id, **draft.model_dump())
    return await get(connection, event_id)


async def _locked(
    connection: Connection, principal: Principal, event_id: UUID, action: Action, if_match: str
) -> Record:
    """Lock an event for a change. Raises NotFound, PermissionDenied, PreconditionFailed."""
    row = await _LOCK.first(connection, id=event_id)
    if row is None:
        raise NotFound("There is no such event.")
    require(principal, action, row)
    require_match(if_match, row["version"])
    return row


async def update_event(
    connection: Connection, principal: Principal, event_id: UUID, patch: models.EventUpdate, if_match: str
) -> models.Event:
    """Apply a merge patch.

    Raises NotFound, PermissionDenied, PreconditionFailed, ValidationFailed (times), CapacityTooSmall.
    """
    row = await _locked(connection, principal, event_id, Action.EDIT_EVENT, if_match)
    values = {name: row[name] for name in _EDITABLE} | patch.model_dump(exclude_unset=True)
    _require_times(values["starts_at"], values["ends_at"], tuple(name for name in _TIMES if values[name] != row[name]))
    if values["max_participants"] < row["attendee_count"]:
        raise CapacityTooSmall(f"{row['attendee_count']} members attend.")
    await _UPDATE.run(connection, event_id=event_id, **values)
    if any(values[name] != row[name] for name in _TOLD):
        told = await _ATTENDEES.all(connection, id=event_id)
        members, actor = [member for (member,) in told], principal.user_id
        await notifications.event_changed(connection, event_id, members, values["title"], actor_id=actor)
    return await get(connection, event_id)


async def delete_event(connection: Connection, principal: Principal, event_id: UUID, if_match: str) -> None:
    """Delete an event, which ends every attendance, and tell those who wanted to come.

    Raises NotFound, PermissionDenied, PreconditionFailed.
    """
    row = await _locked(connection, principal, event_id, Action.DELETE_EVENT, if_match)
    members = [member for (member,) in await _ATTENDEES.all(connection, id=event_id)]
    await _DELETE.run(connection, id=event_id)
    await notifications.event_gone(connection, event_id)
    # Nobody is told that what has been is cancelled.
    if row["ends_at"] > clock.now():
        actor, title = principal.user_id, row["title"]
        await notifications.event_changed(connection, event_id, members, title, actor_id=actor, cancelled=True)
