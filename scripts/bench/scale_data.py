"""A publication of any size, written by COPY: what is large must be built in minutes.

Triggers of foreign keys are off meanwhile, and indexes are made when the rows are there; both hold afterwards.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import asyncpg

from scripts.bench import data

COMMENTS_PER_POST = 5
# A talk that one page shows as a whole: so many threads, all of them as long.
TREE, THREADS = 500, 20
MEMBERS = 1_000
# Everybody writes the common words; one post in so many writes a rare one.
RARE_EVERY = 10_000
TEXTS = 2_000
WORDS_PER_TEXT = 60
LINES_AT_ONCE = 5_000
LAST = datetime(2026, 1, 1, tzinfo=UTC)
# Seconds between two posts; the last of them is as old in a small publication as in a large one.
APART = 60
COPIES = 2

POSTS = "id author_id title slug content excerpt status tags views comment_count published_at created_at updated_at"
COMMENTS = "id post_id parent_id root_id depth author_id content created_at updated_at"
SLUGS = "slug post_id"


@dataclass(frozen=True, slots=True)
class Publication:
    """What was written, as far as requests name it."""

    dsn: str
    posts: int
    members: Sequence[UUID]
    seconds: float = 0.0

    def post(self, number: int) -> UUID:
        """Return the id of a post; 0 is the newest and has the long talk."""
        return data.identifier(self.moment(number), self.posts - number)

    def moment(self, number: int) -> datetime:
        """Return when a post was written."""
        return LAST - timedelta(seconds=APART * number)


def texts() -> list[str]:
    """Return the texts that posts have, one after the other."""
    dice = random.Random(1843)  # noqa: S311 - Nothing here is secret, and the same data each time is wanted.
    return [" ".join(dice.choices(data.WORDS, k=WORDS_PER_TEXT)) for _ in range(TEXTS)]


def _tags(number: int) -> tuple[str, str]:
    first = number % len(data.TAGS)
    return data.TAGS[first], data.TAGS[(first + 1 + number // len(data.TAGS) % 6) % len(data.TAGS)]


def _post_lines(publication: Publication, numbers: range) -> Iterator[str]:
    written = texts()
    for number in numbers:
        at = publication.moment(number).isoformat()
        text = written[number % TEXTS]
        rare = " bernoulli" if number % RARE_EVERY == 0 else ""
        tags = ",".join(_tags(number))
        count = TREE if number == 0 else COMMENTS_PER_POST
        fields = (
            publication.post(number).hex,
            publication.members[number % MEMBERS].hex,
            f"{text[:40].strip().capitalize()} {number}",
            f"post-{number}",
            text + rare,
            text[:120].strip(),
            f"published\t{{{tags}}}",
            f"{number % 1_000}\t{count}\t{at}\t{at}\t{at}\n",
        )
        yield "\t".join(fields)


def _slug_lines(publication: Publication) -> Iterator[str]:
    for number in range(publication.posts):
        yield f"post-{number}\t{publication.post(number).hex}\n"


def _comment_lines(publication: Publication, numbers: range) -> Iterator[str]:
    talk = [text[:90].strip() for text in texts()]
    for number in numbers:
        post, at = publication.post(number), publication.moment(number)
        when = at.isoformat()
        threads, length = (THREADS, TREE // THREADS) if number == 0 else (1, COMMENTS_PER_POST)
        for thread in range(threads):
            start = 1 << 40 | (number * THREADS + thread) << 8
            ids = [data.identifier(at, start | place).hex for place in range(length)]
            for place, own in enumerate(ids):
                # Each answers the one before, until there is no deeper.
                above = ids[min(place, 4) - 1] if place else "\\N"
                author = publication.members[(number + place) % MEMBERS].hex
                text = talk[(number + place) % TEXTS]
                depth = min(place + 1, 5)
                yield f"{own}\t{post.hex}\t{above}\t{ids[0]}\t{depth}\t{author}\t{text}\t{when}\t{when}\n"


async def _bytes(lines: Iterator[str]) -> AsyncIterator[bytes]:
    while batch := "".join(islice(lines, LINES_AT_ONCE)):
        yield batch.encode()


@asynccontextmanager
async def _unwatched(dsn: str) -> AsyncGenerator[Any]:
    """Connect without the triggers of foreign keys."""
    connection: Any = await asyncpg.connect(dsn, server_settings={"session_replication_role": "replica"})
    try:
        yield connection
    finally:
        await connection.close()


async def _copy(dsn: str, table: str, columns: str, lines: Iterator[str]) -> None:
    async with _unwatched(dsn) as connection:
        await connection.copy_to_table(table, source=_bytes(lines), columns=columns.split())


@asynccontextmanager
async def _unindexed(connection: Any, tables: Sequence[str]) -> AsyncGenerator[None]:
    """Take away the indexes that no constraint needs, and make them again."""
    rows = await connection.fetch(
        "SELECT indexname AS name, indexdef AS made_by FROM pg_indexes WHERE tablename = ANY($1) AND NOT EXISTS"
        " (SELECT FROM pg_constraint WHERE conindid = format('%I.%I', schemaname, indexname)::regclass)",
        list(tables),
    )
    for row in rows:
        await connection.execute(f'DROP INDEX "{row["name"]}"')
    yield
    await connection.execute("SET maintenance_work_mem = '512MB'")
    for row in rows:
        await connection.execute(row["made_by"])


async def _people(connection: Any, publication: Publication) -> None:
    password_hash = data.hash_of_password()
    rows = [
        (member, f"member_{number}", f"member_{number}@mail.example", password_hash, publication.posts // MEMBERS)
        for number, member in enumerate(publication.members)
    ]
    columns = ["id", "username", "email", "password_hash", "post_count"]
    await connection.copy_records_to_table("users", records=rows, columns=columns)
    counts = Counter(tag for number in range(publication.posts) for tag in _tags(number))
    tags = [(data.identifier(LAST, number), tag, counts[tag]) for number, tag in enumerate(data.TAGS)]
    await connection.copy_records_to_table("tags", records=tags, columns=["id", "name", "post_count"])


def _parts(posts: int) -> list[range]:
    return [range(start, posts, COPIES) for start in range(COPIES)]


async def fill(dsn: str, posts: int) -> Publication:
    """Write so many posts with their comments into an empty schema, and give the planner its statistics."""
    begin = asyncio.get_running_loop().time()
    members = [data.identifier(data.START, number) for number in range(MEMBERS)]
    publication = Publication(dsn, posts, members)
    tables = ("posts", "post_slugs", "comments")
    async with _unwatched(dsn) as connection:
        await _people(connection, publication)
        async with _unindexed(connection, tables):
            await asyncio.gather(
                *(_copy(dsn, "posts", POSTS, _post_lines(publication, part)) for part in _parts(posts)),
                _copy(dsn, "post_slugs", SLUGS, _slug_lines(publication)),
            )
            await asyncio.gather(
                *(_copy(dsn, "comments", COMMENTS, _comment_lines(publication, part)) for part in _parts(posts))
            )
        await connection.execute("VACUUM ANALYZE")
    return Publication(dsn, posts, members, asyncio.get_running_loop().time() - begin)
