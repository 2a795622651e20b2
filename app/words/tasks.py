"""Learning the words of published posts: the newest each time, and some more of the rest, over and over."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from asyncpg import Record
from sqlalchemy import CTE, DateTime, Integer, Text, Uuid, bindparam, func, literal_column, select, tuple_
from sqlalchemy.dialects.postgresql import REGCONFIG
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db import reading
from app.jobs.registry import Running, task
from app.posts.tables import Post
from app.sql import Connection, Statement
from app.words.tables import Reading, Word

# A step takes a fraction of what the pool waits for a statement.
STEP = 200
STEPS = 100
# What is said beyond this has nearly always been said before.
READ_CHARACTERS = 4_000
_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_NO_ID = UUID(int=0)


def _learning(chosen: CTE) -> Statement:
    """Return the statement that learns the words of some posts and returns the last of these."""
    said = (
        chosen.c.title
        + literal_column("' '", Text())
        + func.coalesce(chosen.c.excerpt, literal_column("''", Text()))
        + literal_column("' '", Text())
        + func.left(chosen.c.content, literal_column(str(READ_CHARACTERS), Integer()))
    )
    simple = literal_column("'simple'", REGCONFIG)
    word = func.unnest(func.to_tsvector(simple, said)).table_valued("lexeme").render_derived(name="word").lateral()
    letters = word.c.lexeme.regexp_match(literal_column("'^[[:alpha:]]{4,40}$'"))
    # In order, so that two who learn at once cannot wait for each other.
    words = select(word.c.lexeme).select_from(chosen).join(word, letters).distinct().order_by(word.c.lexeme)
    learned = upsert(Word).from_select(["word"], words).on_conflict_do_nothing().cte("learned")
    last = select(chosen.c.sort_at, chosen.c.id).order_by(chosen.c.sort_at.desc(), chosen.c.id.desc())
    return Statement(last.limit(literal_column("1")).add_cte(learned))


_posts = select(Post.id, Post.sort_at, Post.title, Post.excerpt, Post.content).where(
    Post.status == literal_column("'published'")
)
_step = literal_column(str(STEP), Integer())
_LEARN_NEWEST = _learning(_posts.order_by(Post.sort_at.desc(), Post.id.desc()).limit(_step).cte("chosen"))
_place = tuple_(bindparam("sort_at", type_=DateTime(timezone=True)), bindparam("id", type_=Uuid()))
_LEARN_ON = _learning(
    _posts.where(tuple_(Post.sort_at, Post.id) > _place).order_by(Post.sort_at, Post.id).limit(_step).cte("chosen")
)
_GET_PLACE = Statement(select(Reading.sort_at, Reading.post_id.label("id")))
_read_to: dict[str, Any] = {"sort_at": bindparam("sort_at"), "post_id": bindparam("post_id")}
_SET_PLACE = Statement(
    upsert(Reading)
    .values(_read_to | {"id": literal_column("1", Integer())})
    .on_conflict_do_update(index_elements=[Reading.id], set_=_read_to)
)


async def _step_on(connection: Connection) -> bool:
    """Read on from where the last step ended; return whether there was anything, and else begin again next time."""
    place: Record | None = await _GET_PLACE.first(connection)
    sort_at, post_id = (place["sort_at"], place["id"]) if place else (_FIRST, _NO_ID)
    last = await _LEARN_ON.first(connection, sort_at=sort_at, id=post_id)
    sort_at, post_id = (last["sort_at"], last["id"]) if last else (_FIRST, _NO_ID)
    await _SET_PLACE.run(connection, sort_at=sort_at, post_id=post_id)
    return last is not None


async def learn(connection: Connection) -> None:
    """Learn the words of every published post, from where the last step ended."""
    while await _step_on(connection):
        pass


@task("words.learn", every="*/10 * * * *", deadline=300)
async def learn_words(payload: dict[str, Any], job: Running) -> dict[str, int]:
    """Learn the words of the newest posts, and of up to 20,000 more from where the last time ended."""
    del payload
    async with reading() as connection:
        await _LEARN_NEWEST.first(connection)
    for step in range(STEPS):
        async with reading() as connection:
            more = await _step_on(connection)
        await job.report(step)
        if not more:
            return {"steps": step}
    return {"steps": STEPS}
