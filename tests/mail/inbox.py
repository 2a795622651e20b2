"""The mails of a test: its queued jobs are done as a worker does them, and the outbox is opened."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import EmailMessage

import pytest
from anyio import CancelScope

from app.jobs.attempts import attempt
from app.mail.transport import OUTBOX
from app.settings import settings
from app.sql import Connection
from app.tasks import kinds
from tests.mail.messages import parsed, text_of

_QUEUED = "SELECT id, kind, key, round FROM jobs WHERE status = 'queued' ORDER BY id"


@dataclass
class Inbox:
    """Everybody's mails."""

    connection: Connection
    all: list[EmailMessage] = field(default_factory=list[EmailMessage])

    async def collect(self) -> list[EmailMessage]:
        """Do the jobs that are queued, and return the mails that came of them, in the order of the jobs."""
        known = {kind.name: kind for kind in kinds()}
        new: list[EmailMessage] = []
        for row in await self.connection.fetch(_QUEUED):
            assert await attempt(known[row["kind"]], row["id"], row["round"], CancelScope(), lambda: False) is None
            file = settings().data_dir / OUTBOX / f"{row['key'] or row['id']}.eml"
            if file.exists():
                new.append(parsed(file.read_bytes()))
                file.unlink()
        self.all += new
        return new

    async def token(self) -> str:
        """Return the token of the one link in the one mail that is waiting."""
        (link,) = [link for mail in await self.collect() for link in links(mail)]
        return link.partition("#token=")[2]


def links(mail: EmailMessage) -> list[str]:
    """Return the links with a token in a mail."""
    return re.findall(r"https?://\S+#token=\S+", text_of(mail))


def to_and_subject(mails: list[EmailMessage]) -> list[tuple[str, str]]:
    """Return what shows in a list of mails."""
    return [(mail["To"].addresses[0].addr_spec, mail["Subject"]) for mail in mails]


@pytest.fixture
async def inbox(connection: Connection) -> AsyncIterator[Inbox]:
    """The mails of the test."""
    opened = Inbox(connection)
    yield opened
    await opened.collect()
