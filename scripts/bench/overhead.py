"""What everything around a handler costs: two operations without work beside constant bytes, and beside Connexion.

And what a public page costs that is asked for again and again, beside raw ASGI that serves its bytes.
"""

import asyncio
from collections import defaultdict
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import asyncpg

from scripts.bench import constant, load, servers
from scripts.bench.answers import ask, require_same
from scripts.bench.empty import FIRST, LAST, PATHS
from scripts.bench.figures import difference, ratio, spread
from scripts.bench.identity import CONNECTIONS, log_in
from scripts.bench.load import LoadFailed, Request
from scripts.bench.servers import AT_ONCE, CONNEXION, CONSTANT, KEEPING, Server
from scripts.bench.tables import Target, table, thousands, two_digits, with_spread

PUBLIC_PAGE = "public page"
# Only an administrator may do what the first and the last of such operations do.
ADMIN = "member_2"
PROMOTE = "UPDATE users SET role = 'admin' WHERE username = $1"
MICROSECONDS = 60
# The same cost, as far as two measurements of one thing agree here.
SAME = 1.1
CONNEXION_TIMES, CACHED_TIMES = 3, 0.5
# What is shown, in this order; each has a neighbour that it is compared with.
SHOWN = (
    (FIRST, AT_ONCE),
    (LAST, AT_ONCE),
    (FIRST, CONSTANT),
    (FIRST, CONNEXION),
    (PUBLIC_PAGE, KEEPING),
    (PUBLIC_PAGE, CONSTANT),
)


@dataclass(slots=True)
class Overhead:
    """By what is asked and who answers: requests per second and microseconds of CPU per request, an entry a round."""

    rates: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True, slots=True)
class Case:
    """A request that one service answers again and again."""

    what: str
    server: Server
    request: Request
    file: Path


async def promote(dsn: str, name: str = ADMIN) -> None:
    """Make a member an administrator, before a token of theirs is made."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(PROMOTE, name)
    finally:
        await connection.close()


def _request(path: str, token: str = "") -> Request:
    return Request("GET", path, f"Authorization: Bearer {token}" if token else "")


@contextmanager
def running(galley: Server, public_page: str, *, dsn: str, folder: Path, core: int) -> Generator[list[Case]]:
    """Start all that is compared, and yield the cases; each has been found to answer what its neighbours answer.

    Raises LoadFailed and StartFailed.
    """
    asyncio.run(promote(dsn))
    page = folder / "public-page.json"
    page.write_bytes(ask(galley, _request(public_page)))
    start = partial(servers.running, dsn=dsn, folder=folder, cores={core})
    with ExitStack() as stack:
        at_once = stack.enter_context(start(AT_ONCE, path="/api/v1/tags", settings={"JOB_WORKERS": "0"}))
        named = {constant.VARIABLE: str(page)}
        bytes_alone = stack.enter_context(start(CONSTANT, path="/", settings=named))
        keeping = stack.enter_context(
            start(KEEPING, path=public_page, settings={"JOB_WORKERS": "0", "PUBLIC_CACHE_SECONDS": "1"})
        )
        connexion = stack.enter_context(start(CONNEXION, path="/api/v1/openapi.json"))
        token = log_in(at_once, ADMIN)
        asked = [
            (FIRST, at_once, _request(PATHS[FIRST], token)),
            (FIRST, bytes_alone, _request(PATHS[FIRST], token)),
            (LAST, at_once, _request(PATHS[LAST], token)),
            (FIRST, connexion, _request(PATHS[FIRST], token)),
            (PUBLIC_PAGE, keeping, _request(public_page)),
            (PUBLIC_PAGE, bytes_alone, _request(public_page)),
        ]
        require_same({server: request for what, server, request in asked if what == FIRST}, by=AT_ONCE)
        require_same({server: request for what, server, request in asked if what == PUBLIC_PAGE})
        require_same({at_once: asked[2][2], bytes_alone: asked[1][2]}, by=AT_ONCE)
        yield [
            Case(what, server, request, load.write([request], folder / f"overhead-{number}.txt"))
            for number, (what, server, request) in enumerate(asked)
        ]


def measure(cases: Sequence[Case], measured: Overhead, *, rounds: int, seconds: int) -> None:
    """Measure the cases in turn, after a round that does not count. Raises LoadFailed."""
    for number in range(rounds + 1):
        for case in cases:
            before = case.server.cpu()
            try:
                counted = load.run(
                    case.server.url, case.file, seconds=seconds if number else 1, connections=CONNECTIONS
                )
            except LoadFailed as error:
                raise LoadFailed(f"{case.server.name}, {case.what}: {error}\n{case.server.said()}") from error
            if number:
                key = case.what, case.server.name
                measured.rates[key].append(counted.rate)
                measured.cpu[key].append((case.server.cpu() - before) / counted.requests * 1e6)


def targets(measured: Overhead) -> list[Target]:
    """Compare with what is promised; what was not measured promises nothing."""
    if not measured.rates:
        return []
    cpu, rates = measured.cpu, measured.rates
    found = [
        Target(
            f"CPU that all around {what} adds to raw ASGI",
            MICROSECONDS,
            difference(cpu[what, AT_ONCE], cpu[FIRST, CONSTANT]).median,
            " µs",
        )
        for what in (FIRST, LAST)
    ]
    later = ratio(cpu[LAST, AT_ONCE], cpu[FIRST, AT_ONCE]).median
    against = ratio(rates[FIRST, AT_ONCE], rates[FIRST, CONNEXION]).median
    cached = ratio(rates[PUBLIC_PAGE, KEEPING], rates[PUBLIC_PAGE, CONSTANT]).median
    return [
        *found,
        Target(f"CPU of {LAST} against {FIRST}", SAME, later, " times"),
        Target(f"{FIRST} without work against Connexion", CONNEXION_TIMES, against, " times", at_least=True),
        Target("a public page against constant bytes", CACHED_TIMES, cached, " times", at_least=True),
    ]


def _neighbour(what: str) -> tuple[str, str]:
    return what if what == PUBLIC_PAGE else FIRST, CONSTANT


def section(measured: Overhead) -> str:
    """Return the table; a sentence when nothing was measured."""
    if not measured.rates:
        return "Not measured."
    rows = [
        [
            f"{what}, {name}",
            with_spread(spread(measured.rates[what, name]), thousands),
            with_spread(spread(measured.cpu[what, name]), thousands),
            *(
                ["", ""]
                if name == CONSTANT
                else [
                    with_spread(difference(measured.cpu[what, name], measured.cpu[_neighbour(what)]), thousands),
                    with_spread(ratio(measured.rates[what, name], measured.rates[_neighbour(what)]), two_digits),
                ]
            ),
        ]
        for what, name in SHOWN
    ]
    heads = ["", "requests/s", "CPU µs/request", "added µs", "requests/s against constant"]
    return f"{LEGEND}\n\n{table(heads, rows)}"


LEGEND = f"""\
- **{AT_ONCE}**: the whole service, but that the handlers of {FIRST} and {LAST} answer an empty page
  without asking the database (`scripts/bench/at_once.py`). They are the first and the last read of the contract that
  has parameters, a token and a scope, and the answers of both are the same. What the service knows of the session of
  a token it asks of the database twice a second, as always.
- **{CONSTANT}**: raw ASGI that answers the same bytes (`scripts/bench/constant.py`).
- **{CONNEXION}**: Connexion 3 on ASGI with {FIRST} out of the same contract, its validation of parameters, token
  and scope on (`scripts/bench/connexion_app.py`).
- **{PUBLIC_PAGE}**: the first page of listPosts, asked for by nobody in particular again and again, of the service as
  it is unless set ({KEEPING}); in all other measurements it keeps nothing."""
