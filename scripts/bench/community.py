"""What a seat costs beside a comment, and how fast a crowd is seated at one event."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from time import perf_counter
from uuid import UUID

import asyncpg
import orjson

from app.ids import new_id
from app.sql import Connection
from scripts.bench import load
from scripts.bench.figures import ratio, spread
from scripts.bench.identity import API, CONNECTIONS, Client
from scripts.bench.load import Request
from scripts.bench.servers import Server
from scripts.bench.tables import Target, table, thousands, two_digits, with_spread

ATTEND_EVENT, CREATE_COMMENT = "attendEvent", "createComment"
MEMBERS, SEATS, MOST_SEATS = 1_000, 900, 1_000
# A seat is a row and a counter, as a comment is; ten in a hundred are the noise of this machine.
AS_FAST, SEATED_PER_SECOND = 0.9, 500
# More than any service of one worker seats, so that nobody comes twice to the same event.
SEATS_PER_SECOND = 3_000
CLIENTS = 16
COMMENT = '{"content": "It can follow analysis; it has no power of anticipating any truths."}'


@dataclass(slots=True)
class Community:
    """What was measured; the lists hold one entry a round."""

    rates: dict[str, list[float]] = field(default_factory=lambda: {ATTEND_EVENT: [], CREATE_COMMENT: []})
    # How many of a crowd were answered in a second, and with what.
    crowds: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter[str])

    @property
    def wrong(self) -> int:
        """How many answers were neither a seat nor that there is none left."""
        return sum(number for said, number in self.answers.items() if said not in ("204", "event_full"))


@dataclass(frozen=True, slots=True)
class Crowd:
    """Members by the header that says who they are."""

    credentials: Sequence[str]

    def seats(self, events: Sequence[UUID]) -> list[Request]:
        """Return a request for each seat of each event, the events in turn."""
        return [
            Request("PUT", f"{API}/events/{event}/attendance", f"X-API-Key: {key}")
            for key in self.credentials
            for event in events
        ]

    def comments(self, posts: Sequence[UUID]) -> list[Request]:
        """Return a comment on each post, the members in turn."""
        return [
            Request(
                "POST",
                f"{API}/posts/{post}/comments",
                f"X-API-Key: {self.credentials[number % len(self.credentials)]}",
                COMMENT,
            )
            for number, post in enumerate(posts)
        ]


async def gather(connection: Connection, members: int = MEMBERS) -> Crowd:
    """Give so many members a key each."""
    rows = await connection.fetch("SELECT id FROM users ORDER BY id LIMIT $1", members)
    keys = [f"galley_{number:012}_{'B' * 43}" for number in range(len(rows))]
    for row, key in zip(rows, keys, strict=True):
        await connection.execute(
            "INSERT INTO api_keys (id, user_id, name, prefix, secret_hash, scopes, last_used_at)"
            " VALUES ($1, $2, 'benchmark', $3, $4, $5, now())",
            *(new_id(), row["id"], key[:19], sha256(key.encode()).digest(), ["comments:write", "events:write"]),
        )
    return Crowd(keys)


async def invite(connection: Connection, number: int, seats: int = MOST_SEATS) -> list[UUID]:
    """Make so many events."""
    starts = datetime.now(UTC) + timedelta(days=30)
    ids = [new_id() for _ in range(number)]
    for event_id in ids:
        await connection.execute(
            "INSERT INTO events (id, organizer_id, title, description, starts_at, ends_at, max_participants)"
            " SELECT $1, id, 'An evening', 'At the loom.', $2, $3, $4 FROM users ORDER BY id LIMIT 1",
            *(event_id, starts, starts + timedelta(hours=3), seats),
        )
    return ids


def _ask(client: Client, request: Request) -> str:
    """Return the status of an answer, or the code of a refusal."""
    name, _, value = request.credential.partition(": ")
    status, body = client.ask(request.method, request.path, request.body, {name: value})
    return str(orjson.loads(body)["code"]) if status >= HTTPStatus.BAD_REQUEST else str(status)


def seat(server: Server, requests: Sequence[Request], measured: Community, clients: int = CLIENTS) -> None:
    """Let everybody come at once, over so many connections, and note how fast that went."""

    def some(part: Sequence[Request]) -> Counter[str]:
        client = Client(server)
        try:
            return Counter(_ask(client, request) for request in part)
        finally:
            client.close()

    parts = [requests[number::clients] for number in range(clients)]
    begin = perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        for found in pool.map(some, parts):
            measured.answers.update(found)
    measured.crowds.append(len(requests) / (perf_counter() - begin))


async def _with(dsn: str, rounds: int, seconds: int) -> tuple[Crowd, list[list[UUID]], list[UUID]]:
    """Return the members, the events of each round, and one event a round for a crowd."""
    connection = await asyncpg.connect(dsn)
    try:
        crowd = await gather(connection)
        number = max(1, seconds * SEATS_PER_SECOND // MEMBERS)
        events = [await invite(connection, number) for _ in range(rounds)]
        return crowd, events, await invite(connection, rounds, SEATS)
    finally:
        await connection.close()


def measure(  # noqa: PLR0913 - What a measurement is made of.
    server: Server, measured: Community, *, dsn: str, folder: Path, posts: Sequence[UUID], rounds: int, seconds: int
) -> None:
    """Measure seats and comments in turn, and crowds after that. Raises LoadFailed."""
    crowd, events, crowded = asyncio.run(_with(dsn, rounds, seconds))
    comments = load.write(crowd.comments(posts), folder / "community-comments.txt")
    for number, of_round in enumerate(events):
        seats = load.write(crowd.seats(of_round), folder / f"community-seats-{number}.txt")
        for operation, file in ((CREATE_COMMENT, comments), (ATTEND_EVENT, seats)):
            counted = load.run(server.url, file, seconds=seconds, connections=CONNECTIONS)
            measured.rates[operation].append(counted.rate)
    for event in crowded:
        seat(server, crowd.seats([event]), measured)


def targets(measured: Community) -> list[Target]:
    """Compare with what is promised."""
    against = ratio(measured.rates[ATTEND_EVENT], measured.rates[CREATE_COMMENT]).median
    seated = spread(measured.crowds).median
    crowd = f"{MEMBERS:,} members at one event of {SEATS} seats"
    return [
        Target("attendEvent against createComment", AS_FAST, against, " times", at_least=True),
        Target(f"{crowd}, answered a second", SEATED_PER_SECOND, seated, "", at_least=True),
        Target(f"{crowd}, other answers than a seat and event_full", 0, measured.wrong, ""),
    ]


def section(measured: Community) -> str:
    """Return the tables; a sentence when the service was not measured."""
    if not measured.crowds:
        return "Not measured."
    rows = [
        [
            operation,
            with_spread(spread(measured.rates[operation]), thousands),
            with_spread(ratio(measured.rates[operation], measured.rates[CREATE_COMMENT]), two_digits),
        ]
        for operation in (CREATE_COMMENT, ATTEND_EVENT)
    ]
    crowd = [[f"{MEMBERS:,} members, {SEATS} seats", with_spread(spread(measured.crowds), thousands)]]
    crowd += [[f"answered {said}", thousands(number)] for said, number in sorted(measured.answers.items())]
    told = "Members by API key; seats of several events in turn, and then a crowd at one."
    compared = table(["", "requests/s", "against createComment"], rows)
    return f"{told}\n\n{compared}\n\n{table(['at one event', 'requests/s'], crowd)}"
