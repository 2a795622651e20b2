"""Whether everybody can read and use the pages: axe-core, the width of a phone, and a keyboard alone."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from app.meta.pages import ACCOUNT, addresses
from tests.browser.conftest import Visit, overflow

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
GRAVE = {"serious", "critical"}
everywhere = pytest.mark.parametrize(
    "visit", ["desktop-light", "desktop-dark", "phone-light", "phone-dark"], indirect=True
)
# One problem page is like the next; of the other pages each is looked at, by day on a desk and by night on a phone.
# In the other two combinations one page of each kind is.
KEPT_PROBLEM = "/problems/validation_failed"
PAGES = sorted(path for path in addresses() if not path.startswith("/problems/") or path == KEPT_PROBLEM)
KINDS = ("/", "/docs", "/redoc", "/redoc/auth", "/guides", "/guides/errors", "/problems", KEPT_PROBLEM)
SOME = (*KINDS, *sorted(ACCOUNT))
LOOKED_AT = {"desktop-light": PAGES, "phone-dark": PAGES, "desktop-dark": SOME, "phone-light": SOME}


def findings(page: Page) -> list[str]:
    """Return what axe-core finds grave, a line each: rule, element and what is wrong with it."""
    # The page's policy lets no script be added, but the browser's own tools run beside it.
    page.evaluate(AXE.read_text())
    violations = page.evaluate("axe.run({resultTypes: ['violations']}).then((result) => result.violations)")
    return [
        f"{found['id']}: {node['target']} {node['failureSummary']}"
        for found in violations
        if found["impact"] in GRAVE
        for node in found["nodes"]
    ]


def unfold(page: Page) -> None:
    """Open all that is folded, so that it is looked at too."""
    page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true; })")


@everywhere
def test_every_page_is_for_everybody(visit: Visit) -> None:
    found: dict[str, list[str]] = {}
    for path in LOOKED_AT[visit.kind]:
        visit.open(path)
        unfold(visit.page)
        name = path.strip("/").replace("/", "-") or "index"
        visit.page.screenshot(path=f"build/screenshots/{name}-{visit.kind}.png")
        found[path] = findings(visit.page) + (["wider than the window"] if overflow(visit) > 0 else [])
    assert {path: lines for path, lines in found.items() if lines} == {}
    visit.verify()


def open_operations(visit: Visit) -> None:
    """Open an operation of each method in Swagger UI, and send one."""
    visit.open("/docs")
    for method in ("get", "post", "put", "patch", "delete"):
        block = visit.page.locator(f".opblock-{method}").first
        block.locator(".opblock-summary-control").click()
        block.locator(".responses-table").first.wait_for()
    visit.page.locator("#operations-Posts-listPosts .opblock-summary-control").click()
    visit.page.locator("#operations-Posts-listPosts .execute").click()
    visit.page.locator("#operations-Posts-listPosts .live-responses-table .highlight-code code").first.wait_for()


@everywhere
def test_trying_out_is_for_everybody(visit: Visit) -> None:
    open_operations(visit)
    assert findings(visit.page) == []
    assert overflow(visit) <= 0
    visit.page.locator("button.authorize").first.click()
    visit.page.locator(".auth-container").first.wait_for()
    assert findings(visit.page) == []
    visit.verify()


def image_without_words(page: Page) -> None:
    page.evaluate("document.querySelector('main').append(Object.assign(new Image(), {src: 'data:,'}))")


def pale_text(page: Page) -> None:
    page.evaluate("document.querySelector('main p').style.color = '#bbbbbb'")


def nameless_button(page: Page) -> None:
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")


@pytest.mark.parametrize(
    ("plant", "rule"),
    [(image_without_words, "image-alt"), (pale_text, "color-contrast"), (nameless_button, "button-name")],
)
def test_a_planted_barrier_is_found(visit: Visit, plant: Callable[[Page], None], rule: str) -> None:
    visit.open("/problems/not_found")
    plant(visit.page)
    assert [line.partition(":")[0] for line in findings(visit.page)] == [rule]


def test_a_page_that_is_too_wide_is_seen(visit: Visit) -> None:
    visit.open("/problems/not_found")
    visit.page.evaluate("document.querySelector('main h1').style.width = '3000px'")
    assert overflow(visit) > 0


# What a person can act on, and whether it shows where the keyboard is.
REACHABLE = """[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
  .filter((one) => one.checkVisibility({visibilityProperty: true}) && !one.disabled)
  .filter((one) => one.type !== 'radio' || one.checked)"""
FOCUSED = """(() => {
  const one = document.activeElement;
  const shown = one.matches('.tabs input') ? one.nextElementSibling : one;
  const style = getComputedStyle(shown);
  return [all.indexOf(one), style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0];
})()"""


def walk(page: Page) -> tuple[list[str], list[str]]:
    """Press Tab through the page; return what was never reached, and what did not show that it was."""
    count: int = page.evaluate(f"(window.all = {REACHABLE}).length")
    reached: set[int] = set()
    dim: set[int] = set()
    for _ in range(count + 5):
        page.keyboard.press("Tab")
        index, visible = page.evaluate(FOCUSED)
        reached.add(index)
        dim |= set() if visible else {index}
    names: list[str] = page.evaluate("all.map((one) => one.outerHTML.slice(0, 80))")
    return (
        [name for index, name in enumerate(names) if index not in reached],
        [name for index, name in enumerate(names) if index in dim],
    )


@pytest.mark.parametrize("visit", ["desktop-light", "phone-dark"], indirect=True)
@pytest.mark.parametrize("path", ["/", "/redoc/auth", "/guides/authentication", "/problems"])
def test_a_keyboard_reaches_everything_and_shows_where_it_is(visit: Visit, path: str) -> None:
    visit.open(path)
    missed, dim = walk(visit.page)
    assert missed == []
    assert dim == []


def test_a_control_that_no_key_reaches_is_seen(visit: Visit) -> None:
    visit.open("/problems")
    visit.page.evaluate("document.querySelector('main td a, main th a').tabIndex = -1")
    missed, _ = walk(visit.page)
    assert len(missed) == 1
    assert "malformed_request" in missed[0]


def test_a_focus_that_does_not_show_is_seen(visit: Visit) -> None:
    visit.open("/problems")
    visit.page.evaluate("document.querySelector('main th a').style.outline = 'none'")
    _, dim = walk(visit.page)
    assert len(dim) == 1


def test_the_first_key_skips_to_the_content(visit: Visit) -> None:
    visit.open("/redoc/posts")
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    visit.page.keyboard.press("Enter")
    assert visit.page.evaluate("document.activeElement.id") == "main"


def test_contents_fold_on_a_phone(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 360, "height": 740})
    visit.open("/redoc/posts")
    entry = visit.page.locator(".contents").get_by_role("link", name="Create a tag")
    assert not entry.is_visible()
    visit.page.locator(".contents summary").press("Enter")
    entry.click()
    visit.page.wait_for_url("**/redoc/tags#createTag")
    visit.verify()


def test_an_operation_is_found_by_its_words(visit: Visit) -> None:
    visit.open("/redoc")
    visit.page.get_by_label("Find an operation").fill("like post")
    shown = visit.page.locator(".contents li[data-words]:visible")
    assert shown.count() == 2
    assert visit.page.locator("#filter-result").inner_text() == "2 operations"
    visit.verify()


def test_a_language_is_chosen_once_for_all_examples(visit: Visit) -> None:
    visit.open("/redoc/posts")
    visit.page.locator("label", has_text=re.compile("^Python$")).first.click()
    for path in ("/redoc/posts", "/redoc/tags"):
        visit.open(path)
        chosen = visit.page.locator(".tabs input[id^='language-of-']:checked")
        assert {radio.get_attribute("value") for radio in chosen.all()} == {"Python"}
    visit.verify()


def test_code_is_copied(visit: Visit) -> None:
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.open("/guides/errors")
    visit.page.get_by_role("button", name="Copy").first.click()
    visit.page.get_by_role("button", name="Copied").wait_for()
    assert "limit=1000" in visit.page.evaluate("navigator.clipboard.readText()")
    visit.verify()


def test_the_reference_can_be_read_without_scripts(visit: Visit) -> None:
    browser = visit.page.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{visit.home}/redoc/posts")
    assert page.locator("#createPost h2").is_visible()
    assert page.locator("#createPost .pane pre").first.is_visible()
    context.close()
