"""What lists show of a text whose author has said nothing of it."""

import pytest

from app.posts.text import excerpt_of


@pytest.mark.parametrize(
    ("content", "excerpt"),
    [
        ("# Looms\n\nThey **weave**\x03_leaves_ | `now`.", "Looms They weave leaves now."),
        # With a link, the same but for the marks in its name.
        ("# Looms\n\nThey [*weave*](https://a.example)\x03leaves.", "Looms They *weave* leaves."),
        ("![A loom](loom.png) and [one that is none", "A loom and [one that is none"),
        ("looms " * 60, f"{'looms ' * 48}looms…"),
        ("[a](b)" + "looms " * 60, f"a{'looms ' * 48}looms…"),
        ("# > * ~ |", None),
        ("\u200b\ufeff", None),
    ],
)
def test_an_excerpt_has_words_and_no_marks(content: str, excerpt: str | None) -> None:
    assert excerpt_of(content) == excerpt
