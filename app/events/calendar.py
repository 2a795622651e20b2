"""An event as calendars read it (RFC 5545). The only module that knows the library of calendars."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from zlib import crc32

from app.contract import BASE_PATH
from app.etags import conditional, etag
from app.negotiation import Negotiated
from app.settings import settings
from generated import models
from generated.server import HTTPResult

if TYPE_CHECKING:
    from icalendar import Component

JSON, ICALENDAR = "application/json", "text/calendar"
# The first is for who does not mind.
FORMS = (JSON, ICALENDAR)
_PRODUCT = "-//Galley//Events//EN"
# RFC 5545, section 3.1: of the control characters, a text has tabs and, escaped, line feeds.
_BREAKS = re.compile("\r\n?|[\u0085\u2028\u2029]")
_CONTROL = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f]")


def _text(text: str) -> str:
    return _CONTROL.sub("", _BREAKS.sub("\n", text))


def _say(component: "Component", said: Mapping[str, object]) -> None:
    """Give a component its properties, each as the library writes a value of its type."""
    for name, value in said.items():
        component.add(name, value)  # pyright: ignore[reportUnknownMemberType] - The library declares no type of values.


def written(event: models.Event) -> bytes:
    """Return the event as an iCalendar object.

    Nothing in it depends on when it is asked for: DTSTAMP is the time of the last edit (section 3.8.7.2), the UID is
    the id of the event, and SEQUENCE counts its edits.
    """
    from icalendar import Calendar  # noqa: PLC0415 - Calendars are asked for where there are events; it takes 4 MB.
    from icalendar import Event as Entry  # noqa: PLC0415 - As above.

    entry = Entry()
    said = {
        "uid": str(event.id),
        "sequence": event.version - 1,
        "dtstamp": event.updated_at,
        "last-modified": event.updated_at,
        "created": event.created_at,
        "dtstart": event.starts_at,
        "dtend": event.ends_at,
        "status": "CONFIRMED",
        "summary": _text(event.title),
        "description": _text(event.description),
        # Not ORGANIZER, whose value is an address of mail, which we give to nobody.
        "contact": _text(event.organizer.full_name or event.organizer.username),
        "url": f"{settings().public_url}{BASE_PATH}/events/{event.id}",
    }
    _say(entry, said)
    calendar = Calendar()
    _say(calendar, {"version": "2.0", "prodid": _PRODUCT})
    calendar.add_component(entry)
    return calendar.to_ical()


def answer(event: models.Event, form: str, if_none_match: str | None) -> HTTPResult[models.Event] | Negotiated:
    """Return the event in the form that was asked for, or 304 when the client has it in that form."""
    if form == JSON:
        found = conditional(event, etag(event), if_none_match)
        return HTTPResult(found.status_code, found.body, {**(found.headers or {}), "Vary": "Accept"})
    body = written(event)
    # The two forms are two representations, so their tags differ; the version is what an edit is held against.
    tag = f'"{event.version}-{crc32(body):08x}"'
    found = conditional(event, tag, if_none_match)
    if found.body is None:
        return HTTPResult(found.status_code, None, {"ETag": tag, "Vary": "Accept"})
    return Negotiated(body, media_type=ICALENDAR, headers={"ETag": tag, "Vary": "Accept"})
