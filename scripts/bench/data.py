"""A publication of 100,000 posts, written by COPY into the schema of the service."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg
from argon2 import PasswordHasher

USERS = 1_000
POSTS = 102_000
# Drafts are what a list must leave out; what remains is 5,000 full pages of 20.
DRAFT_EVERY = 51
COMMENTS_PER_POST = (0, 1, 2, 2, 2, 3, 4)
PASSWORD = "Benchmark-1"
START = datetime(2020, 1, 1, tzinfo=UTC)
TAGS = ("engines", "looms", "notes", "letters", "numbers", "history", "music", "machines")
PROSE = """
the analytical engine weaves algebraical patterns just as the loom weaves flowers and leaves it has no
pretensions to originate anything it can do whatever we know how to order it to perform it can follow analysis
but it has no power of anticipating any relations or truths its province is to assist us in making available
what we are already acquainted with
"""
WORDS = PROSE.split()
WORDS_PER_POST = 150

COLUMNS = {
    "users": "id username email full_name avatar_url password_hash post_count created_at updated_at",
    "tags": "id name post_count",
    "posts": (
        "id author_id title slug content excerpt status tags views comment_count published_at created_at updated_at"
    ),
    "post_slugs": "slug post_id",
    "comments": "id post_id parent_id root_id depth author_id content created_at updated_at",
}

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is random about the publication, drawn once from one seed, so that every run has the same data."""

    random: random.Random
    users: Sequence[UUID]
    posts: Sequence[UUID]
    authors: Sequence[int]
    tags: Sequence[Sequence[str]]
    comments: Sequence[int]


def moment(post: int) -> datetime:
    """Return when a post was written."""
    return START + timedelta(minutes=30 * post)


def identifier(at: datetime, number: int) -> UUID:
    """Make an id as RFC 9562, section 5.7 has it: the milliseconds first, so that ids grow with time."""
    milliseconds = int(at.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62 | number)


def draw() -> Plan:
    dice = random.Random(1843)  # noqa: S311 - Nothing here is secret, and the same data each time is wanted.
    return Plan(
        random=dice,
        users=[identifier(START, user) for user in range(USERS)],
        posts=[identifier(moment(post), post) for post in range(POSTS)],
        authors=dice.choices(range(USERS), k=POSTS),
        tags=[dice.sample(TAGS, k=3) for _ in range(POSTS)],
        comments=dice.choices(COMMENTS_PER_POST, k=POSTS),
    )


def is_draft(post: int) -> bool:
    return post % DRAFT_EVERY == 0


def words(drawn: Plan, number: int) -> str:
    return " ".join(drawn.random.choices(WORDS, k=number))


def hash_of_password() -> str:
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash(PASSWORD)


def user_rows(drawn: Plan) -> Iterator[Row]:
    password_hash = hash_of_password()
    posts = Counter(author for post, author in enumerate(drawn.authors) if not is_draft(post))
    for user, user_id in enumerate(drawn.users):
        name = f"member_{user}"
        email, avatar = f"{name}@mail.example", f"https://images.example/{name}.webp"
        yield user_id, name, email, f"Member {user}", avatar, password_hash, posts[user], START, START


def tag_rows(drawn: Plan) -> Iterator[Row]:
    posts = Counter(tag for post, tags in enumerate(drawn.tags) if not is_draft(post) for tag in tags)
    for number, tag in enumerate(TAGS):
        yield identifier(START, number), tag, posts[tag]


def post_rows(drawn: Plan) -> Iterator[Row]:
    for post, post_id in enumerate(drawn.posts):
        at = moment(post)
        draft = is_draft(post)
        yield (
            post_id,
            drawn.users[drawn.authors[post]],
            f"{words(drawn, 6).capitalize()} {post}",
            f"post-{post}",
            words(drawn, WORDS_PER_POST),
            words(drawn, 20),
            "draft" if draft else "published",
            drawn.tags[post],
            post % 1_000,
            0 if draft else drawn.comments[post],
            None if draft else at,
            at,
            at,
        )


def slug_rows(drawn: Plan) -> Iterator[Row]:
    for post, post_id in enumerate(drawn.posts):
        yield f"post-{post}", post_id


def comment_rows(drawn: Plan) -> Iterator[Row]:
    """Yield the comments of every post: one that starts the talk, and answers to it."""
    for post, post_id in enumerate(drawn.posts):
        at = moment(post)
        first = identifier(at, 1 << 40)
        for comment in range(0 if is_draft(post) else drawn.comments[post]):
            author = drawn.users[drawn.random.randrange(USERS)]
            text = words(drawn, 15)
            if comment == 0:
                yield first, post_id, None, first, 1, author, text, at, at
            else:
                yield identifier(at, 1 << 40 | comment), post_id, first, first, 2, author, text, at, at


Tables = Mapping[str, tuple[str, Callable[[Plan], Iterator[Row]]]]


async def fill(dsn: str, more: Tables = MappingProxyType({})) -> Plan:
    """Write the publication into an empty schema, then `more` of it, and give the planner its statistics."""
    drawn = draw()
    tables = {
        "users": user_rows(drawn),
        "tags": tag_rows(drawn),
        "posts": post_rows(drawn),
        "post_slugs": slug_rows(drawn),
        "comments": comment_rows(drawn),
    }
    connection = await asyncpg.connect(dsn)
    try:
        for table, rows in tables.items():
            await connection.copy_records_to_table(table, records=rows, columns=COLUMNS[table].split())
        for table, (columns, rows_of) in more.items():
            await connection.copy_records_to_table(table, records=rows_of(drawn), columns=columns.split())
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return drawn
