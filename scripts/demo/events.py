"""What the members of the demo publication do together: some of it is over, most is to come, one is full."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

Row = dict[str, Any]


class Plan(NamedTuple):
    """An event: who organizes it, in how many days it is, from which hour on, how long, and for how many."""

    organizer: str
    title: str
    description: str
    days: int
    hour: int
    hours: float
    seats: int
    # Of the members who could come, how many do.
    drawn: float


PLANS = (
    Plan(
        "luca_f",
        "A walk along the old presses",
        "Four workshops in one street, two of them still at work. We end where there is coffee.",
        *(-58, 14, 3, 12, 0.5),
    ),
    Plan(
        "keiko",
        "Ink from the kitchen",
        "Soot, oil and an afternoon. Bring an apron that you do not love.",
        *(-16, 15, 4, 8, 0.35),
    ),
    Plan(
        "ada_l",
        "An evening at the case",
        "Set a line by hand, find out where the e lives, and take your proof home.",
        *(6, 18, 2.5, 10, 0.4),
    ),
    Plan(
        "dora_p",
        "Sheets from the garden",
        "Iris leaves, nettles and a vat: everybody pulls ten sheets and keeps the worst.",
        *(13, 10, 5, 6, 1),
    ),
    Plan(
        "bram",
        "The Heidelberg, with its cover off",
        "What moves, what only looks as if it did, and what bites. For up to fifteen pairs of hands.",
        *(20, 13, 3, 15, 0.6),
    ),
    Plan(
        "greta_m",
        "First aid for books",
        "Loose hinges, torn pages, and what never to do with tape. Bring one patient each.",
        *(27, 11, 4, 14, 0.3),
    ),
    Plan(
        "marisol_v",
        "The autumn issue, read aloud",
        "Authors read what they wrote and hear what we cut. Wine is on the house.",
        *(41, 19, 3, 60, 0.8),
    ),
    Plan(
        "imani",
        "Posters in one afternoon",
        "One roller, two colours, three hours. Teenagers are welcome and will be better than you.",
        *(75, 14, 3, 20, 0.2),
    ),
)


def events(
    users: list[Row], now: datetime, id_at: Callable[[datetime], UUID], chance: Random
) -> tuple[list[Row], list[Row]]:
    """Return the events as they stand `now`, and who attends them."""
    found: list[Row] = []
    attendances: list[Row] = []
    for plan in PLANS:
        starts = now.replace(hour=plan.hour, minute=0, second=0) + timedelta(days=plan.days)
        made = min(starts, now) - timedelta(days=chance.uniform(3, 25))
        organizer = next(user for user in users if user["username"] == plan.organizer)
        others = [user for user in users if user is not organizer]
        coming = chance.sample(others, min(plan.seats, int(len(others) * plan.drawn)))
        event_id = id_at(made)
        last = min(starts, now)
        for said, user in sorted((made + (last - made) * chance.random(), user["username"]) for user in coming):
            member = next(other for other in others if other["username"] == user)
            attendances.append({"event_id": event_id, "user_id": member["id"], "id": id_at(said), "created_at": said})
        found.append(
            {
                "id": event_id,
                "organizer_id": organizer["id"],
                "title": plan.title,
                "description": plan.description,
                "starts_at": starts,
                "ends_at": starts + timedelta(hours=plan.hours),
                "max_participants": plan.seats,
                "attendee_count": len(coming),
                "created_at": made,
                "updated_at": made,
            }
        )
    return found, attendances
