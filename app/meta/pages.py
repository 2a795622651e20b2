"""The HTML pages: made by `make generate`, read from `generated/site/` when somebody first asks for them."""

import re
from functools import cache
from pathlib import Path

from app.contract import BUNDLE
from app.meta.assets import assets
from app.meta.documents import NO_CONTENT_POLICY, Document, document

SITE = BUNDLE.parent / "site"
HTML = "text/html; charset=utf-8"
# Pages name assets by checksum, so a kept page could ask for assets that are gone after a deployment.
REVALIDATE = "public, no-cache"
# No inline script, no inline style, nothing from elsewhere.
PAGE_POLICY = f"{NO_CONTENT_POLICY}; style-src 'self'; img-src 'self'; script-src 'self'"
# Swagger UI asks the service, and its icons are data: images. It needs no more than this.
TOOL_POLICY = f"{PAGE_POLICY.replace('img-src', 'img-src data:')}; connect-src 'self'"
TOOL = "/docs"
# What mailed links lead to asks the service, and needs no more than this.
ACCOUNT_POLICY = f"{PAGE_POLICY}; connect-src 'self'"
ACCOUNT = frozenset({"/verify-email", "/reset-password"})


def _address(file: Path) -> str:
    path = file.relative_to(SITE).with_suffix("").as_posix()
    return "/" if path == "index" else f"/{path}"


@cache
def addresses() -> frozenset[str]:
    """Return the address of every page, such as `/redoc/posts`."""
    return frozenset(_address(file) for file in SITE.rglob("*.html"))


@cache
def page(address: str, vary: str = "Accept-Encoding") -> Document:
    """Read, complete and compress a page; there are as many as the site has files, a few kilobytes each."""
    html = (SITE / f"{address.strip('/') or 'index'}.html").read_text()
    html = re.sub(r'"asset:([\w.-]+)"', lambda found: f'"{assets().addresses[found[1]]}"', html)
    policy = TOOL_POLICY if address == TOOL else ACCOUNT_POLICY if address in ACCOUNT else PAGE_POLICY
    return document(html.encode(), HTML, cache=REVALIDATE, policy=policy, vary=vary)
