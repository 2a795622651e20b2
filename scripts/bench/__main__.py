"""Run the benchmark: `python -m scripts.bench [--quick] [--write]`.

Exits with 1 when a target is missed, and with 2 when nothing could be measured.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from app import embedded
from scripts.bench import data, load, market, report, servers
from scripts.bench.measure import FULL, NAMES, QUICK, SAMPLE, Bench, Result, measure

DOCUMENT = servers.ROOT / "docs/benchmarks.md"
# The whole run takes about fifteen minutes; one that hangs is ended, and stops what it started.
DEADLINE = 1_800


def end(number: int, _: FrameType | None) -> None:
    raise SystemExit(f"ended by {signal.Signals(number).name}")


def migrate(dsn: str, folder: Path) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(servers.ROOT),
        "DATABASE_URL": dsn,
        "DATA_DIR": str(folder / "data"),
    }
    subprocess.run([sys.executable, "-m", "app.migrations"], cwd=folder, env=environment, check=True)


def run(arguments: argparse.Namespace) -> Result:
    """Make a database of its own, fill it, and measure."""
    load.ensure_wrk()
    service_core, other_core, second_core = servers.cores()
    # The database and wrk inherit this; each service is started on the other core.
    os.sched_setaffinity(0, {other_core})
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="galley-bench-")))
        stack.callback(embedded.stop)
        dsn = embedded.start(folder / "database")
        migrate(dsn, folder)
        print(f"writing {data.POSTS:,} posts ...", file=sys.stderr)
        drawn = asyncio.run(data.fill(dsn, market.TABLES))
        published = [post for number, post in enumerate(drawn.posts) if not data.is_draft(number)]
        bench = Bench(dsn, folder, service_core, second_core, drawn.random.sample(published, SAMPLE))
        print("measuring ...", file=sys.stderr)
        return measure(bench, QUICK if arguments.quick else FULL, arguments.only or NAMES)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, about three minutes")
    parser.add_argument(
        "--write", action="store_true", help=f"write the result to {DOCUMENT.relative_to(servers.ROOT)}"
    )
    parser.add_argument("--only", action="append", choices=NAMES, help="measure this service alone; may be repeated")
    arguments = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, end)
    signal.alarm(DEADLINE)
    try:
        result = run(arguments)
    except (load.LoadFailed, servers.StartFailed) as error:
        print(error, file=sys.stderr)
        return 2
    text = report.document(result, "make bench")
    print(text)
    if arguments.write:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(text)
    return 0 if all(target.met for target in report.targets(result)) else 1


if __name__ == "__main__":
    sys.exit(main())
