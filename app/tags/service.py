"""The rules of tags."""

from collections.abc import Collection, Iterable

from sqlalchemy import Text, Uuid, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from app.ids import new_id
from app.sql import Connection, Statement
from app.tags.tables import Tag

_new = (
    func.unnest(bindparam("ids", type_=ARRAY(Uuid())), bindparam("names", type_=ARRAY(Text())))
    .table_valued("id", "name")
    .render_derived(name="new")
)
_ENSURE = Statement(
    insert(Tag).from_select(["id", "name"], select(_new.c.id, _new.c.name)).on_conflict_do_nothing()
)
_names = bindparam("names", type_=ARRAY(Text()))
# Rows are locked in the order of their names, so that two posts that share tags cannot wait for each other.
_locked = (
    select(Tag.id).where(Tag.name == func.any(_names)).order_by(Tag.name).with_for_update().cte("locked")
)
_COUNT = Statement(
    update(Tag).where(Tag.id == _locked.c.id).values(post_count=Tag.post_count + bindparam("step"))
)


def normalise(names: Iterable[str]) -> list[str]:
    """Return the tags trimmed and lower case, without blanks and repeats, in the order they came."""
    return list(dict.fromkeys(name for name in (name.strip().lower() for name in names) if name))


async def ensure(connection: Connection, names: Collection[str]) -> None:
    """Make sure that there is a tag of each of these names."""
    if names:
        await _ENSURE.run(connection, ids=[new_id() for _ in names], names=sorted(names))


async def count(
    connection: Connection, *, removed: Collection[str] = (), added: Collection[str] = ()
) -> None:
    """Keep the number of published posts of each tag, after one post lost some tags and got others."""
    lost, gained = set(removed) - set(added), set(added) - set(removed)
    for names, step in ((lost, -1), (gained, 1)):
        if names:
            await _COUNT.run(connection, names=list(names), step=step)
