"""What sessions leave behind."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func

from app.auth.lockout import KNOWN_DAYS
from app.auth.tables import KnownNetwork, LoginAttempts, RefreshToken, Session
from app.jobs.cleaning import expired, remove
from app.jobs.registry import Running, task

_SESSIONS = expired(Session, Session.expires_at <= func.now())
# Those of a session that lasts; the others went with theirs.
_REFRESH_TOKENS = expired(RefreshToken, RefreshToken.expires_at <= func.now())
_ATTEMPTS = expired(LoginAttempts, LoginAttempts.forget_at <= func.now())
_NETWORKS = expired(KnownNetwork, KnownNetwork.seen_at <= func.now() - timedelta(days=KNOWN_DAYS))


@task("auth.remove_expired", every="7 * * * *", deadline=600)
async def remove_expired(payload: dict[str, Any], job: Running) -> dict[str, int]:
    """Delete sessions and refresh tokens that nobody can use any more, and attempts to log in that are forgotten."""
    del payload, job
    return {
        "sessions": await remove(_SESSIONS),
        "refresh_tokens": await remove(_REFRESH_TOKENS),
        "login_attempts": await remove(_ATTEMPTS),
        "known_networks": await remove(_NETWORKS),
    }
