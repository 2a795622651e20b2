"""Mails whose words are known when they are queued."""

from typing import Any

from app.jobs.registry import Running, task
from app.mail.service import MAIL, Reader, mail_out


@task(MAIL)
async def send_mail(payload: dict[str, Any], job: Running) -> None:
    """Deliver a mail."""
    await mail_out(job.key, payload["template"], Reader(payload["to"], payload["username"]), payload["values"])
