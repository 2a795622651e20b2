"""Full-text search of items by PostgreSQL; what is ranked is the newest matches, as it is for posts."""

from functools import cache
from operator import itemgetter

from asyncpg import Record
from sqlalchemy import ColumnElement, Double, Integer, func, literal_column, select

from app import pages
from app.items import queries
from app.items.queries import Filters
from app.items.tables import Item
from app.posts.search import QUERY, RANKED, sane
from app.sql import Connection, Statement
from app.users.tables import User
from generated.models import ItemHit, ItemHitPage

_FLOAT: Double[float] = Double()
_MILLION = 1_000_000


@cache
def _statement(filters: frozenset[str], shape: pages.Shape) -> Statement:
    newest = (
        select(Item.id, Item.search)
        .where(*queries.active(filters), Item.search.op("@@")(QUERY))
        .order_by(Item.created_at.desc(), Item.id.desc())
        .limit(literal_column(str(RANKED), Integer()))
    ).cte("newest")
    # 32 maps a rank into 0..1.
    score = func.ts_rank(newest.c.search, QUERY, literal_column("32", Integer()), type_=_FLOAT)
    rank: ColumnElement[float] = func.round(score * literal_column(str(_MILLION)), type_=_FLOAT)
    found = select(newest.c.id, rank.label("rank")).cte("ranked")
    page = pages.ordered(select(found.c.id, found.c.rank), found.c.rank, found.c.id, shape, descending=True)
    chosen = page.cte("chosen")
    hits = (
        select(*queries.ITEM, *queries.OWNER, chosen.c.rank)
        .join(chosen, chosen.c.id == Item.id)
        .join(User, User.id == Item.owner_id)
    )
    best_last = (chosen.c.rank, chosen.c.id)
    return Statement(hits.order_by(*(best_last if shape.backwards else (column.desc() for column in best_last))))


def _hit(row: Record) -> ItemHit:
    return ItemHit(item=queries.as_item(row), rank=row["rank"] / _MILLION)


async def find(connection: Connection, q: str, filters: Filters, asked: pages.Asked) -> ItemHitPage:
    """Return a page of active items that match and that the filters leave, the best first.

    Raises ValidationFailed for a foreign cursor and for a range of prices that nothing is in.
    """
    values = filters.values()
    page = pages.wanted(f"search items {q} {sorted(values.items())}", asked)
    rows = await _statement(frozenset(values), page.shape).all(connection, q=sane(q), **values, **page.binds())
    kept, described = pages.cut(rows, page, itemgetter("rank"))
    return ItemHitPage(items=[_hit(row) for row in kept], page=described)
