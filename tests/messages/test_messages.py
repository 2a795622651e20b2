"""What is said in rooms: writing, answering, reading, editing and deleting it."""

from typing import Any

import pytest

from app.sql import Connection
from tests.factories import Factory
from tests.messages.conftest import ANY, PATCH, Company, code, errors


async def told(company: Company, query: str = "") -> list[Any]:
    """Return the numbers of the messages that are listed."""
    path = f"{company.path}/messages?{query}"
    answer = await company.client.get(path, headers=company.owner.headers)
    assert answer.status_code == 200, answer.text
    return [message["number"] for message in answer.json()["items"]]


class TestCreateMessage:
    async def test_is_numbered_from_one(self, public: Company) -> None:
        messages = [await public.say(member, " Looms ") for member in (public.owner, public.mate, public.owner)]
        assert [message["number"] for message in messages] == [1, 2, 3]
        assert (messages[1]["content"], messages[1]["author"]["username"]) == ("Looms", public.mate.username)
        assert (messages[1]["reply_to"], messages[1]["edited_at"], messages[1]["is_deleted"]) == (None, None, False)
        room = (await public.client.get(public.path, headers=public.stranger.headers)).json()
        assert room["last_message_at"] == messages[2]["created_at"]

    @pytest.mark.parametrize("content", ["", " ", "\t\n", "\u200b", "x" * 2001, "a\0b", "\ud800", None, 7])
    async def test_bad_input_is_named(self, public: Company, connection: Connection, content: Any) -> None:
        escaped = '{"content": "\\ud800"}' if content == "\ud800" else None
        given: dict[str, Any] = {"content": escaped} if escaped else {"json": {"content": content}}
        headers = public.mate.headers | {"Content-Type": "application/json"}
        answer = await public.client.post(f"{public.path}/messages", headers=headers, **given)
        assert answer.status_code in {400, 422}
        assert answer.status_code == 400 or answer.json()["errors"][0]["pointer"] == "/content"
        row = await connection.fetchrow("SELECT last_number, (SELECT count(*) FROM messages) FROM rooms")
        assert row is not None
        assert tuple(row) == (0, 0)

    @pytest.mark.parametrize("content", ["x", "\U0001f9f5" * 2000, f"  {'x' * 1997}\n"])
    async def test_one_to_two_thousand_characters(self, public: Company, content: str) -> None:
        assert (await public.say(public.mate, content))["content"] == content.strip()

    async def test_answers_a_message_of_the_room(self, public: Company) -> None:
        first = await public.say(public.owner)
        assert (await public.say(public.mate, reply_to=first["id"]))["reply_to"] == first["id"]

    async def test_answers_none_that_is_elsewhere_or_gone(
        self, public: Company, make: Factory, connection: Connection
    ) -> None:
        elsewhere = await make.message(await make.room(public.mate.id), public.mate.id)
        gone = (await public.say(public.owner))["id"]
        await public.client.delete(f"/messages/{gone}", headers=ANY | public.owner.headers)
        for reply_to in (str(elsewhere), gone, "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"):
            answer = await public.client.post(
                f"{public.path}/messages", json={"content": "Yes.", "reply_to": reply_to}, headers=public.mate.headers
            )
            assert errors(answer) == [("/reply_to", "unknown_message")]
        assert await connection.fetchval("SELECT last_number FROM rooms WHERE id = $1", public.room) == 1

    async def test_takes_a_membership(self, public: Company, private: Company) -> None:
        for company, expected in ((public, (403, "not_a_member")), (private, (404, "not_found"))):
            answer = await company.client.post(
                f"{company.path}/messages", json={"content": "Hello?"}, headers=company.stranger.headers
            )
            assert code(answer) == expected

    async def test_a_retry_says_nothing_twice(self, public: Company, make: Factory) -> None:
        headers = public.mate.headers | {"Idempotency-Key": "once"}
        path = f"{public.path}/messages"
        first, again = [await public.client.post(path, json={"content": "Once."}, headers=headers) for _ in range(2)]
        assert first.json() == again.json()
        assert await told(public) == [1]
        other = await make.room(public.mate.id)
        elsewhere = await public.client.post(f"/rooms/{other}/messages", json={"content": "Once."}, headers=headers)
        assert elsewhere.json()["room_id"] == str(other)


class TestListMessages:
    @pytest.fixture
    async def talk(self, public: Company) -> Company:
        """Five messages, of which the third is deleted."""
        messages = [await public.say(public.mate, f"Card {number}") for number in range(5)]
        await public.client.delete(f"/messages/{messages[2]['id']}", headers=ANY | public.mate.headers)
        return public

    async def test_the_newest_first_unless_asked_otherwise(self, talk: Company) -> None:
        assert await told(talk) == [5, 4, 3, 2, 1]
        assert await told(talk, "sort=number&limit=2") == [1, 2]
        assert await told(talk, "sort=number&after=3") == [4, 5]
        assert await told(talk, "after=5") == []
        assert await told(talk, "page=2&limit=2") == [3, 2]

    async def test_totals_count_places(self, talk: Company) -> None:
        for query, total in (("", 5), ("&after=2", 3)):
            path = f"{talk.path}/messages?include_total=true{query}"
            answer = await talk.client.get(path, headers=talk.stranger.headers)
            assert answer.json()["page"]["total"] == total

    async def test_a_deleted_one_keeps_its_place(self, talk: Company) -> None:
        path = f"{talk.path}/messages?after=2&sort=number&limit=1"
        (place,) = (await talk.client.get(path, headers=talk.stranger.headers)).json()["items"]
        assert (place["number"], place["is_deleted"], place["content"], place["author"]) == (3, True, None, None)

    async def test_an_empty_room_has_none(self, public: Company) -> None:
        assert await told(public) == []

    @pytest.mark.parametrize("query", ["after=-1", "after=9007199254740992", "after=x", "sort=created_at", "limit=101"])
    async def test_bad_filters_are_named(self, public: Company, query: str) -> None:
        answer = await public.client.get(f"{public.path}/messages?{query}", headers=public.owner.headers)
        assert {where for where, _ in errors(answer)} == {query.partition("=")[0]}


class TestUpdateMessage:
    async def test_says_when_it_was_edited(self, public: Company) -> None:
        message = await public.say(public.mate)
        headers = PATCH | public.mate.headers
        path = f"/messages/{message['id']}"
        edited = (await public.client.patch(path, json={"content": "Two looms."}, headers=headers)).json()
        assert (edited["content"], edited["version"], edited["number"]) == ("Two looms.", 2, 1)
        assert edited["edited_at"] == edited["updated_at"]

    async def test_is_the_authors_and_of_who_is_in_the_room(self, public: Company) -> None:
        path = f"/messages/{(await public.say(public.mate))['id']}"
        body = {"content": "Three looms."}
        for member in (public.owner, public.stranger):
            answer = await public.client.patch(path, json=body, headers=PATCH | member.headers)
            assert code(answer) == (403, "permission_denied")
        await public.client.delete(f"{public.path}/membership", headers=public.mate.headers)
        answer = await public.client.patch(path, json=body, headers=PATCH | public.mate.headers)
        assert code(answer) == (403, "not_a_member")
        # What is one's own can be taken back from outside.
        assert (await public.client.delete(path, headers=ANY | public.mate.headers)).status_code == 204


class TestDeleteMessage:
    @pytest.mark.parametrize("who", ["owner", "mate"])
    async def test_erases_text_and_author(self, private: Company, connection: Connection, who: str) -> None:
        message = await private.say(private.mate, "A secret.")
        headers = (private.owner if who == "owner" else private.mate).headers
        path = f"/messages/{message['id']}"
        assert (await private.client.delete(path, headers=ANY | headers)).status_code == 204
        row = await connection.fetchrow("SELECT content, author_id FROM messages")
        assert row is not None
        assert tuple(row) == ("", None)
        assert (await private.client.get(path, headers=headers)).json()["is_deleted"] is True
        assert code(await private.client.delete(path, headers=ANY | headers)) == (404, "not_found")
        edited = await private.client.patch(path, json={"content": "No."}, headers=PATCH | private.mate.headers)
        assert code(edited) == (404, "not_found")

    async def test_is_not_for_others_in_the_room(self, private: Company) -> None:
        path = f"/messages/{(await private.say(private.owner))['id']}"
        answer = await private.client.delete(path, headers=ANY | private.mate.headers)
        assert code(answer) == (403, "permission_denied")


class TestReading:
    async def test_what_others_say_is_unread_until_it_is_read(self, public: Company) -> None:
        messages = [await public.say(public.owner) for _ in range(3)]
        assert (await public.unread(public.owner), await public.unread(public.mate)) == (0, 3)
        assert await public.unread(public.stranger) is None
        path, headers = f"{public.path}/read", public.mate.headers
        read = await public.client.put(path, json={"message_id": messages[1]["id"]}, headers=headers)
        assert (read.status_code, await public.unread(public.mate)) == (204, 1)
        # It never goes back.
        await public.client.put(path, json={"message_id": messages[0]["id"]}, headers=headers)
        assert await public.unread(public.mate) == 1
        await public.client.put(path, json={}, headers=headers)
        assert await public.unread(public.mate) == 0

    async def test_who_writes_has_read(self, public: Company) -> None:
        await public.say(public.owner)
        await public.say(public.mate)
        assert (await public.unread(public.mate), await public.unread(public.owner)) == (0, 1)

    async def test_what_is_deleted_is_not_unread(self, public: Company) -> None:
        first, _ = [await public.say(public.owner) for _ in range(2)]
        await public.client.delete(f"/messages/{first['id']}", headers=ANY | public.owner.headers)
        assert await public.unread(public.mate) == 1

    async def test_is_counted_to_a_hundred(self, public: Company, make: Factory) -> None:
        for _ in range(101):
            await make.message(public.room, public.owner.id)
        assert await public.unread(public.mate) == 100

    async def test_adds_up_over_rooms(self, public: Company, private: Company, make: Factory) -> None:
        reader = public.stranger
        for company, number in ((public, 2), (private, 3)):
            await make.room_member(company.room, reader.id)
            for _ in range(number):
                await company.say(company.owner)
        await make.room_member(await make.room(public.owner.id), reader.id)
        found = await public.client.get("/users/me/unread-messages", headers=reader.headers)
        assert found.json() == {"unread_count": 5, "room_count": 2}
        nobody = await public.client.get("/users/me/unread-messages", headers=private.stranger.headers)
        assert nobody.json() == {"unread_count": 0, "room_count": 0}

    async def test_takes_a_membership_and_a_message_of_the_room(self, public: Company, private: Company) -> None:
        elsewhere = (await private.say(private.owner))["id"]
        answer = await public.client.put(
            f"{public.path}/read", json={"message_id": elsewhere}, headers=public.mate.headers
        )
        assert errors(answer) == [("/message_id", "unknown_message")]
        for company, expected in ((public, (403, "not_a_member")), (private, (404, "not_found"))):
            read = await company.client.put(f"{company.path}/read", json={}, headers=company.stranger.headers)
            assert code(read) == expected
