"""An event as calendars read it (RFC 5545). The only module that knows the library of calendars."""

import re
from zlib import crc32

from icalendar import Calendar
from icalendar import Event as Entry
from starlette.responses import Response

from app.contract import BASE_PATH
from app.etags import conditional, etag
from app.settings import settings
from generated import models
from generated.server import HTTPResult

JSON, ICALENDAR = "application/json", "text/calendar"
# The first is for who does not mind.
FORMS = (JSON, ICALENDAR)
_PRODUCT = "-//Galley//Events//EN"
# RFC 5545, section 3.1: of the control characters, a text has tabs and, escaped, line feeds.
_BREAKS = re.compile("\r\n?|[\u0085\u2028\u2029]")
_CONTROL = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f]")


class File(Response):
    """The event as a calendar; a read of it is unchanged under the same conditions as one of its JSON."""

    media_type = ICALENDAR


def _text(text: str) -> str:
    return _CONTROL.sub("", _BREAKS.sub("\n", text))


def written(event: models.Event) -> bytes:
    """Return the event as an iCalendar object.

    Nothing in it depends on when it is asked for: DTSTAMP is the time of the last edit (section 3.8.7.2), the UID is
    the id of the event, and SEQUENCE counts its edits.
    """
    entry = Entry()
    entry.add("uid", str(event.id))
    entry.add("sequence", event.version - 1)
    for name, moment in (
        ("dtstamp", event.updated_at),
        ("last-modified", event.updated_at),
        ("created", event.created_at),
        ("dtstart", event.starts_at),
        ("dtend", event.ends_at),
    ):
        entry.add(name, moment)
    entry.add("status", "CONFIRMED")
    entry.add("summary", _text(event.title))
    entry.add("description", _text(event.description))
    # Not ORGANIZER, whose value is an address of mail, which we give to nobody.
    entry.add("contact", _text(event.organizer.full_name or event.organizer.username))
    entry.add("url", f"{settings().public_url}{BASE_PATH}/events/{event.id}")
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add_component(entry)
    return calendar.to_ical()


def answer(event: models.Event, form: str, if_none_match: str | None) -> HTTPResult[models.Event] | File:
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
    return File(body, headers={"ETag": tag, "Vary": "Accept"})
