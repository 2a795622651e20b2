"""The mails of the sandbox: no worker runs there, so they are sent when somebody asks for them, and to nobody else."""

from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import SMTP
from typing import Any

from anyio import CancelScope

from app.db import reading
from app.jobs.attempts import attempt
from app.mail.transport import OUTBOX
from app.settings import settings
from app.tasks import kinds

# Mails of the seed have no payload; what becomes of them is part of it.
_WAITING = """
    SELECT id, kind, key, round FROM jobs
    WHERE status = 'queued' AND kind IN ('mail.send', 'auth.verification_mail', 'auth.reset_mail') AND payload <> '{}'
    ORDER BY id
"""


_PICTURES = """
    SELECT id, kind, round FROM jobs
    WHERE status = 'queued' AND kind IN ('media.make_thumbnails', 'media.make_variant') ORDER BY id
"""


async def make_pictures() -> None:
    """Do the jobs that make pictures of pictures."""
    known = {kind.name: kind for kind in kinds()}
    async with reading() as connection:
        rows = await connection.fetch(_PICTURES)
    for row in rows:
        await attempt(known[row["kind"]], row["id"], row["round"], CancelScope(), lambda: False)


@dataclass
class Mails:
    """What has been sent since the last reset."""

    sent: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    async def send(self) -> list[dict[str, Any]]:
        """Send what waits, as a worker does it; return all mails, the oldest first."""
        known = {kind.name: kind for kind in kinds()}
        async with reading() as connection:
            rows = await connection.fetch(_WAITING)
        for row in rows:
            await attempt(known[row["kind"]], row["id"], row["round"], CancelScope(), lambda: False)
            file = settings().data_dir / OUTBOX / f"{row['key'] or row['id']}.eml"
            if file.exists():
                self.sent.append(_shown(file.read_bytes()))
                file.unlink()
        return self.sent


def _shown(raw: bytes) -> dict[str, Any]:
    message = message_from_bytes(raw, policy=SMTP)
    body = message.get_body(("plain",))
    text = body.get_content() if body else ""
    return {"to": str(message["To"]), "subject": str(message["Subject"]), "text": text.replace("\r\n", "\n")}
