"""What a client knows of events and no schema can say."""

from typing import Any, cast

from scripts.contract.case import Case, operation_of

# Far enough for every run, and the same for all, so that whichever of the two an edit moves, the pair is in order.
STARTS, ENDS = "2090-05-16T17:00:00Z", "2090-05-16T20:00:00Z"
# More than there are callers: whoever attends, an edit leaves them their seats.
LEAST_SEATS = 20


def schedule(case: Case) -> None:
    """An event is to come, ends after it has begun, and keeps room for who attends."""
    if operation_of(case) not in ("createEvent", "updateEvent") or not isinstance(case.body, dict):
        return
    body = cast("dict[str, Any]", case.body)
    for name, moment in (("starts_at", STARTS), ("ends_at", ENDS)):
        if name in body:
            body[name] = moment
    if isinstance(body.get("max_participants"), int):
        body["max_participants"] = max(body["max_participants"], LEAST_SEATS)


LESSONS = (schedule,)


def note(case: Case, document: dict[str, Any]) -> None:
    """Remember nothing: whatever is known of an event stays true."""
    del case, document


def forget(case: Case) -> None:
    """Forget nothing."""
    del case
