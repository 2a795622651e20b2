"""What is new, for readers of feeds and for other sites. Every address is made of settings, none of the request."""

import html
import re
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any
from urllib.parse import urlencode, urlsplit
from zlib import crc32

from asyncpg import Record

from app.contract import BASE_PATH, bundle
from app.feeds.formats import Atom, Rss
from app.pages import Shape
from app.posts import queries
from app.posts import service as posts
from app.problems import NotFound
from app.settings import settings
from app.sql import Connection
from generated.models import Oembed, OembedType, PostSort, PostStatus

# What is no Char of XML 1.0, section 2.2.
_NO_CHARACTERS = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CACHE_AGE = 60


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as it is sent, and what tells it from another edition of itself."""

    body: bytes
    etag: str
    modified: datetime


def xml_text(text: str) -> str:
    """Return a text without the characters that XML has no way to write."""
    return _NO_CHARACTERS.sub("", text)


def address_of(slug: str) -> str:
    """Return the address of a post."""
    return settings().post_url.replace("{slug}", slug)


def _name(row: Record) -> str:
    return row["full_name"] or row["username"]


def _profile(username: str) -> str:
    return f"{settings().public_url}{BASE_PATH}/profiles/{username}"


async def _newest(connection: Connection, filters: queries.Filters, limit: int) -> list[Record]:
    values = filters.values(viewer=None)
    shape = Shape(after=False, backwards=False, offset=False, usual=False)
    listing = queries.listing(PostSort.published_at_desc, PostStatus.published, frozenset(values), shape)
    return await listing.all(connection, **values, limit=limit)


async def feed(connection: Connection, kind: type[Atom | Rss], name: str, filters: queries.Filters, limit: int) -> Feed:
    """Return the newest published posts as a feed; `name` is that of its path."""
    info = bundle()["info"]
    query = urlencode({key: value for key, value in (("author", filters.author), ("tag", filters.tag)) if value})
    home = settings().public_url
    place = f"{home}{BASE_PATH}/{name}{'?' if query else ''}{query}"
    made: Any = kind(
        title=" · ".join(filter(None, (info["title"], filters.author, filters.tag))),
        link=f"{home}/",
        description=info["summary"],
        language="en",
        author_name=info["title"],
        feed_url=place,
        feed_guid=place,
    )
    for row in await _newest(connection, filters, limit):
        made.add_item(
            title=xml_text(row["title"]),
            link=address_of(row["slug"]),
            # Both formats take it for HTML.
            description=html.escape(xml_text(row["excerpt"] or "")),
            author_name=xml_text(_name(row)),
            author_link=_profile(row["username"]),
            pubdate=row["published_at"],
            updateddate=row["updated_at"],
            unique_id=f"urn:uuid:{row['id']}",
            unique_id_is_permalink=False,
            categories=row["tags"],
        )
    body = BytesIO()
    made.write(body, "utf-8")
    content = body.getvalue()
    return Feed(content, f'"{len(content):x}-{crc32(content):08x}"', made.latest_post_date())


def _slug_in(url: str) -> str | None:
    """Return the slug in the address of a post, or None in any other."""
    before, _, after = settings().post_url.partition("{slug}")
    bare = urlsplit(url)._replace(query="", fragment="").geturl() if "?" not in before else url
    if not (bare.startswith(before) and bare.endswith(after)):
        return None
    slug = bare[len(before) : len(bare) - len(after)]
    return slug if re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", slug) else None


async def embedding(connection: Connection, url: str) -> Oembed:
    """Return what another site shows of a post. Raises NotFound for an address that is no published post's."""
    try:
        slug = _slug_in(url)
    except ValueError:
        slug = None
    if slug is None:
        raise NotFound("This is no address of a post.")
    post = await posts.get_by_slug(connection, None, slug)
    return Oembed(
        type=OembedType.link,
        version="1.0",
        title=post.title,
        author_name=post.author.full_name or post.author.username,
        author_url=_profile(post.author.username),
        provider_name=bundle()["info"]["title"],
        provider_url=settings().public_url,
        cache_age=CACHE_AGE,
    )
