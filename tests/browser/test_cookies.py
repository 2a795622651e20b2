"""Sessions in cookies, in a real browser: what our pages may do with them, and what other pages may not."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.browser.conftest import Visit
from tests.browser.test_account import OLD, member

ACCESS, REFRESH, TOKEN = "__Host-access_token", "__Secure-refresh_token", "__Host-csrf_token"
OPEN = """async (form) => {
  const answer = await fetch("/api/v1/auth/session", {method: "POST", body: new URLSearchParams(form)});
  return answer.status;
}"""
# The page's own token goes into the header; another value stands for a page that cannot read it.
CHANGE = """async (given) => {
  const read = document.cookie.match(/__Host-csrf_token=([^;]+)/);
  const headers = {"Content-Type": "application/merge-patch+json", "If-Match": "*"};
  if (given !== null) headers["X-CSRF-Token"] = given || read[1];
  const answer = await fetch("/api/v1/users/me", {method: "PATCH", headers, body: '{"bio": "By cookie."}'});
  return [answer.status, (await answer.json()).code ?? null];
}"""
FORM = """<!doctype html><title>Elsewhere</title>
<form method="post" action="{action}"><input name="username" value="{name}"><input name="password" value="{password}">
<button>Win</button></form>"""


@pytest.fixture
def foreign() -> Iterator[Any]:
    """Serve a page at another origin; give what takes the page's text and returns its address."""
    page: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - As it is called there.
            """Keep quiet."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page["text"])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()

    def served(text: str, host: str) -> str:
        page["text"] = text.encode()
        return f"http://{host}:{server.server_port}/"

    yield served
    server.shutdown()
    thread.join()
    server.server_close()


def enter(visit: Visit, name: str) -> None:
    """Open a session from a page of ours."""
    member(visit, name)
    # Its policy lets it ask the service.
    visit.open("/reset-password")
    assert visit.page.evaluate(OPEN, {"username": name, "password": OLD}) == 204


def test_a_page_of_ours_reads_one_cookie_and_changes_what_is_its_members(visit: Visit) -> None:
    enter(visit, "cookie_reader")
    kept = {cookie.get("name"): cookie for cookie in visit.page.context.cookies()}
    # Browsers take them from a loopback address without HTTPS.
    assert kept.keys() == {ACCESS, REFRESH, TOKEN}
    assert [name for name in kept if kept[name].get("httpOnly")] == [name for name in kept if name != TOKEN]
    assert all(cookie.get("secure") and cookie.get("sameSite") == "Lax" for cookie in kept.values())
    readable: str = visit.page.evaluate("document.cookie")
    assert [part.partition("=")[0] for part in readable.split("; ")] == [TOKEN]
    assert visit.page.evaluate(CHANGE, "") == [200, None]


@pytest.mark.parametrize("given", [None, "guessed"])
def test_who_cannot_read_the_token_changes_nothing(visit: Visit, given: str | None) -> None:
    enter(visit, f"cookie_{given or 'without'}")
    assert visit.page.evaluate(CHANGE, given) == [403, "csrf_failed"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_form_of_another_origin_opens_no_session(visit: Visit, foreign: Any, host: str) -> None:
    name = f"cookie_{host.replace('.', '_')}"
    member(visit, name)
    action = f"{visit.home}/api/v1/auth/session"
    visit.page.goto(foreign(FORM.format(action=action, name=name, password=OLD), host))
    with visit.page.expect_response(action) as answered:
        visit.page.get_by_role("button", name="Win").click()
    assert answered.value.status == 403
    assert visit.page.context.cookies() == []


def test_the_session_ends_with_its_cookies(visit: Visit) -> None:
    enter(visit, "cookie_leaver")
    closed = visit.page.evaluate("""async () => {
      const token = document.cookie.match(/__Host-csrf_token=([^;]+)/)[1];
      return (await fetch("/api/v1/auth/session", {method: "DELETE", headers: {"X-CSRF-Token": token}})).status;
    }""")
    assert closed == 204
    assert visit.page.context.cookies() == []
