"""Which statuses of which operations the suite has seen: a plugin that fails a run of the whole suite below 100 %.

A status that is declared and that no test provokes is a lie until proven otherwise.
"""

from collections.abc import Iterable

import pytest

from tests.contract.document import Operation, operations

Pair = tuple[str, int]

# Declared statuses that no test can provoke, each with the reason. It wants to be empty.
EXEMPT: dict[Pair, str] = {}

_OUTPUT = "contract_seen"
_seen: set[Pair] = set()


def note(operation: str, status: int) -> None:
    """Remember that an operation has answered with a status."""
    _seen.add((operation, status))


def declared(known: Iterable[Operation]) -> set[Pair]:
    """Return every operation with each status that the contract names for it."""
    return {(operation.name, status) for operation in known for status in operation.statuses}


def table(known: Iterable[Operation], seen: set[Pair]) -> list[str]:
    """Return a line per operation: the statuses seen, and in brackets those that are declared but were not."""
    known = list(known)
    width = max(len(operation.name) for operation in known)
    return [
        f"{operation.name:{width}}  "
        + " ".join(
            f"{status}" if (operation.name, status) in seen else f"[{status}]" for status in sorted(operation.statuses)
        )
        for operation in known
    ]


def faults(known: Iterable[Operation], seen: set[Pair], exempt: Iterable[Pair]) -> list[str]:
    """Say which declared statuses were never seen, and which exemptions excuse nothing."""
    due = declared(known)
    exempt = set(exempt)
    return [
        *(f"never seen: {name} {status}" for name, status in sorted(due - seen - exempt)),
        *(f"exempt without need: {name} {status}" for name, status in sorted(exempt & (seen | (exempt - due)))),
    ]


def is_whole(config: pytest.Config) -> bool:
    """Tell whether the run was for the whole suite, and not for some files, names or markers of it."""
    narrowing = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "collectonly")
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not any(
        config.getoption(name, None) for name in narrowing
    )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what this worker has seen, or judge the whole run where all of it has come together."""
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_OUTPUT] = sorted(_seen)
    elif session.exitstatus == pytest.ExitCode.OK and is_whole(session.config) and faults(operations(), _seen, EXEMPT):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Collect what a worker has seen."""
    _seen.update((name, status) for name, status in getattr(node, "workeroutput", {}).get(_OUTPUT, ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Close with the table; a run of a part of the suite gets the count alone."""
    due = declared(operations())
    whole = is_whole(config)
    if not _seen:
        return
    terminalreporter.section("the contract")
    for line in table(operations(), _seen) if whole else ():
        terminalreporter.write_line(line)
    for line in faults(operations(), _seen, EXEMPT) if whole else ():
        terminalreporter.write_line(line, red=True)
    exempt = f", {len(EXEMPT)} exempt" if EXEMPT else ""
    terminalreporter.write_line(f"operation x documented status: {len(due & _seen)} of {len(due)} seen{exempt}")
