"""What sessions leave behind."""

from typing import Any

from sqlalchemy import func

from app.auth.tables import RefreshToken, Session
from app.jobs.cleaning import expired, remove
from app.jobs.registry import Running, task

_SESSIONS = expired(Session, Session.expires_at <= func.now())
# Those of a session that lasts; the others went with theirs.
_REFRESH_TOKENS = expired(RefreshToken, RefreshToken.expires_at <= func.now())


@task("auth.remove_expired", every="7 * * * *", deadline=600)
async def remove_expired(payload: dict[str, Any], job: Running) -> dict[str, int]:
    """Delete sessions and refresh tokens that nobody can use any more."""
    del payload, job
    return {"sessions": await remove(_SESSIONS), "refresh_tokens": await remove(_REFRESH_TOKENS)}
