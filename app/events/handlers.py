"""The operations of the tag Events; together these functions are the generated `EventsService`."""

from datetime import datetime
from uuid import UUID

from app import pages
from app.access import Principal
from app.contract import BASE_PATH
from app.current import current
from app.db import reading, transaction
from app.etags import etag
from app.events import attendance, calendar, service
from app.events.queries import Filters
from app.idempotency import once
from app.negotiation import Negotiated, preferred
from app.sql import Connection
from generated.models import AttendeePage, Event, EventCreate, EventPage, EventSort, EventUpdate
from generated.server import HTTPResult


async def list_events(
    *,
    principal: Principal | None,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    sort: EventSort,
    organizer: str | None,
    starts_after: datetime | None,
    starts_before: datetime | None,
    upcoming: bool | None,
) -> HTTPResult[EventPage]:
    # Events are the same for everybody; a token is verified when there is one, as everywhere.
    del principal
    filters = Filters(organizer, starts_after, starts_before, upcoming)
    async with reading() as connection:
        asked = pages.Asked(limit, cursor, page, include_total)
        events = await service.list_page(connection, sort, filters, asked)
    return HTTPResult(200, events, pages.links(events.page))


async def create_event(*, principal: Principal, idempotency_key: str | None, body: EventCreate) -> HTTPResult[Event]:
    async def create(connection: Connection) -> HTTPResult[Event]:
        event = await service.create(connection, principal, body)
        return HTTPResult(201, event, {"Location": f"{BASE_PATH}/events/{event.id}", "ETag": etag(event)})

    return await once(idempotency_key, principal.user_id, body, Event, create)


async def get_event(
    *, principal: Principal | None, event_id: UUID, if_none_match: str | None
) -> HTTPResult[Event] | Negotiated:
    del principal
    form = preferred(current().header(b"accept"), calendar.FORMS)
    async with reading() as connection:
        event = await service.get(connection, event_id)
    return calendar.answer(event, form, if_none_match)


async def update_event(*, principal: Principal, event_id: UUID, if_match: str, body: EventUpdate) -> HTTPResult[Event]:
    async with transaction() as connection:
        event = await service.update_event(connection, principal, event_id, body, if_match)
    return HTTPResult(200, event, {"ETag": etag(event)})


async def delete_event(*, principal: Principal, event_id: UUID, if_match: str) -> None:
    async with transaction() as connection:
        await service.delete_event(connection, principal, event_id, if_match)


async def attend_event(*, principal: Principal, event_id: UUID) -> None:
    # Whoever comes waits for the event's row: it is held for one statement, and not for the way to us and back.
    async with reading() as connection:
        await attendance.attend(connection, principal, event_id)


async def cancel_attendance(*, principal: Principal, event_id: UUID) -> None:
    async with reading() as connection:
        await attendance.cancel(connection, principal, event_id)


async def list_attendees(
    *,
    principal: Principal,
    event_id: UUID,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
) -> HTTPResult[AttendeePage]:
    async with reading() as connection:
        asked = pages.Asked(limit, cursor, page, include_total)
        attendees = await attendance.list_page(connection, principal, event_id, asked)
    return HTTPResult(200, attendees, pages.links(attendees.page))


async def list_my_events(
    *,
    principal: Principal,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    sort: EventSort,
    starts_after: datetime | None,
    starts_before: datetime | None,
    upcoming: bool | None,
) -> HTTPResult[EventPage]:
    filters = Filters(None, starts_after, starts_before, upcoming, viewer=principal.user_id)
    async with reading() as connection:
        asked = pages.Asked(limit, cursor, page, include_total)
        events = await service.list_page(connection, sort, filters, asked)
    return HTTPResult(200, events, pages.links(events.page))
