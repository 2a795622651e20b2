from pathlib import Path

import pytest
from PIL import Image

from scripts.bench import images
from scripts.bench.images import GALLEY, PILLOW, PILLOW_EACH, SERVICE, SIDES, Run

RUNS = {
    GALLEY: [Run(0.2, 0.3, 40, 60), Run(0.3, 0.3, 40, 61), Run(0.25, 0.3, 40, 59)],
    PILLOW: [Run(0.5, 0.5, 30, 100), Run(0.5, 0.5, 30, 100), Run(0.5, 0.5, 30, 100)],
    PILLOW_EACH: [Run(1.0, 1.0, 30, 100), Run(1.0, 1.0, 30, 100), Run(1.0, 1.0, 30, 100)],
}


class TestPhotograph:
    def test_is_what_a_camera_writes(self, tmp_path: Path) -> None:
        path = tmp_path / "photograph.jpg"
        images.write_photograph(path, (800, 600))
        # Two bits a pixel, as those of cameras; a plain surface has a tenth of that.
        assert 800 * 600 / 8 < path.stat().st_size < 800 * 600
        with Image.open(path) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (800, 600))


class TestMakers:
    @pytest.mark.parametrize("side", [PILLOW, PILLOW_EACH, GALLEY, SERVICE])
    def test_write_the_same_pictures(self, side: str, tmp_path: Path) -> None:
        picture = tmp_path / "picture.jpg"
        images.write_photograph(picture, (2000, 1500))
        run = images.in_process(side, picture, picture, tmp_path)
        assert run.wall > 0
        assert run.cpu > 0
        assert run.peak >= run.before > 0
        for size in SIDES:
            with Image.open(tmp_path / f"{size}.webp") as image:
                assert (image.format, image.size) == ("WEBP", (size, size * 3 // 4))


class TestReport:
    def test_holds_each_promise_against_what_pillow_took(self) -> None:
        assert [(round(target.value, 2), target.met) for target in images.targets(RUNS)] == [
            (0.5, True),
            (0.6, False),
            (0.29, True),
        ]

    def test_shows_every_way_of_counting(self) -> None:
        section = images.section(RUNS)
        assert "| galley / pillow | 0.50 (0.40 to 0.60) | 0.60 (0.60 to 0.60) | 0.29 (0.27 to 0.30) |" in section
        assert "| pillow-each | 1,000 (1,000 to 1,000) |" in section
