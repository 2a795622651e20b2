"""Mails as they are composed."""

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest
from jinja2 import UndefinedError

from app.mail.compose import TEMPLATES, NotComposed, Written, compose, write
from app.mail.service import Notice
from tests.mail.conftest import Setup
from tests.mail.messages import parsed, text_of

PLAIN = Written("Is this your address?", "Hello.\n", "<p>Hello.</p>")
VALUES: dict[str, dict[str, Any]] = {
    "welcome": {"username": "ada_l"},
    "email_verification": {"username": "ada_l", "link": "https://galley.example/verify-email#token=x", "hours": 24},
    "password_reset": {"username": "ada_l", "link": "https://galley.example/reset-password#token=x", "minutes": 60},
    "security_notice": {"username": "ada_l", "notice": "password_changed"},
    "item_created": {
        "username": "ada_l",
        "link": "https://galley.example/api/v1/items/01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11",
        "status": "active",
    },
    "message": {"title": "On looms", "text": "They weave."},
}


def sent(message: EmailMessage) -> EmailMessage:
    """Return a message as it arrives."""
    return parsed(message.as_bytes())


class TestTemplates:
    def test_each_mail_has_both_forms_and_a_test(self) -> None:
        layouts = {"layout", "parts"}
        texts = {file.stem for file in TEMPLATES.glob("*.txt")} - layouts
        pages = {file.stem for file in TEMPLATES.glob("*.html")} - layouts
        assert texts == pages == set(VALUES)

    @pytest.mark.parametrize("name", VALUES)
    def test_both_forms_say_the_same(self, name: str) -> None:
        written = write(name, VALUES[name])
        assert 3 < len(written.subject) < 80
        for value in VALUES[name].values():
            if value not in ("password_changed", "On looms"):
                assert str(value) in written.text
                assert str(value) in written.html
        assert f"<title>{written.subject}</title>" in written.html
        assert "http://localhost:8000" in written.text

    @pytest.mark.parametrize("name", VALUES)
    def test_a_missing_value_is_an_error(self, name: str) -> None:
        for missing in VALUES[name]:
            with pytest.raises(UndefinedError):
                write(name, {key: value for key, value in VALUES[name].items() if key != missing})

    @pytest.mark.parametrize(
        "notice",
        [notice.value for notice in Notice],
    )
    def test_every_notice_says_what_happened_and_what_to_do(self, notice: str) -> None:
        written = write("security_notice", {"username": "ada_l", "notice": notice})
        assert "Hello ada_l" in written.text
        assert "there is nothing to do. If not, " in written.text
        assert ("reset-password" in written.text) == (notice != "email_changed")
        # The same in both forms, and no two alike.
        assert written.subject in written.html
        assert len({write("security_notice", {"username": "ada_l", "notice": one}).text for one in Notice}) == len(
            Notice
        )

    def test_an_unknown_notice_is_an_error(self) -> None:
        with pytest.raises(UndefinedError):
            write("security_notice", {"username": "ada_l", "notice": "weather"})

    def test_html_is_escaped_and_text_is_not(self) -> None:
        written = write("message", {"title": "<i>", "text": "<script>1 & 2</script>"})
        assert "<script>1 & 2</script>" in written.text
        assert "&lt;script&gt;1 &amp; 2&lt;/script&gt;" in written.html
        assert "<title>&lt;i&gt;</title>" in written.html

    @pytest.mark.parametrize("name", VALUES)
    def test_html_asks_nobody_for_anything(self, name: str) -> None:
        page = write(name, VALUES[name]).html
        assert re.findall(r"<(?:img|link|script|iframe|object|style|form)\b|url\(|@import", page) == []
        assert 'content="light dark"' in page
        assert 'content="width=device-width, initial-scale=1"' in page


class TestMessage:
    def test_has_a_text_and_an_html_part(self) -> None:
        message = sent(compose("one", to="ada@example.org", name="ada_l", written=PLAIN))
        assert message.get_content_type() == "multipart/alternative"
        assert [inner.get_content_type() for inner in message.iter_parts()] == ["text/plain", "text/html"]
        assert text_of(message, "plain").strip() == "Hello."
        assert text_of(message, "html").strip() == "<p>Hello.</p>"

    def test_says_from_whom_to_whom_and_that_a_program_wrote_it(self, set_up: Setup) -> None:
        set_up(emails_from_email="galley@galley.example", emails_from_name="Çàlley")
        message = sent(compose("one", to="ada@example.org", name="ada_l", written=PLAIN))
        (sender,), (reader,) = message["From"].addresses, message["To"].addresses
        assert (sender.display_name, sender.addr_spec) == ("Çàlley", "galley@galley.example")
        assert (reader.display_name, reader.addr_spec) == ("ada_l", "ada@example.org")
        assert message["Subject"] == "Is this your address?"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["Date"].datetime.utcoffset().total_seconds() == 0

    def test_has_the_same_id_when_it_is_made_again(self) -> None:
        first, again, other = (
            compose(key, to="ada@example.org", name="ada_l", written=PLAIN)["Message-ID"] for key in ("a", "a", "b")
        )
        assert first == again != other
        assert re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", first)

    @pytest.mark.parametrize("name", ["Åda " * 24, "李" * 100, 'Ada "L" <x@y.example>, you', "a" * 100])
    def test_names_arrive_as_they_are_and_in_ascii(self, name: str) -> None:
        message = compose("one", to="ada@example.org", name=name.strip(), written=PLAIN)
        raw = message.as_bytes()
        assert raw.isascii()
        assert max(map(len, raw.split(b"\r\n"))) <= 998
        # Not by the reader of Python 3.11's `email`, which puts a space between words where RFC 2047 wants none.
        shown, address = parseaddr(str(message_from_bytes(raw)["To"]).replace("\r\n", ""))
        assert (str(make_header(decode_header(shown))), address) == (name.strip(), "ada@example.org")

    @pytest.mark.parametrize(
        "break_out", ["\r\nBcc: all@example.org", "\nX: y", "\rX: y", "\x00", "\u2028X: y", "\x85X: y"]
    )
    def test_no_header_is_smuggled_in(self, break_out: str) -> None:
        with pytest.raises(NotComposed):
            compose("one", to="ada@example.org", name=f"Ada{break_out}", written=PLAIN)
        with pytest.raises(NotComposed):
            compose("one", to=f"ada@example.org{break_out}", name="Ada", written=PLAIN)
        with pytest.raises(NotComposed):
            compose("one", to="ada@example.org", name="Ada", written=Written(f"Hello{break_out}", "", ""))
        with pytest.raises(NotComposed):
            compose(f"one{break_out}", to="ada@example.org", name="Ada", written=PLAIN)

    @pytest.mark.parametrize(
        "address", ["", "ada", "ada@", "a@b@c", "ada@example.org, bob@example.org", "<ada@example.org"]
    )
    def test_what_is_not_one_address_is_refused(self, address: str) -> None:
        with pytest.raises(NotComposed):
            compose("one", to=address, name="Ada", written=PLAIN)

    def test_text_of_any_kind_arrives(self) -> None:
        text = "Zeile\n.\nFrom here\n" + "ü" * 2000 + "\n"
        message = sent(compose("one", to="ada@example.org", name="Ada", written=Written("Süß", text, f"<p>{text}</p>")))
        assert message["Subject"] == "Süß"
        assert text_of(message, "plain").replace("\r\n", "\n") == text
