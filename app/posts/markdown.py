"""Markdown becomes HTML that is safe to show: by markdown-it-py, and then through nh3, each of which would do alone.

markdown-it-py is told not to let HTML through and not to make links of addresses that run scripts. nh3 parses what it
has made as browsers do, and leaves only the elements and attributes that are named here. A rendering takes 1.6 µs per
character, so it is done in a thread that steps back for those who answer requests, and kept.
"""

import asyncio
import html
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from app.problems import ServiceUnavailable
from app.settings import settings
from generated.models import Post, PostInclude, PostSummary

# Of the contract's ContentHtml.
MAX_HTML = 4_000_000
# A text that refers to one long address again and again would be made a thousand times its size.
MAX_ATTRIBUTES = 2_000_000
# Each could begin a link, whose end is looked for; a text of 200,000 has 2,000 where it is full of links.
MAX_BRACKETS = 20_000
# What is kept of renderings, in characters, and how many may wait for the thread.
KEPT_CHARACTERS = 8_000_000
# How much of one page of a list is rendered, in characters of Markdown: what takes the thread about a second.
MAX_OF_A_PAGE = 500_000
MAX_WAITING = 16
REL = "nofollow ugc noopener noreferrer"

_TAGS = {
    *("a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p", "pre"),
    *("s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
_cleaner = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags={"script", "style"},
    attributes={"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}},
    # Columns are aligned by an attribute, as styles would be forbidden by every page's policy.
    tag_attribute_values={
        "a": {"rel": {REL}},
        "td": {"align": {"left", "center", "right"}},
        "th": {"align": {"left", "center", "right"}},
    },
    url_schemes={"http", "https", "mailto"},
    link_rel=None,
)


def _is_elsewhere(address: str) -> bool:
    """Whether a link leads to another site than ours; what has no host stays where it is shown."""
    host = urlsplit(address).netloc
    return bool(host) and host != urlsplit(settings().public_url).netloc


def _link(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, _: EnvType) -> str:
    try:
        elsewhere = _is_elsewhere(str(tokens[index].attrs.get("href", "")))
    except ValueError:
        elsewhere = True
    if elsewhere:
        tokens[index].attrSet("rel", REL)
    return renderer.renderToken(tokens, index, options, {})


def _cell(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, _: EnvType) -> str:
    style = str(tokens[index].attrs.pop("style", ""))
    if style:
        tokens[index].attrSet("align", style.removeprefix("text-align:"))
    return renderer.renderToken(tokens, index, options, {})


def _renderer() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    for name, rule in (("link_open", _link), ("td_open", _cell), ("th_open", _cell)):
        made.add_render_rule(name, rule)
    return made


_full = _renderer()
_without_links = _renderer().disable(["link", "image", "reference"])


def _attributes(tokens: Sequence[Token]) -> int:
    """Count the characters of all attributes, which come into the answer as often as they are referred to."""
    return sum(
        sum(len(str(value)) for value in token.attrs.values()) + _attributes(token.children or ()) for token in tokens
    )


def render(content: str) -> str:
    """Return Markdown as safe HTML of at most `MAX_HTML` characters.

    A text that is made to be large or slow is shown without its links, and if need be as it was typed.
    """
    tokens = _full.parse(content) if content.count("[") <= MAX_BRACKETS else None
    if tokens is not None and _attributes(tokens) <= MAX_ATTRIBUTES:
        made = _cleaner.clean(str(_full.renderer.render(tokens, _full.options, {})))
    else:
        made = _cleaner.clean(_without_links.render(content))
    return made if len(made) <= MAX_HTML else f"<pre>{html.escape(content)}</pre>\n"


@dataclass(slots=True)
class Kept:
    """The renderings that were asked for last, by post and what its text hashes to in this process."""

    pages: OrderedDict[tuple[UUID, int], str] = field(default_factory=OrderedDict[tuple[UUID, int], str])
    characters: int = 0
    waiting: int = 0

    def get(self, key: tuple[UUID, int]) -> str | None:
        if key in self.pages:
            self.pages.move_to_end(key)
        return self.pages.get(key)

    def put(self, key: tuple[UUID, int], page: str) -> None:
        self.characters += len(page) - len(self.pages.pop(key, ""))
        self.pages[key] = page
        while self.characters > KEPT_CHARACTERS:
            self.characters -= len(self.pages.popitem(last=False)[1])


kept = Kept()
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="markdown")


async def rendered(post_id: UUID, content: str) -> str:
    """Return the content of a post as HTML. Raises ServiceUnavailable when too many are waiting."""
    key = (post_id, hash(content))
    page = kept.get(key)
    if page is None:
        if kept.waiting >= MAX_WAITING:
            raise ServiceUnavailable("Too many texts are being rendered at this moment.")
        kept.waiting += 1
        try:
            page = await asyncio.get_running_loop().run_in_executor(_thread, render, content)
        finally:
            kept.waiting -= 1
        kept.put(key, page)
    return page


async def add_to(post: Post, include: PostInclude | None) -> Post:
    """Add the content as HTML where it is asked for. Raises ServiceUnavailable as `rendered` does."""
    if include is PostInclude.content_html:
        post.content_html = await rendered(post.id, post.content)
    return post


async def add_to_all(posts: Sequence[PostSummary], contents: Sequence[str]) -> None:
    """Add to the posts of a page their contents as HTML, and None where those before have used up what a page may.

    Without contents nothing is added. No connection should wait for it.
    """
    left = MAX_OF_A_PAGE
    for post, content in zip(posts, contents, strict=bool(contents)):
        post.content_html = await rendered(post.id, content) if left > 0 else None
        left -= len(content)
