"""The measurement: the services in turn, round by round, so that a noisy moment hits all of them alike."""

import json
import os
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

from scripts.bench import chat, community, identity, images, layers, load, overhead, servers, tutorial, workers
from scripts.bench.answers import require_same
from scripts.bench.chat import Chat
from scripts.bench.community import Community
from scripts.bench.identity import Identity
from scripts.bench.images import Run
from scripts.bench.load import Load, Request
from scripts.bench.market import ITEMS, LIST_ITEMS
from scripts.bench.overhead import ADMIN, Overhead
from scripts.bench.servers import FASTIFY, GALLEY, LIMIT, TUTORIAL, Server
from scripts.bench.workers import Workers

NAMES = (GALLEY, LIMIT, TUTORIAL, FASTIFY)
GET_POST, LIST_POSTS, CREATE_COMMENT = "getPost", "listPosts", "createComment"
OPERATIONS = (GET_POST, LIST_POSTS, CREATE_COMMENT, LIST_ITEMS)
# Fastify is there for one comparison; all others serve everything.
SERVED = {FASTIFY: (GET_POST,)}
POSTS = "/api/v1/posts"
CONNECTIONS = 32
# So many different posts are asked for in turn: enough for no row to be special.
SAMPLE = 2_000
WALK_LIMIT, LIST_LIMIT, LAST_PAGE = 100, 20, 5_000
SETTLE = 2.0


@dataclass(frozen=True, slots=True)
class Extent:
    """How long everything takes."""

    rounds: int
    seconds: int
    page_rounds: int
    starts: int
    # Of each kind of account, and of transactions; and how often crowds log in.
    samples: int
    crowds: int


FULL = Extent(rounds=7, seconds=3, page_rounds=5, starts=3, samples=500, crowds=5)
QUICK = Extent(rounds=2, seconds=1, page_rounds=2, starts=1, samples=50, crowds=1)
WARM = Extent(rounds=1, seconds=1, page_rounds=0, starts=0, samples=0, crowds=0)


@dataclass(slots=True)
class Result:
    """Everything that was measured; the lists hold one entry a round."""

    extent: Extent
    loads: dict[tuple[str, str], list[Load]] = field(default_factory=lambda: defaultdict(list))
    # Microseconds of CPU that the service's process used per request.
    cpu: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    # Latency of one page at a time over one connection, in milliseconds.
    first_page: list[float] = field(default_factory=list)
    last_page: list[float] = field(default_factory=list)
    # MB of an idle worker, and seconds to the first answer.
    memory: dict[str, float] = field(default_factory=dict)
    starts: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    identity: Identity = field(default_factory=Identity)
    community: Community = field(default_factory=Community)
    chat: Chat = field(default_factory=Chat)
    overhead: Overhead = field(default_factory=Overhead)
    # Microseconds of CPU of a request, by what is left out of it.
    layers: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    workers: Workers = field(default_factory=Workers)
    # By side.
    images: dict[str, list[Run]] = field(default_factory=dict[str, list[Run]])
    # What they call themselves.
    wrk: str = "wrk"
    node: str = "?"

    def rates(self, name: str, operation: str) -> list[float]:
        return [load.rate for load in self.loads[name, operation]]


@dataclass(frozen=True, slots=True)
class Bench:
    """What every part of the measurement needs."""

    dsn: str
    folder: Path
    core: int
    # Another one of which neither the load nor the database makes use, where there is one.
    second: int | None
    posts: Sequence[UUID]

    @property
    def first_request(self) -> str:
        return f"{POSTS}/{self.posts[0]}"


def requests_of(bench: Bench, name: str, token: str) -> dict[str, list[Request]]:
    """Return the requests of each operation that a service serves."""
    comment = json.dumps({"content": "It can follow analysis; it has no power of anticipating any truths."})
    requests = {
        GET_POST: [Request("GET", f"{POSTS}/{post}") for post in bench.posts],
        LIST_POSTS: [Request("GET", f"{POSTS}?limit={LIST_LIMIT}")],
        LIST_ITEMS: [Request("GET", f"{ITEMS}?limit={LIST_LIMIT}")],
        CREATE_COMMENT: [
            Request("POST", f"{POSTS}/{post}/comments", f"Authorization: Bearer {token}", comment)
            for post in bench.posts
        ],
    }
    return {operation: requests[operation] for operation in SERVED.get(name, OPERATIONS)}


def require_answers(running: Mapping[str, Server], requests: Mapping[str, Mapping[str, Sequence[Request]]]) -> None:
    """Ask each service for each operation once. Raises LoadFailed unless all that serve it answer the same."""
    for operation in OPERATIONS:
        made = operation == CREATE_COMMENT
        require_same(
            {server: requests[name][operation][0] for name, server in running.items() if operation in requests[name]},
            status=HTTPStatus.CREATED if made else HTTPStatus.OK,
            values=not made,
        )


def walk(galley: Server) -> str:
    """Return the path of page 5,000, by following the cursors as a client would."""
    cursor, entries = "", 0
    target = LIST_LIMIT * (LAST_PAGE - 1)
    while entries < target:
        limit = min(WALK_LIMIT, target - entries)
        status, body = galley.ask(
            "GET", f"{POSTS}?{urlencode({'limit': limit} | ({'cursor': cursor} if cursor else {}))}"
        )
        page = json.loads(body)
        if status != HTTPStatus.OK or not page["page"]["has_next"]:
            raise load.LoadFailed(f"the list ended with {status} after {entries} entries")
        cursor = page["page"]["next_cursor"]
        entries += len(page["items"])
    return f"{POSTS}?{urlencode({'limit': LIST_LIMIT, 'cursor': cursor})}"


def write(bench: Bench, name: str, requests: Mapping[str, Sequence[Request]]) -> dict[str, Path]:
    """Write the requests of each operation for one service."""
    return {
        operation: load.write(sent, bench.folder / f"{name}-{operation}.txt") for operation, sent in requests.items()
    }


def measure_starts(bench: Bench, result: Result, names: Sequence[str]) -> None:
    """Start and stop each service on its own; the measurement of memory begins with a fresh process too."""
    for _ in range(result.extent.starts):
        for name in names:
            with servers.running(
                name, dsn=bench.dsn, folder=bench.folder, cores={bench.core}, path=bench.first_request
            ) as it:
                result.starts[name].append(it.start)


def measure_memory(bench: Bench, running: Mapping[str, Server], result: Result) -> None:
    for name, server in running.items():
        for _ in range(20):
            server.ask("GET", bench.first_request if name in SERVED else f"{POSTS}?limit={LIST_LIMIT}")
    time.sleep(SETTLE)
    result.memory = {name: server.resident() for name, server in running.items()}


def measure_load(server: Server, operation: str, requests: Path, result: Result) -> None:
    before = server.cpu()
    try:
        counted = load.run(server.url, requests, seconds=result.extent.seconds, connections=CONNECTIONS)
    except load.LoadFailed as error:
        raise load.LoadFailed(f"{server.name}, {operation}: {error}\n{server.said()}") from error
    result.loads[server.name, operation].append(counted)
    result.cpu[server.name, operation].append((server.cpu() - before) / counted.requests * 1e6)


def measure_round(running: Mapping[str, Server], files: Mapping[str, Mapping[str, Path]], result: Result) -> None:
    for operation in OPERATIONS:
        for name, server in running.items():
            if operation not in files[name]:
                continue
            measure_load(server, operation, files[name][operation], result)


def measure_pages(bench: Bench, galley: Server, result: Result) -> None:
    paths = {"first": f"{POSTS}?limit={LIST_LIMIT}", "last": walk(galley)}
    files = {which: load.write([Request("GET", path)], bench.folder / which) for which, path in paths.items()}
    for _ in range(result.extent.page_rounds):
        result.first_page.append(load.run(galley.url, files["first"], seconds=1, connections=1).p50)
        result.last_page.append(load.run(galley.url, files["last"], seconds=1, connections=1).p50)


def measure_credentials(bench: Bench, galley: Server, token: str, result: Result) -> None:
    """Measure what the service adds for one who says who he is, and for whom time might betray."""
    extent, measured = result.extent, result.identity
    files = identity.credential_files(galley, token, bench.first_request, bench.folder)
    identity.measure_credentials(galley, files, measured, rounds=extent.rounds, seconds=extent.seconds)
    identity.measure_answers(galley, measured, extent.samples)


def measure_community(bench: Bench, galley: Server, result: Result) -> None:
    """Measure seats beside comments."""
    community.measure(
        galley,
        result.community,
        dsn=bench.dsn,
        folder=bench.folder,
        posts=bench.posts,
        rounds=result.extent.rounds,
        seconds=result.extent.seconds,
    )


def measure_overhead(bench: Bench, galley: Server, result: Result) -> None:
    """Measure what all around a handler costs, and pages that are asked for again and again."""
    page = f"{POSTS}?limit={LIST_LIMIT}"
    with overhead.running(galley, page, dsn=bench.dsn, folder=bench.folder, core=bench.core) as cases:
        overhead.measure(cases, result.overhead, rounds=result.extent.rounds, seconds=result.extent.seconds)


def measure_workers(bench: Bench, result: Result) -> None:
    """Measure what a second worker brings."""
    file = load.write([Request("GET", f"{POSTS}/{post}") for post in bench.posts], bench.folder / "workers.txt")
    cores = bench.core, bench.second
    result.workers.apart = bench.second is not None
    with workers.running(dsn=bench.dsn, folder=bench.folder, cores=cores, path=bench.first_request) as found:
        workers.measure(found, result.workers, file=file, rounds=result.extent.rounds, seconds=result.extent.seconds)


def measure_logins(bench: Bench, result: Result) -> None:
    """Measure logins on all cores of the machine, and what a job adds to a transaction."""
    extent, measured = result.extent, result.identity
    identity.run_enqueue(bench.dsn, bench.posts[: extent.samples], measured)
    everywhere = {bench.core} | os.sched_getaffinity(0)
    with servers.running(
        GALLEY, dsn=bench.dsn, folder=bench.folder, cores=everywhere, path=bench.first_request
    ) as galley:
        identity.measure_logins(galley, bench.first_request, measured, rounds=extent.crowds, seconds=extent.seconds)


def measure(bench: Bench, extent: Extent, names: Sequence[str] = NAMES) -> Result:
    """Measure everything. Raises LoadFailed or StartFailed; whatever was started is stopped."""
    result = Result(extent, wrk=load.version(), node=servers.node_version())
    measure_starts(bench, result, names)
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(
                servers.running(name, dsn=bench.dsn, folder=bench.folder, cores={bench.core}, path=bench.first_request)
            )
            for name in names
        }
        measure_memory(bench, running, result)
        tokens = {LIMIT: "-", TUTORIAL: tutorial.create_access_token("member_1"), FASTIFY: "-"}
        if GALLEY in running:
            tokens[GALLEY] = identity.log_in(running[GALLEY])
        requests = {name: requests_of(bench, name, tokens[name]) for name in running}
        require_answers(running, requests)
        files = {name: write(bench, name, requests[name]) for name in running}
        measure_round(running, files, Result(WARM))
        for _ in range(extent.rounds):
            measure_round(running, files, result)
        if GALLEY in running:
            measure_pages(bench, running[GALLEY], result)
            measure_credentials(bench, running[GALLEY], tokens[GALLEY], result)
            measure_community(bench, running[GALLEY], result)
            often = {"rounds": extent.rounds, "seconds": extent.seconds}
            result.chat = chat.measure(running[GALLEY], tokens[GALLEY], bench.folder, **often)
            measure_overhead(bench, running[GALLEY], result)
            token = identity.log_in(running[GALLEY], ADMIN)
            result.layers = layers.run(token, servers.environment_of(bench.dsn, bench.folder), bench.core)
    if GALLEY in names:
        measure_workers(bench, result)
        measure_logins(bench, result)
        result.images = images.measure(extent.rounds)
    return result
