"""What a second worker brings.

Where the load generator leaves two cores free, the requests per second of two workers are compared with those of one.
Where it does not, both share one core, and the CPU per request is compared: two workers that had a core each would get
through as many requests as the busier of them has CPU for.
"""

from collections import defaultdict
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from scripts.bench import load, servers
from scripts.bench.figures import spread
from scripts.bench.identity import CONNECTIONS
from scripts.bench.servers import GALLEY, Server
from scripts.bench.tables import Target, table, thousands, two_digits, with_spread

ONE, TWO = 1, 2
TIMES, MEGABYTES = 1.7, 110


@dataclass(slots=True)
class Workers:
    """By the number of workers, an entry a round; whether each had a core of its own."""

    apart: bool = False
    rates: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    # Microseconds per request, of all workers together and of the busiest.
    cpu: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    busiest: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    # MB of each of two workers, after all that.
    memory: list[float] = field(default_factory=list[float])

    @property
    def gained(self) -> list[float]:
        """How many times as much two workers do as one, by round."""
        if self.apart:
            return [two / one for one, two in zip(self.rates[ONE], self.rates[TWO], strict=True)]
        return [one / two for one, two in zip(self.cpu[ONE], self.busiest[TWO], strict=True)]


def processes(server: Server) -> list[psutil.Process]:
    """Return what answers: the children, or where there is one worker the service itself."""
    return server.workers() or [server.process]


def used(process: psutil.Process) -> float:
    """Return the seconds of CPU that a process has used."""
    times = process.cpu_times()
    return times.user + times.system


@contextmanager
def running(*, dsn: str, folder: Path, cores: tuple[int, int | None], path: str) -> Generator[dict[int, Server]]:
    """Start the service with one worker and with two; `cores` are theirs, the second where it is free."""
    core, second = cores
    places = {ONE: {core}, TWO: {core} if second is None else {core, second}}
    with ExitStack() as stack:
        found: dict[int, Server] = {}
        for number, place in places.items():
            own = folder / f"workers-{number}"
            own.mkdir()
            settings = {"WORKERS": str(number), "JOB_WORKERS": "0"}
            found[number] = stack.enter_context(
                servers.running(GALLEY, dsn=dsn, folder=own, cores=place, path=path, settings=settings)
            )
        yield found


def measure(running: Mapping[int, Server], measured: Workers, *, file: Path, rounds: int, seconds: int) -> None:
    """Measure one worker and two in turn, after a round that does not count. Raises LoadFailed."""
    for number in range(rounds + 1):
        for workers, server in running.items():
            before = [used(process) for process in processes(server)]
            counted = load.run(server.url, file, seconds=seconds if number else 1, connections=CONNECTIONS)
            took = [used(process) - begun for process, begun in zip(processes(server), before, strict=True)]
            if number:
                measured.rates[workers].append(counted.rate)
                measured.cpu[workers].append(sum(took) / counted.requests * 1e6)
                measured.busiest[workers].append(max(took) / counted.requests * 1e6)
    measured.memory = [process.memory_info().rss / 1e6 for process in processes(running[TWO])]


def targets(measured: Workers) -> list[Target]:
    """Compare with what is promised; what was not measured promises nothing."""
    if not measured.rates:
        return []
    by = "requests/s" if measured.apart else "CPU per request"
    return [
        Target(f"two workers against one, by {by}", TIMES, spread(measured.gained).median, " times", at_least=True),
        Target("resident memory of each of two workers", MEGABYTES, max(measured.memory), " MB"),
    ]


def section(measured: Workers) -> str:
    """Return the table; a sentence when nothing was measured."""
    if not measured.rates:
        return "Not measured."
    told = (
        "Each worker has a core that neither the load nor the database uses."
        if measured.apart
        else "No two cores are free of the load and the database, so that the workers share one: what they would get\n"
        "through with a core each is told from the CPU per request of the busier one."
    )
    rows = [
        [
            f"getPost, {workers} {'worker' if workers == ONE else 'workers'}",
            with_spread(spread(measured.rates[workers]), thousands),
            with_spread(spread(measured.cpu[workers]), thousands),
            with_spread(spread(measured.busiest[workers]), thousands),
            "" if workers == ONE else with_spread(spread(measured.gained), two_digits),
        ]
        for workers in (ONE, TWO)
    ]
    heads = ["", "requests/s", "CPU µs/request", "of the busiest worker", "against one"]
    return f"{told}\n\n{table(heads, rows)}"
