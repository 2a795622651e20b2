"""The HTML pages: the front page, the two views of the contract, and one page per problem code."""

import re
from collections.abc import Iterable
from functools import cache
from html import escape
from importlib.resources import files
from string import Template

from app.contract import BASE_PATH, bundle, credential_headers
from app.meta.assets import assets
from app.meta.documents import NO_CONTENT_POLICY, Document, document
from app.problems import Problem

HTML = "text/html; charset=utf-8"
# Pages name assets by checksum, so a kept page could ask for assets that are gone after a deployment.
REVALIDATE = "public, no-cache"
PLAIN_POLICY = f"{NO_CONTENT_POLICY}; style-src 'self'; img-src 'self'"
# Swagger UI needs no more than this; the icons of both tools are data: images.
TOOL_POLICY = f"{PLAIN_POLICY} data:; script-src 'self'; connect-src 'self'"
# Redoc writes its whole style into style elements while it runs, and its bundle takes no nonce for them:
# without 'unsafe-inline' for such elements the page has no style. It searches in a worker made from a blob.
REDOC_POLICY = f"{TOOL_POLICY}; style-src-elem 'self' 'unsafe-inline'; worker-src blob:"

LINKS = (
    ("docs", "/docs", "Try it", "Call every operation from the browser."),
    ("redoc", "/redoc", "Read it", "The reference, for reading."),
    ("openapi_json", "/openapi.json", "openapi.json", "The contract, for generators."),
    ("openapi_yaml", "/openapi.yaml", "openapi.yaml", "The contract, for people."),
    ("health", "/health", "Health", "Whether the service is alive."),
    ("ready", "/health/ready", "Readiness", "Whether what it depends on answers."),
)


def _how_to_authenticate() -> str:
    schemes = bundle()["components"].get("securitySchemes", {}).values()
    flows = [flow for scheme in schemes for flow in scheme.get("flows", {}).values()]
    if addresses := [flow["tokenUrl"] for flow in flows if "tokenUrl" in flow]:
        return f"Get an access token from `POST {addresses[0]}` and send it in `Authorization`."
    return f"Send valid credentials in {' or '.join(f'`{name}`' for name in credential_headers())}."


# What to do about a failure, by its status. A status that is missing here stops the start.
ADVICE = {
    400: "Mend the request. Sending it again as it is will fail again.",
    401: _how_to_authenticate(),
    403: "Ask somebody who may do it, or log in with an account and scopes that allow it.",
    404: "Check the address and the id. What you may not see is answered like what does not exist.",
    405: "Use one of the methods that the `Allow` header of the answer names.",
    409: "Read the present state, decide again, and send a request that fits it.",
    412: "Read the resource again, apply your change to that, and send its new `ETag` as `If-Match`.",
    413: "Send less, or in several requests.",
    415: "Send a media type that the contract lists for the operation, uncompressed.",
    422: "Correct the values that `errors` names: `pointer` leads into the body, `parameter` is a name.",
    423: "Wait as long as `Retry-After` says.",
    428: "Read the resource first and send its `ETag` as `If-Match`, or `*` to mean whatever is there.",
    429: "Wait as long as `Retry-After` says, then go slower.",
    431: "Send fewer or shorter headers.",
    500: "Try again later. If it stays, tell us the `request_id` of the answer.",
    503: "Wait as long as `Retry-After` says and send the same request again.",
}


class Markup(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


@cache
def _template(name: str) -> Template:
    return Template((files("app") / "templates" / f"{name}.html").read_text())


def render(template: str, /, **values: str | int) -> Markup:
    """Fill `app/templates/<template>.html`; every value that is not Markup is escaped."""
    return Markup(
        _template(template).substitute(
            {key: value if isinstance(value, Markup) else escape(str(value)) for key, value in values.items()}
        )
    )


def _page(template: str, policy: str, /, *, vary: str = "Accept-Encoding", **values: str | int) -> Document:
    addresses = assets().addresses
    shared = {
        "service": bundle()["info"]["title"],
        "icon": addresses["icon.svg"],
        "style": addresses["galley.css"],
    }
    return document(render(template, **shared, **values).encode(), HTML, cache=REVALIDATE, policy=policy, vary=vary)


def index_page(vary: str) -> Document:
    """Return the front page for browsers."""
    info = bundle()["info"]
    cards = (render("card", href=href, name=name, text=text) for _, href, name, text in LINKS)
    return _page(
        "index",
        PLAIN_POLICY,
        vary=vary,
        title=info["title"],
        summary=info["summary"],
        version=info["version"],
        base_path=BASE_PATH,
        cards=Markup("\n".join(cards)),
    )


def contract_page(title: str, names: Iterable[str], policy: str, theme: str) -> Document:
    """Return a page on which the named assets draw the contract; `theme` is a class in galley.css."""
    addresses = [assets().addresses[name] for name in ("galley.css", *names)]
    styles = (render("style", href=address) for address in addresses if address.endswith(".css"))
    scripts = (render("script", src=address) for address in addresses if address.endswith(".js"))
    shown = {"styles": Markup("".join(styles)), "scripts": Markup("".join(scripts))}
    return _page("docs", policy, title=title, theme=theme, **shown)


def _prose(text: str) -> Markup:
    """Escape a sentence and set what stands between backticks as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", escape(text)))


def _explanation(kind: type[Problem]) -> Markup:
    return render(
        "kind",
        title=kind.title,
        status=kind.status,
        meaning=_prose(" ".join((kind.__doc__ or kind.title).split())),
        advice=_prose(ADVICE[kind.status]),
    )


def problem_pages(problems: Iterable[type[Problem]]) -> dict[str, Document]:
    """Return the page of every code in the contract: a section for each kind of problem that has the code."""
    kinds = list(problems)
    pages: dict[str, Document] = {}
    for code in bundle()["components"]["schemas"]["ProblemCode"]["enum"]:
        sections = [_explanation(kind) for kind in kinds if kind.code.value == code]
        words = code.replace("_", " ").capitalize()
        body = Markup("".join(sections)) or render("unused")
        pages[code] = _page("problem", PLAIN_POLICY, words=words, code=code, kinds=body)
    return pages
