"""Out of the house: by SMTP where a server is set, else as a file in the outbox.

A mail is delivered by a job, so whatever may pass by itself is raised as a failure that the job survives. Only what
the server says for good about this mail or its reader ends it. That it does not know our sender, our password or our
certificate, or does not understand us, is for the operator to mend; no mail shall be lost until then.
"""

import asyncio
import logging
import os
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit

from app.settings import Settings, settings

log = logging.getLogger(__name__)

OUTBOX = "outbox"
# RFC 5321, section 4.2.1: the first 5 is "for good", the second "about the mail"; 503 would be about our manners.
_FOR_GOOD = range(550, 560)


class MailRefused(Exception):
    """The server does not take this mail and will not later; `code` is what it answered."""

    def __init__(self, code: int) -> None:
        """The server's words are left out: they repeat the address, and what it likes of the mail."""
        super().__init__(f"The mail server has refused the mail for good ({code}).")
        self.code = code


class MailDelayed(Exception):
    """The mail could not be delivered now."""


def announce() -> None:
    """Say in the log where mails go when no server is named; in production that is hardly meant."""
    current = settings()
    if current.smtp_host is None:
        level = logging.WARNING if current.environment == "production" else logging.INFO
        log.log(
            level, "mails are kept as files: SMTP_HOST is not set", extra={"outbox": str(current.data_dir / OUTBOX)}
        )


async def deliver(message: EmailMessage, key: str) -> None:
    """Send the message, or write it into the outbox, once for each key.

    Raises MailRefused when there is no use in trying again, MailDelayed when there is.
    """
    current = settings()
    if current.smtp_host is None:
        await asyncio.to_thread(_put, current.data_dir / OUTBOX, message, key)
        return
    import aiosmtplib  # noqa: PLC0415 - Workers of jobs send mails, and none of those that answer requests.

    try:
        async with asyncio.timeout(current.smtp_timeout):
            await _send(current, current.smtp_host, message)
    except aiosmtplib.SMTPRecipientsRefused as failure:
        raise _answered(failure.recipients[0].code) from failure
    except aiosmtplib.SMTPDataError as failure:
        raise _answered(failure.code) from failure
    except (aiosmtplib.SMTPException, OSError) as failure:
        # A TimeoutError and what TLS raises are OSErrors. Their text may name machines, so only the kind is told.
        raise MailDelayed(f"The mail server could not be used: {type(failure).__name__}.") from failure


def _answered(code: int) -> Exception:
    if code in _FOR_GOOD:
        return MailRefused(code)
    return MailDelayed(f"The mail server asks to try again later ({code}).")


async def _send(current: Settings, host: str, message: EmailMessage) -> None:
    from aiosmtplib import send  # noqa: PLC0415 - As above.

    password = current.smtp_password.get_secret_value() if current.smtp_password else None
    await send(
        message,
        hostname=host,
        port=current.smtp_port,
        # Said outright, neither falls back to plain text when the server offers less.
        use_tls=current.smtp_tls == "tls",
        start_tls=current.smtp_tls == "starttls",
        username=current.smtp_user,
        password=password,
        # Otherwise the name service is asked, which can take longer than the mail.
        local_hostname=urlsplit(current.public_url).hostname,
        timeout=current.smtp_timeout,
    )


def _put(outbox: Path, message: EmailMessage, key: str) -> None:
    """Write a mail that appears whole or not at all; one that is there already stays as it is."""
    outbox.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=outbox, prefix=".", suffix=".draft") as draft:  # mode 0600 by itself
        draft.write(message.as_bytes())
        draft.flush()
        os.fsync(draft.fileno())
        with suppress(FileExistsError):
            os.link(draft.name, outbox / f"{key}.eml")
