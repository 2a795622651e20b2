"""What a person sees who opens the root pages in a browser."""

import json

import httpx2
import pytest

from app.contract import operations
from app.meta.pages import PAGE_POLICY
from tests.browser.conftest import Visit, log_in, overflow

everywhere = pytest.mark.parametrize(
    "visit", ["desktop-light", "desktop-dark", "phone-light", "phone-dark"], indirect=True
)


def test_the_front_page_leads_to_the_others(visit: Visit) -> None:
    visit.open("/")
    assert visit.page.locator("h1").inner_text() == "Galley"
    visit.page.get_by_role("link", name="Reference Every operation").click()
    visit.page.wait_for_url("**/redoc")
    visit.verify()


@everywhere
def test_the_front_page_fits_and_follows_the_scheme(visit: Visit) -> None:
    visit.open("/")
    dark = visit.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    background = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(23, 22, 20)" if dark else "rgb(251, 250, 246)")
    assert overflow(visit) <= 0
    visit.verify()


def test_a_problem_page_explains(visit: Visit) -> None:
    visit.open("/problems/precondition_required")
    assert visit.page.get_by_role("heading", name="What to do").is_visible()
    visit.verify()


@everywhere
def test_docs_shows_every_operation(visit: Visit) -> None:
    visit.open("/docs")
    visit.page.locator(".opblock").first.wait_for()
    assert visit.page.locator(".opblock").count() == len(operations())
    assert overflow(visit) <= 0
    visit.verify()


@pytest.mark.parametrize("visit", ["phone-dark"], indirect=True)
@pytest.mark.parametrize("name", ["Posts-createPost", "Auth-logIn"])
def test_docs_opens_an_operation_with_a_body(visit: Visit, name: str) -> None:
    visit.open("/docs")
    visit.page.locator(f"#operations-{name} .opblock-summary-control").click()
    visit.page.locator(f"#operations-{name} .opblock-section-request-body").wait_for()
    visit.page.locator(f"#operations-{name} .responses-table").wait_for()
    visit.verify()


def test_docs_tries_an_operation_out(visit: Visit) -> None:
    visit.open("/docs")
    visit.page.locator("#operations-Posts-listPosts .opblock-summary-control").click()
    visit.page.locator("#operations-Posts-listPosts .execute").click()
    answer = visit.page.locator("#operations-Posts-listPosts .live-responses-table .highlight-code code").first
    answer.wait_for()
    assert json.loads(answer.inner_text())["items"] == []
    visit.verify()


def test_docs_logs_in(visit: Visit) -> None:
    name = "ada_lovelace"
    log_in(visit, name)
    visit.page.locator("#operations-Users-getMe .opblock-summary-control").click()
    visit.page.locator("#operations-Users-getMe .execute").click()
    answer = visit.page.locator("#operations-Users-getMe .live-responses-table .highlight-code code").first
    answer.wait_for()
    assert json.loads(answer.inner_text())["username"] == name
    visit.verify()


def test_a_planted_violation_is_seen(visit: Visit) -> None:
    """Otherwise silence would prove nothing."""
    visit.open("/")
    visit.page.evaluate("document.head.append(Object.assign(document.createElement('script'), {text: '1'}))")
    assert visit.page.evaluate("window.violations") == ["script-src-elem"]
    visit.page.evaluate("document.body.append(Object.assign(new Image(), {src: 'https://example.org/x.png'}))")
    visit.page.wait_for_function("window.violations.length > 1")
    assert visit.complaints != []


def test_the_service_keeps_the_policy_of_a_page(service: str) -> None:
    policies = httpx2.get(f"{service}/problems/not_found").headers.get_list("content-security-policy")
    assert policies == [PAGE_POLICY]
