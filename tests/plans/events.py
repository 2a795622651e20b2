"""The statements of events that many requests wait for, and the rows that they are planned for."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.events import attendance, queries, service
from app.pages import Shape
from app.sql import Statement
from generated.models import EventSort

# pyright: reportPrivateUsage=false
ROWS = """
    INSERT INTO events (id, organizer_id, title, description, starts_at, ends_at, max_participants, attendee_count,
                        created_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(1 + n % 8000), 32, '0')::uuid, 'Evening ' || n, 'At the loom.',
           moment, moment + interval '3 hours', 20, 2, moment - interval '20 days'
    FROM generate_series(1, 20000) n, LATERAL (SELECT timestamptz '2025-01-01 UTC' + n * interval '1 hour' AS moment) m;
    INSERT INTO event_attendances (event_id, user_id, id)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(1 + (n + k) % 8000), 32, '0')::uuid, gen_random_uuid()
    FROM generate_series(1, 20000) n, generate_series(1, 2) k;
"""
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
EVENT, MEMBER = UUID(int=9_000), UUID(int=7)
NEXT = Shape(after=True, backwards=False, offset=False, usual=True)


def given() -> Iterator[tuple[str, Statement, dict[str, Any]]]:
    """Yield each with its name and the values of its parameters."""
    place: dict[str, Any] = {"key": MOMENT, "key_id": EVENT}
    for sort in EventSort:
        for name, shape, values in (("first", NEXT._replace(after=False), {}), ("next", NEXT, place)):
            yield f"events {sort.value} {name}", queries.listing(sort, frozenset[str](), shape), values
    filters: dict[str, dict[str, Any]] = {"organizer": {"organizer": "member_7"}, "viewer": {"viewer": MEMBER}}
    filters |= {"starts_after": {"starts_after": MOMENT}, "upcoming": {}, "started": {}}
    filters["starts_before"] = {"starts_before": MOMENT + timedelta(days=1)}
    for name, values in filters.items():
        listing = queries.listing(EventSort.starts_at_asc, frozenset({name}), NEXT)
        yield f"events by {name}", listing, values | place
    yield "events get", service._GET, {"id": EVENT}
    yield "events lock", service._LOCK, {"id": EVENT}
    seat: dict[str, Any] = {"event": EVENT, "member": MEMBER}
    yield "events attend", attendance._ATTEND, seat | {"id": UUID(int=1)}
    yield "events cancel", attendance._CANCEL, seat
    yield "events why not", attendance._WHY_NOT, seat
    yield "events attendees", attendance._listing(NEXT), {"event": EVENT} | place
    for name in ("_LOCK_ALL", "_GIVE_BACK", "_FORGET", "_CALL_OFF"):
        yield f"events {name.strip('_').lower().replace('_', ' ')}", getattr(attendance, name), {"member": MEMBER}
