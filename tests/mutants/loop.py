"""A pytest plugin that runs the suite's own tests against one mutant after the other, in one process.

Of each kind, mutants are planted until `QUOTA` of them have changed an answer; each is tried by the tests of its
operation until one fails. A test that fails without the mutant, too, proves nothing and stops the run.
"""

import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from _pytest.runner import runtestprotocol

import tests.conftest
import tests.contract.checked
from scripts.coverage.exchange import Exchange
from tests.contract.document import operations
from tests.contract.validation import Judge
from tests.mutants import catalogue
from tests.mutants.mutant import Mutant, Planted
from tests.mutants.reader import Reader

# What most answers would show and so many tests did not has no place in the operation; what few show is looked for in
# all tests that are named after it.
PATIENCE = 12
ONLY = os.environ.get("MUTANTS_ONLY", "")
QUOTA = int(os.environ.get("MUTANTS_QUOTA", "2"))
OUTPUT = Path(os.environ["MUTANTS_OUTPUT"])


def _forget(_: Exchange) -> None:
    """Leave no trace of an exchange in the coverage of the contract."""


def pytest_configure() -> None:
    """Serve the service with the mutant of the moment; what is seen of it is not seen of the service."""
    create = tests.conftest.create_app
    tests.conftest.create_app = lambda: Planted(create())  # pyright: ignore[reportAttributeAccessIssue]
    tests.contract.checked.note = _forget  # pyright: ignore[reportPrivateLocalImportUsage]


def _of(mutant: Mutant, items: Sequence[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Return the tests of the mutant's operation, which are named after it, and those beside them."""
    if not mutant.operation:
        # A rule such as `feature_post` is likely broken where something is featured.
        verb = mutant.kind.rpartition(" ")[2].partition("_")[0]
        there = [item for item in items if item.nodeid.startswith(mutant.place)]
        own = [item for item in there if verb in item.nodeid.lower()]
        return own, [item for item in there if item not in own]
    test = re.compile(rf"::Test{mutant.operation}::", re.IGNORECASE)
    # Some are named after texts as long as a post, on which a pattern for both would never end.
    given = re.compile(rf"\b{mutant.operation}\b", re.IGNORECASE)
    (tag,) = {operation.tag.lower() for operation in operations() if operation.name == mutant.operation}
    named = [item for item in items if test.search(item.nodeid) or given.search(item.nodeid.partition("[")[2])]
    beside = [item for item in items if item.nodeid.startswith(f"tests/{tag}/") and item not in named]
    return sorted(named, key=lambda item: item.nodeid.startswith("tests/contract/")), beside


def _failed(item: pytest.Item) -> str:
    """Run a test; return the last line of what went wrong, or nothing.

    What follows is said to have nothing but the session in common: all but its fixtures are torn down then, and the
    test can be run again.
    """
    Planted.requests = 0
    following: Any = SimpleNamespace(listchain=lambda: [item.session])
    for report in runtestprotocol(item, log=False, nextitem=following):
        if report.failed:
            return str(report.longrepr).strip().splitlines()[-1][:200]
    return ""


def _try(mutant: Mutant, items: Sequence[pytest.Item]) -> dict[str, Any] | None:
    """Return what became of the mutant, or None when there was nothing for it to change."""
    started = time.monotonic()
    held = (Judge(mutant.document), Reader(mutant.document)) if mutant.document is not None else None
    outcome: dict[str, Any] = {"kind": mutant.kind, "operation": mutant.operation, "place": mutant.place, "by": ""}
    named, beside = _of(mutant, items)
    patience = PATIENCE if mutant.common else max(1, len(named))
    for number, item in enumerate([*named, *beside]):
        if number >= patience and not Planted.reached:
            return None
        with ExitStack() as stack:
            if held:
                judge, reader = held
                stack.enter_context(patch.object(tests.contract.checked, "judge", return_value=judge))
                stack.enter_context(patch.object(tests.contract.checked, "note", reader.hold))
                Planted.reached = True
            Planted.mutant = mutant
            stack.callback(setattr, Planted, "mutant", None)
            stack.enter_context(mutant.planted())
            reason = _failed(item)
        if reason:
            if again := _failed(item):
                raise pytest.UsageError(f"{item.nodeid} fails without a mutant, too: {again}")
            outcome |= {"by": item.nodeid, "reason": reason}
            break
    return outcome | {"seconds": round(time.monotonic() - started, 2)} if Planted.reached else None


def _taken(found: tuple[str, list[Mutant]]) -> bool:
    """Take a kind, unless another process has. Some take far longer than others, so that none is given out before."""
    try:
        OUTPUT.with_name(f"{found[0].replace('/', ' ')}.taken").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _kinds() -> Iterator[tuple[str, list[Mutant]]]:
    found: dict[str, list[Mutant]] = {}
    for mutant in catalogue.mutants():
        if ONLY in str(mutant):
            found.setdefault(mutant.kind, []).append(mutant)
    return filter(_taken, found.items())


def pytest_runtestloop(session: pytest.Session) -> bool:
    """Plant one mutant after the other; leave what became of them as JSON where the environment says."""
    outcomes: list[dict[str, Any]] = []
    began = time.monotonic()
    for kind, candidates in _kinds():
        planted = 0
        for mutant in catalogue.spread(kind, candidates):
            Planted.reached = False
            # Where a run hangs, its log ends with what it hangs in.
            print(f"{time.monotonic() - began:.0f} s: {mutant}", flush=True)
            outcome = _try(mutant, session.items)
            if outcome is not None:
                outcomes.append(outcome)
                planted += 1
                if planted >= QUOTA:
                    break
        if not planted:
            outcomes.append({"kind": kind, "operation": "", "place": "", "by": "", "reason": "never planted"})
    session._setupstate.teardown_exact(None)  # pyright: ignore[reportPrivateUsage]
    OUTPUT.write_text(json.dumps(outcomes, indent=1))
    return True
