"""What credentials cost, whether time tells who is a member, what logins do to others, and what queuing a job adds."""

import asyncio
import http.client
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from pathlib import Path
from time import perf_counter, sleep
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import asyncpg

from app.jobs.service import enqueue
from scripts.bench import data, load
from scripts.bench.figures import percentile_95
from scripts.bench.load import LoadFailed, Request
from scripts.bench.servers import Server

API = "/api/v1"
NOBODY, TOKEN, KEY = "nobody", "a token", "an API key"
KNOWN, UNKNOWN = "known", "unknown"
LOG_IN, REQUEST_RESET = "logIn", "requestPasswordReset"
CONNECTIONS = 32
# How many log in at once, and how many a second while others read.
CROWD, LOGINS_PER_SECOND, READS_PER_SECOND = 20, 50, 100
# More than may wait for a hash, so that those who are turned away are seen.
CLIENTS, READERS = 100, 8
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
LIKE = "UPDATE posts SET likes = likes + 1 WHERE id = $1"


@dataclass(slots=True)
class Identity:
    """What was measured; times are in milliseconds, CPU of the service's process in microseconds per request."""

    cpu: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    # By operation and whether the account is known.
    answers: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    # One login at a time, and each of so many at once.
    alone: list[float] = field(default_factory=list)
    crowded: list[float] = field(default_factory=list)
    # 95 of 100 reads of a round took no longer than this.
    quiet_reads: list[float] = field(default_factory=list)
    busy_reads: list[float] = field(default_factory=list)
    # How many a second were let in, by round, and how many in all were told to come back.
    let_in: list[float] = field(default_factory=list)
    turned_away: int = 0
    # One transaction without and with a job, and how many statements more it has.
    without_job: list[float] = field(default_factory=list)
    with_job: list[float] = field(default_factory=list)
    statements: int = 0


class Client:
    """One connection that stays open."""

    def __init__(self, server: Server) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)

    def ask(
        self, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        self._connection.request(method, path, body or None, dict(headers or {}))
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        self._connection.close()


def credentials(name: str) -> str:
    return urlencode({"grant_type": "password", "username": name, "password": data.PASSWORD})


def log_in(server: Server, name: str = "member_1") -> str:
    """Return an access token of the service under test. Raises LoadFailed."""
    status, body = server.ask("POST", f"{API}/auth/login", credentials(name), FORM)
    if status != HTTPStatus.OK:
        raise LoadFailed(f"logIn answered {status}: {body.decode()[:500]}")
    return str(json.loads(body)["access_token"])


def timed(client: Client, wanted: HTTPStatus, path: str, body: str, headers: Mapping[str, str]) -> float:
    """Return how long one POST takes. Raises LoadFailed when another status is answered."""
    begin = perf_counter()
    status, answer = client.ask("POST", path, body, headers)
    if status != wanted:
        raise LoadFailed(f"{path} answered {status}: {answer.decode()[:500]}")
    return (perf_counter() - begin) * 1e3


def make_key(server: Server, token: str) -> str:
    """Return a new API key of the member. Raises LoadFailed."""
    body = json.dumps({"name": "benchmark", "scopes": ["posts:write"]})
    status, answer = server.ask("POST", f"{API}/auth/api-keys", body, JSON | {"Authorization": f"Bearer {token}"})
    if status != HTTPStatus.CREATED:
        raise LoadFailed(f"createApiKey answered {status}: {answer.decode()[:500]}")
    return str(json.loads(answer)["key"])


def credential_files(server: Server, token: str, path: str, folder: Path) -> dict[str, Path]:
    """Write the same small read by nobody, by a token and by a key. Raises LoadFailed."""
    shown = {NOBODY: "", TOKEN: f"Authorization: Bearer {token}", KEY: f"X-API-Key: {make_key(server, token)}"}
    return {
        which: load.write([Request("GET", path, credential)], folder / f"credentials-{number}.txt")
        for number, (which, credential) in enumerate(shown.items())
    }


def measure_credentials(
    server: Server, files: Mapping[str, Path], measured: Identity, *, rounds: int, seconds: int
) -> None:
    """Compare the reads of `credential_files` round by round."""
    for _ in range(rounds):
        for which, file in files.items():
            before = server.cpu()
            counted = load.run(server.url, file, seconds=seconds, connections=CONNECTIONS)
            measured.cpu[which].append((server.cpu() - before) / counted.requests * 1e6)


def measure_answers(server: Server, measured: Identity, samples: int) -> None:
    """Ask for accounts that are there and for others in turn, each name once, so that none is locked."""
    client = Client(server)
    for number in range(samples):
        # In one order and in the other, so that neither always comes after the other's work.
        for which in (KNOWN, UNKNOWN) if number % 2 else (UNKNOWN, KNOWN):
            name = f"{'member' if which == KNOWN else 'nobody'}_{number + 100}"
            form = urlencode({"grant_type": "password", "username": name, "password": "Wrong-password-1"})
            took = timed(client, HTTPStatus.UNAUTHORIZED, f"{API}/auth/login", form, FORM)
            measured.answers[LOG_IN, which].append(took)
            body = json.dumps({"email": f"{name}@mail.example"})
            took = timed(client, HTTPStatus.ACCEPTED, f"{API}/auth/password-reset", body, JSON)
            measured.answers[REQUEST_RESET, which].append(took)
    client.close()


class Crowd:
    """Clients of one service, each with a connection of its own."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._own = threading.local()
        self._clients: list[Client] = []
        self._numbers = count()

    @property
    def client(self) -> Client:
        """The connection of this thread."""
        if not hasattr(self._own, "client"):
            self._own.client = Client(self._server)
            self._clients.append(self._own.client)
        return self._own.client

    def log_in(self) -> int:
        """Log the next member in and return the status."""
        name = f"member_{next(self._numbers) % data.USERS}"
        return self.client.ask("POST", f"{API}/auth/login", credentials(name), FORM)[0]

    def close(self) -> None:
        for client in self._clients:
            client.close()


@contextmanager
def crowd(server: Server) -> Generator[Crowd]:
    """Close the connections at the end."""
    made = Crowd(server)
    try:
        yield made
    finally:
        made.close()


def at_once(people: Crowd, number: int) -> list[float]:
    """Return how long each of so many logins takes that begin together."""
    together = threading.Barrier(number)

    def one(_: int) -> float:
        # Connected before, because it is the login that counts.
        people.client.ask("GET", f"{API}/tags")
        together.wait()
        begin = perf_counter()
        if (status := people.log_in()) != HTTPStatus.OK:
            raise LoadFailed(f"logIn answered {status}")
        return (perf_counter() - begin) * 1e3

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


def paced(work: Callable[[], int], *, rate: int, seconds: int, clients: int) -> list[tuple[int, float]]:
    """Do so many a second, whatever they take; return status and milliseconds from when each was due."""
    start = perf_counter()

    def one(number: int) -> tuple[int, float]:
        due = start + number / rate
        sleep(max(due - perf_counter(), 0))
        return work(), (perf_counter() - due) * 1e3

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(one, range(rate * seconds)))


def _reads(people: Crowd, path: str, seconds: int) -> float:
    def read() -> int:
        return people.client.ask("GET", path)[0]

    done = paced(read, rate=READS_PER_SECOND, seconds=seconds, clients=READERS)
    if any(status != HTTPStatus.OK for status, _ in done):
        raise LoadFailed("a read failed while others logged in")
    return percentile_95([took for _, took in done])


def measure_logins(server: Server, path: str, measured: Identity, *, rounds: int, seconds: int) -> None:
    """Log in alone, in a crowd, and fifty times a second while others read at a moderate rate."""
    with crowd(server) as people:
        for _ in range(rounds):
            measured.alone += [at_once(people, 1)[0] for _ in range(CROWD)]
            measured.crowded += at_once(people, CROWD)
            measured.quiet_reads.append(_reads(people, path, seconds))
            begin = perf_counter()
            with ThreadPoolExecutor(1) as beside:
                logins = beside.submit(paced, people.log_in, rate=LOGINS_PER_SECOND, seconds=seconds, clients=CLIENTS)
                measured.busy_reads.append(_reads(people, path, seconds))
                statuses = [status for status, _ in logins.result()]
            measured.let_in.append(statuses.count(HTTPStatus.OK) / (perf_counter() - begin))
            measured.turned_away += statuses.count(HTTPStatus.SERVICE_UNAVAILABLE)


async def _transaction(connection: Any, post: UUID, *, job: bool) -> float:
    begin = perf_counter()
    async with connection.transaction():
        await connection.execute(LIKE, post)
        if job:
            # A kind that no worker has: it is the queuing that counts.
            await enqueue(connection, "benchmark.nothing", {"post": str(post)})
    return (perf_counter() - begin) * 1e3


async def measure_enqueue(dsn: str, posts: Sequence[UUID], measured: Identity) -> None:
    """Compare a small transaction with the same one that queues a job as well, in turn."""
    connection = await asyncpg.connect(dsn)
    said: list[str] = []
    try:
        await _transaction(connection, posts[0], job=True)
        for post in posts:
            measured.without_job.append(await _transaction(connection, post, job=False))
            measured.with_job.append(await _transaction(connection, post, job=True))
        with connection.query_logger(lambda query: said.append(query.query)):
            await _transaction(connection, posts[0], job=False)
            # It is told of each statement when the loop comes round.
            await asyncio.sleep(0)
            alone = len(said)
            await _transaction(connection, posts[0], job=True)
            await asyncio.sleep(0)
        measured.statements = len(said) - 2 * alone
    finally:
        await connection.close()


def run_enqueue(dsn: str, posts: Sequence[UUID], measured: Identity) -> None:
    asyncio.run(measure_enqueue(dsn, posts, measured))
