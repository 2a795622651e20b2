"""What lists promise to who reads them page by page while others write.

What stood there all the time is seen, and seen once; of what came or went meanwhile, nothing is seen twice.
"""

import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.ids import new_id
from app.sql import Connection
from tests.contract.requests import Call
from tests.contract.test_generic_lists import LISTS, ORDERS, QUERIES
from tests.factories import Factory, Member

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
ENTRIES, LIMIT = 12, 3
SEEDS = range(3)
# How the username of a member begins whose id is the rest of it.
PERSON = "m_"


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
    numbers: Iterator[int] = field(default_factory=lambda: count(1))


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


async def _item(world: World) -> UUID:
    price, views = f"{world.dice.randrange(1, 5)}.00", world.dice.randrange(4)
    at = moment(world.dice)
    return await world.make.item(world.author, title="Looms", price=price, views=views, created_at=at)


async def _job(world: World) -> UUID:
    return await world.make.job(world.author, created_at=moment(world.dice))


async def _media(world: World) -> UUID:
    return await world.make.media(world.author, created_at=moment(world.dice))


async def _member(world: World) -> UUID:
    # Names and dates of all orders at once.
    return (await world.make.member(created_at=moment(world.dice), username=f"m{world.dice.getrandbits(60)}")).id


async def _notification(world: World) -> UUID:
    return await world.make.notification(world.author, created_at=moment(world.dice))


async def _session(world: World) -> UUID:
    return await world.make.session(world.author, created_at=moment(world.dice))


async def _key(world: World) -> UUID:
    identifier = new_id()
    await world.make.key(world.author, frozenset(), id=identifier, created_at=moment(world.dice))
    return identifier


async def _event(world: World) -> UUID:
    return await world.make.event(world.author, created_at=moment(world.dice))


async def _happening(world: World) -> UUID:
    return await world.make.happening(world.author, starts_at=moment(world.dice), created_at=moment(world.dice))


async def _attendee(world: World) -> UUID:
    identifier = new_id()
    guest = await world.make.member(id=identifier, username=f"{PERSON}{identifier.hex}")
    return await world.make.attendance(UUID(world.call.path["event_id"]), guest, created_at=moment(world.dice))


async def _revision(world: World) -> int:
    post_id, number = UUID(world.call.path["post_id"]), next(world.numbers)
    await world.make.revision(post_id, number, world.author, created_at=moment(world.dice))
    return number


async def _found(world: World) -> UUID:
    """Make what a search for looms finds: a post, a tag, or a member, who is shown without an id."""
    match world.dice.randrange(3):
        case 0:
            return await world.make.tag(f"looms{world.dice.randrange(10_000)}")
        case 1:
            identifier = new_id()
            name = f"{PERSON}{identifier.hex}"
            return (await world.make.member(id=identifier, username=name, full_name="Looms")).id
        case _:
            return await _post(world)


async def _room(world: World) -> UUID:
    return await world.make.room(world.author.id, name=f"Room {world.dice.randrange(4)}", created_at=moment(world.dice))


async def _room_member(world: World) -> UUID:
    member = await world.make.member()
    return await world.make.room_member(UUID(world.call.path["room_id"]), member.id, joined_at=moment(world.dice))


async def _room_invitation(world: World) -> UUID:
    member = await world.make.member()
    return await world.make.invitation(UUID(world.call.path["room_id"]), member.id, created_at=moment(world.dice))


async def _my_invitation(world: World) -> UUID:
    room_id = await world.make.room((await world.make.member()).id)
    return await world.make.invitation(room_id, world.author.id, created_at=moment(world.dice))


async def _message(world: World) -> UUID:
    room_id = UUID(world.call.path["room_id"])
    return await world.make.message(room_id, world.author.id, created_at=moment(world.dice))


Maker = Callable[[World], Awaitable[UUID | int]]
# How to make an entry of a list, and the tables it can stand in; none where entries never go. A new list gets a line
# here.
CHANGED: dict[str, tuple[Maker, tuple[str, ...]]] = {
    "listPosts": (_post, ("posts",)),
    "searchPosts": (_post, ("posts",)),
    "searchEverything": (_found, ("posts", "tags", "users")),
    "listRevisions": (_revision, ()),
    "listComments": (_comment, ("comments",)),
    "listModerationQueue": (_waiting, ("comments",)),
    "listTags": (_tag, ("tags",)),
    "listCategories": (_category, ("categories",)),
    "listItems": (_item, ("items",)),
    "searchItems": (_item, ("items",)),
    "listMyItems": (_item, ("items",)),
    "listJobs": (_job, ("jobs",)),
    "listMyMedia": (_media, ("media",)),
    "listUsers": (_member, ("users",)),
    "listNotifications": (_notification, ("notifications",)),
    "listSessions": (_session, ("sessions",)),
    "listApiKeys": (_key, ("api_keys",)),
    "listEvents": (_happening, ("events",)),
    "listMyEvents": (_happening, ("events",)),
    # Whoever goes takes the attendance along.
    "listAttendees": (_attendee, ("users",)),
    "listAuditEvents": (_event, ()),
    "listRooms": (_room, ("rooms",)),
    "listRoomMembers": (_room_member, ("room_members",)),
    "listRoomInvitations": (_room_invitation, ("room_invitations",)),
    "listMyInvitations": (_my_invitation, ("room_invitations",)),
    # What is deleted keeps its place.
    "listMessages": (_message, ()),
}
CASES = [(item, order, seed) for item, order in ORDERS for seed in SEEDS]


def key_of(entry: dict[str, Any]) -> str:
    """Return what tells an entry from the others: its own id or number, or the id of what it is about."""
    if "id" not in entry and (person := entry.get("person") or entry.get("member")):
        return str(UUID(person["username"].removeprefix(PERSON)))
    about = next((entry[name] for name in ("comment", "post", "item", "tag") if name in entry), entry)
    return str(about["id"] if "id" in about else about["number"])


def test_is_asked_of_every_list() -> None:
    assert CHANGED.keys() == {item.name for item in LISTS}


class Others:
    """Those who write between two pages, and what they have left alone."""

    def __init__(self, connection: Connection, world: World) -> None:
        self._connection, self._world = connection, world
        self._make, self._tables = CHANGED[world.call.operation.name]
        self._standing: list[UUID | int] = []
        self._came: set[UUID | int] = set()

    async def begin(self) -> None:
        """Make the entries that stand there at the beginning."""
        self._standing = [await self._make(self._world) for _ in range(ENTRIES)]

    async def change(self) -> None:
        """Add entries and take others away."""
        dice = self._world.dice
        for _ in range(dice.randrange(3)):
            self._standing.append(await self._make(self._world))
            self._came.add(self._standing[-1])
        for _ in range(dice.randrange(3) if self._tables else 0):
            gone = self._standing.pop(dice.randrange(len(self._standing)))
            for table in self._tables:
                await self._connection.execute(f"DELETE FROM {table} WHERE id = $1", gone)  # noqa: S608 - Ours.

    @property
    def stood(self) -> set[str]:
        """What has stood there all the time."""
        return {str(entry) for entry in self._standing if entry not in self._came}


async def read(client: AsyncClient, call: Call, order: str | None, cursor: str | None = None) -> dict[str, Any]:
    """Return a page."""
    query = (
        QUERIES.get(call.operation.name, {})
        | {"limit": LIMIT}
        | ({"sort": order} if order else {})
        | ({"cursor": cursor} if cursor else {})
    )
    answer = await replace(call, query=f"?{urlencode(query)}").send(client)
    assert answer.status_code == 200, answer.text
    return answer.json()


class TestPagesWhileOthersWrite:
    @pytest.mark.parametrize("step", ["next_cursor", "previous_cursor"])
    @pytest.mark.parametrize(("operation", "order", "seed"), CASES, ids=str)
    async def test_skip_nothing_and_repeat_nothing(  # noqa: PLR0913, PLR0917 - Fixtures.
        self,
        client: AsyncClient,
        connection: Connection,
        make: Factory,
        author: Member,
        call: Call,
        order: str | None,
        seed: int,
        step: str,
    ) -> None:
        dice = random.Random(seed)  # noqa: S311 - Dice that fall the same way each time.
        others = Others(connection, World(make, author, call, dice))
        await others.begin()
        page = await read(client, call, order)
        while step == "previous_cursor" and page["page"]["next_cursor"]:
            page = await read(client, call, order, page["page"]["next_cursor"])
        seen = [key_of(entry) for entry in page["items"]]
        while page["page"][step]:
            await others.change()
            page = await read(client, call, order, page["page"][step])
            seen += [key_of(entry) for entry in page["items"]]
        assert len(seen) == len(set(seen)), "an entry was shown twice"
        assert others.stood <= set(seen), "an entry that stood there all the time was not shown"
