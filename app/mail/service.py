"""The rules of mail: what is queued in the transaction of its cause, and how a job delivers it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.access import Principal
from app.audit.service import record
from app.jobs.registry import JobFailed
from app.jobs.service import enqueue
from app.mail.compose import compose, write
from app.mail.transport import MailDelayed, MailRefused, deliver
from app.sql import Connection
from generated.models import AuditAction, MailDraft

MAIL = "mail.send"
# These mails hold links, which app/auth/tasks.py makes when it sends them, so that no link waits in the queue.
VERIFICATION_MAIL, RESET_MAIL = "auth.verification_mail", "auth.reset_mail"


class Notice(StrEnum):
    """What a member is told of for safety's sake; app/mail/templates/notices.jinja has the words."""

    PASSWORD_CHANGED = "password_changed"
    PASSWORD_RESET = "password_reset"
    PASSWORD_SET = "password_set"
    EMAIL_CHANGED = "email_changed"
    API_KEY_CREATED = "api_key_created"
    NEW_LOGIN = "new_login"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who a mail goes to.

    The name is no free text: who registers with somebody else's address would have us carry a message there.
    """

    email: str
    username: str = ""


async def queue(  # noqa: PLR0913 - Each says another thing about the mail.
    connection: Connection,
    template: str,
    reader: Reader,
    values: Mapping[str, Any],
    *,
    owner_id: UUID | None = None,
    key: str | None = None,
) -> UUID:
    """Queue a mail in the caller's transaction, but only once for a `key`; return the id of its job.

    `values` stay in the queue until the mail is out, so they hold nothing that opens anything.
    """
    payload = {"template": template, "to": reader.email, "username": reader.username, "values": dict(values)}
    return await enqueue(connection, MAIL, payload, owner_id=owner_id, key=key)


async def notify(connection: Connection, reader: Reader, notice: Notice) -> None:
    """Tell a member what was done to the account, at the address it has while it is done.

    Nobody but administrators sees the job, so that whoever has got hold of the account cannot cancel it.
    """
    await queue(connection, "security_notice", reader, {"notice": notice.value})


async def queue_verification(connection: Connection, user_id: UUID, *, owner_id: UUID | None = None) -> UUID:
    """Queue the mail that lets a member prove the address the account has then; return the id of its job."""
    return await enqueue(connection, VERIFICATION_MAIL, {"user_id": str(user_id)}, owner_id=owner_id)


async def send(connection: Connection, principal: Principal, draft: MailDraft) -> UUID:
    """Queue the mail of an administrator; return the id of its job."""
    values = {"title": draft.subject, "text": draft.text}
    job_id = await queue(connection, "message", Reader(draft.to), values, owner_id=principal.user_id)
    await record(connection, AuditAction.mail_sent, actor_id=principal.user_id, subject_id=job_id)
    return job_id


async def mail_out(key: str, template: str, reader: Reader, values: Mapping[str, Any]) -> None:
    """Compose and deliver a mail, from within a job of this key. Raises JobFailed."""
    written = write(template, {**values, "username": reader.username})
    try:
        await deliver(compose(key, to=reader.email, name=reader.username, written=written), key)
    except MailRefused as failure:
        raise JobFailed(str(failure), final=True) from failure
    except MailDelayed as failure:
        raise JobFailed(str(failure)) from failure
