"""What becomes of rooms and messages when an account goes."""

from app.sql import Connection
from tests.factories import Factory
from tests.messages.conftest import ANY, Company
from tests.messages.test_people import COUNTS


async def go(company: Company, headers: dict[str, str]) -> None:
    """Delete one's account."""
    answer = await company.client.delete("/users/me", headers=ANY | headers)
    assert answer.status_code == 204, answer.text


class TestAMemberWhoGoes:
    async def test_leaves_places_and_a_true_count(
        self, private: Company, make: Factory, connection: Connection
    ) -> None:
        message = await private.say(private.mate, "A secret.")
        answer = await private.say(private.owner, reply_to=message["id"])
        await make.invitation(await make.room(private.owner.id), private.mate.id)
        await go(private, private.mate.headers)
        place = (await private.client.get(f"/messages/{message['id']}", headers=private.owner.headers)).json()
        assert (place["is_deleted"], place["content"], place["author"], place["number"]) == (True, None, None, 1)
        kept = (await private.client.get(f"/messages/{answer['id']}", headers=private.owner.headers)).json()
        assert kept["reply_to"] == message["id"]
        assert await connection.fetchval("SELECT content FROM messages WHERE number = 1") == ""
        assert await connection.fetch(COUNTS) == []

    async def test_hands_a_room_over_to_who_has_been_in_it_longest(
        self, private: Company, make: Factory, connection: Connection
    ) -> None:
        await make.room_member(private.room, private.stranger.id)
        await make.invitation(private.room, (await make.member(username="the_guest")).id)
        await go(private, private.owner.headers)
        room = (await private.client.get(private.path, headers=private.stranger.headers)).json()
        assert (room["owner"]["username"], room["member_count"]) == (private.mate.username, 2)
        invitations = await private.client.get(f"{private.path}/invitations", headers=private.mate.headers)
        assert [entry["inviter"] for entry in invitations.json()["items"]] == [None]
        assert await connection.fetch(COUNTS) == []

    async def test_takes_a_room_along_that_nobody_else_is_in(
        self, public: Company, make: Factory, connection: Connection
    ) -> None:
        alone = await make.room(public.owner.id)
        await make.message(alone, public.owner.id)
        await make.invitation(alone, public.mate.id)
        await go(public, public.owner.headers)
        assert [row["id"] for row in await connection.fetch("SELECT id FROM rooms")] == [public.room]
        assert await connection.fetchval("SELECT count(*) FROM messages") == 0
        assert await connection.fetch(COUNTS) == []

    async def test_touches_no_other_room(self, public: Company, private: Company, connection: Connection) -> None:
        await private.say(private.owner)
        before = await connection.fetch("SELECT * FROM rooms WHERE id = $1", private.room)
        await go(public, public.mate.headers)
        assert await connection.fetch("SELECT * FROM rooms WHERE id = $1", private.room) == before
