"""What of the contract the suite has seen: a plugin that fails a run of the whole suite below 100 %.

What is declared and no test provokes is a lie until proven otherwise. The suite alone must meet every cell; other runs
(`make contract-test`) add to the record, and `make coverage` shows all of it.
"""

from functools import cache

import pytest

from scripts.coverage import record, traffic
from scripts.coverage.contract import Cell, Contract
from scripts.coverage.exchange import Exchange
from scripts.coverage.exemptions import BadExemptions, load
from scripts.coverage.summary import MATRIX, summarise
from scripts.coverage.verdict import judge

_OUTPUT, _TRAFFIC = "contract_seen", "contract_traffic"


@cache
def seen() -> record.Record:
    """Return what this process has seen so far."""
    return record.Record(Contract.load())


@cache
def sample() -> traffic.Sample:
    """Return the exchanges that this process keeps."""
    return traffic.Sample(seen().observer)


def note(exchange: Exchange) -> None:
    """Remember an exchange."""
    seen().note(exchange)
    sample().offer(exchange)


def is_whole(config: pytest.Config) -> bool:
    """Tell whether the run was for the whole suite, and not for some files, names or markers of it."""
    narrowing = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "collectonly")
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not any(
        config.getoption(name, None) for name in narrowing
    )


def _exempt() -> tuple[dict[Cell, str], list[str]]:
    """Return the cells that are exempt, or what is wrong with the file of exemptions."""
    try:
        return load().cells, []
    except BadExemptions as failure:
        return {}, [str(failure)]


def _faults(config: pytest.Config) -> list[str]:
    """Return a line per fault; a part of the suite can show what is too much, but not what is missing."""
    exempt, complaints = _exempt()
    verdict = judge(seen().contract, seen().seen, exempt)
    return complaints + (verdict.faults() if is_whole(config) else verdict.surplus())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what this worker has seen, or judge the whole run where all of it has come together."""
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_OUTPUT] = seen().rows()
        output[_TRAFFIC] = list(sample().lines())
        return
    if is_whole(session.config):
        fingerprint, build = seen().contract.fingerprint, session.config.rootpath / "build"
        record.write(build / "coverage/test.json", fingerprint, seen().rows())
        traffic.write(build / "traffic/test.jsonl", fingerprint, sample().lines())
    if session.exitstatus == pytest.ExitCode.OK and seen().seen and _faults(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Collect what a worker has seen."""
    output = getattr(node, "workeroutput", {})
    seen().add(output.get(_OUTPUT, ()))
    for line in output.get(_TRAFFIC, ()):
        sample().offer(traffic.from_line(line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Close with a line per dimension, and after a run of the whole suite with one per fault."""
    if not seen().seen:
        return
    terminalreporter.section("the contract")
    exempt, _ = _exempt()
    for line in judge(seen().contract, seen().seen, exempt).lines():
        terminalreporter.write_line(line)
    if is_whole(config):
        folder = config.rootpath / "build/coverage"
        summarise(folder, seen().contract, exempt)
        terminalreporter.write_line(f"the matrix: {(folder / MATRIX).relative_to(config.rootpath)}")
    for line in _faults(config):
        terminalreporter.write_line(line, red=True)
