"""The load on rooms: what is sent, what is made of refusals, and what the report says."""

import json
from typing import cast

import pytest

from scripts.bench import chat
from scripts.bench.chat import CASES, MANY_ROOMS, NEWEST, ONE_ROOM, Chat
from scripts.bench.load import LoadFailed
from scripts.bench.servers import Server


class Told:
    """A server that answers what it is told to, and notes what it is asked."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.asked: list[str] = []

    def ask(self, method: str, path: str, body: str, headers: dict[str, str]) -> tuple[int, bytes]:
        assert headers["Authorization"] == "Bearer token"
        assert json.loads(body)
        self.asked.append(f"{method} {path}")
        return self.status, json.dumps({"id": f"room-{len(self.asked)}"}).encode()


class TestOpenRooms:
    def test_opens_them_and_says_something_in_the_first(self) -> None:
        told = Told(201)
        assert chat.open_rooms(cast("Server", told), "token", 2, 1) == ["room-1", "room-2"]
        assert told.asked == ["POST /api/v1/rooms"] * 2 + ["POST /api/v1/rooms/room-1/messages"]

    def test_a_refusal_ends_it(self) -> None:
        with pytest.raises(LoadFailed, match="answered 409"):
            chat.open_rooms(cast("Server", Told(409)), "token", 1)


class TestRequests:
    def test_one_room_is_written_in_by_all_or_each_by_some(self) -> None:
        sent = chat.requests(["a", "b"], "token")
        assert sent.keys() == set(CASES)
        assert {request.path for request in sent[ONE_ROOM]} == {"/api/v1/rooms/a/messages"}
        assert {request.path for request in sent[MANY_ROOMS]} == {f"/api/v1/rooms/{room}/messages" for room in "ab"}
        assert sent[NEWEST][0].line() == "GET\t/api/v1/rooms/a/messages\tAuthorization: Bearer token"


def test_the_section_names_what_was_measured() -> None:
    measured = Chat()
    measured.rates[ONE_ROOM], measured.p99[ONE_ROOM] = [1000.0, 1200.0], [20.0, 30.5]
    told = chat.section(measured)
    assert ONE_ROOM in told
    assert "30.5" in told
    assert MANY_ROOMS not in told
