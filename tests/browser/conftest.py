"""A real service and a real browser; only `make browser-test` collects this folder, for it needs Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import httpx2
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, sync_playwright

HERE = Path(__file__).parent
START_SECONDS = 60
PASSWORD = "Difference1"
SIZES = {"desktop": ViewportSize(width=1280, height=900), "phone": ViewportSize(width=360, height=740)}
# The event tells of violations that the console may leave out.
WATCH = """
window.violations = [];
const note = (event) => window.violations.push(event.effectiveDirective);
document.addEventListener("securitypolicyviolation", note);
"""


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave the folder out unless it was named: the other tests run where there is no browser."""
    named = any(Path(argument.partition("::")[0]).resolve().is_relative_to(HERE) for argument in config.args)
    return None if named else True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx2.get(f"{address}/health/ready").is_success:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"the service did not start:\n{log.read_text()[-4000:]}")


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the service, started as `make run` starts it, on an empty database."""
    folder = tmp_path_factory.mktemp("service")
    port = _free_port()
    address = f"http://localhost:{port}"
    settings = {"PORT": str(port), "DATA_DIR": str(folder), "PUBLIC_URL": address, "DEMO_DATA": "false"}
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app"], env=os.environ | settings, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait_until_ready(process, address, log)
        yield address
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise RuntimeError("No Chromium found; on Debian: apt-get install chromium")
    # Chromium refuses its sandbox to root, which is who runs in a container.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page and everything that it complained of or asked others for."""

    page: Page
    home: str
    # Size and scheme, such as `phone-dark`.
    kind: str
    complaints: list[str] = field(default_factory=list[str])
    foreign: list[str] = field(default_factory=list[str])

    def watch(self) -> None:
        """Note complaints and requests from now on."""
        self.page.add_init_script(WATCH)
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        self.page.on("request", lambda request: self._note_request(request.url))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _note_request(self, url: str) -> None:
        if not url.startswith((f"{self.home}/", "data:", "blob:")):
            self.foreign.append(url)

    def open(self, path: str) -> None:
        """Go there and wait until the page is quiet; only Swagger UI still asks for something once it is loaded."""
        quiet = "networkidle" if path.startswith("/docs") else "load"
        self.page.goto(f"{self.home}{path}", wait_until=quiet)

    def verify(self) -> None:
        """Fail when the page complained, asked another host or broke its policy."""
        assert self.complaints == []
        assert self.foreign == []
        assert self.page.evaluate("window.violations") == []


def log_in(visit: Visit, name: str) -> None:
    """Register a member, open the tool and log in there, as its window for credentials wants it."""
    member = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    httpx2.post(f"{visit.home}/api/v1/auth/register", json=member).raise_for_status()
    visit.open("/docs")
    visit.page.locator("button.authorize").first.click()
    visit.page.fill("#oauth_username", name)
    visit.page.fill("#oauth_password", PASSWORD)
    visit.page.locator(".auth-btn-wrapper button.authorize").first.click()
    visit.page.locator(".auth-btn-wrapper").get_by_text("Logout").wait_for()
    visit.page.locator(".btn-done").first.click()


def overflow(visit: Visit) -> int:
    """Return by how many pixels the page is wider than the window."""
    return visit.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


@pytest.fixture(params=["desktop-light"])
def visit(request: pytest.FixtureRequest, browser: Browser, service: str) -> Iterator[Visit]:
    """A fresh visitor; what it saw last is kept under build/browser."""
    size, _, scheme = request.param.partition("-")
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme)
    visitor = Visit(context.new_page(), service, request.param)
    visitor.watch()
    yield visitor
    visitor.page.screenshot(path=f"build/screenshots/{cast('pytest.Item', request.node).name}.png")
    context.close()
