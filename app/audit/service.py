"""What was done is written in the transaction that does it: neither is there without the other."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record
from sqlalchemy import ColumnElement, bindparam, exists, insert, select

from app import pages
from app.audit.tables import AuditEvent
from app.current import current
from app.ids import new_id
from app.rows import fill
from app.sql import Connection, Statement
from generated import models
from generated.models import AuditAction, AuditEventSort

_RECORD = Statement(
    insert(AuditEvent).values(
        {
            name: bindparam(name)
            for name in ("id", "action", "actor_id", "subject_id", "address", "request_id", "detail")
        }
    )
)
_HAS_HAPPENED = Statement(
    select(exists().where(AuditEvent.subject_id == bindparam("subject_id"), AuditEvent.action == bindparam("action")))
)
_EVENT = (
    AuditEvent.id,
    AuditEvent.action,
    AuditEvent.actor_id,
    AuditEvent.subject_id,
    AuditEvent.address,
    AuditEvent.request_id,
    AuditEvent.detail,
    AuditEvent.created_at,
)
# What a list can be narrowed by; the key is the name of the bind parameter as well.
_FILTERS: dict[str, ColumnElement[bool]] = {
    "action": AuditEvent.action == bindparam("action"),
    "actor_id": AuditEvent.actor_id == bindparam("actor_id"),
    "subject_id": AuditEvent.subject_id == bindparam("subject_id"),
    "created_after": AuditEvent.created_at >= bindparam("created_after"),
    "created_before": AuditEvent.created_at < bindparam("created_before"),
}
# The contract's bounds; what is said beside an event is cut there rather than refused.
MAX_DETAILS, MAX_VALUE = 20, 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by; None does not narrow."""

    action: AuditAction | None = None
    actor_id: UUID | None = None
    subject_id: UUID | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None

    def values(self) -> dict[str, Any]:
        """Return the bind values of the filters in use."""
        found: dict[str, Any] = {name: getattr(self, name) for name in _FILTERS}
        if self.action is not None:
            found["action"] = self.action.value
        return {name: value for name, value in found.items() if value is not None}


async def record(
    connection: Connection,
    action: AuditAction,
    *,
    actor_id: UUID | None,
    subject_id: UUID | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write down what is being done, in the caller's transaction.

    `detail` is shown to administrators, value by value as text: it never holds a secret or what may be one, such as
    what somebody typed where a name belongs. Address and request id are those of the current request.
    """
    request = current()
    await _RECORD.run(
        connection,
        id=new_id(),
        action=action.value,
        actor_id=actor_id,
        subject_id=subject_id,
        address=request.address,
        request_id=request.request_id,
        detail=orjson.dumps(_texts(detail or {})).decode(),
    )


async def has_happened(connection: Connection, action: AuditAction, subject_id: UUID) -> bool:
    """Whether this was ever done to an account, as far as it is on record."""
    return bool(await _HAS_HAPPENED.value(connection, action=action.value, subject_id=subject_id))


def _texts(detail: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value)[:MAX_VALUE] for name, value in list(detail.items())[:MAX_DETAILS]}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else _CONTROL.sub(" ", str(value))


def _event(row: Record) -> models.AuditEvent:
    members: dict[str, Any] = dict(row)
    members["action"] = AuditAction(row["action"])
    members["detail"] = [
        fill(models.AuditDetail, {"name": name, "value": value}) for name, value in orjson.loads(row["detail"]).items()
    ]
    return fill(models.AuditEvent, members)


@cache
def _listing(filters: frozenset[str], shape: pages.Shape, *, descending: bool) -> Statement:
    statement = select(*_EVENT).where(*(_FILTERS[name] for name in sorted(filters)))
    return Statement(pages.ordered(statement, AuditEvent.created_at, AuditEvent.id, shape, descending=descending))


@cache
def _counting(filters: frozenset[str]) -> pages.Counting:
    return pages.Counting(select(AuditEvent.id).where(*(_FILTERS[name] for name in sorted(filters))))


async def list_page(
    connection: Connection, sort: AuditEventSort, filters: Filters, asked: pages.Asked
) -> models.AuditEventPage:
    """Return a page of all events that the filters leave. Raises ValidationFailed for a cursor that is not ours."""
    values = filters.values()
    page = pages.wanted(f"audit {sort} {values}", asked)
    names = frozenset(values)
    counted = await _counting(names).total(connection, **values) if page.total else None
    descending = sort is AuditEventSort.created_at_desc
    rows = await _listing(names, page.shape, descending=descending).all(connection, **values, **page.binds())
    kept, described = pages.cut(rows, page, itemgetter("created_at"), counted)
    return models.AuditEventPage(items=[_event(row) for row in kept], page=described)
