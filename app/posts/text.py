"""Slugs and excerpts, made from what the author wrote."""

import re
from collections.abc import Iterator

from app import slugs
from app.ids import new_suffix

_MAX_EXCERPT = 300


def slug_of(title: str) -> str:
    """Return a slug of ASCII letters, digits and `-`; a title without any of these gives `post`."""
    return slugs.slug_of(title, "post")


def slug_candidates(title: str) -> Iterator[str]:
    """Yield the slug, then the slug with a number, then with something that nobody else has."""
    slug = slug_of(title)
    yield slug
    yield from (f"{slug}-{number}" for number in (2, 3, 4))
    while True:
        yield f"{slug}-{new_suffix()}"


def excerpt_of(content: str) -> str | None:
    """Return the first words of the content without Markdown's marks, or None when nothing readable is left."""
    text = re.sub(r"!?\[([^\]\n]{0,200})\]\([^)\n]{0,500}\)|[#>*_`~|]+", r"\1", content[:2000])
    words = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", text).split())
    if len(words) > _MAX_EXCERPT:
        words = words[: _MAX_EXCERPT - 1].rpartition(" ")[0].rstrip(" ,;:-") + "…"
    return words.strip("\u200b\ufeff ") or None
