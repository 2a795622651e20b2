"""`make contract-test`: let schemathesis prove the real service against the contract, as everybody who may call it.

Each role gets a service, a database and a process of its own, so that nobody deletes what another has just created
and a seed leads to the same requests again.
"""

import argparse
import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from shutil import rmtree

from scripts.contract.accounts import CALLERS, populate
from scripts.contract.report import excerpt, write_index
from scripts.contract.runs import ANONYMOUS, OUTPUT, Plan, Result, run, write_settings
from scripts.contract.service import ROOT, failures, serving
from scripts.databases import create_database, throwaway_server

ROLES = (ANONYMOUS, *CALLERS)
MAX_EXAMPLES = 10
NIGHTLY_EXAMPLES = 400
# Finding out which operations lead to which takes part of it, on a slow machine more than ten seconds.
WALK_SECONDS = 30
NIGHTLY_WALK_SECONDS = 600


def prove(role: str, server: str, plan: Plan, seconds: int) -> list[Result]:
    """Start a service, fill it, and run schemathesis as this role: operation by operation, then along the links."""
    folder = OUTPUT / role
    folder.mkdir(parents=True)
    dsn = create_database(server, f"contract_{role}")
    with serving(dsn, folder) as address:
        settings = write_settings(role, populate(address, dsn, role), folder)
        single = run(role, address, settings, folder, plan)
        walks = run(role, address, settings, folder / "walks", plan.walks(seconds))
    logged = tuple(f"logged: {failure}" for failure in failures(folder / "service.log"))
    return [replace(single, complaints=(*single.complaints, *logged)), walks]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.contract_test", description=__doc__)
    parser.add_argument("--nightly", action="store_true", help=f"{NIGHTLY_EXAMPLES} examples per operation, any seed")
    parser.add_argument("--max-examples", type=int, help=f"examples per operation ({MAX_EXAMPLES})")
    parser.add_argument("--seed", type=int, help="repeat the run with this seed")
    parser.add_argument("--role", action="append", choices=ROLES, help="run as this role only")
    return parser.parse_args()


def main() -> None:
    """Run, report, and exit with 1 if anything was found."""
    given = _arguments()
    # A change is judged by the same requests every time; the night looks for new ones.
    seed = given.seed if given.seed is not None else random.randrange(1 << 31) if given.nightly else 20261121  # noqa: S311
    plan = Plan(given.max_examples or (NIGHTLY_EXAMPLES if given.nightly else MAX_EXAMPLES), seed)
    seconds = NIGHTLY_WALK_SECONDS if given.nightly else WALK_SECONDS
    roles: list[str] = given.role or list(ROLES)
    print(f"seed {plan.seed}, {plan.max_examples} examples per operation, as {', '.join(roles)}", flush=True)
    rmtree(OUTPUT, ignore_errors=True)
    started = time.monotonic()
    with throwaway_server() as server, ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, len(roles))) as pool:
        runs = [pool.submit(prove, role, server, plan, seconds) for role in roles]
        results = [result for run in runs for result in run.result()]
    write_index(OUTPUT / "index.html", results, plan)
    for result in results:
        verdict = "passed" if result.passed else "failed"
        print(f"{result.name:16} {result.cases:6} cases  {result.seconds:5.0f} s  {verdict}")
        for complaint in result.complaints:
            print(f"    {complaint}")
        if not result.passed:
            print(*(f"    {line}" for line in excerpt(OUTPUT / result.name / "output.txt")), sep="\n")
    failed = sum(not result.passed for result in results)
    print(
        f"{sum(result.cases for result in results)} cases in {time.monotonic() - started:.0f} s; "
        f"report: {(OUTPUT / 'index.html').relative_to(ROOT)}\n"
        f"{len(results) - failed} passed, {failed} failed"
    )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
