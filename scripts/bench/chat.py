"""What rooms take: many who write in one room wait for its row, many who write in many rooms do not."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from scripts.bench import load
from scripts.bench.figures import spread
from scripts.bench.load import LoadFailed, Request
from scripts.bench.servers import Server
from scripts.bench.tables import table, thousands, with_spread

ROOMS = "/api/v1/rooms"
ONE_ROOM, MANY_ROOMS = "createMessage, one room", "createMessage, many rooms"
NEWEST, LIST_ROOMS = "listMessages, newest", "listRooms, mine"
CASES = (ONE_ROOM, MANY_ROOMS, NEWEST, LIST_ROOMS)
# One more would be one more than a member may own.
OPENED, SAID = 100, 50
CONNECTIONS = 32
MESSAGE = json.dumps({"content": "It can follow analysis; it has no power of anticipating any truths."})
JSON = {"Content-Type": "application/json"}


@dataclass(slots=True)
class Chat:
    """Requests per second and the latency of most, by case, one entry a round."""

    rates: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    p99: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def open_rooms(galley: Server, token: str, number: int = OPENED, said: int = SAID) -> list[str]:
    """Open rooms, say something in the first, and return their ids. Raises LoadFailed."""
    headers = JSON | {"Authorization": f"Bearer {token}"}

    def post(path: str, body: str) -> str:
        status, answer = galley.ask("POST", path, body, headers)
        if status != HTTPStatus.CREATED:
            raise LoadFailed(f"{path} answered {status}: {answer.decode()[:500]}")
        return str(json.loads(answer)["id"])

    draft = {"name": "The engine room", "visibility": "public"}
    rooms = [post(ROOMS, json.dumps(draft)) for _ in range(number)]
    for _ in range(said):
        post(f"{ROOMS}/{rooms[0]}/messages", MESSAGE)
    return rooms


def requests(rooms: Sequence[str], token: str) -> dict[str, list[Request]]:
    """Return the requests of each case."""
    credential = f"Authorization: Bearer {token}"
    said = [Request("POST", f"{ROOMS}/{room}/messages", credential, MESSAGE) for room in rooms]
    return {
        ONE_ROOM: said[:1],
        MANY_ROOMS: said,
        NEWEST: [Request("GET", f"{ROOMS}/{rooms[0]}/messages", credential)],
        LIST_ROOMS: [Request("GET", f"{ROOMS}?mine=true", credential)],
    }


def measure(galley: Server, token: str, folder: Path, *, rounds: int, seconds: int) -> Chat:
    """Measure every case, round by round. Raises LoadFailed."""
    files: Mapping[str, Path] = {
        case: load.write(sent, folder / f"chat-{number}.txt")
        for number, (case, sent) in enumerate(requests(open_rooms(galley, token), token).items())
    }
    chat = Chat()
    for _ in range(rounds):
        for case, file in files.items():
            counted = load.run(galley.url, file, seconds=seconds, connections=CONNECTIONS)
            chat.rates[case].append(counted.rate)
            chat.p99[case].append(counted.p99)
    return chat


def section(chat: Chat) -> str:
    """Write the section of the report."""
    rows = [
        [case, with_spread(spread(chat.rates[case]), thousands), f"{max(chat.p99[case]):.1f}"]
        for case in CASES
        if case in chat.rates
    ]
    return table(["", "requests/s", "p99 ms, slowest round"], rows)
