"""What each part around a handler costs: what is left out is not done, and the rest answers the same."""

import asyncio
import os
from pathlib import Path

import pytest

from scripts.bench import data, identity, layers, overhead, servers
from scripts.bench.layers import CONSTANT, PARTS, WHOLE
from scripts.bench.load import LoadFailed
from scripts.bench.servers import GALLEY
from tests.committed import Committed, committed, committed_database

__all__ = ["committed", "committed_database"]

SERIES = {CONSTANT: [2.0, 4.0, 3.0], WHOLE: [110.0, 105.0, 100.0]} | {
    part: [number - 9.0, number, number + 1.0] for number, part in enumerate(PARTS, 1)
}


def test_the_table_says_what_each_part_costs() -> None:
    section = layers.section(SERIES)
    assert f"| {CONSTANT} | 3.0 |\n| {WHOLE} | 105.0 |" in section
    for number, part in enumerate(PARTS, 1):
        assert f"| {part} | {number}.0 |" in section
    assert section.endswith(f"and all that is left | {105 - 3 - sum(range(1, len(PARTS) + 1))}.0 |")


def test_what_was_not_measured_is_not_told() -> None:
    assert layers.section({}) == "Not measured."


def measured(dsn: str, folder: Path) -> dict[str, list[float]]:
    """Measure with a token of the service. Fails unless that of one who may not ask is told."""
    asyncio.run(data.fill(dsn))
    asyncio.run(overhead.promote(dsn))
    core = min(os.sched_getaffinity(0))
    with servers.running(GALLEY, dsn=dsn, folder=folder, cores={core}, path="/api/v1/tags") as galley:
        tokens = [identity.log_in(galley, name) for name in ("member_1", overhead.ADMIN)]
    environment = servers.environment_of(dsn, folder)
    with pytest.raises(LoadFailed, match="without nothing: 403"):
        layers.run(tokens[0], environment, core, rounds=1)
    return layers.run(tokens[1], environment, core, rounds=2)


@pytest.mark.xdist_group("committed")
async def test_all_are_measured(committed: Committed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "POSTS", 60)
    series = await asyncio.to_thread(measured, committed.dsn, tmp_path)
    assert list(series) == [CONSTANT, WHOLE, *PARTS]
    assert all(len(figures) == 2 for figures in series.values())
    # Far less than what anything else that is measured could hide.
    assert min(series[WHOLE]) > 3 * max(series[CONSTANT])
