"""Guessing what was meant by a search that found nothing."""

import re

from sqlalchemy import Text, bindparam, exists, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.sql import Connection, Statement
from app.words.tables import Word

# Of the contract's SearchQuery.
MAX_QUERY = 200
MAX_WORDS = 8
# Letters of any script, and not what the search leaves out (`-without`).
_WORD = re.compile(r"(?<![\w-])[^\W\d_]{4,40}(?!\w)")


def _nearest() -> Statement:
    """Return the statement that finds, for each word that no post uses, the word that looks most like it."""
    given = func.unnest(bindparam("words", type_=ARRAY(Text()))).table_valued("word").render_derived(name="given")
    near = (
        select(Word.word)
        .where(Word.word.op("%")(given.c.word))
        .order_by(func.similarity(Word.word, given.c.word).desc(), Word.word)
        .limit(literal_column("1"))
        .lateral("near")
    )
    return Statement(
        select(given.c.word.label("given"), near.c.word.label("near"))
        .select_from(given)
        .join(near, literal_column("true"))
        .where(~exists().where(Word.word == given.c.word))
    )


_NEAREST = _nearest()


async def corrected(connection: Connection, q: str) -> str | None:
    """Return the query with the nearest words that posts use in place of those they do not, or None without any."""
    words = list(dict.fromkeys(word.lower() for word in _WORD.findall(q)))[:MAX_WORDS]
    if not words:
        return None
    near = {row["given"]: row["near"] for row in await _NEAREST.all(connection, words=words)}
    better = _WORD.sub(lambda match: near.get(match[0].lower(), match[0]), q)
    return better if near and len(better) <= MAX_QUERY else None
