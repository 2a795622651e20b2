"""`make differential`: the generated server and the compiled one get the same requests, COUNT of them (100,000).

Exits with 1 where they answer one differently and no decision says why (tests/differential/decided.py), and where a
decision is met by none. SEED makes other requests.
"""

import asyncio
import logging
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.differential.comparison import Amount, Tally, compare, requests
from tests.differential.decided import TABLE
from tests.differential.reference import load
from tests.differential.sides import sides, unlimited

COUNT, SEED = 100_000, 20261122


def _report(tally: Tally, seconds: float) -> None:
    print(f"{tally.requests:,} requests in {seconds:.0f} s, {tally.requests / seconds:.0f} a second")
    print("answers: " + ", ".join(f"{status} {count:,}" for status, count in sorted(tally.statuses.items())))
    for entry in TABLE:
        print(f"decided: {entry.name}, {tally.met[entry.name]:,} times")
        print(f"    {entry.what}\n    {entry.file}: {entry.sentence}")


def main() -> None:
    """Compare, report, and exit with 1 if anything was found."""
    count, seed = int(sys.argv[1] if len(sys.argv) > 1 else COUNT), int(os.environ.get("SEED", SEED))
    # What a server logs of its failures is told by the comparison.
    logging.disable(logging.CRITICAL)
    print(f"seed {seed}", flush=True)
    with TemporaryDirectory() as folder, unlimited():
        both = sides(load(Path(folder)))
        made = time.monotonic()
        raws = list(requests(Amount.of(count), seed))
        started = time.monotonic()
        print(f"{len(raws):,} requests made in {started - made:.0f} s", flush=True)
        tally = asyncio.run(compare(both, raws))
        _report(tally, time.monotonic() - started)
    for difference in tally.shown:
        print(f"\n{difference}")
    sys.exit("\n".join(tally.complaints()) or 0)


if __name__ == "__main__":
    main()
