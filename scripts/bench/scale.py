"""Compare a large publication with a small one: `make bench SCALE=1000000`.

The same service runs on both, in turn, request by request, over one connection each: what is asked of the large one may
take half as long again, whatever is in it. Exits with 1 when a target is missed.
"""

import argparse
import asyncio
import http.client
import json
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import asyncpg

from app import embedded
from scripts.bench import scale_data, scale_files, servers
from scripts.bench.__main__ import end, migrate
from scripts.bench.figures import percentile_95
from scripts.bench.load import LoadFailed
from scripts.bench.scale_data import Publication
from scripts.bench.scale_files import API, IMPORTED, Files
from scripts.bench.servers import GALLEY, ROOT, Server
from scripts.bench.tables import Target, table, thousands, two_digits

DOCUMENT = ROOT / "docs/benchmarks-scale.md"
SMALL, LARGE = 10_000, 1_000_000
DEADLINE = 2_400
BUILD_SECONDS = 300
GROWTH = 1.5
SEARCH_MILLISECONDS, SEARCH_TIMES = 100, 3
EXPORT_RATE, EXPORT_MEMORY = 20_000, 150
IMPORT_RATE = 5_000
# How far into a list the deep page is; the small publication has two times as many posts.
DEEP = 5_000
MATCHES = (
    "SELECT id FROM posts WHERE status = 'published' AND search @@ websearch_to_tsquery('english', $1)"
    " ORDER BY sort_at DESC LIMIT 500"
)
SEARCHES = {"a common word": "engine", "two common words": "engine looms", "a rare word": "bernoulli"}
SEARCHED = {"searchPosts": "/posts/search", "searchEverything": "/search"}


@dataclass(slots=True)
class Side:
    """A publication, the service on it, and what it took: milliseconds by what was asked."""

    publication: Publication
    server: Server
    took: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    bare: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    files: Files = field(default_factory=Files)
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        """Open no connection before the first request."""
        self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)

    def get(self, path: str) -> bytes:
        """Return an answer. Raises LoadFailed when it is no success."""
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != HTTPStatus.OK:
            raise LoadFailed(f"{path} answered {answer.status}: {body.decode()[:500]}")
        return body

    def ask(self, what: str, path: str) -> None:
        """Ask once and note what it took."""
        begin = perf_counter()
        self.get(path)
        self.took.setdefault(what, []).append((perf_counter() - begin) * 1e3)


def deep_page(side: Side) -> str:
    """Return the path of a page far into the list, by following the cursors as a client would."""
    query: dict[str, str | int] = {"limit": 100}
    for _ in range(DEEP // 100):
        query["cursor"] = json.loads(side.get(f"{API}/posts?{urlencode(query)}"))["page"]["next_cursor"]
    return f"{API}/posts?{urlencode(query | {'limit': 20})}"


Path_ = Callable[[Publication, int], str]
ASKED: dict[str, Path_] = {
    "getPost": lambda publication, turn: f"{API}/posts/{publication.post(turn * 7 + 1)}",
    "getPostBySlug": lambda _, turn: f"{API}/posts/by-slug/post-{turn * 7 + 1}",
    "listPosts": lambda _, __: f"{API}/posts",
    "listPosts, by title": lambda _, __: f"{API}/posts?sort=title",
    "listPosts, of a tag": lambda _, __: f"{API}/posts?tag=looms",
    "listPosts, of an author": lambda _, turn: f"{API}/posts?author=member_{turn % 100}",
    "listPosts, with total": lambda _, __: f"{API}/posts?include_total=true",
    "listRelatedPosts": lambda publication, turn: f"{API}/posts/{publication.post(turn * 7 + 1)}/related",
    "listCategories": lambda _, __: f"{API}/categories",
    "feed.atom": lambda _, __: f"{API}/feed.atom",
    "listTags": lambda _, __: f"{API}/tags",
    "getStatistics": lambda _, __: f"{API}/stats",
    "getProfile": lambda _, turn: f"{API}/profiles/member_{turn % 100}",
    "listComments, a tree of 500": lambda publication, _: f"{API}/posts/{publication.post(0)}/comments?limit=20",
    "listComments, flat": lambda publication, _: f"{API}/posts/{publication.post(0)}/comments?layout=flat",
}


async def _bare(side: Side, rounds: int) -> None:
    """Time the index scan that a search cannot do without."""
    connection: Any = await asyncpg.connect(side.publication.dsn)
    try:
        for _ in range(rounds):
            for what, words in SEARCHES.items():
                begin = perf_counter()
                await connection.fetch(MATCHES, words)
                side.bare.setdefault(what, []).append((perf_counter() - begin) * 1e3)
    finally:
        await connection.close()


def measure(sides: Sequence[Side], rounds: int) -> None:
    """Ask both in turn, after a round that does not count."""
    deep = [deep_page(side) for side in sides]
    for turn in range(rounds + 5):
        for what, path in ASKED.items():
            for side in sides:
                side.ask(what, path(side.publication, turn))
        for side, path in zip(sides, deep, strict=True):
            side.ask("listPosts, 5,000 posts deep", path)
            for (operation, where), (what, words) in product(SEARCHED.items(), SEARCHES.items()):
                side.ask(f"{operation}, {what}", f"{API}{where}?{urlencode({'q': words})}")
        if turn == 4:  # noqa: PLR2004 - The warm rounds are over.
            for side in sides:
                side.took.clear()
    for side in sides:
        asyncio.run(_bare(side, rounds))
        side.files = scale_files.measure(side.server)


def targets(small: Side, large: Side) -> list[Target]:
    """Compare with what is promised."""
    found = [Target(f"{large.publication.posts:,} posts, built", BUILD_SECONDS, large.publication.seconds, " s")]
    for what, took in large.took.items():
        if not what.startswith(tuple(SEARCHED)):
            times = median(took) / median(small.took[what])
            found.append(Target(f"{what}, large against small", GROWTH, times, " times"))
    for operation, what in product(SEARCHED, SEARCHES):
        allowed = max(SEARCH_MILLISECONDS, SEARCH_TIMES * percentile_95(large.bare[what]))
        slowest = percentile_95(large.took[f"{operation}, {what}"])
        found.append(Target(f"p95 of {operation}, {what}", allowed, slowest, " ms"))
    files = large.files
    found.append(Target("posts that an export sends a second", EXPORT_RATE, files.exported, "", at_least=True))
    found.append(Target("resident memory while it does", EXPORT_MEMORY, files.exporting, " MB"))
    for mode, rate in files.imported.items():
        found.append(Target(f"posts that an import writes a second, {mode}", IMPORT_RATE, rate, "", at_least=True))
    return found


def document(small: Side, large: Side) -> str:
    """Return the tables."""
    rows = [
        [
            what,
            two_digits(median(small.took[what])),
            two_digits(median(took)),
            two_digits(percentile_95(took)),
            two_digits(median(took) / median(small.took[what])),
        ]
        for what, took in large.took.items()
    ]
    small_posts, large_posts = (f"{side.publication.posts:,} posts, ms" for side in (small, large))
    heads = ["", small_posts, large_posts, "p95, ms", "ratio"]
    promised = [target.row() for target in targets(small, large)]
    return "\n".join(
        [
            "# Benchmarks at scale\n",
            "Written by `make bench SCALE=...`; do not edit. The same service on a small and on a large",
            "publication, with five comments a post, asked in turn over one connection each; medians and 95 of 100.\n",
            "| target | wanted | measured | |\n| --- | ---: | ---: | --- |",
            *promised,
            "",
            table(heads, rows),
            "",
            f"Resident memory of the service afterwards: {thousands(large.files.afterwards)} MB; of the worker that",
            f"imported {IMPORTED:,} posts twice, at most {thousands(large.files.importing)} MB.\n",
        ]
    )


async def _second(dsn: str, name: str) -> str:
    """Make another database from the migrated one, and return its address."""
    connection: Any = await asyncpg.connect(dsn)
    try:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{embedded.DATABASE}" STRATEGY file_copy')
    finally:
        await connection.close()
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(path=f"/{name}"))


def run(posts: int, rounds: int) -> tuple[Side, Side]:
    """Build both publications, and measure."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="galley-scale-")))
        stack.callback(embedded.stop)
        dsn = embedded.start(folder / "database")
        migrate(dsn, folder)
        small_dsn = asyncio.run(_second(dsn, "small"))
        sides: list[Side] = []
        for address, number in ((small_dsn, min(SMALL, posts)), (dsn, posts)):
            print(f"writing {number:,} posts ...", file=sys.stderr)
            publication = asyncio.run(scale_data.fill(address, number))
            own = folder / str(number)
            own.mkdir()
            first = f"{API}/posts/{publication.post(1)}"
            core, *_ = servers.cores()
            server = stack.enter_context(servers.running(GALLEY, dsn=address, folder=own, cores={core}, path=first))
            sides.append(Side(publication, server))
        print("measuring ...", file=sys.stderr)
        measure(sides, rounds)
        return sides[0], sides[1]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.bench.scale", description=__doc__)
    parser.add_argument("posts", type=int, nargs="?", default=LARGE, help="how many posts the large one has")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--write", action="store_true", help=f"write the result to {DOCUMENT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, end)
    signal.alarm(DEADLINE)
    try:
        small, large = run(arguments.posts, arguments.rounds)
    except (LoadFailed, servers.StartFailed) as error:
        print(error, file=sys.stderr)
        return 2
    text = document(small, large)
    print(text)
    if arguments.write:
        DOCUMENT.write_text(text)
    return 0 if all(target.met for target in targets(small, large)) else 1


if __name__ == "__main__":
    sys.exit(main())
