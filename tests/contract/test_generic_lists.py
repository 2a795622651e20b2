"""What every list promises in the same way: pages that hold the whole list, once, forwards and backwards."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from tests.contract.document import Operation, operations, resolve
from tests.contract.requests import Call
from tests.factories import Factory, Member

# What answers pages; an export goes on from a cursor as well, and has none.
LISTS = [item for item in operations() if {"cursor", "limit"} <= item.named("query").keys()]
NUMBERED = [item for item in LISTS if "page" in item.named("query")]
ORDERS = [
    (item, order)
    for item in LISTS
    for order in resolve(item.named("query").get("sort", {}).get("schema", {})).get("enum", [None])
]
ENTRIES = 5
SIZE = 2
# At the same moment, so that nothing but the tie-breaker orders them.
MOMENT = datetime(2026, 1, 1, 12, tzinfo=UTC)
Page = dict[str, Any]


async def _posts(make: Factory, author: Member, call: Call) -> None:
    del call
    for number in range(ENTRIES):
        await make.post(author, title=f"A text on looms {number % 2}", published_at=MOMENT, created_at=MOMENT)


async def _comments(make: Factory, author: Member, call: Call) -> None:
    for _ in range(ENTRIES):
        await make.comment(UUID(call.path["post_id"]), author, created_at=MOMENT)


async def _waiting(make: Factory, author: Member, call: Call) -> None:
    del call
    post_id = await make.post()
    for _ in range(ENTRIES):
        await make.comment(post_id, author, created_at=MOMENT, status="pending")


async def _tags(make: Factory, author: Member, call: Call) -> None:
    del author, call
    for number in range(ENTRIES):
        await make.tag(f"tag-{number}", created_at=MOMENT)


async def _categories(make: Factory, author: Member, call: Call) -> None:
    del author, call
    for number in range(ENTRIES):
        await make.category(f"category-{number}", name=f"Category {number % 2}", created_at=MOMENT)


async def _items(make: Factory, owner: Member, call: Call) -> None:
    del call
    for number in range(ENTRIES):
        await make.item(owner, title=f"A loom {number}", price=f"{number % 2 + 1}.00", created_at=MOMENT)


async def _revisions(make: Factory, author: Member, call: Call) -> None:
    for number in range(1, ENTRIES + 1):
        await make.revision(UUID(call.path["post_id"]), number, author, created_at=MOMENT)


async def _users(make: Factory, author: Member, call: Call) -> None:
    """Two are there already: whoever asks, and another who may."""
    del author, call
    for _ in range(ENTRIES - 2):
        await make.member()


async def _media(make: Factory, author: Member, call: Call) -> None:
    del call
    for _ in range(ENTRIES):
        await make.media(author, created_at=MOMENT)


async def _events(make: Factory, author: Member, call: Call) -> None:
    del call
    for _ in range(ENTRIES):
        await make.event(author, created_at=MOMENT)


async def _happenings(make: Factory, author: Member, call: Call) -> None:
    del call
    for _ in range(ENTRIES):
        await make.happening(author, starts_at=MOMENT, created_at=MOMENT)


async def _attendees(make: Factory, author: Member, call: Call) -> None:
    del author
    for _ in range(ENTRIES):
        await make.attendance(UUID(call.path["event_id"]), created_at=MOMENT)


async def _jobs(make: Factory, author: Member, call: Call) -> None:
    del call
    for _ in range(ENTRIES):
        await make.job(author, created_at=MOMENT)


async def _notifications(make: Factory, author: Member, call: Call) -> None:
    del call
    for _ in range(ENTRIES):
        await make.notification(author, created_at=MOMENT)


async def _sessions(make: Factory, author: Member, call: Call) -> None:
    del call
    # The one that asks is there already.
    for _ in range(ENTRIES - 1):
        await make.session(author, created_at=MOMENT)


async def _keys(make: Factory, author: Member, call: Call) -> None:
    del call
    # One came with the author's credentials.
    for _ in range(ENTRIES - 1):
        await make.key(author, frozenset(), created_at=MOMENT)


async def _rooms(make: Factory, author: Member, call: Call) -> None:
    del call
    for number in range(ENTRIES):
        await make.room(author.id, name=f"Room {number % 2}", created_at=MOMENT)


async def _room_members(make: Factory, author: Member, call: Call) -> None:
    """Two are in it already."""
    del author
    for _ in range(ENTRIES - 2):
        await make.room_member(UUID(call.path["room_id"]), (await make.member()).id, joined_at=MOMENT)


async def _room_invitations(make: Factory, author: Member, call: Call) -> None:
    del author
    for _ in range(ENTRIES):
        await make.invitation(UUID(call.path["room_id"]), (await make.member()).id, created_at=MOMENT)


async def _my_invitations(make: Factory, author: Member, call: Call) -> None:
    del call
    for _ in range(ENTRIES):
        await make.invitation(await make.room((await make.member()).id), author.id, created_at=MOMENT)


async def _messages(make: Factory, author: Member, call: Call) -> None:
    for _ in range(ENTRIES):
        await make.message(UUID(call.path["room_id"]), author.id, created_at=MOMENT)


# How to fill a list with entries, of which there are none before. A new list gets a line here.
ENTRIES_OF: dict[str, Callable[[Factory, Member, Call], Awaitable[None]]] = {
    "listPosts": _posts,
    "searchPosts": _posts,
    "searchEverything": _posts,
    "listComments": _comments,
    "listModerationQueue": _waiting,
    "listTags": _tags,
    "listCategories": _categories,
    "listItems": _items,
    "searchItems": _items,
    "listMyItems": _items,
    "listRevisions": _revisions,
    "listEvents": _happenings,
    "listMyEvents": _happenings,
    "listAttendees": _attendees,
    "listAuditEvents": _events,
    "listJobs": _jobs,
    "listNotifications": _notifications,
    "listSessions": _sessions,
    "listApiKeys": _keys,
    "listUsers": _users,
    "listRooms": _rooms,
    "listRoomMembers": _room_members,
    "listRoomInvitations": _room_invitations,
    "listMyInvitations": _my_invitations,
    "listMessages": _messages,
    "listMyMedia": _media,
}
QUERIES = {"searchPosts": {"q": "looms"}, "searchItems": {"q": "looms"}, "searchEverything": {"q": "looms"}}


@pytest.fixture
async def call(call: Call, operation: Operation, make: Factory, author: Member) -> Call:
    """A request for a list that has five entries."""
    await ENTRIES_OF[operation.name](make, author, call)
    return call


async def read(client: AsyncClient, call: Call, **query: Any) -> Page:
    """Return a page, with its links among its members."""
    query = QUERIES.get(call.operation.name, {}) | {name: value for name, value in query.items() if value is not None}
    answer = await replace(call, query=f"?{urlencode(query)}").send(client)
    assert answer.status_code == 200, answer.text
    links = dict(re.findall('[&?]cursor=([^&>]+)[^>]*>; rel="([a-z]+)"', answer.headers.get("Link", "")))
    return answer.json() | {"links": {name: cursor for cursor, name in links.items()}}


async def walk(client: AsyncClient, call: Call, direction: str = "next_cursor", **query: Any) -> list[Page]:
    """Return the pages from the one that is asked for on, in a direction."""
    pages = [await read(client, call, limit=SIZE, **query)]
    while pages[-1]["page"][direction]:
        assert len(pages) < ENTRIES, "the pages go on and on"
        pages.append(await read(client, call, limit=SIZE, **query | {"cursor": pages[-1]["page"][direction]}))
    return pages


def items(pages: list[Page]) -> list[Any]:
    """Return what stands on the pages."""
    return [item for page in pages for item in page["items"]]


class TestPages:
    @pytest.mark.parametrize(("operation", "order"), ORDERS, ids=str)
    async def test_hold_the_whole_list_once(self, client: AsyncClient, call: Call, order: str | None) -> None:
        whole = await read(client, call, limit=100, sort=order)
        pages = await walk(client, call, sort=order)
        assert len(whole["items"]) == ENTRIES
        assert items(pages) == whole["items"]
        assert [page["page"]["size"] for page in pages] == [2, 2, 1]
        assert [page["page"]["has_next"] for page in pages] == [True, True, False]
        assert [page["page"]["has_previous"] for page in pages] == [False, True, True]

    @pytest.mark.parametrize(("operation", "order"), ORDERS, ids=str)
    async def test_can_be_walked_back(self, client: AsyncClient, call: Call, order: str | None) -> None:
        pages = await walk(client, call, sort=order)
        back = await walk(client, call, "previous_cursor", sort=order, cursor=pages[-1]["page"]["previous_cursor"])
        assert items(back[::-1]) == items(pages[:-1])
        assert back[0]["page"]["has_next"] is True

    @pytest.mark.parametrize("operation", LISTS, ids=str)
    async def test_are_linked(self, client: AsyncClient, call: Call) -> None:
        pages = await walk(client, call)
        for page in pages:
            cursors = {"next": page["page"]["next_cursor"], "prev": page["page"]["previous_cursor"]}
            assert page["links"] == {name: cursor for name, cursor in cursors.items() if cursor}

    @pytest.mark.parametrize("operation", NUMBERED, ids=str)
    async def test_can_be_numbered(self, client: AsyncClient, call: Call) -> None:
        pages = await walk(client, call)
        for number, page in enumerate(pages, 1):
            numbered = await read(client, call, limit=SIZE, page=number)
            assert numbered["items"] == page["items"]
            assert (numbered["page"]["number"], numbered["page"]["pages"]) == (number, 3)
            assert numbered["page"]["total"] == ENTRIES

    @pytest.mark.parametrize("operation", LISTS, ids=str)
    async def test_are_of_twenty_unless_asked(self, client: AsyncClient, call: Call) -> None:
        page = await read(client, call)
        assert (page["page"]["size"], page["links"], page["page"]["has_next"]) == (ENTRIES, {}, False)
        assert "total" not in page["page"]

    @pytest.mark.parametrize("operation", LISTS, ids=str)
    async def test_go_on_in_their_own_list_alone(
        self, client: AsyncClient, call: Call, operation: Operation, author: Member
    ) -> None:
        cursor = (await read(client, call, limit=SIZE))["page"]["next_cursor"]
        orders = [order for item, order in ORDERS if item == operation]
        # A list of one order lends its cursor to another list.
        (tags,) = [item for item in LISTS if item.name == "listTags"]
        elsewhere = call if len(orders) > 1 else Call(tags, headers=author.headers)
        query = QUERIES.get(elsewhere.operation.name, {}) | {"cursor": cursor}
        query |= {"sort": orders[1]} if len(orders) > 1 else {}
        answer = await replace(elsewhere, query=f"?{urlencode(query)}").send(client)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "cursor_invalid")
