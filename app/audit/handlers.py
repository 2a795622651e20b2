"""The operations of the tag Audit; together these functions are the generated `AuditService`."""

from datetime import datetime
from uuid import UUID

from app import pages
from app.access import Principal
from app.audit import service
from app.audit.service import Filters
from app.db import reading
from generated.models import AuditAction, AuditEventPage, AuditEventSort
from generated.server import HTTPResult


async def list_audit_events(
    *,
    principal: Principal,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    sort: AuditEventSort,
    action: AuditAction | None,
    actor_id: UUID | None,
    subject_id: UUID | None,
    created_after: datetime | None,
    created_before: datetime | None,
) -> HTTPResult[AuditEventPage]:
    filters = Filters(action, actor_id, subject_id, created_after, created_before)
    async with reading() as connection:
        events = await service.list_page(connection, sort, filters, pages.Asked(limit, cursor, page, include_total))
    return HTTPResult(200, events, pages.links(events.page))
