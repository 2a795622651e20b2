"""Real mail servers on this machine: one that works, and ways in which one does not."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.settings import settings
from tests.mail.inbox import inbox
from tests.mail.messages import parsed

USER, PASSWORD = "galley", "Tr0mbone"
__all__ = ["inbox"]

Setup = Callable[..., None]


@dataclass
class Mailbox:
    """What a server has taken in, and what it answers instead where a step is named in `refuses`."""

    envelopes: list[Envelope] = field(default_factory=list[Envelope])
    refuses: dict[str, str] = field(default_factory=dict[str, str])
    encrypted: list[bool] = field(default_factory=list[bool])

    def messages(self) -> list[EmailMessage]:
        """Return the mails, read."""
        return [parsed(one.content) for one in self.envelopes if isinstance(one.content, bytes)]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls it so.
        self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.refuses.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.refuses.get("RCPT", "250 OK")

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if "DATA" not in self.refuses:
            self.envelopes.append(envelope)
            self.encrypted.append(session.ssl is not None)
        return self.refuses.get("DATA", "250 OK")


class Dropping(SMTP):
    """Hangs up in the middle of a mail."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        del arg
        await self.push("354 Go on")
        cast("asyncio.Transport", self.transport).abort()


class DroppingAfter(SMTP):
    """Takes the mail, says so, and hangs up instead of saying goodbye."""

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
        del arg
        cast("asyncio.Transport", self.transport).abort()


@asynccontextmanager
async def listening(
    protocol: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext | None = None
) -> AsyncGenerator[int]:
    """Serve on a port of the system's choice, and give it."""
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


class Silent(asyncio.Protocol):
    """Takes a call and says nothing."""


def check_password(_: SMTP, __: Session, ___: Envelope, mechanism: str, given: Any) -> AuthResult:
    """Let Galley in, and nobody else."""
    assert mechanism in ("PLAIN", "LOGIN")
    right = isinstance(given, LoginPassword) and given == LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=right)


@pytest.fixture
def mailbox() -> Mailbox:
    """Where the mails of the test arrive."""
    return Mailbox()


@pytest.fixture
def set_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Setup]:
    """Run with these settings until the end of the test; the outbox is a fresh one."""

    def set_them(**given: object) -> None:
        for name, value in given.items():
            monkeypatch.setenv(name.upper(), str(value))
        settings.cache_clear()

    monkeypatch.setenv("SECRET_KEY", settings().secret_key.get_secret_value())
    set_them(data_dir=tmp_path)
    yield set_them
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def smtp(set_up: Setup) -> Callable[[int], None]:
    """Send mails to the server on this port, in plain text."""

    def use(port: int, **given: object) -> None:
        mail = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": "none", "smtp_timeout": 5}
        set_up(**(mail | {"emails_from_email": "galley@galley.example"} | given))

    return use


@dataclass(frozen=True)
class Certificate:
    """A certificate for this machine that signs itself, and its key."""

    file: Path

    def context(self) -> ssl.SSLContext:
        """Return what a server needs to show it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        return context


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A fresh certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return Certificate(file)
