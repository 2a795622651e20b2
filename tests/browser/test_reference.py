"""The published page for reading, opened from a file where there is no service and no other host."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from scripts import publish


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, published with a stand-in for the clients, which it does not need."""
    folder = tmp_path_factory.mktemp("published")
    (folder / "clients").mkdir()
    (folder / "clients/archive").write_text("anything")
    publish.publish(folder / "dist", clients=folder / "clients")
    return folder / "dist/reference.html"


@pytest.mark.parametrize("width", [1280, 390], ids=["desktop", "phone"])
def test_is_whole_without_other_hosts(browser: Browser, page_file: Path, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(page_file.as_uri())
    page.get_by_text("The API of a publication and its community.").first.wait_for()
    page.keyboard.press("Control+k")
    page.keyboard.type("publish a post")
    page.get_by_text("/posts/{post_id}/publication").first.wait_for()
    assert complaints == []
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
