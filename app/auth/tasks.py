"""What is done for accounts in the background: mails with links, and clearing away what sessions leave behind."""

from datetime import timedelta
from typing import Any

from asyncpg import Record
from sqlalchemy import func

from app.auth import links, recovery
from app.auth.links import Purpose
from app.auth.lockout import KNOWN_DAYS
from app.auth.tables import KnownNetwork, LoginAttempts, RefreshToken, Session
from app.db import transaction
from app.jobs.cleaning import expired, remove
from app.jobs.registry import Running, task
from app.mail.service import RESET_MAIL, VERIFICATION_MAIL, Reader, mail_out
from app.settings import settings

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


@task(VERIFICATION_MAIL)
async def mail_verification(payload: dict[str, Any], job: Running) -> None:
    """Mail a member the link that proves the address."""
    async with transaction() as connection:
        account = await recovery.verification_link(connection, job.id, payload)
    if account is not None:
        hours = links.RULES[Purpose.EMAIL_VERIFICATION].lifetime // timedelta(hours=1)
        await _mail_link(job, account, Purpose.EMAIL_VERIFICATION, "verify-email", {"hours": hours})


@task(RESET_MAIL)
async def mail_reset(payload: dict[str, Any], job: Running) -> None:
    """Mail the link that sets a new password to the member who has this address, if somebody has."""
    async with transaction() as connection:
        account = await recovery.reset_link(connection, job.id, payload)
    if account is not None:
        minutes = links.RULES[Purpose.PASSWORD_RESET].lifetime // timedelta(minutes=1)
        await _mail_link(job, account, Purpose.PASSWORD_RESET, "reset-password", {"minutes": minutes})


async def _mail_link(job: Running, account: Record, purpose: Purpose, page: str, values: dict[str, Any]) -> None:
    # Behind the # it is sent to no server, and so stands in no log and in no Referer.
    link = f"{settings().public_url}/{page}#token={links.token(purpose, job.id)}"
    reader = Reader(account["email"], account["username"])
    await mail_out(job.key, purpose.value, reader, values | {"link": link})
