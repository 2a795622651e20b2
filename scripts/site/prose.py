"""Markdown to HTML, and code to coloured code, with libraries that the service itself never loads."""

import json
import re
from collections.abc import Callable
from html import escape
from typing import Any, Protocol, cast

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup
from pygments import lexers, token
from pygments.util import ClassNotFound

LANGUAGES = {"curl": "bash", "sh": "bash", "shell": "bash", "ts": "typescript", "http": "http"}
# The few kinds of words that a reader needs to tell apart, by the name of their class in galley.css.
_KINDS = (
    (token.Token.Comment, "c"),
    (token.Token.Keyword, "k"),
    (token.Token.Name.Tag, "n"),
    (token.Token.Name.Attribute, "n"),
    (token.Token.Name.Variable, "n"),
    (token.Token.Literal.String, "s"),
    (token.Token.Literal.Number, "d"),
)


class Kind(Protocol):
    """A kind of word; kinds contain narrower ones."""

    def __contains__(self, other: "Kind") -> bool: ...


class Lexer(Protocol):
    """What is used of a lexer of Pygments, which comes without types."""

    def get_tokens(self, text: str) -> list[tuple[Kind, str]]:
        """Cut a text into words, each with its kind."""
        ...


_lexer = cast("Callable[[str], Lexer]", lexers.get_lexer_by_name)  # pyright: ignore[reportUnknownMemberType] - As above.


def safe(html: str) -> Markup:
    """Take for HTML what a renderer has made, which escapes what it is given."""
    return Markup(html)  # noqa: S704 - The one place where that is said.


def code(source: str, language: str) -> Markup:
    """Return a block of coloured code that a keyboard can scroll; an unknown language stays plain."""
    name = language.lower()
    try:
        lexer = _lexer(LANGUAGES.get(name, name) or "text")
    except ClassNotFound:
        lexer = _lexer("text")
    words: list[str] = []
    for kind, text in lexer.get_tokens(source.rstrip("\n")):
        name = next((name for above, name in _KINDS if kind in cast("Kind", above)), "")
        words.append(f'<span class="{name}">{escape(text)}</span>' if name and text.strip() else escape(text))
    return Markup('<pre tabindex="0"><code>{}</code></pre>').format(safe("".join(words).rstrip("\n")))


def as_json(value: object) -> Markup:
    """Return a JSON document as coloured code."""
    return code(json.dumps(value, indent=2, ensure_ascii=False), "json")


def heading_id(text: str) -> str:
    """Return the anchor of a heading."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def markdown(*, link: Callable[[str], str]) -> MarkdownIt:
    """Return a renderer; `link` names the page behind a word in backticks, or says nothing."""
    renderer = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])

    def fence(_: RendererHTML, tokens: list[Token], index: int, *_rest: Any) -> str:
        return str(code(tokens[index].content, tokens[index].info.strip()))

    def code_inline(_: RendererHTML, tokens: list[Token], index: int, *_rest: Any) -> str:
        text = tokens[index].content
        kinds = [before.type for before in tokens[:index]]
        within = kinds.count("link_open") > kinds.count("link_close")
        address = "" if within else link(text)
        word = f"<code>{escape(text)}</code>"
        return f'<a href="{escape(address)}">{word}</a>' if address else word

    def heading_open(_: RendererHTML, tokens: list[Token], index: int, *_rest: Any) -> str:
        return f'<{tokens[index].tag} id="{heading_id(tokens[index + 1].content)}">'

    def table_open(*_: Any) -> str:
        return '<div class="wide" tabindex="0"><table>'

    def table_close(*_: Any) -> str:
        return "</table></div>"

    for rule in (fence, code_inline, heading_open, table_open, table_close):
        renderer.add_render_rule(rule.__name__, rule)
    return renderer
