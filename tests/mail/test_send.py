"""sendMail, and what becomes of its job."""

import pytest
from anyio import CancelScope
from httpx2 import AsyncClient

from app.jobs.attempts import Again, attempt
from app.sql import Connection
from app.tasks import kinds
from tests.factories import Member
from tests.mail.conftest import Mailbox, listening
from tests.mail.inbox import Inbox, to_and_subject
from tests.mail.messages import text_of
from tests.mail.test_transport import SMTPSetup, server

DRAFT = {"to": "Reader@Example.org", "subject": "We are moving <house>", "text": " From Monday on.\n\n<b>Yours</b> "}


@pytest.mark.actor("admin")
class TestSendMail:
    async def test_sends_what_was_written(self, client: AsyncClient, actor: Member, inbox: Inbox) -> None:
        answer = await client.post("/admin/mail", json=DRAFT)
        assert answer.status_code == 202
        assert answer.headers["Location"] == f"/api/v1/jobs/{answer.json()['id']}"
        assert (answer.json()["status"], answer.json()["owner_id"]) == ("queued", str(actor.id))
        (mail,) = await inbox.collect()
        assert to_and_subject([mail]) == [("Reader@Example.org", "We are moving <house>")]
        assert text_of(mail).splitlines()[:3] == ["From Monday on.", "", "<b>Yours</b>"]
        assert "&lt;b&gt;Yours&lt;/b&gt;" in text_of(mail, "html")
        job = await client.get(answer.headers["Location"].removeprefix("/api/v1"))
        assert job.json()["status"] == "succeeded"

    async def test_sends_once_for_a_key(self, client: AsyncClient, inbox: Inbox) -> None:
        for _ in range(2):
            assert (await client.post("/admin/mail", json=DRAFT, headers={"Idempotency-Key": "one"})).status_code == 202
        assert len(await inbox.collect()) == 1

    @pytest.mark.parametrize("to", ["a@b.example, c@d.example", "a@b.example\nBcc: c@d.example", "A <a@b.example>", ""])
    async def test_goes_to_one_address(self, client: AsyncClient, inbox: Inbox, to: str) -> None:
        answer = await client.post("/admin/mail", json=DRAFT | {"to": to})
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/to"]
        assert await inbox.collect() == []

    @pytest.mark.parametrize("subject", ["Hello\r\nBcc: c@d.example", "Hello\nX: y", "Hello\x00", " "])
    async def test_a_subject_is_one_line(self, client: AsyncClient, inbox: Inbox, subject: str) -> None:
        answer = await client.post("/admin/mail", json=DRAFT | {"subject": subject})
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/subject"]
        assert await inbox.collect() == []

    async def test_is_on_record_without_its_reader(
        self, client: AsyncClient, connection: Connection, actor: Member
    ) -> None:
        job = (await client.post("/admin/mail", json=DRAFT)).json()
        row = await connection.fetchrow("SELECT *, detail::text AS said FROM audit_events WHERE action = 'mail_sent'")
        assert row is not None
        assert (row["actor_id"], str(row["subject_id"]), row["said"]) == (actor.id, job["id"], "{}")

    @pytest.mark.parametrize(("answer", "status"), [("550 No such mailbox", "failed"), ("450 Later", "queued")])
    async def test_the_job_says_what_the_server_said(  # noqa: PLR0913, PLR0917 - The fixtures of a whole journey.
        self,
        client: AsyncClient,
        connection: Connection,
        smtp: SMTPSetup,
        mailbox: Mailbox,
        answer: str,
        status: str,
    ) -> None:
        mailbox.refuses["RCPT"] = answer
        job = (await client.post("/admin/mail", json=DRAFT)).json()
        row = await connection.fetchrow("SELECT id, kind, round FROM jobs")
        assert row is not None
        known = {kind.name: kind for kind in kinds()}
        async with listening(server(mailbox)) as port:
            smtp(port)
            verdict = await attempt(known[row["kind"]], row["id"], row["round"], CancelScope(), lambda: False)
        assert isinstance(verdict, Again) == (status == "queued")
        after = (await client.get(f"/jobs/{job['id']}")).json()
        assert (after["status"], after["attempts"], after["problem"]["code"]) == (status, 1, "job_failed")
        assert answer[:3] in after["problem"]["detail"]
        assert "mailbox" not in after["problem"]["detail"]


@pytest.mark.actor("moderator")
async def test_only_administrators_send_mails(client: AsyncClient, inbox: Inbox) -> None:
    answer = await client.post("/admin/mail", json=DRAFT)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert await inbox.collect() == []
