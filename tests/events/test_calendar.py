"""getEvent for a calendar: what a library reads from it, and the letters of RFC 5545."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient, Response
from icalendar import Calendar

from app.settings import settings
from tests.factories import Factory, Member

ICALENDAR = {"Accept": "text/calendar"}
MERGE = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
STARTS = datetime(2035, 5, 16, 17, tzinfo=UTC)
NASTY = 'Looms, cards; and \\n\\ backslashes\nA second line: "quoted"\r\nEND:VEVENT\nBEGIN:VALARM'
# Runs of characters of one to four octets, which must not be folded in their midst.
LONG = "".join(letter * 90 for letter in ("a", "ü", "織", "🧵"))


def entry(answer: Response) -> Any:
    """Return the only event of a calendar, as the library reads it."""
    (found,) = Calendar.from_ical(answer.content).walk("VEVENT")  # pyright: ignore[reportUnknownMemberType]
    return found


def lines(answer: Response) -> list[bytes]:
    """Return the lines as they were before they were folded (RFC 5545, section 3.1)."""
    return answer.content.replace(b"\r\n ", b"").removesuffix(b"\r\n").split(b"\r\n")


class TestCalendar:
    async def test_a_library_reads_back_what_the_event_is(self, client: AsyncClient, make: Factory) -> None:
        organizer = await make.member(full_name="Ada, Countess; of Lovelace")
        event = await make.happening(organizer, starts_at=STARTS, title="Looms, cards; and\\more", description=NASTY)
        answer = await client.get(f"/events/{event}", headers=ICALENDAR)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
        found = entry(answer)
        assert str(found["UID"]) == str(event)
        assert str(found["SUMMARY"]) == "Looms, cards; and\\more"
        assert str(found["DESCRIPTION"]) == NASTY.replace("\r\n", "\n")
        assert str(found["CONTACT"]) == "Ada, Countess; of Lovelace"
        assert (found["DTSTART"].dt, found["DTEND"].dt) == (STARTS, STARTS + timedelta(hours=3))
        assert (int(found["SEQUENCE"]), str(found["STATUS"])) == (0, "CONFIRMED")
        assert str(found["URL"]) == f"{settings().public_url}/api/v1/events/{event}"
        # Text that says so adds no component.
        assert found.subcomponents == []

    async def test_it_has_what_must_be_there_once(self, client: AsyncClient, make: Factory) -> None:
        answer = await client.get(f"/events/{await make.happening(starts_at=STARTS)}", headers=ICALENDAR)
        said = lines(answer)
        assert [said[0], said[-1]] == [b"BEGIN:VCALENDAR", b"END:VCALENDAR"]
        for name in (b"VERSION", b"PRODID", b"UID", b"DTSTAMP", b"DTSTART", b"DTEND", b"SEQUENCE", b"STATUS", b"URL"):
            assert sum(line.startswith(name + b":") for line in said) == 1, name
        assert b"VERSION:2.0" in said
        assert {b"DTSTART:20350516T170000Z", b"DTEND:20350516T200000Z"} <= set(said)

    async def test_lines_end_in_crlf_and_have_75_octets_at_most(self, client: AsyncClient, make: Factory) -> None:
        member = await make.member(full_name="Ö" * 100)
        event = await make.happening(member, title="ß" * 100, description=LONG)
        answer = await client.get(f"/events/{event}", headers=ICALENDAR)
        assert answer.content.endswith(b"\r\n")
        raw = answer.content.removesuffix(b"\r\n").split(b"\r\n")
        assert all(b"\n" not in line and b"\r" not in line for line in raw)
        assert max(map(len, raw)) <= 75
        # No character is cut in two.
        assert all(line.decode() for line in raw)
        found = entry(answer)
        assert (str(found["DESCRIPTION"]), str(found["SUMMARY"])) == (LONG, "ß" * 100)
        assert str(found["CONTACT"]) == "Ö" * 100

    async def test_commas_semicolons_backslashes_and_breaks_are_escaped(
        self, client: AsyncClient, make: Factory
    ) -> None:
        event = await make.happening(description="a,b;c\\d\ne\r\nf and so on")
        answer = await client.get(f"/events/{event}", headers=ICALENDAR)
        assert b"DESCRIPTION:a\\,b\\;c\\\\d\\ne\\nf and so on" in lines(answer)

    async def test_control_characters_are_left_out(self, client: AsyncClient, make: Factory) -> None:
        text = "bell\x07 tab\t feed\x0c next\x85line\u2028separate\u2029paragraph \x1b[31m\x9b"
        event = await make.happening(description=text)
        found = entry(await client.get(f"/events/{event}", headers=ICALENDAR))
        assert str(found["DESCRIPTION"]) == "bell tab\t feed next\nline\nseparate\nparagraph [31m"

    @pytest.mark.actor("user")
    async def test_an_edit_is_a_newer_copy_of_the_same(self, client: AsyncClient, actor: Member, make: Factory) -> None:
        path = f"/events/{await make.happening(actor, starts_at=STARTS, created_at=STARTS - timedelta(days=9999))}"
        first = entry(await client.get(path, headers=ICALENDAR))
        edited = await client.patch(path, json={"title": "Elsewhere"}, headers=MERGE)
        second = entry(await client.get(path, headers=ICALENDAR))
        assert second["UID"] == first["UID"]
        assert (int(first["SEQUENCE"]), int(second["SEQUENCE"])) == (0, 1)
        stamp = datetime.fromisoformat(edited.json()["updated_at"]).replace(microsecond=0)
        assert second["DTSTAMP"].dt == second["LAST-MODIFIED"].dt == stamp
        assert second["CREATED"].dt == STARTS - timedelta(days=9999)

    async def test_its_tag_is_its_own_and_is_kept_while_nothing_changes(
        self, client: AsyncClient, make: Factory
    ) -> None:
        path = f"/events/{(event := await make.happening())}"
        json, first = await client.get(path), await client.get(path, headers=ICALENDAR)
        assert first.headers["etag"] != json.headers["etag"]
        assert all("Accept" in answer.headers["vary"] for answer in (json, first))
        tag = {"If-None-Match": first.headers["etag"]}
        assert (await client.get(path, headers=ICALENDAR | tag)).status_code == 304
        assert (await client.get(path, headers=tag)).status_code == 200
        # Who attends is not part of what a calendar is told.
        await make.attendance(event)
        assert (await client.get(path, headers=ICALENDAR | tag)).status_code == 304

    @pytest.mark.actor("user")
    async def test_an_edit_may_name_the_tag_of_the_calendar(
        self, client: AsyncClient, actor: Member, make: Factory
    ) -> None:
        path = f"/events/{await make.happening(actor)}"
        tag = (await client.get(path, headers=ICALENDAR)).headers["etag"]
        answer = await client.patch(path, json={"title": "Elsewhere"}, headers=MERGE | {"If-Match": tag})
        assert answer.status_code == 200

    @pytest.mark.parametrize(
        ("accept", "expected"),
        [
            ("", "application/json"),
            ("*/*", "application/json"),
            ("application/json", "application/json"),
            ("text/*", "text/calendar; charset=utf-8"),
            ("text/calendar, application/json;q=0.9", "text/calendar; charset=utf-8"),
            ("text/calendar;q=0.1, */*;q=0.2", "application/json"),
        ],
    )
    async def test_accept_chooses(self, client: AsyncClient, make: Factory, accept: str, expected: str) -> None:
        answer = await client.get(f"/events/{await make.happening()}", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, expected)

    @pytest.mark.parametrize("accept", ["text/html", "application/xml", "text/calendar;q=0"])
    async def test_there_is_no_other_form(self, client: AsyncClient, make: Factory, accept: str) -> None:
        answer = await client.get(f"/events/{await make.happening()}", headers={"Accept": accept})
        assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
