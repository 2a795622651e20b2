"""/sitemap.xml: the addresses of all published posts, in several files where there are more than one may hold.

A file is made when it is asked for. Where the files begin is found by counting along an index and kept for a minute;
what tells an edition from the next is found in the same index, so that who has it costs no more than that. Who asks is
counted as for an operation, because making a file takes half a second.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from xml.sax.saxutils import escape
from zlib import crc32

from asyncpg import Record
from sqlalchemy import BigInteger, Integer, Uuid, bindparam, func, select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.db import reading
from app.etags import http_date, is_current
from app.feeds.formats import EPOCH
from app.feeds.service import address_of
from app.limits import DEFAULT, in_force
from app.meta.documents import NO_CONTENT_POLICY, reply
from app.posts.queries import PUBLISHED
from app.posts.tables import Post
from app.problems import NotFound
from app.settings import settings
from app.sql import Statement

# sitemaps.org, "Sitemap index files": a file holds up to 50,000 addresses.
SIZE = 50_000
KEPT_SECONDS = 60
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_FIRST, _LAST = UUID(int=0), UUID(int=(1 << 128) - 1)

_numbered = select(Post.id, (func.row_number().over(order_by=Post.id) - 1).label("number")).where(PUBLISHED).subquery()
_BEGINNINGS = Statement(
    select(_numbered.c.id)
    .where(_numbered.c.number > 0, _numbered.c.number % bindparam("size", type_=Integer()) == 0)
    .order_by(_numbered.c.id)
)
_part = (
    PUBLISHED,
    Post.id >= bindparam("first", type_=Uuid()),
    Post.id < bindparam("end", type_=Uuid()),
)
# An edit counts the version up, a post that comes or goes changes the number.
_EDITION = Statement(
    select(
        func.count().label("number"),
        func.coalesce(func.sum(Post.version.cast(BigInteger)), 0).label("versions"),
        func.max(Post.updated_at).label("modified"),
    ).where(*_part)
)
_PART = Statement(select(Post.slug, Post.updated_at).where(*_part).order_by(Post.id).limit(bindparam("size")))


@dataclass(slots=True)
class Kept:
    """Where the files after the first begin."""

    beginnings: list[UUID] = field(default_factory=list[UUID])
    until: float = 0.0


kept = Kept()


def forget() -> None:
    """Count anew for the next one who asks."""
    kept.until = 0.0


async def _beginnings() -> list[UUID]:
    if time.monotonic() >= kept.until:
        async with reading() as connection:
            kept.beginnings = [row["id"] for row in await _BEGINNINGS.all(connection, size=SIZE)]
        kept.until = time.monotonic() + KEPT_SECONDS
    return kept.beginnings


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _urls(rows: list[Record]) -> bytes:
    entries = (
        f"<url><loc>{escape(address_of(row['slug']))}</loc><lastmod>{_moment(row['updated_at'])}</lastmod></url>\n"
        for row in rows
    )
    return f"{_HEAD}<urlset {_NAMESPACE}>\n{''.join(entries)}</urlset>\n".encode()


def _index(number: int) -> bytes:
    home = escape(settings().public_url)
    entries = (f"<sitemap><loc>{home}/sitemap-{place}.xml</loc></sitemap>\n" for place in range(1, number + 1))
    return f"{_HEAD}<sitemapindex {_NAMESPACE}>\n{''.join(entries)}</sitemapindex>\n".encode()


def _headers(etag: str, modified: datetime | None) -> dict[str, str]:
    dated = {"Last-Modified": http_date(modified)} if modified else {}
    return dated | {
        "Content-Type": "application/xml; charset=utf-8",
        "Cache-Control": "public, max-age=60",
        "Content-Security-Policy": NO_CONTENT_POLICY,
        "ETag": etag,
    }


def _is_current(request: Request, headers: dict[str, str]) -> bool:
    known = request.headers.get("if-none-match"), request.headers.get("if-modified-since")
    return is_current(headers["ETag"], headers.get("Last-Modified"), *known)


def _not_modified(headers: dict[str, str]) -> Response:
    return Response(None, 304, {name: value for name, value in headers.items() if name != "Content-Type"})


async def _part_of(request: Request, first: UUID, end: UUID) -> Response:
    async with reading() as connection:
        edition = await _EDITION.first(connection, first=first, end=end)
        assert edition is not None  # noqa: S101 - Counting gives a row whatever there is.
        words = f"{settings().post_url} {edition['number']} {edition['versions']} {edition['modified']}"
        headers = _headers(f'"{edition["number"]}-{crc32(words.encode()):08x}"', edition["modified"] or EPOCH)
        if _is_current(request, headers):
            return _not_modified(headers)
        rows = await _PART.all(connection, first=first, end=end, size=SIZE)
    return reply(request, 200, _urls(rows), headers)


async def get_sitemap(request: Request) -> Response:
    """Answer the sitemap, or the index of its files where there are several."""
    await in_force().admit(DEFAULT, dict(request.scope["headers"]))
    beginnings = await _beginnings()
    if not beginnings:
        return await _part_of(request, _FIRST, _LAST)
    body = _index(len(beginnings) + 1)
    headers = _headers(f'"{len(body):x}-{crc32(body):08x}"', None)
    return _not_modified(headers) if _is_current(request, headers) else reply(request, 200, body, headers)


async def get_part(request: Request) -> Response:
    """Answer one of several files. Raises NotFound where there are fewer."""
    await in_force().admit(DEFAULT, dict(request.scope["headers"]))
    bounds = [_FIRST, *await _beginnings(), _LAST]
    number = int(request.path_params["number"])
    if not 1 <= number < len(bounds) or len(bounds) == len((_FIRST, _LAST)):
        raise NotFound
    return await _part_of(request, bounds[number - 1], bounds[number])


def routes() -> list[BaseRoute]:
    """Return the routes; they are no operations, because they stand outside of the base path."""
    return [Route("/sitemap.xml", get_sitemap), Route("/sitemap-{number:int}.xml", get_part)]
