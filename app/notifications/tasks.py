"""Forgetting old notifications."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func

from app.jobs.cleaning import expired, remove
from app.jobs.registry import Running, task
from app.notifications.tables import Notification

# Of the contract's listNotifications.
KEEP = timedelta(days=90)
_OLD = expired(Notification, Notification.created_at <= func.now() - KEEP)


@task("notifications.remove_old", every="47 * * * *", deadline=600)
async def remove_old(payload: dict[str, Any], job: Running) -> dict[str, int]:
    """Delete notifications that nobody will look for any more."""
    del payload, job
    return {"notifications": await remove(_OLD)}
