"""Making events, attending them, and taking them into a calendar."""

from scripts.examples.teller import Caller, Teller

EVENING = {
    "title": "An evening at the loom",
    "description": "We thread a Jacquard loom, punch the cards and see what they do.\nBring a pattern of your own.",
    "starts_at": "2027-05-16T19:00:00+02:00",
    "ends_at": "2027-05-16T22:00:00+02:00",
    "max_participants": 1,
}
ANY = {"If-Match": "*"}


def events(teller: Teller) -> None:
    """Ada invites to an evening for one, Bram takes the seat, and Dora comes too late."""
    anybody, ada, bram = teller.anybody(), teller.member("ada_l"), teller.member("bram")
    key = {"Idempotency-Key": "an-evening-at-the-loom"}
    created = ada.tells("createEvent", "evening", "A new event.", body=EVENING, headers=key)
    ada.tells("createEvent", "replayed", "The same again.", body=EVENING, headers=key, shown=False)
    event = {"event_id": created.json()["id"]}
    coming = {"limit": 2, "upcoming": "true"}
    anybody.tells("listEvents", "upcoming", "What is next.", query=coming)
    ada.tells("listMyEvents", "mine", "What a member organizes.", query={"limit": 1, "sort": "-starts_at"})
    _read(anybody, event)
    bram.tells("attendEvent", "seat", "A seat is taken.", path=event)
    dora = teller.member("dora_p")
    dora.tells("attendEvent", "event_full", "It was the last one.", path=event)
    ada.tells(
        "updateEvent",
        "room",
        "A larger room.",
        path=event,
        headers={"If-Match": created.headers["ETag"]},
        body={"max_participants": 12},
    )
    dora.does("attendEvent", path=event)
    ada.tells(
        "updateEvent",
        "capacity_too_small",
        "There are two by now.",
        path=event,
        headers=ANY,
        body={"max_participants": 1},
    )
    ada.tells("listAttendees", "attendees", "Who comes.", path=event)
    bram.tells("cancelAttendance", "free", "A seat is given back.", path=event)
    (over,) = anybody.does("listEvents", query={"limit": 1, "upcoming": "false"}).json()["items"]
    host = teller.member(over["organizer"]["username"])
    host.tells("attendEvent", "event_started", "Too late, even for who invited.", path={"event_id": over["id"]})
    ada.tells("deleteEvent", "deleted", "The end of an event.", path=event, headers=ANY)


def _read(anybody: Caller, event: dict[str, str]) -> None:
    read = anybody.tells("getEvent", "event", "An event.", path=event).headers["ETag"]
    told = "The event is as it was read."
    anybody.tells("getEvent", "not_modified", told, status=304, path=event, headers={"If-None-Match": read})
    calendar = {"Accept": "text/calendar"}
    anybody.tells("getEvent", "calendar", "The event for a calendar.", path=event, headers=calendar, shown=False)
