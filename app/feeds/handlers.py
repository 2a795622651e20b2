"""The operations of the tag Feeds; together these functions are the generated `FeedsService`."""

from app.access import Principal
from app.db import reading
from app.etags import conditional, content_etag, fresh
from app.feeds import service
from app.feeds.formats import Atom, Rss
from app.posts.queries import Filters
from generated.models import Oembed, OembedFormat, PostStatus
from generated.server import HTTPResult


async def get_atom_feed(
    *,
    principal: Principal | None,
    limit: int,
    author: str | None,
    tag: str | None,
    if_none_match: str | None,
    if_modified_since: str | None,
) -> HTTPResult[bytes]:
    # A feed is the same for everybody; a token is verified when there is one, as everywhere.
    del principal
    filters = Filters(PostStatus.published, author=author, tag=tag)
    async with reading() as connection:
        feed = await service.feed(connection, Atom, "feed.atom", filters, limit)
    return fresh(feed.body, feed.etag, feed.modified, if_none_match, if_modified_since)


async def get_rss_feed(
    *,
    principal: Principal | None,
    limit: int,
    author: str | None,
    tag: str | None,
    if_none_match: str | None,
    if_modified_since: str | None,
) -> HTTPResult[bytes]:
    # A feed is the same for everybody; a token is verified when there is one, as everywhere.
    del principal
    filters = Filters(PostStatus.published, author=author, tag=tag)
    async with reading() as connection:
        feed = await service.feed(connection, Rss, "feed.rss", filters, limit)
    return fresh(feed.body, feed.etag, feed.modified, if_none_match, if_modified_since)


async def get_oembed(
    *,
    principal: Principal | None,
    url: str,
    format: OembedFormat | None,
    maxwidth: int | None,
    maxheight: int | None,
    if_none_match: str | None,
) -> HTTPResult[Oembed]:
    # A link has no size, there is one form of it, and it is the same for everybody.
    del principal, format, maxwidth, maxheight
    async with reading() as connection:
        found = await service.embedding(connection, url)
    return conditional(found, content_etag(found), if_none_match)
