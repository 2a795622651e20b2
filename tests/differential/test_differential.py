"""The generated server and the compiled one answer alike, or a sentence of the contract says why they do not."""

import logging
from collections.abc import Iterator
from random import Random

import pytest

from app.contract import operations
from tests.differential.comparison import ENOUGH, Amount, Tally, compare, requests
from tests.differential.decided import TABLE, Decided
from tests.differential.faults import FAULTS, Fault
from tests.differential.mutations import mutated
from tests.differential.recorded import recorded
from tests.differential.sides import Sides

pytestmark = pytest.mark.xdist_group("differential")

SEED = 20261122
# `make differential` asks more of all operations; this is what a change is judged by.
FEW = Amount(requests=4_000, per_mode=2, every=12)
OF_ONE_OPERATION = 600


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Failures of stubs are compared; nobody reads them in a log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


async def test_both_servers_answer_alike(both: Sides) -> None:
    tally = await compare(both, requests(FEW, SEED))
    assert not tally.complaints(), "\n\n".join(map(str, tally.shown))
    assert tally.requests == FEW.requests
    # Most of them reach what is compared.
    assert {200, 201, 204, 304, 400, 401, 403, 404, 405, 413, 415, 422, 428} <= tally.statuses.keys()
    assert sum(count for status, count in tally.statuses.items() if status < 400) > FEW.requests / 10


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_a_fault_of_the_compiler_is_told(both: Sides, fault: Fault) -> None:
    operation, random = operations()[fault.operation], Random(SEED)  # noqa: S311 - It chooses requests of a test.
    base = list(recorded(operation, random))
    raws = base + [mutated(random.choice(base), operation, random) for _ in range(OF_ONE_OPERATION)]
    assert not (await compare(both, raws)).found
    assert (await compare(both.having(fault.plan(both.stage)), raws, most_shown=1)).found


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.name)
def test_the_contract_says_what_decides_a_difference(entry: Decided) -> None:
    assert entry.is_in_the_contract()


def test_a_decision_that_nothing_meets_is_told() -> None:
    tally = Tally(requests=ENOUGH)
    tally.met.update(entry.name for entry in TABLE[1:])
    assert tally.complaints() == [f"no request met what was decided: {TABLE[0].name}"]
    tally.met[TABLE[0].name] += 1
    assert not tally.complaints()


def test_the_same_seed_makes_the_same_requests() -> None:
    amount = Amount(requests=600, per_mode=1, every=40)
    assert list(requests(amount, SEED)) == list(requests(amount, SEED))
