"""Forgetting what has happened."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func

from app.domain_events.tables import DomainEvent
from app.jobs.cleaning import expired, remove
from app.jobs.registry import Running, task

# Whoever was away for longer looks at the things themselves.
KEEP = timedelta(days=3)
_OLD = expired(DomainEvent, DomainEvent.created_at <= func.now() - KEEP)


@task("domain_events.remove_old", every="37 * * * *", deadline=600)
async def remove_old(payload: dict[str, Any], job: Running) -> dict[str, int]:
    """Delete what happened days ago."""
    del payload, job
    return {"domain_events": await remove(_OLD)}
