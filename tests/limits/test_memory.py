"""Windows in memory: exact, moving, and bounded whoever asks."""

import pytest
from limits import parse

from app import windows
from app.windows import Memory


class Clock:
    """A monotonic clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(windows, "monotonic", clock)
    return clock


class TestMemory:
    def test_counts_down_to_none(self, clock: Clock) -> None:
        memory = Memory(parse("3/minute"))
        counts = [memory.count("a") for _ in range(4)]
        assert [(count.admitted, count.left) for count in counts] == [(True, 2), (True, 1), (True, 0), (False, 0)]
        clock.now += 59.5
        assert memory.count("a").seconds == 0.5

    def test_moves_with_the_time_and_has_no_borders(self, clock: Clock) -> None:
        memory = Memory(parse("3/minute"))
        for wait in (0.0, 20.0, 20.0):
            clock.now += wait
            assert memory.count("a").admitted
        for _ in range(50):
            assert not memory.count("a").admitted
        # The first one is past; the other two still count.
        clock.now += 20.0
        assert memory.count("a") == (True, 0, 20.0)
        assert not memory.count("a").admitted

    def test_never_admits_more_than_the_quota_in_any_window(self, clock: Clock) -> None:
        memory = Memory(parse("200/minute"))
        admitted: list[float] = []
        for step in range(5_000):
            clock.now += 0.05 + (step % 7) * 0.01
            if memory.count("a").admitted:
                admitted.append(clock.now)
        assert len(admitted) > 1_000
        assert all(later - earlier >= 60 for earlier, later in zip(admitted, admitted[200:], strict=False))

    @pytest.mark.parametrize("now", [120_812.7, 489_747.3, 972_879.85])
    def test_never_asks_to_wait_longer_than_the_window(self, clock: Clock, now: float) -> None:
        clock.now = now
        memory = Memory(parse("1/day"))
        assert [memory.count("a").seconds for _ in range(2)] == [86_400, 86_400]

    def test_counts_each_for_himself(self, clock: Clock) -> None:
        del clock
        memory = Memory(parse("1/minute"))
        assert [memory.count(key).admitted for key in "abab"] == [True, True, False, False]

    def test_forgets_whose_time_is_past(self, clock: Clock) -> None:
        memory = Memory(parse("5/second"))
        for key in range(10_000):
            clock.now += 0.01
            memory.count(str(key))
        assert len(memory) < 250

    def test_is_bounded_when_everybody_asks_at_once(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        del clock
        monkeypatch.setattr(windows, "MOST_KEYS", 100)
        memory = Memory(parse("2/day"))
        for key in range(1_000):
            memory.count("regular")
            memory.count(str(key))
        assert len(memory) <= 101
        # Who keeps asking is not forgotten.
        assert not memory.count("regular").admitted
