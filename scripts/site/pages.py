"""All pages of the site, by their address: the reference, the problems, the guides, and the frame of `/docs`."""

import re
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from scripts.site import guides, journeys, operations, problems
from scripts.site.document import Document, Node, SiteError, slug
from scripts.site.prose import markdown, safe
from scripts.site.schemas import Shapes, Value

HERE = Path(__file__).parent
GUIDES = HERE.parents[1] / "docs/guides"
JOURNEYS = HERE.parents[1] / "openapi/workflows"
Samples = dict[str, list[dict[str, str]]]

CARDS = (
    ("/redoc", "Reference", "Every operation, for reading."),
    ("/guides", "Guides", "What holds for all of them."),
    ("/problems", "Problems", "Every failure, and what to do."),
    ("/docs", "Try it", "Call the operations from the browser."),
    ("/openapi.json", "openapi.json", "The contract, for generators."),
    ("/openapi.yaml", "openapi.yaml", "The contract, for people."),
    ("/health", "Health", "Whether the service is alive."),
    ("/health/ready", "Readiness", "Whether what it depends on answers."),
)
SECTIONS = ("/redoc", "/guides", "/problems", "/docs")
# What only a running service has.
SERVED = ("/docs", "/health", "/health/ready")


def breaks(text: str) -> Markup:
    """Let a long path or name break where a reader would break it."""
    return safe(re.sub(r"([/_])(?=.)", r"\1<wbr>", escape(text)))


def capfirst(text: str) -> str:
    """Begin a sentence."""
    return text[:1].upper() + text[1:]


def _environment(md: MarkdownIt) -> Environment:
    def paragraphs(text: str) -> Markup:
        return safe(md.render(text))

    def line(text: str) -> Markup:
        return safe(md.renderInline(text))

    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "md": paragraphs,
        "md_line": line,
        "slug": slug,
        "breaks": breaks,
        "capfirst": capfirst,
    }
    return environment


def _schemas(document: Document) -> list[Value]:
    shapes = Shapes(document)
    listed = sorted(name for name in document.schemas() if shapes.is_listed(name))
    return [shapes.value(name, {"$ref": f"#/components/schemas/{name}"}, required=True) for name in listed]


def render(
    contract: Node,
    samples: Samples,
    *,
    served: bool = True,
    guide_folder: Path = GUIDES,
    journey_folder: Path = JOURNEYS,
) -> dict[str, str]:
    """Return the HTML of every page by its address, such as `/redoc/posts`.

    `samples` are calls by the real clients, by operationId. With `served` the pages belong to a running service,
    without they stand for themselves. Assets are named `asset:<file>`; who sends the pages has their addresses.

    Raises SiteError when the contract or a guide leaves something out that a page needs, or a link leads nowhere.
    """
    document = Document(contract)
    known = problems.catalogue(document)
    targets = {operation.name: operation.href for operation in document.operations.values()}
    targets |= {problem.code: problem.href for problem in known}
    md = markdown(link=lambda word: targets.get(word, ""))
    environment = _environment(md)
    shared: dict[str, Any] = {
        "document": document,
        "info": {"summary": "", "description": "", **document.root["info"]},
        "served": served,
        "problems": known,
        "guides": guides.read(guide_folder, document, known, md),
        "journeys": journeys.read(journey_folder, document),
        "schemas": _schemas(document),
        "samples": samples,
    }
    present = {
        "/guides": shared["guides"] or shared["journeys"],
        "/problems": known,
        **dict.fromkeys(SERVED, served),
    }
    cards = [card for card in CARDS if present.get(card[0], True)]
    shared |= {"cards": cards, "sections": [card[:2] for card in cards if card[0] in SECTIONS]}
    pages = {
        path: environment.get_template(f"{template}.html").render(shared, path=path, **values)
        for template, path, values in _wanted(shared, {card[0] for card in cards})
    }
    check_links(pages, {"/openapi.json", "/openapi.yaml", *SERVED})
    return pages


def _wanted(shared: dict[str, Any], present: set[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield template, address and own values of every page."""
    document: Document = shared["document"]
    yield "index", "/", {}
    yield "reference", "/redoc", {}
    for tag, (text, members) in document.tags().items():
        described = [
            (one, operations.page(document, one, shared["problems"], shared["samples"].get(one.name, [])))
            for one in members
        ]
        yield "tag", f"/redoc/{slug(tag)}", {"tag": tag, "text": text, "operations": described}
    if shared["schemas"]:
        yield "schemas", "/redoc/schemas", {}
    for template, path in (("guides", "/guides"), ("problems", "/problems"), ("docs", "/docs")):
        if path in present:
            yield template, path, {}
    yield from _account_pages(document, served=shared["served"])
    for name in ("guide", "journey", "problem"):
        for one in shared[f"{name}s"]:
            yield name, one.href, {name: one}


def _account_pages(document: Document, *, served: bool) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the pages that mailed links lead to, for a service whose contract has what they call."""
    if served and "verifyEmail" in document.operations:
        yield (
            "account",
            "/verify-email",
            {
                "words": "Confirm your address",
                "lead": "Show that mails to this address reach you.",
                "confirm": document.operations["verifyEmail"].path,
                "button": "Confirm the address",
                "done": "The address is confirmed. You can close this page.",
                "asks_password": False,
            },
        )
    if served and {"resetPassword", "requestPasswordReset"} <= document.operations.keys():
        yield (
            "account",
            "/reset-password",
            {
                "words": "Choose a new password",
                "lead": "It ends all sessions of the account.",
                "confirm": document.operations["resetPassword"].path,
                "ask": document.operations["requestPasswordReset"].path,
                "button": "Set the password",
                "done": "The password is set. Log in with it.",
                "asks_password": True,
            },
        )


def check_links(pages: dict[str, str], others: Iterable[str]) -> None:
    """Raise SiteError for the first link that leads to no page, or to a place that its page does not have."""
    anchors = {path: set(re.findall(r'\sid="([^"]+)"', html)) for path, html in pages.items()}
    elsewhere = set(others)
    for path, html in pages.items():
        for href in re.findall(r'<a [^>]*href="([/#][^"]*)"', html):
            target, _, anchor = href.partition("#")
            target = target or path
            if target not in pages and target not in elsewhere:
                raise SiteError(f"page {path}: the link to {href} leads to no page; mend the link or the address")
            if anchor and target in pages and anchor not in anchors[target]:
                raise SiteError(f"page {path}: {target} has no place called {anchor}; mend the link or the heading")
