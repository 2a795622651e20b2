"""Joining, leaving, inviting and removing."""

import pytest

from app.sql import Connection
from tests.factories import Factory
from tests.messages.conftest import ANY, Company, code

COUNTS = """
    SELECT id FROM rooms r WHERE member_count <> (SELECT count(*) FROM room_members WHERE room_id = r.id)
        OR invitation_count <> (SELECT count(*) FROM room_invitations WHERE room_id = r.id)
        OR NOT EXISTS (SELECT FROM room_members WHERE room_id = r.id AND user_id = r.owner_id)
"""


@pytest.fixture(autouse=True)
async def exact(connection: Connection) -> None:
    """Nothing is there before."""
    assert await connection.fetch(COUNTS) == []


async def usernames(company: Company) -> list[str]:
    """Return who is in the room, as its owner sees it."""
    answer = await company.client.get(f"{company.path}/members", headers=company.owner.headers)
    return [entry["member"]["username"] for entry in answer.json()["items"]]


class TestJoinRoom:
    async def test_a_public_one_is_open_and_once_is_enough(self, public: Company, connection: Connection) -> None:
        await public.say(public.owner)
        for _ in range(2):
            answer = await public.client.put(f"{public.path}/membership", headers=public.stranger.headers)
            assert answer.status_code == 204
        assert await usernames(public) == [public.owner.username, public.mate.username, public.stranger.username]
        # What was said before is no news.
        assert await public.unread(public.stranger) == 0
        assert await connection.fetch(COUNTS) == []

    async def test_a_private_one_takes_an_invitation_which_it_uses_up(
        self, private: Company, connection: Connection
    ) -> None:
        path, headers = f"{private.path}/membership", private.stranger.headers
        assert code(await private.client.put(path, headers=headers)) == (404, "not_found")
        invitation = f"{private.path}/invitations/{private.stranger.username.upper()}"
        assert (await private.client.put(invitation, headers=private.owner.headers)).status_code == 204
        # Until it is accepted, the room is still not there.
        assert code(await private.client.get(private.path, headers=headers)) == (404, "not_found")
        assert (await private.client.put(path, headers=headers)).status_code == 204
        assert (await private.client.get(private.path, headers=headers)).json()["is_member"] is True
        assert (await private.client.get("/users/me/invitations", headers=headers)).json()["items"] == []
        assert await connection.fetch(COUNTS) == []

    async def test_a_thousand_fit(self, public: Company, connection: Connection) -> None:
        path, headers = f"{public.path}/membership", public.stranger.headers
        await connection.execute("UPDATE rooms SET member_count = 1000")
        assert code(await public.client.put(path, headers=headers)) == (409, "room_full")
        assert (await public.client.put(path, headers=public.mate.headers)).status_code == 204
        await connection.execute("UPDATE rooms SET member_count = 999")
        assert (await public.client.put(path, headers=headers)).status_code == 204


class TestLeaveRoom:
    async def test_a_private_one_is_gone_at_once(self, private: Company, connection: Connection) -> None:
        message = await private.say(private.mate)
        headers = private.mate.headers
        assert (await private.client.delete(f"{private.path}/membership", headers=headers)).status_code == 204
        for path in (private.path, f"{private.path}/messages", f"/messages/{message['id']}"):
            assert code(await private.client.get(path, headers=headers)) == (404, "not_found")
        again = await private.client.delete(f"{private.path}/membership", headers=headers)
        assert code(again) == (404, "not_found")
        # What was said stays, and stays the member's.
        answer = await private.client.get(f"/messages/{message['id']}", headers=private.owner.headers)
        assert answer.json()["author"]["username"] == private.mate.username
        assert await connection.fetch(COUNTS) == []

    async def test_of_a_public_one_twice_is_the_same(self, public: Company) -> None:
        for _ in range(2):
            answer = await public.client.delete(f"{public.path}/membership", headers=public.mate.headers)
            assert answer.status_code == 204
        assert await usernames(public) == [public.owner.username]

    async def test_when_the_owner_does_the_oldest_member_owns_it(
        self, private: Company, make: Factory, connection: Connection
    ) -> None:
        await make.room_member(private.room, private.stranger.id)
        answer = await private.client.delete(f"{private.path}/membership", headers=private.owner.headers)
        assert answer.status_code == 204
        room = (await private.client.get(private.path, headers=private.stranger.headers)).json()
        assert (room["owner"]["username"], room["member_count"]) == (private.mate.username, 2)
        assert room["version"] == 2
        assert (await private.client.delete(private.path, headers=ANY | private.mate.headers)).status_code == 204
        assert await connection.fetch(COUNTS) == []

    async def test_the_last_one_stays(self, public: Company) -> None:
        path = f"{public.path}/membership"
        assert (await public.client.delete(path, headers=public.mate.headers)).status_code == 204
        assert code(await public.client.delete(path, headers=public.owner.headers)) == (409, "last_member")


class TestRemoveRoomMember:
    async def test_they_are_out_and_may_come_back_to_a_public_one(
        self, public: Company, connection: Connection
    ) -> None:
        path = f"{public.path}/members/{public.mate.username.upper()}"
        assert (await public.client.delete(path, headers=public.owner.headers)).status_code == 204
        assert code(await public.client.delete(path, headers=public.owner.headers)) == (404, "not_found")
        said = await public.client.post(
            f"{public.path}/messages", json={"content": "But why?"}, headers=public.mate.headers
        )
        assert code(said) == (403, "not_a_member")
        back = await public.client.put(f"{public.path}/membership", headers=public.mate.headers)
        assert back.status_code == 204
        assert await connection.fetch(COUNTS) == []

    async def test_a_private_one_is_gone_for_them(self, private: Company) -> None:
        path = f"{private.path}/members/{private.mate.username}"
        assert (await private.client.delete(path, headers=private.owner.headers)).status_code == 204
        for method, below in (("GET", ""), ("GET", "/messages"), ("PUT", "/membership"), ("GET", "/members")):
            answer = await private.client.request(method, private.path + below, headers=private.mate.headers)
            assert code(answer) == (404, "not_found")

    async def test_nobody_removes_the_owner(self, public: Company) -> None:
        path = f"{public.path}/members/{public.owner.username}"
        assert code(await public.client.delete(path, headers=public.owner.headers)) == (409, "conflict")
        assert code(await public.client.delete(path, headers=public.mate.headers)) == (403, "permission_denied")

    async def test_a_closed_account_can_be_removed(self, public: Company, connection: Connection) -> None:
        await connection.execute("UPDATE users SET is_active = false WHERE id = $1", public.mate.id)
        path = f"{public.path}/members/{public.mate.username}"
        assert (await public.client.delete(path, headers=public.owner.headers)).status_code == 204


class TestInviteToRoom:
    async def test_once_is_enough(self, private: Company, connection: Connection) -> None:
        path = f"{private.path}/invitations/{private.stranger.username}"
        for _ in range(2):
            assert (await private.client.put(path, headers=private.owner.headers)).status_code == 204
        found = (await private.client.get("/users/me/invitations", headers=private.stranger.headers)).json()["items"]
        assert [entry["room"]["id"] for entry in found] == [str(private.room)]
        assert found[0]["inviter"]["username"] == private.owner.username
        assert found[0]["room"]["member_count"] == 2
        assert await connection.fetch(COUNTS) == []

    async def test_who_is_in_it_stays_in_it(self, private: Company, connection: Connection) -> None:
        for member in (private.mate, private.owner):
            path = f"{private.path}/invitations/{member.username}"
            assert (await private.client.put(path, headers=private.owner.headers)).status_code == 204
        assert await connection.fetchval("SELECT count(*) FROM room_invitations") == 0

    async def test_is_the_owners(self, private: Company) -> None:
        path = f"{private.path}/invitations/{private.stranger.username}"
        assert code(await private.client.put(path, headers=private.mate.headers)) == (403, "permission_denied")
        assert code(await private.client.put(path, headers=private.stranger.headers)) == (404, "not_found")

    async def test_of_nobody_is_404(self, private: Company, make: Factory) -> None:
        closed = await make.member(is_active=False)
        for name in ("nobody_at_all", closed.username):
            path = f"{private.path}/invitations/{name}"
            assert code(await private.client.put(path, headers=private.owner.headers)) == (404, "not_found")

    async def test_a_hundred_wait_at_a_time(self, private: Company, make: Factory, connection: Connection) -> None:
        await connection.execute("UPDATE rooms SET invitation_count = 100")
        path = f"{private.path}/invitations/{private.stranger.username}"
        assert code(await private.client.put(path, headers=private.owner.headers)) == (409, "too_many_invitations")
        await make.invitation(private.room, private.stranger.id)
        assert (await private.client.put(path, headers=private.owner.headers)).status_code == 204


class TestEndOfAnInvitation:
    @pytest.mark.parametrize("by", ["owner", "guest"])
    async def test_it_is_good_no_more(self, private: Company, make: Factory, connection: Connection, by: str) -> None:
        await make.invitation(private.room, private.stranger.id)
        guest, owner = private.stranger, private.owner
        withdrawn = (f"{private.path}/invitations/{guest.username}", owner.headers)
        declined = (f"/users/me/invitations/{private.room}", guest.headers)
        path, headers = withdrawn if by == "owner" else declined
        assert (await private.client.delete(path, headers=headers)).status_code == 204
        assert code(await private.client.delete(path, headers=headers)) == (404, "not_found")
        joined = await private.client.put(f"{private.path}/membership", headers=guest.headers)
        assert code(joined) == (404, "not_found")
        assert await connection.fetch(COUNTS) == []

    async def test_only_the_owner_knows_who_is_invited(self, private: Company, make: Factory) -> None:
        await make.invitation(private.room, private.stranger.id)
        path = f"{private.path}/invitations"
        assert code(await private.client.get(path, headers=private.mate.headers)) == (403, "permission_denied")
        assert code(await private.client.get(path, headers=private.stranger.headers)) == (404, "not_found")
        listed = (await private.client.get(path, headers=private.owner.headers)).json()["items"]
        assert [entry["member"]["username"] for entry in listed] == [private.stranger.username]
