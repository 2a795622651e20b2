"""The statements of notifications and domain events."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.domain_events import readers
from app.notifications import comments, departure, likes, posts, requests, service
from app.pages import Shape
from app.sql import Statement

# pyright: reportPrivateUsage=false
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
POST, COMMENT, MEMBER = (UUID(int=number) for number in (5_000, 120_007, 7))
FIRST = Shape(after=False, backwards=False, offset=False, usual=True)
NEXT = Shape(after=True, backwards=False, offset=False, usual=True)
Given = tuple[str, Statement, dict[str, Any]]
IDS = [UUID(int=number) for number in range(12)]


def _read() -> Iterator[Given]:
    mine: dict[str, Any] = {"member_id": MEMBER}
    for names in (frozenset[str](), frozenset({"unread"}), frozenset({"kind"})):
        values = mine | ({"kind": "like"} if "kind" in names else {})
        said = " ".join(names) or "all"
        yield f"notifications {said} first", requests._listing(names, FIRST), values
        following = values | {"key": MOMENT, "key_id": POST}
        yield f"notifications {said} next", requests._listing(names, NEXT), following
    yield "notifications counts", requests._COUNTS, mine
    yield "notifications read", requests._READ, mine | {"notification_id": UUID(int=7)}
    yield "notifications read all", requests._marking_all(frozenset({"unread"})), mine
    yield "notification preferences", requests._GET, mine


def statements() -> Iterator[Given]:
    """Yield each with its name and the values of its parameters."""
    yield from _read()
    about: dict[str, Any] = {"comment_id": COMMENT, "ids": IDS}
    yield "notify of approval", comments._approved(), about
    yield "notify of edit", comments._edited(), about
    for name in ("WITHHOLD", "REMOVE", "UNMENTION"):
        yield f"comment notifications {name.lower()}", getattr(comments, f"_{name}"), {"comment_id": COMMENT}
    for of, subject in (("post_id", POST), ("comment_id", COMMENT)):
        actor = {"subject_id": subject, "actor_id": UUID(int=9)}
        yield f"notify of like {of}", likes._liking(of), actor | {"ids": IDS[:1]}
        yield f"notify of unlike {of}", likes._unliking(of), actor
    author: dict[str, Any] = {"post_id": POST, "author_id": MEMBER}
    yield "notify of post", posts._TELL_MENTIONED, author | {"names": ["member_9"], "ids": IDS[:1]}
    yield "post notifications show", posts._SHOW, {"post_id": POST}
    yield "post notifications hide", posts._HIDE, author
    yield "post notifications unmention", posts._UNMENTION, {"post_id": POST, "names": ["member_9"]}
    renewed = {"ids": IDS[:1], "member_ids": [MEMBER], "kind": "job_finished", "subject_id": POST, "actor_id": None}
    told = {"job_id": None, "text": "A loom", "event_kind": "job.finished", "topic": "member:7"}
    yield "notify of other things", service._RENEW, renewed | told
    yield "notifications forget", service._FORGET, {"subject_id": POST, "kinds": ["item_sold_out"]}
    for number, statement in enumerate(departure.statements(60)):
        yield f"notifications departure {number}", statement, {"member": MEMBER}
    yield "events of transaction", readers._OF_TRANSACTION, {"transaction": 700}
    yield "events since", readers._SINCE, {"transaction": 19_990, "id": 0}
