"""Rooms: opening, finding, editing and deleting them."""

from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.factories import Factory, Member
from tests.messages.conftest import ANY, PATCH, Company, code, errors

DRAFT: dict[str, Any] = {"name": "The composing room", "visibility": "private"}


async def named(client: AsyncClient, query: str = "", headers: dict[str, str] | None = None) -> list[str]:
    """Return the names of the rooms that are listed."""
    return [room["name"] for room in (await client.get(f"/rooms?sort=name{query}", headers=headers)).json()["items"]]


@pytest.mark.actor("user")
class TestCreateRoom:
    async def test_its_maker_owns_it_and_is_in_it(self, client: AsyncClient, actor: Member) -> None:
        answer = await client.post("/rooms", json=DRAFT | {"name": "  The composing room ", "description": None})
        room = answer.json()
        assert answer.status_code == 201
        assert answer.headers["Location"].endswith(f"/rooms/{room['id']}")
        assert (room["name"], room["description"], room["owner"]["username"]) == (
            DRAFT["name"],
            None,
            actor.username,
        )
        assert (room["member_count"], room["is_member"], room["unread_count"]) == (1, True, 0)
        assert room["last_message_at"] is None
        members = (await client.get(f"/rooms/{room['id']}/members")).json()["items"]
        assert [(member["member"]["username"], member["is_owner"]) for member in members] == [(actor.username, True)]

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"name": ""}, "/name"),
            ({"name": " \t\n"}, "/name"),
            ({"name": "\u200b"}, "/name"),
            ({"name": "x" * 81}, "/name"),
            ({"name": "a\0b"}, "/name"),
            ({"name": None}, "/name"),
            ({"description": "x" * 501}, "/description"),
            ({"description": "\0"}, "/description"),
            ({"description": ""}, "/description"),
            ({"visibility": "secret"}, "/visibility"),
            ({"owner_id": "me"}, "/owner_id"),
        ],
    )
    async def test_bad_input_is_named(
        self, client: AsyncClient, connection: Connection, change: dict[str, Any], pointer: str
    ) -> None:
        found = errors(await client.post("/rooms", json=DRAFT | change))
        assert {where.split("/", 2)[1] for where, _ in found} == {pointer.removeprefix("/")}
        assert await connection.fetchval("SELECT count(*) FROM rooms") == 0

    async def test_eighty_characters_are_a_name(self, client: AsyncClient) -> None:
        assert (await client.post("/rooms", json=DRAFT | {"name": "ä" * 80})).status_code == 201

    async def test_a_hundred_may_be_owned(self, client: AsyncClient, actor: Member, make: Factory) -> None:
        for _ in range(99):
            await make.room(actor.id)
        assert (await client.post("/rooms", json=DRAFT)).status_code == 201
        assert code(await client.post("/rooms", json=DRAFT)) == (409, "too_many_rooms")

    async def test_a_retry_opens_none(self, client: AsyncClient, connection: Connection) -> None:
        first, again = [await client.post("/rooms", json=DRAFT, headers={"Idempotency-Key": "once"}) for _ in range(2)]
        assert first.json() == again.json()
        assert await connection.fetchval("SELECT count(*) FROM rooms") == 1


class TestListRooms:
    @pytest.fixture
    async def member(self, make: Factory) -> Member:
        """Somebody who is in one of three rooms, and of a fourth knows nothing."""
        member, other = await make.member(), await make.member()
        await make.room(member.id, name="Mine", visibility="private")
        await make.room(other.id, name="Open 100%")
        await make.room(other.id, name="Open_too")
        await make.room(other.id, name="Hidden", visibility="private")
        return member

    async def test_narrowed_by_whose_they_are(self, client: AsyncClient, member: Member) -> None:
        assert await named(client, "", member.headers) == ["Mine", "Open 100%", "Open_too"]
        assert await named(client, "&mine=true", member.headers) == ["Mine"]
        assert await named(client, "&mine=false", member.headers) == ["Open 100%", "Open_too"]

    @pytest.mark.parametrize(
        ("q", "found"),
        [
            ("OPEN", ["Open 100%", "Open_too"]),
            ("%25", ["Open 100%"]),
            ("n_t", ["Open_too"]),
            ("_", ["Open_too"]),
            ("%5C", []),
            ("hidden", []),
        ],
    )
    async def test_found_by_a_part_of_the_name(
        self, client: AsyncClient, member: Member, q: str, found: list[str]
    ) -> None:
        assert await named(client, f"&q={q}", member.headers) == found

    @pytest.mark.parametrize("query", ["q=", "q=%20", "q=%00", f"q={'x' * 81}", "mine=perhaps", "sort=members"])
    async def test_bad_filters_are_named(self, client: AsyncClient, member: Member, query: str) -> None:
        answer = await client.get(f"/rooms?{query}", headers=member.headers)
        assert {where for where, _ in errors(answer)} == {query.partition("=")[0]}

    async def test_totals_count_no_private_room_of_others(self, client: AsyncClient, member: Member) -> None:
        for query, total in (("", 3), ("&mine=true", 1), ("&mine=false", 2), ("&q=i", 1)):
            answer = await client.get(f"/rooms?include_total=true{query}", headers=member.headers)
            assert answer.json()["page"]["total"] == total, query


class TestUpdateRoom:
    async def test_what_is_absent_stays_and_null_clears(self, public: Company) -> None:
        headers = PATCH | public.owner.headers
        said = {"description": "For few."}
        assert (await public.client.patch(public.path, json=said, headers=headers)).json()["description"] == "For few."
        room = (await public.client.patch(public.path, json={"name": "Another"}, headers=headers)).json()
        assert (room["name"], room["description"], room["version"]) == ("Another", "For few.", 3)
        cleared = await public.client.patch(public.path, json={"description": None}, headers=headers)
        assert cleared.json()["description"] is None

    async def test_its_visibility_stays(self, public: Company) -> None:
        headers = PATCH | public.owner.headers
        answer = await public.client.patch(public.path, json={"visibility": "private"}, headers=headers)
        assert [where for where, _ in errors(answer)] == ["/visibility"]

    async def test_a_private_one_stays_private(self, private: Company) -> None:
        headers = PATCH | private.owner.headers
        room = (await private.client.patch(private.path, json={"name": "Still ours"}, headers=headers)).json()
        assert (room["name"], room["visibility"]) == ("Still ours", "private")

    async def test_a_stale_tag_is_refused_and_a_new_message_makes_none_stale(self, public: Company) -> None:
        tag = (await public.client.get(public.path, headers=public.owner.headers)).headers["ETag"]
        await public.say(public.mate)
        headers = PATCH | public.owner.headers | {"If-Match": tag}
        assert (await public.client.patch(public.path, json={"name": "A"}, headers=headers)).status_code == 200
        stale = await public.client.patch(public.path, json={"name": "B"}, headers=headers)
        assert code(stale) == (412, "precondition_failed")

    async def test_is_the_owners(self, private: Company) -> None:
        for member, expected in ((private.mate, (403, "permission_denied")), (private.stranger, (404, "not_found"))):
            answer = await private.client.patch(private.path, json={"name": "B"}, headers=PATCH | member.headers)
            assert code(answer) == expected


class TestDeleteRoom:
    async def test_all_goes_with_it(self, private: Company, make: Factory, connection: Connection) -> None:
        first = await private.say(private.mate)
        await private.say(private.owner, reply_to=first["id"])
        await make.invitation(private.room, private.stranger.id)
        headers = private.owner.headers | ANY
        assert code(await private.client.delete(private.path, headers=private.mate.headers | ANY))[0] == 403
        assert (await private.client.delete(private.path, headers=headers)).status_code == 204
        assert code(await private.client.delete(private.path, headers=headers)) == (404, "not_found")
        for table in ("rooms", "room_members", "room_invitations", "messages"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0, table  # noqa: S608 - Names of ours.

    async def test_a_stale_tag_is_refused(self, public: Company, connection: Connection) -> None:
        headers = public.owner.headers | {"If-Match": '"7-00000000"'}
        assert code(await public.client.delete(public.path, headers=headers)) == (412, "precondition_failed")
        assert await connection.fetchval("SELECT id FROM rooms") == UUID(str(public.room))
