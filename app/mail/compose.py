"""A mail from its template: subject, text and HTML, as one message that any mail program can show.

A template is three blocks in two files: `<name>.txt` has the subject and the text, `<name>.html` the same for programs
that show HTML. A value that a template needs and does not get is an error, never a hole in a mail.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import clock
from app.contract import bundle
from app.own_values import check_mail_address
from app.settings import settings

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"
# Who the mails are from where no server sends them.
NOBODY = "noreply@localhost"
# What may end a header or begin another one; other controls have no place in a header either.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class NotComposed(ValueError):
    """Something that would stand in a header is not one line."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a template says."""

    subject: str
    text: str
    html: str


@cache
def _environment() -> "jinja2.Environment":
    import jinja2  # noqa: PLC0415 - Workers of jobs write mails, and hardly ever those that answer requests.

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def write(template: str, values: Mapping[str, Any]) -> Written:
    """Fill in a template. Raises what Jinja raises for a value that is missing."""
    known = {"service": bundle()["info"]["title"], "public_url": settings().public_url}
    text = _environment().get_template(f"{template}.txt")
    subject = "".join(text.blocks["subject"](text.new_context({**known, **values})))
    given = {**known, **values, "subject": " ".join(subject.split())}
    html = _environment().get_template(f"{template}.html").render(given)
    return Written(given["subject"], text.render(given), html)


def _line(value: str) -> str:
    if _CONTROLS.search(value):
        raise NotComposed("a header is one line without control characters")
    return value


def _address(name: str, address: str) -> Address:
    try:
        return Address(_line(name), addr_spec=check_mail_address(_line(address)))
    except ValueError as failure:
        raise NotComposed("this is not one plain address") from failure


def sender() -> Address:
    """Return who mails are from."""
    current = settings()
    return Address(current.emails_from_name, addr_spec=current.emails_from_email or NOBODY)


def compose(key: str, *, to: str, name: str, written: Written) -> EmailMessage:
    """Return the message for one person. `key` is what it is recognised by when it arrives twice.

    Raises NotComposed for a name, an address or a subject that would break out of its header.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = sender()
    message["To"] = _address(name, to)
    message["Subject"] = _line(written.subject)
    message["Date"] = format_datetime(clock.now())
    # Sent again after an answer was lost, it is still the same message (RFC 5322, section 3.6.4).
    message["Message-ID"] = f"<{_line(key)}@{sender().domain}>"
    # No holiday notices in return (RFC 3834, section 5).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(written.text)
    message.add_alternative(written.html, subtype="html")
    return message
