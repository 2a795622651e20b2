"""`include=content_html`: Markdown as HTML that is safe to show."""

import re
from html.parser import HTMLParser
from time import process_time
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.posts import markdown
from app.posts.markdown import MAX_HTML, render
from app.problems import ServiceUnavailable
from tests.factories import Factory
from tests.posts.vectors import XSS

PLAIN = (
    *("blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "p", "pre", "s", "strong"),
    *("table", "tbody", "thead", "tr", "ul"),
)
ALLOWED = {name: set[str]() for name in PLAIN} | {
    "a": {"href", "title", "rel"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "td": {"align"},
    "th": {"align"},
}
SCHEMES = ("http://", "https://", "mailto:")
REL = "nofollow ugc noopener noreferrer"


class Inspector(HTMLParser):
    """Reads HTML as a browser does, and notes what has no place in it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED:
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            if name not in ALLOWED.get(tag, set()):
                self.faults.append(f"<{tag} {name}>")
            if name in {"href", "src"} and not self._is_harmless(value or ""):
                self.faults.append(f"{name}={value}")

    def _is_harmless(self, address: str) -> bool:
        """Browsers pass over white space and control characters in a scheme."""
        bare = "".join(character for character in address if character > " ").lower()
        return bare.startswith(SCHEMES) or re.match("[a-z][a-z0-9+.-]*:", bare) is None

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"<!--{data}")

    def handle_decl(self, decl: str) -> None:
        self.faults.append(f"<!{decl}")

    def handle_pi(self, data: str) -> None:
        self.faults.append(f"<?{data}")


def faults(page: str) -> list[str]:
    inspector = Inspector()
    inspector.feed(page)
    inspector.close()
    return inspector.faults


class TestRender:
    @pytest.mark.parametrize("vector", XSS)
    def test_lets_nothing_through_that_runs(self, vector: str) -> None:
        for content in (vector, f"Before {vector} after", f"A text.\n\n{vector}\n\nMore.", f"*{vector}*"):
            assert faults(render(content)) == []

    def test_knows_what_it_looks_for(self) -> None:
        assert len(XSS) >= 60
        for page in ("<script>", "<p onclick=x>", '<a href="java\nscript:x">', "<!-- x -->", "<p style=x>", "<!x>"):
            assert faults(page), page

    @pytest.mark.parametrize(
        ("content", "page"),
        [
            ("It *weaves*.", "<p>It <em>weaves</em>.</p>\n"),
            ("~~No~~ **yes**", "<p><s>No</s> <strong>yes</strong></p>\n"),
            ("# Looms", "<h1>Looms</h1>\n"),
            ("a  \nb", "<p>a<br>\nb</p>\n"),
            ("3. c", '<ol start="3">\n<li>c</li>\n</ol>\n'),
            ("`a<b`", "<p><code>a&lt;b</code></p>\n"),
            ("1 < 2 & 3", "<p>1 &lt; 2 &amp; 3</p>\n"),
            ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>\n"),
            ("```js\nx\n```", "<pre><code>x\n</code></pre>\n"),
            ("**open", "<p>**open</p>\n"),
            ("[x](https://e.org", "<p>[x](https://e.org</p>\n"),
            ("| a |\n|-x", "<p>| a |\n|-x</p>\n"),
            ("```\nopen", "<pre><code>open</code></pre>\n"),
            ("![i](/i.png 't')", '<p><img src="/i.png" alt="i" title="t"></p>\n'),
        ],
    )
    def test_is_commonmark_with_tables_and_strikethrough(self, content: str, page: str) -> None:
        assert render(content) == page

    def test_aligns_columns_without_styles(self) -> None:
        page = render("| a | b | c | d |\n|:--|:-:|--:|---|\n| 1 | 2 | 3 | 4 |")
        cells = [f'<td align="{side}">{n}</td>' for n, side in enumerate(("left", "center", "right"), 1)]
        assert all(cell in page for cell in cells)
        assert "<td>4</td>" in page
        assert "style" not in page

    @pytest.mark.parametrize(
        ("address", "follow"),
        [
            ("https://elsewhere.example/", False),
            ("//elsewhere.example/", False),
            ("http://localhost:8000@evil.example/", False),
            ("http://localhost.evil.example:8000/", False),
            ("http://localhost:8000/posts", True),
            ("/posts", True),
            ("#below", True),
            ("mailto:ada@example.org", True),
        ],
    )
    def test_lets_search_engines_follow_only_our_own_links(self, address: str, follow: bool) -> None:  # noqa: FBT001 - A parameter.
        page = render(f"[x](<{address}>)")
        assert "href=" in page
        assert (REL in page) is not follow


SIZE = 200_000
PATHOLOGICAL = {
    "brackets": "[",
    "images": "![",
    "links": "[a](b ",
    "nested": "[[]](",
    "stars": "*a_ ",
    "emphasis": "*a **a ",
    "closing": "a**",
    "tildes": "~~a",
    "backticks": "`a",
    "quotes": ">",
    "lists": "- ",
    "rules": "-\n",
    "entities": "&amp;",
    "ampersands": "&",
    "angles": "<a ",
    "backslashes": "\\",
    "autolinks": "<http:",
    "definitions": "[a]: /b\n",
    "lines": "a\n",
    "mixed": "*_~~[`",
    "emoji": "\U0001f600",
}


class TestLargeTexts:
    @pytest.mark.parametrize("unit", PATHOLOGICAL.values(), ids=PATHOLOGICAL)
    def test_take_a_bounded_time(self, unit: str) -> None:
        started = process_time()
        page = render((unit * SIZE)[:SIZE])
        # Two seconds on a core of its own is the most; a text that was quadratic would take minutes.
        assert process_time() - started < 12
        assert len(page) <= MAX_HTML
        assert faults(page) == []

    def test_cannot_multiply_an_address(self) -> None:
        page = render(f"[a]: https://e.org/{'u' * 100_000}\n\n" + "[a]" * 33_000)
        assert len(page) < 2 * SIZE
        assert "<a" not in page

    def test_cannot_multiply_cells(self) -> None:
        page = render("|a" * 1_000 + "|\n" + "|-" * 1_000 + "|\n" + "|\n" * 97_000)
        assert len(page) <= MAX_HTML

    def test_of_words_keep_their_links(self) -> None:
        content = "word *em* [link](https://e.org/x) and more text here.\n\n" * 3_500
        assert render(content).count("<a href") == 3_500


class TestInclude:
    async def test_is_answered_only_when_asked_for(self, client: AsyncClient, make: Factory) -> None:
        post_id = await make.post(slug="looms", content="It *weaves* <b>patterns</b>.")
        page = "<p>It <em>weaves</em> &lt;b&gt;patterns&lt;/b&gt;.</p>\n"
        for path in (f"/posts/{post_id}", "/posts/by-slug/looms"):
            assert "content_html" not in (await client.get(path)).json()
            answer = await client.get(path, params={"include": "content_html"})
            assert answer.json()["content_html"] == page
        (item,) = (await client.get("/posts")).json()["items"]
        assert "content_html" not in item
        (item,) = (await client.get("/posts", params={"include": "content_html"})).json()["items"]
        assert item["content_html"] == page
        assert "content" not in item

    async def test_makes_another_entity_tag(self, client: AsyncClient, make: Factory) -> None:
        post_id = await make.post()
        bare = await client.get(f"/posts/{post_id}")
        whole = await client.get(f"/posts/{post_id}", params={"include": "content_html"})
        assert bare.headers["etag"] != whole.headers["etag"]
        same = {"If-None-Match": whole.headers["etag"]}
        again = await client.get(f"/posts/{post_id}", params={"include": "content_html"}, headers=same)
        assert again.status_code == 304

    @pytest.mark.actor("user")
    async def test_follows_an_edit(self, client: AsyncClient) -> None:
        post = (await client.post("/posts", json={"title": "The engine", "content": "It *weaves* on."})).json()
        for word in ("weaves", "unweaves"):
            edited = {"content": f"It *{word}* and on."}
            headers = {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
            await client.patch(f"/posts/{post['id']}", json=edited, headers=headers)
            answer = await client.get(f"/posts/{post['id']}", params={"include": "content_html"})
            assert answer.json()["content_html"] == f"<p>It <em>{word}</em> and on.</p>\n"

    async def test_stops_where_a_page_has_had_enough(self, client: AsyncClient, make: Factory) -> None:
        for number in range(4):
            await make.post(content="weave " * 33_000, title=f"The engine {number}")
        answer = await client.get("/posts", params={"include": "content_html", "sort": "title"})
        pages: list[Any] = [item["content_html"] for item in answer.json()["items"]]
        assert [page is not None for page in pages] == [True, True, True, False]


class TestRendered:
    async def test_keeps_what_was_rendered_last_within_bounds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(markdown, "KEPT_CHARACTERS", 100)
        monkeypatch.setattr(markdown, "kept", kept := markdown.Kept())
        for number in range(20):
            assert await markdown.rendered(UUID(int=number), "weave") == "<p>weave</p>\n"
        assert kept.characters == sum(map(len, kept.pages.values())) <= 100
        assert list(kept.pages)[-1][0] == UUID(int=19)

    async def test_refuses_when_too_many_wait(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(markdown, "MAX_WAITING", 0)
        with pytest.raises(ServiceUnavailable):
            await markdown.rendered(UUID(int=99), "A text that nobody has rendered.")
