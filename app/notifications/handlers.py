"""The operations of the tag Notifications; together these functions are the generated `NotificationsService`."""

from datetime import datetime
from uuid import UUID

from app import pages
from app.access import Principal
from app.db import reading, transaction
from app.etags import conditional, etag
from app.notifications import requests
from app.notifications.requests import Filters
from generated.models import (
    NotificationCounts,
    NotificationKind,
    NotificationPage,
    NotificationPreferences,
    NotificationPreferencesUpdate,
)
from generated.server import HTTPResult


async def list_notifications(
    *,
    principal: Principal,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    unread: bool | None,
    kind: NotificationKind | None,
) -> HTTPResult[NotificationPage]:
    async with reading() as connection:
        asked = pages.Asked(limit, cursor, page, include_total)
        found = await requests.list_page(connection, principal, Filters(unread, kind), asked)
    return HTTPResult(200, found, pages.links(found.page))


async def get_notification_counts(*, principal: Principal) -> HTTPResult[NotificationCounts]:
    async with reading() as connection:
        found = await requests.counts(connection, principal)
    return HTTPResult(200, found)


async def mark_notifications_read(
    *, principal: Principal, until: datetime | None, kind: NotificationKind | None
) -> None:
    async with transaction() as connection:
        await requests.mark_all(connection, principal, until, kind)


async def mark_notification_read(*, principal: Principal, notification_id: UUID) -> None:
    async with transaction() as connection:
        await requests.mark(connection, principal, notification_id, read=True)


async def mark_notification_unread(*, principal: Principal, notification_id: UUID) -> None:
    async with transaction() as connection:
        await requests.mark(connection, principal, notification_id, read=False)


async def get_notification_preferences(
    *, principal: Principal, if_none_match: str | None
) -> HTTPResult[NotificationPreferences]:
    async with reading() as connection:
        found = await requests.preferences(connection, principal)
    return conditional(found, etag(found), if_none_match)


async def update_notification_preferences(
    *, principal: Principal, if_match: str, body: NotificationPreferencesUpdate
) -> HTTPResult[NotificationPreferences]:
    async with transaction() as connection:
        found = await requests.update_preferences(connection, principal, body, if_match)
    return HTTPResult(200, found, {"ETag": etag(found)})
