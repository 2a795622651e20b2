"""The pages that mailed links lead to, from the mail in the outbox to the account."""

import re
import time
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import httpx2
import pytest

from tests.browser.conftest import Visit

OLD, NEW = "Weaves4lgebra", "Spins2Looms"
WAIT_SECONDS = 20


@pytest.fixture
def outbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the service of the session puts its mails."""
    return tmp_path_factory.getbasetemp() / "service0/outbox"


def link(outbox: Path, address: str, page: str) -> str:
    """Wait for the newest link to a page that was mailed to an address."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        for file in sorted(outbox.glob("*.eml"), reverse=True):
            body = message_from_bytes(file.read_bytes(), policy=SMTP).get_body(("plain",))
            text = body.get_content() if body else ""
            found = re.search(rf"http\S+/{page}#token=\S+", text)
            if found and address in file.read_text():
                return found[0]
        time.sleep(0.1)
    raise AssertionError(f"no link to {page} was mailed to {address}")


def member(visit: Visit, name: str) -> dict[str, str]:
    """Register somebody; return username and address."""
    draft = {"username": name, "email": f"{name}@example.org"}
    answer = httpx2.post(f"{visit.home}/api/v1/auth/register", json=draft | {"password": OLD})
    assert answer.status_code == 201, answer.text
    return draft


def log_in(visit: Visit, name: str, password: str) -> httpx2.Response:
    return httpx2.post(f"{visit.home}/api/v1/auth/login", data={"username": name, "password": password})


def is_verified(visit: Visit, name: str) -> bool:
    token = log_in(visit, name, OLD).json()["access_token"]
    answer = httpx2.get(f"{visit.home}/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})
    return answer.json()["email_verified"]


def test_opening_a_link_does_nothing_and_its_button_verifies(visit: Visit, outbox: Path) -> None:
    ada = member(visit, "ada_verifies")
    address = link(outbox, ada["email"], "verify-email")
    visit.page.goto(address)
    assert not is_verified(visit, ada["username"])
    # The token is gone from where others might read it.
    assert visit.page.url == f"{visit.home}/verify-email"
    visit.page.get_by_role("button", name="Confirm the address").click()
    visit.page.get_by_text("The address is confirmed.").wait_for()
    assert is_verified(visit, ada["username"])
    visit.verify()


def test_a_forgotten_password_is_replaced(visit: Visit, outbox: Path) -> None:
    ada = member(visit, "ada_forgets")
    visit.open("/reset-password")
    visit.page.get_by_label("E-mail address of the account").fill(ada["email"])
    visit.page.get_by_role("button", name="Send me a link").click()
    visit.page.get_by_text("If there is such an account").wait_for()
    visit.page.goto(link(outbox, ada["email"], "reset-password"))
    # The page is open already, so the link brings no new one: its script hears of the token a moment later.
    visit.page.get_by_label("New password").wait_for()
    visit.page.reload()
    # Reloaded, the page has lost the token, and offers a new one.
    visit.page.get_by_label("E-mail address of the account").wait_for()
    visit.page.goto(link(outbox, ada["email"], "reset-password"))
    visit.page.get_by_label("New password").fill("alllowercase")
    visit.page.get_by_role("button", name="Set the password").click()
    visit.page.get_by_text("an upper-case letter, a digit", exact=False).last.wait_for()
    visit.page.get_by_label("New password").fill(NEW)
    visit.page.get_by_role("button", name="Set the password").click()
    visit.page.get_by_text("The password is set.").wait_for()
    assert log_in(visit, ada["username"], OLD).status_code == 401
    assert log_in(visit, ada["username"], NEW).status_code == 200
