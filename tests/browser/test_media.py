"""Files on the pages for people: uploaded from the tool, and shown by example for reading."""

import json
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Locator

from tests.browser.conftest import Visit, log_in, overflow

UPLOAD, VARIANT = "uploadMedia", "createVariant"
SIZE = (8, 6)


def picture(name: str) -> FilePayload:
    """Return a small PNG, as somebody would choose it from a disc."""
    buffer = BytesIO()
    Image.new("RGB", SIZE, (200, 80, 10)).save(buffer, "PNG")
    return FilePayload(name=name, mimeType="image/png", buffer=buffer.getvalue())


def opened(visit: Visit, operation: str) -> Locator:
    """Return the block of an operation in the tool, opened."""
    block = visit.page.locator(f"#operations-Media-{operation}")
    block.locator(".opblock-summary-control").click()
    block.locator(".opblock-section-request-body").wait_for()
    return block


def executed(block: Locator) -> tuple[int, dict[str, Any]]:
    """Send what is filled in, and return the status and the body that the tool shows."""
    block.locator(".execute").click()
    answer = block.locator(".live-responses-table .response").first
    answer.wait_for()
    status = answer.locator(".response-col_status").inner_text()
    return int(status.split()[0]), json.loads(answer.locator(".highlight-code code").first.inner_text())


@pytest.mark.parametrize("names", [["small.png"], ["first.png", "second.png"]], ids=["one", "two"])
def test_docs_uploads_files(visit: Visit, names: list[str]) -> None:
    log_in(visit, f"uploads_{len(names)}")
    block = opened(visit, UPLOAD)
    chosen = block.locator("input[type=file]")
    for number, name in enumerate(names):
        if number:
            block.locator(".json-schema-form-item-add").click()
        chosen.nth(number).set_input_files(picture(name))
    status, body = executed(block)
    assert status == 201
    assert [item["original_name"] for item in body["items"]] == names
    assert {(item["media_type"], item["width"], item["height"]) for item in body["items"]} == {("image/png", *SIZE)}
    visit.verify()
    visit.page.locator(f"#operations-Media-{UPLOAD} .live-responses-table").scroll_into_view_if_needed()


def test_docs_makes_a_variant_as_the_example_says(visit: Visit) -> None:
    log_in(visit, "variant_maker")
    block = opened(visit, UPLOAD)
    block.locator("input[type=file]").set_input_files(picture("small.png"))
    _, body = executed(block)
    block.locator(".opblock-summary-control").click()
    block = opened(visit, VARIANT)
    assert json.loads(block.locator("textarea.body-param__text").input_value()) == {"width": 64, "quality": 60}
    block.get_by_placeholder("media_id").fill(body["items"][0]["id"])
    status, job = executed(block)
    assert (status, job["kind"]) == (202, "media.make_variant")
    visit.verify()


def test_docs_shows_the_examples(visit: Visit) -> None:
    visit.open("/docs")
    block = opened(visit, UPLOAD)
    answer = block.locator(".responses-table .response").first
    examples = answer.locator(".examples-select-element")
    assert examples.locator("option").all_inner_texts() == ["A portrait.", "Two files, of which both are kept or none."]
    shown = answer.locator(".highlight-code code").first
    assert [item["original_name"] for item in json.loads(shown.inner_text())["items"]] == ["portrait.png"]
    examples.select_option("files")
    visit.page.wait_for_function("(code) => JSON.parse(code.innerText).items.length === 2", arg=shown.element_handle())
    visit.verify()


@pytest.mark.parametrize("visit", ["desktop-light", "phone-dark"], indirect=True)
@pytest.mark.parametrize(
    ("operation", "shown"),
    [(UPLOAD, ["--form", "portrait.png", "created_at"]), (VARIANT, ["--request POST", '"quality": 60', '"progress"'])],
)
def test_the_reference_shows_the_examples(visit: Visit, operation: str, shown: list[str]) -> None:
    visit.open(f"/redoc/media#{operation}")
    examples = visit.page.locator(f"section[aria-labelledby='{operation}-name'] pre")
    seen = "\n".join(text for text in examples.all_inner_texts() if text)
    assert [words for words in shown if words not in seen] == []
    assert overflow(visit) <= 0
    visit.verify()
