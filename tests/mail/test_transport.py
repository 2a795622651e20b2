"""Mails on their way: to a real mail server that takes them, refuses, hangs or drops, and into the outbox."""

import asyncio
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any, AnyStr

import pytest
from aiosmtpd.smtp import SMTP

from app.mail import transport
from app.mail.compose import Written, compose
from app.mail.transport import MailDelayed, MailRefused, deliver
from app.settings import settings
from tests.mail.conftest import (
    PASSWORD,
    USER,
    Certificate,
    Dropping,
    DroppingAfter,
    Mailbox,
    Setup,
    Silent,
    check_password,
    listening,
)

SMTPSetup = Callable[..., None]


def message(to: str = "ada@example.org") -> EmailMessage:
    return compose("one", to=to, name="Ada", written=Written("Wöven", "Hello.\n.\nBye.\n", "<p>Hello.</p>"))


def server(mailbox: Mailbox, **options: Any) -> Callable[[], SMTP]:
    """Return what makes a server for each call."""
    return lambda: SMTP(mailbox, hostname="localhost", loop=asyncio.get_running_loop(), **options)


class TestServer:
    async def test_takes_a_mail(self, smtp: SMTPSetup, mailbox: Mailbox) -> None:
        async with listening(server(mailbox)) as port:
            smtp(port)
            await deliver(message(), "one")
        (envelope,), (arrived,) = mailbox.envelopes, mailbox.messages()
        assert (envelope.mail_from, envelope.rcpt_tos) == ("galley@galley.example", ["ada@example.org"])
        assert "SMTPUTF8" not in envelope.mail_options
        assert (arrived["Subject"], arrived["Message-ID"]) == ("Wöven", "<one@galley.example>")
        body = arrived.get_body(("plain",))
        assert body is not None
        assert body.get_content().splitlines() == ["Hello.", ".", "Bye."]

    @pytest.mark.parametrize("step", ["RCPT", "DATA"])
    @pytest.mark.parametrize("answer", ["550 No such mailbox", "552 Too large", "554 No"])
    async def test_that_refuses_for_good_ends_it(
        self, smtp: SMTPSetup, mailbox: Mailbox, step: str, answer: str
    ) -> None:
        mailbox.refuses[step] = answer
        async with listening(server(mailbox)) as port:
            smtp(port)
            with pytest.raises(MailRefused) as refusal:
                await deliver(message(), "one")
        assert refusal.value.code == int(answer[:3])
        assert "mailbox" not in str(refusal.value)

    @pytest.mark.parametrize(
        ("step", "answer"),
        [
            ("RCPT", "450 Busy"),
            ("RCPT", "452 Full"),
            ("DATA", "451 Later"),
            ("DATA", "503 Out of order"),
            ("MAIL", "421 Going away"),
            # What it holds against our sender is for the operator to mend; the mail is not lost until then.
            ("MAIL", "550 Who are you?"),
        ],
    )
    async def test_that_refuses_for_now_is_asked_again(
        self, smtp: SMTPSetup, mailbox: Mailbox, step: str, answer: str
    ) -> None:
        mailbox.refuses[step] = answer
        async with listening(server(mailbox)) as port:
            smtp(port)
            with pytest.raises(MailDelayed):
                await deliver(message(), "one")
            mailbox.refuses.clear()
            await deliver(message(), "one")
        assert len(mailbox.envelopes) == 1

    async def test_that_hangs_is_left_in_time(self, smtp: SMTPSetup) -> None:
        async with listening(Silent) as port:
            smtp(port, smtp_timeout=0.3)
            started = time.monotonic()
            with pytest.raises(MailDelayed):
                await deliver(message(), "one")
        assert time.monotonic() - started < 3

    async def test_that_hangs_after_each_word_is_left_in_time(self, smtp: SMTPSetup, mailbox: Mailbox) -> None:
        class Slow(SMTP):
            async def push(self, status: AnyStr) -> None:
                # Always within the time of one answer, and never within that of a mail.
                await asyncio.sleep(0.2)
                await super().push(status)

        async with listening(lambda: Slow(mailbox, loop=asyncio.get_running_loop())) as port:
            smtp(port, smtp_timeout=0.5)
            started = time.monotonic()
            with pytest.raises(MailDelayed):
                await deliver(message(), "one")
            assert time.monotonic() - started < 3

    async def test_that_drops_in_the_middle_is_asked_again(self, smtp: SMTPSetup, mailbox: Mailbox) -> None:
        async with listening(lambda: Dropping(mailbox, loop=asyncio.get_running_loop())) as port:
            smtp(port)
            with pytest.raises(MailDelayed):
                await deliver(message(), "one")
        assert mailbox.envelopes == []

    async def test_that_drops_after_taking_it_has_taken_it(self, smtp: SMTPSetup, mailbox: Mailbox) -> None:
        async with listening(lambda: DroppingAfter(mailbox, loop=asyncio.get_running_loop())) as port:
            smtp(port)
            await deliver(message(), "one")
        assert len(mailbox.envelopes) == 1

    async def test_that_is_not_there_is_asked_again(self, smtp: SMTPSetup) -> None:
        async with listening(Silent) as port:
            pass
        smtp(port)
        with pytest.raises(MailDelayed, match="SMTPConnectError"):
            await deliver(message(), "one")

    async def test_that_is_unknown_is_asked_again(self, smtp: SMTPSetup) -> None:
        smtp(25, smtp_host="no-such-host.invalid")
        with pytest.raises(MailDelayed):
            await deliver(message(), "one")


class TestEncryption:
    async def test_starttls(
        self, smtp: SMTPSetup, mailbox: Mailbox, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
        async with listening(server(mailbox, tls_context=certificate.context(), require_starttls=True)) as port:
            smtp(port, smtp_tls="starttls")
            await deliver(message(), "one")
        assert mailbox.encrypted == [True]

    async def test_from_the_first_byte(
        self, smtp: SMTPSetup, mailbox: Mailbox, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
        async with listening(server(mailbox), certificate.context()) as port:
            smtp(port, smtp_tls="tls")
            await deliver(message(), "one")
        assert len(mailbox.envelopes) == 1

    @pytest.mark.parametrize("wanted", ["starttls", "tls"])
    async def test_that_the_server_lacks_is_not_done_without(
        self, smtp: SMTPSetup, mailbox: Mailbox, wanted: str
    ) -> None:
        async with listening(server(mailbox)) as port:
            smtp(port, smtp_tls=wanted, smtp_timeout=2)
            with pytest.raises(MailDelayed):
                await deliver(message(), "one")
        assert mailbox.envelopes == []

    async def test_with_a_certificate_that_nobody_vouches_for_is_not_enough(
        self, smtp: SMTPSetup, mailbox: Mailbox, certificate: Certificate
    ) -> None:
        async with listening(server(mailbox, tls_context=certificate.context())) as port:
            smtp(port, smtp_tls="starttls")
            with pytest.raises(MailDelayed):
                await deliver(message(), "one")
        assert mailbox.envelopes == []


class TestLogin:
    @pytest.mark.parametrize("password", [PASSWORD, "another"])
    async def test_is_needed(
        self,
        smtp: SMTPSetup,
        mailbox: Mailbox,
        certificate: Certificate,
        monkeypatch: pytest.MonkeyPatch,
        password: str,
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
        options = {"tls_context": certificate.context(), "require_starttls": True, "auth_required": True}
        async with listening(server(mailbox, authenticator=check_password, **options)) as port:
            smtp(port, smtp_tls="starttls", smtp_user=USER, smtp_password=password)
            if password == PASSWORD:
                await deliver(message(), "one")
            else:
                with pytest.raises(MailDelayed) as failure:
                    await deliver(message(), "one")
                assert password not in str(failure.value)
        assert len(mailbox.envelopes) == (password == PASSWORD)


class TestAnnouncement:
    @pytest.mark.parametrize(("environment", "level"), [("development", "INFO"), ("production", "WARNING")])
    def test_names_the_outbox_where_no_server_is_named(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, environment: str, level: str
    ) -> None:
        here = settings().model_copy(update={"environment": environment, "smtp_host": None})
        monkeypatch.setattr(transport, "settings", lambda: here)
        with caplog.at_level("INFO"):
            transport.announce()
        (entry,) = caplog.records
        assert entry.levelname == level
        assert vars(entry)["outbox"] == str(here.data_dir / "outbox")

    def test_is_none_where_one_is(self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
        here = settings().model_copy(update={"environment": "production", "smtp_host": "mail.example.org"})
        monkeypatch.setattr(transport, "settings", lambda: here)
        with caplog.at_level("INFO"):
            transport.announce()
        assert caplog.records == []


class TestOutbox:
    async def test_holds_each_mail_once(self, set_up: Setup, tmp_path: Path) -> None:
        set_up()
        for key in ("one", "two", "one"):
            await deliver(message(), key)
        files = sorted((tmp_path / "outbox").iterdir())
        assert [file.name for file in files] == ["one.eml", "two.eml"]
        assert files[0].read_bytes().startswith(b"From: Galley <noreply@localhost>\r\n")
        assert files[0].stat().st_mode & 0o777 == 0o600

    async def test_keeps_the_first_when_a_mail_comes_twice_at_once(self, set_up: Setup, tmp_path: Path) -> None:
        set_up()
        await asyncio.gather(*(deliver(message(f"ada{number}@example.org"), "one") for number in range(20)))
        (file,) = (tmp_path / "outbox").iterdir()
        assert file.read_bytes().count(b"\r\nTo: ") == 1
