from pathlib import Path

import pytest

from app.media import sniffing
from scripts.bench.media import MAX_GROWTH, MIB, Figures, bare_server, form, rate, video
from tests.media.samples import mp4


class TestFigures:
    @pytest.mark.parametrize(
        ("growth", "ours", "kept"), [(MAX_GROWTH, 60.0, True), (MAX_GROWTH + 1, 60.0, False), (0, 59.0, False)]
    )
    def test_say_whether_both_targets_are_met(self, growth: int, ours: float, kept: bool) -> None:  # noqa: FBT001
        assert Figures(growth, ours, 100.0).kept is kept


class TestVideo:
    def test_is_one_that_is_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "video"
        path.write_bytes(video(5_000).ljust(5_000, b"\x00"))
        media_type = sniffing.guess(path.read_bytes())
        assert media_type is sniffing.guess(mp4())
        assert media_type is not None
        assert sniffing.holds(path, media_type)

    def test_comes_in_a_form(self) -> None:
        body = b"".join(form(3 * MIB))
        assert len(body) - 3 * MIB < 200


class TestRate:
    def test_is_of_the_range_that_came(self, tmp_path: Path) -> None:
        path = tmp_path / "video"
        path.write_bytes(bytes(100_000))
        with bare_server(path) as address:
            assert rate(address, "/", 100_000) > 0
            with pytest.raises(RuntimeError):
                rate(address, "/", 200_000)
