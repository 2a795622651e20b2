"""Which problem codes of which operations the suite has seen: a plugin that compares them with `x-problem-codes`.

The pages of the problems say who answers with them. That is true when what is named can be provoked, and what is
provoked is named.
"""

from collections.abc import Iterable

import pytest

from tests.contract.document import METHODS, Node, contract, operations
from tests.contract.seen import is_whole

Pair = tuple[str, str]

# Named codes that the suite does not provoke, each with the reason. It wants to be empty.
_RACE = "Needs two requests at the same moment; the race is run on createPost, and all four share its code."
EXEMPT: dict[Pair, str] = {
    ("registerUser", "idempotency_in_progress"): _RACE,
    ("createComment", "idempotency_in_progress"): _RACE,
    ("createTag", "idempotency_in_progress"): _RACE,
}

_OUTPUT = "contract_codes"
_seen: set[Pair] = set()
_listed = {operation.name: operation.statuses for operation in operations()}


def note(operation: str, status: int, code: str) -> None:
    """Remember a failure, if its status is one of the operation's own; `default` covers the others."""
    if status in _listed[operation]:
        _seen.add((operation, code))


def declared() -> set[Pair]:
    """Return every operation with each code that it names."""
    nodes: list[Node] = [item[method] for item in contract()["paths"].values() for method in METHODS if method in item]
    return {(node["operationId"], code) for node in nodes for code in node.get("x-problem-codes", [])}


def faults(due: set[Pair], seen: set[Pair], exempt: Iterable[Pair]) -> list[str]:
    """Say which codes were seen and are not named, which are named and were never seen, and idle exemptions."""
    excused = set(exempt)
    return [
        *(f"not named in x-problem-codes: {name} {code}" for name, code in sorted(seen - due)),
        *(f"never seen: {name} {code}" for name, code in sorted(due - seen - excused)),
        *(f"exempt without need: {name} {code}" for name, code in sorted(excused & (seen | (excused - due)))),
    ]


def _found(config: pytest.Config) -> list[str]:
    # A part of the suite can show what is too much, but not what is missing.
    return faults(declared(), _seen, EXEMPT) if is_whole(config) else faults(declared() & _seen, _seen, ())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what this worker has seen, or judge where all of it has come together."""
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_OUTPUT] = sorted(_seen)
    elif session.exitstatus == pytest.ExitCode.OK and _found(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Collect what a worker has seen."""
    _seen.update((name, code) for name, code in getattr(node, "workeroutput", {}).get(_OUTPUT, ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name what is wrong."""
    found = _found(config)
    if found:
        terminalreporter.section("the problem codes")
    for line in found:
        terminalreporter.write_line(line, red=True)
