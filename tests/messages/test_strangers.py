"""A private room is not there for who is not in it: by no operation, no list, no search and no count."""

from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from app.sql import Connection
from tests.contract.document import Operation, operations
from tests.contract.requests import fingerprint, sample
from tests.factories import Factory, Member
from tests.messages.conftest import PATCH, Company, code

OPERATIONS = [operation for operation in operations() if operation.tag == "Messages"]
ABOUT_ONE = [operation for operation in OPERATIONS if operation.named("path")]
ABOUT_ALL = [operation for operation in OPERATIONS if not operation.named("path")]
LISTS = ["listRooms", "listMyInvitations"]


@pytest.fixture
async def message(private: Company, make: Factory) -> str:
    """A message of the private room, to which somebody is invited as well."""
    await make.invitation(private.room, (await make.member(username="the_guest")).id)
    return (await private.say(private.mate, "A secret among looms."))["id"]


async def ask(client: AsyncClient, operation: Operation, places: dict[str, Any], headers: dict[str, str]) -> Response:
    """Send a request without fault about these things."""
    path = operation.path
    for name in operation.named("path"):
        path = path.replace(f"{{{name}}}", str(places[name]))
    body: dict[str, Any] = {}
    if operation.media_type:
        body["json"] = sample(operation.content[operation.media_type]["schema"])
        headers = headers | {"Content-Type": operation.media_type}
    if "If-Match" in operation.named("header"):
        headers = headers | {"If-Match": "*"}
    return await client.request(operation.method, path, headers=headers, **body)


class Outsider:
    """Ways not to be in a room."""

    @staticmethod
    async def stranger(private: Company, make: Factory) -> Member:
        """Somebody who never was."""
        del make
        return private.stranger

    @staticmethod
    async def administrator(private: Company, make: Factory) -> Member:
        """Somebody who may do everything else."""
        del private
        return await make.member("admin")

    @staticmethod
    async def left(private: Company, make: Factory) -> Member:
        """Somebody who has said something, and left."""
        member = await make.member()
        await make.room_member(private.room, member.id)
        await private.say(member)
        await private.client.delete(f"{private.path}/membership", headers=member.headers)
        return member

    @staticmethod
    async def removed(private: Company, make: Factory) -> Member:
        """Somebody who was sent away."""
        member = await make.member()
        await make.room_member(private.room, member.id)
        path = f"{private.path}/members/{member.username}"
        await private.client.delete(path, headers=private.owner.headers)
        return member

    @staticmethod
    async def declined(private: Company, make: Factory) -> Member:
        """Somebody who was invited, and did not want to."""
        member = await make.member()
        await make.invitation(private.room, member.id)
        await private.client.delete(f"/users/me/invitations/{private.room}", headers=member.headers)
        return member


WAYS = ["stranger", "administrator", "left", "removed", "declined"]


@pytest.mark.parametrize("way", WAYS)
class TestAPrivateRoom:
    @pytest.mark.parametrize("operation", ABOUT_ONE, ids=str)
    async def test_is_404_by_every_operation(  # noqa: PLR0913, PLR0917 - Fixtures.
        self,
        private: Company,
        message: str,
        make: Factory,
        connection: Connection,
        operation: Operation,
        way: str,
    ) -> None:
        outsider: Member = await getattr(Outsider, way)(private, make)
        before = await fingerprint(connection)
        for username in ("the_guest", private.mate.username):
            places = {"room_id": private.room, "message_id": message, "username": username}
            answer = await ask(private.client, operation, places, outsider.headers)
            assert code(answer) == (404, "not_found"), answer.text
            # It is what is said of a room that never was.
            nowhere = dict.fromkeys(("room_id", "message_id"), "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11")
            never = await ask(private.client, operation, nowhere | {"username": username}, outsider.headers)
            assert never.json()["detail"] == answer.json()["detail"]
        assert await fingerprint(connection) == before

    @pytest.mark.parametrize("operation", [item for item in ABOUT_ALL if item.method == "GET"], ids=str)
    async def test_is_in_no_list_and_no_count(
        self, private: Company, message: str, make: Factory, operation: Operation, way: str
    ) -> None:
        outsider: Member = await getattr(Outsider, way)(private, make)
        for query in ("", "?include_total=true", "?q=room&include_total=true", "?mine=true", "?mine=false"):
            if query and (operation.name not in LISTS or ("total" not in query and operation.name != "listRooms")):
                continue
            if "q=" in query and operation.name != "listRooms":
                continue
            answer = await private.client.get(operation.path + query, headers=outsider.headers)
            assert answer.status_code == 200, answer.text
            assert str(private.room) not in answer.text
            assert message not in answer.text
            found = answer.json()
            assert found.get("items", []) == []
            assert found.get("page", {}).get("total", 0) == 0
            assert found.get("unread_count", 0) == found.get("room_count", 0) == 0

    async def test_lends_no_message_to_another_room(
        self, private: Company, message: str, make: Factory, way: str
    ) -> None:
        outsider: Member = await getattr(Outsider, way)(private, make)
        own = await make.room(outsider.id)
        for path, body in ((f"/rooms/{own}/messages", "reply_to"), (f"/rooms/{own}/read", "message_id")):
            method = "POST" if body == "reply_to" else "PUT"
            given = {body: message} | ({"content": "A loom."} if body == "reply_to" else {})
            unknown = {**given, body: "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"}
            answers = [
                await private.client.request(method, path, json=each, headers=outsider.headers)
                for each in (given, unknown)
            ]
            assert {answer.status_code for answer in answers} == {422}
            assert answers[0].json()["errors"] == answers[1].json()["errors"]

    async def test_is_in_no_other_search(self, private: Company, message: str, make: Factory, way: str) -> None:
        outsider: Member = await getattr(Outsider, way)(private, make)
        del message
        for query in ("secret+among", "composing+room"):
            answer = await private.client.get(f"/search?q={query}", headers=outsider.headers)
            assert answer.json()["items"] == []


class TestNobody:
    @pytest.mark.parametrize("operation", OPERATIONS, ids=str)
    async def test_reads_even_a_public_room_without_logging_in(self, public: Company, operation: Operation) -> None:
        places = {"room_id": public.room, "message_id": UUID(int=1), "username": public.mate.username}
        assert (await ask(public.client, operation, places, {})).status_code == 401


class TestAPublicRoom:
    async def test_is_read_and_not_written_by_a_stranger(self, public: Company) -> None:
        message = await public.say(public.mate)
        headers = public.stranger.headers
        for path in (public.path, f"{public.path}/messages", f"{public.path}/members", f"/messages/{message['id']}"):
            assert (await public.client.get(path, headers=headers)).status_code == 200
        edit = await public.client.patch(f"/messages/{message['id']}", json={"content": "Ha."}, headers=PATCH | headers)
        assert code(edit) == (403, "permission_denied")
