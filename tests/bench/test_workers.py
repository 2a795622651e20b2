"""What a second worker brings: planted figures, and which processes answer."""

import asyncio
import os
from pathlib import Path

import pytest
from psutil import Process

from scripts.bench import load, workers
from scripts.bench.load import Load
from scripts.bench.workers import ONE, TWO, Workers
from tests.committed import Committed, committed, committed_database

__all__ = ["committed", "committed_database"]

TAGS = "/api/v1/tags"
BY_CPU, BY_RATE, MEMORY = (
    "two workers against one, by CPU per request",
    "two workers against one, by requests/s",
    "resident memory of each of two workers",
)


def some(*, apart: bool = False) -> Workers:
    """Return planted figures that meet every target, narrowly."""
    return Workers(
        apart,
        rates={ONE: [1_000.0, 500.0], TWO: [1_710.0, 855.0] if apart else [900.0, 450.0]},
        cpu={ONE: [100.0, 200.0], TWO: [110.0, 220.0]},
        busiest={ONE: [100.0, 200.0], TWO: [58.0, 116.0]},
        memory=[100.0, 109.9],
    )


def missed(measured: Workers) -> list[str]:
    return [target.what for target in workers.targets(measured) if not target.met]


class TestTargets:
    def test_all_met(self) -> None:
        assert [target.what for target in workers.targets(some())] == [BY_CPU, MEMORY]
        assert [target.what for target in workers.targets(some(apart=True))] == [BY_RATE, MEMORY]
        assert missed(some()) == missed(some(apart=True)) == []

    def test_a_request_that_costs_more_beside_another_worker(self) -> None:
        measured = some()
        measured.busiest[TWO] = [59.0, 118.0]
        assert missed(measured) == [BY_CPU]

    def test_one_worker_that_does_it_all(self) -> None:
        measured = some()
        measured.busiest[TWO] = [100.0, 200.0]
        assert workers.targets(measured)[0].value == 1.0
        assert missed(measured) == [BY_CPU]

    def test_rates_that_do_not_grow(self) -> None:
        measured = some(apart=True)
        measured.rates[TWO] = [1_690.0, 845.0]
        assert missed(measured) == [BY_RATE]

    def test_the_larger_of_two_workers(self) -> None:
        measured = some()
        measured.memory = [90.0, 110.1]
        assert missed(measured) == [MEMORY]

    def test_what_was_not_measured_promises_nothing(self) -> None:
        assert workers.targets(Workers()) == []
        assert workers.section(Workers()) == "Not measured."


class TestSection:
    def test_says_how_it_was_counted(self) -> None:
        shared, apart = workers.section(some()), workers.section(some(apart=True))
        assert shared.startswith("No two cores are free")
        assert "| getPost, 2 workers | 675 (450 to 900) | 165 (110 to 220) | 87 (58 to 116) | 1.72 (1.72" in shared
        assert apart.startswith("Each worker has a core")
        assert apart.splitlines()[-1].endswith("| 1.71 (1.71 to 1.71) |")


def one_and_two(dsn: str, folder: Path) -> Workers:
    core = min(os.sched_getaffinity(0))
    measured = Workers()
    file = load.write([load.Request("GET", TAGS)], folder / "requests.txt")
    with workers.running(dsn=dsn, folder=folder, cores=(core, None), path=TAGS) as found:
        for number, server in found.items():
            answering = workers.processes(server)
            assert len(answering) == number
            assert (answering == [server.process]) is (number == ONE)
            assert {tuple(process.cpu_affinity()) for process in answering} == {(core,)}
        workers.measure(found, measured, file=file, rounds=1, seconds=1)
    return measured


@pytest.mark.xdist_group("committed")
class TestMeasure:
    async def test_counts_the_cpu_of_every_worker(
        self, committed: Committed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def run(*_: object, **__: object) -> Load:
            return Load(requests=1_000, rate=500.0, p50=1.0, p99=2.0)

        # One worker before and after, two before and two after; first in the round that does not count.
        cpu = iter([0.0] * 6 + [0.0, 0.1] + [0.0, 0.0] + [0.05, 0.06])

        def used(_: Process) -> float:
            return next(cpu)

        monkeypatch.setattr(load, "run", run)
        monkeypatch.setattr(workers, "used", used)
        measured = await asyncio.to_thread(one_and_two, committed.dsn, tmp_path)
        assert measured.rates == {ONE: [500.0], TWO: [500.0]}
        assert measured.cpu == {ONE: [pytest.approx(100)], TWO: [pytest.approx(110)]}
        assert measured.busiest == {ONE: [pytest.approx(100)], TWO: [pytest.approx(60)]}
        assert len(measured.memory) == 2
        assert min(measured.memory) > 10
