"""What lists promise to who reads them page by page while others write.

What stood there all the time is seen, and seen once; of what came or went meanwhile, nothing is seen twice.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.ids import new_id
from app.sql import Connection
from tests.contract.document import Operation
from tests.contract.requests import Call
from tests.contract.test_generic_lists import LISTS, ORDERS
from tests.factories import Factory, Member

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
ENTRIES, LIMIT = 12, 3
SEEDS = range(3)


def moment(dice: random.Random) -> datetime:
    """Return one of few moments, so that some entries have the same."""
    return START + timedelta(minutes=dice.randrange(6))


@dataclass(frozen=True)
class World:
    """What a maker of entries needs to know."""

    make: Factory
    author: Member
    call: Call
    dice: random.Random


async def _post(world: World) -> UUID:
    at = moment(world.dice)
    return await world.make.post(world.author, title=f"Looms {world.dice.randrange(5)}", published_at=at, created_at=at)


async def _comment(world: World) -> UUID:
    post_id = UUID(world.call.path["post_id"])
    return await world.make.comment(post_id, world.author, created_at=moment(world.dice))


async def _waiting(world: World) -> UUID:
    post_id = await world.make.post(world.author)
    return await world.make.comment(post_id, world.author, status="pending", created_at=moment(world.dice))


async def _tag(world: World) -> UUID:
    return await world.make.tag(f"tag-{world.dice.getrandbits(60)}", post_count=world.dice.randrange(4))


async def _category(world: World) -> UUID:
    name, count = f"Category {world.dice.randrange(4)}", world.dice.randrange(4)
    return await world.make.category(f"category-{world.dice.getrandbits(60)}", name=name, post_count=count)


async def _job(world: World) -> UUID:
    return await world.make.job(world.author, created_at=moment(world.dice))


async def _member(world: World) -> UUID:
    # Names and dates of all orders at once.
    return (await world.make.member(created_at=moment(world.dice), username=f"m{world.dice.getrandbits(60)}")).id


async def _session(world: World) -> UUID:
    return await world.make.session(world.author, created_at=moment(world.dice))


async def _key(world: World) -> UUID:
    identifier = new_id()
    await world.make.key(world.author, frozenset(), id=identifier, created_at=moment(world.dice))
    return identifier


async def _event(world: World) -> UUID:
    return await world.make.event(world.author, created_at=moment(world.dice))


Maker = Callable[[World], Awaitable[UUID]]
# How to make an entry of a list, and the table it stands in; nothing where entries never go.
CHANGED: dict[str, tuple[Maker, str]] = {
    "listPosts": (_post, "posts"),
    "listComments": (_comment, "comments"),
    "listModerationQueue": (_waiting, "comments"),
    "listTags": (_tag, "tags"),
    "listCategories": (_category, "categories"),
    "listJobs": (_job, "jobs"),
    "listUsers": (_member, "users"),
    "listSessions": (_session, "sessions"),
    "listApiKeys": (_key, "api_keys"),
    "listAuditEvents": (_event, ""),
}
CASES = [(item, order, seed) for item, order in ORDERS if item.name in CHANGED for seed in SEEDS]


def key_of(entry: dict[str, Any]) -> str:
    """Return the id of an entry."""
    return entry.get("id") or entry["comment"]["id"]


def test_is_asked_of_lists_that_exist() -> None:
    assert CHANGED.keys() <= {item.name for item in LISTS}


class TestPagesWhileOthersWrite:
    @pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
    @pytest.mark.parametrize(("operation", "order", "seed"), CASES, ids=str)
    async def test_skip_nothing_and_repeat_nothing(  # noqa: PLR0913, PLR0917 - Fixtures.
        self,
        client: AsyncClient,
        connection: Connection,
        make: Factory,
        author: Member,
        call: Call,
        operation: Operation,
        order: str | None,
        seed: int,
        backwards: bool,  # noqa: FBT001 - A parameter of the test.
    ) -> None:
        make_one, table = CHANGED[operation.name]
        world = World(make, author, call, random.Random(seed))  # noqa: S311 - Dice that fall the same way each time.
        standing = [await make_one(world) for _ in range(ENTRIES)]

        async def change() -> None:
            """Add entries and take others away, as somebody else does between two pages."""
            for _ in range(world.dice.randrange(3)):
                standing.append(await make_one(world))
                came.add(str(standing[-1]))
            for _ in range(world.dice.randrange(3) if table else 0):
                gone = standing.pop(world.dice.randrange(len(standing)))
                await connection.execute(f"DELETE FROM {table} WHERE id = $1", gone)  # noqa: S608 - A name of ours.

        async def read(cursor: str | None) -> dict[str, Any]:
            query = {"limit": LIMIT} | ({"sort": order} if order else {}) | ({"cursor": cursor} if cursor else {})
            answer = await replace(call, query=f"?{urlencode(query)}").send(client)
            assert answer.status_code == 200, answer.text
            return answer.json()

        came: set[str] = set()
        step = "previous_cursor" if backwards else "next_cursor"
        page = await read(None)
        if backwards:
            while page["page"]["next_cursor"]:
                page = await read(page["page"]["next_cursor"])
        end = [key_of(entry) for entry in page["items"]]
        seen = list(end)
        while page["page"][step]:
            await change()
            page = await read(page["page"][step])
            seen += [key_of(entry) for entry in page["items"]]
        assert len(seen) == len(set(seen)), "an entry was shown twice"
        missed = {str(entry) for entry in standing} - came - set(seen)
        assert missed == set(), "an entry that stood there all the time was not shown"
