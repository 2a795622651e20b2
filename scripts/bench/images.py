"""Thumbnails of a photograph, by the service and by Pillow: `python -m scripts.bench.images [--rounds N] [--write]`.

Each side is a process of its own that has made thumbnails of a small picture before, so that nobody pays for loading
a library, and then makes three WebP pictures of the same JPEG with the same quality and method. The service runs what
its image process runs. Pillow opens the file once, lets its own draft mode and `thumbnail` do what they do, and goes
on with what it has made, which is the least that it can be asked to do.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from PIL import Image, ImageChops, ImageDraw

from app.images import crew, service
from scripts.bench.figures import Spread, ratio, spread
from scripts.bench.servers import ROOT
from scripts.bench.tables import Target, table, thousands, two_digits, with_spread

PHOTOGRAPH, SMALL = (4000, 3000), (400, 300)
SIDES = (1600, 800, 200)
QUALITY, METHOD = 85, 0
ROUNDS = 7
SEED, SHAPES = 12, 400
GALLEY, PILLOW, PILLOW_EACH, SERVICE = "galley", "pillow", "pillow-each", "service"
LEGEND = f"""A JPEG of 12 megapixels made into WebP of {", ".join(map(str, SIDES))} pixels, each side in a fresh process
on all cores, with the same heap. `{PILLOW}` opens the file once and goes on with what it has made, and is what the
targets are held against; `{PILLOW_EACH}` opens it for each size. `{SERVICE}` is the whole way
through an image process. How memory is counted, and why: [decision 34](decisions/0034-images.md)."""
# What is said of a process under Linux, in kilobytes.
RESIDENT, PEAK = "VmRSS", "VmHWM"


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took: seconds, and megabytes before, at the most, and how much more that is."""

    wall: float
    cpu: float
    before: float
    peak: float

    @property
    def raised(self) -> float:
        """Return how much memory the picture took."""
        return self.peak - self.before


def _grains(size: tuple[int, int], *grains: tuple[int, int]) -> Image.Image:
    """Return clouds of several sizes upon each other, each with the strength it is given."""
    clouds = Image.new("L", size, 128)
    for grain, strength in grains:
        noise = Image.effect_noise((max(2, size[0] // grain), max(2, size[1] // grain)), strength)
        # Its size may be an array of numpy, whose types are unknown where there is none.
        grown = noise.resize(size, Image.Resampling.BICUBIC)  # pyright: ignore[reportUnknownMemberType]
        clouds = ImageChops.add(clouds, grown, offset=-128)
    return clouds


def _edges(size: tuple[int, int]) -> Image.Image:
    """Return shapes of all sizes with hard edges: leaves, roofs, faces."""
    drawn, places = Image.new("L", size, 128), Random(SEED)  # noqa: S311 - It is a picture.
    pencil = ImageDraw.Draw(drawn)
    for number in range(SHAPES):
        reach = size[0] / (4 + number / 8)
        x, y = places.uniform(-reach, size[0]), places.uniform(-reach, size[1])
        pencil.ellipse((x, y, x + reach * places.random(), y + reach * places.random()), places.randint(88, 168))
    return drawn


def photograph(size: tuple[int, int]) -> Image.Image:
    """Return what a camera might see: edges and texture in the light, little of either in the colours, and noise."""
    light = _grains(size, (500, 60), (120, 30), (30, 14), (8, 10), (3, 6), (1, 5))
    light = ImageChops.add(light, _edges(size), offset=-128)
    return Image.merge("YCbCr", (light, *(_grains(size, (500, 30), (100, 10), (2, 2)) for _ in range(2)))).convert(
        "RGB"
    )


def write_photograph(path: Path, size: tuple[int, int]) -> None:
    """Write it as cameras do: quality 90, colours at half the resolution."""
    photograph(size).save(path, "JPEG", quality=90, subsampling=2)


def by_galley(picture: Path, folder: Path) -> None:
    """Make the thumbnails as the image process does."""
    from app.images import vips, work  # noqa: PLC0415 - Pillow's process has none of it.

    vips.prepare()
    files = {side: os.open(folder / f"{side}.webp", os.O_RDWR | os.O_CREAT | os.O_TRUNC) for side in SIDES}
    source = os.open(picture, os.O_RDONLY)
    try:
        work.thumbnails(source, files)
    finally:
        for file in (source, *files.values()):
            os.close(file)


def by_pillow(picture: Path, folder: Path) -> None:
    """Make them as Pillow's documentation does, each from the one before."""
    with Image.open(picture) as image:
        for side in SIDES:
            image.thumbnail((side, side))
            image.save(folder / f"{side}.webp", "WEBP", quality=QUALITY, method=METHOD)


def by_pillow_each(picture: Path, folder: Path) -> None:
    """Make them as somebody does who writes a function for one thumbnail, and calls it three times."""
    for side in SIDES:
        with Image.open(picture) as image:
            image.thumbnail((side, side))
            image.save(folder / f"{side}.webp", "WEBP", quality=QUALITY, method=METHOD)


MAKERS: dict[str, Callable[[Path, Path], None]] = {
    GALLEY: by_galley,
    PILLOW: by_pillow,
    PILLOW_EACH: by_pillow_each,
}


def memory(name: str, process: int | str = "self") -> float:
    """Return a line of what the kernel says of a process, in megabytes."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def forget_peak() -> None:
    """Let the peak begin anew, which the warming may have raised."""
    Path("/proc/self/clear_refs").write_text("5")


def one(side: str, small: Path, picture: Path, folder: Path) -> Run:
    """Make thumbnails in this process, of a small picture and then of the one that counts."""
    if side == SERVICE:
        return asyncio.run(_through_service(small, picture, folder))
    make = MAKERS[side]
    make(small, folder)
    forget_peak()
    before, wall, cpu = memory(RESIDENT), time.perf_counter(), time.process_time()
    make(picture, folder)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Run(wall, cpu, before, memory(PEAK))


async def _through_service(small: Path, picture: Path, folder: Path) -> Run:

    targets = {side: folder / f"{side}.webp" for side in SIDES}
    await service.thumbnails(small, targets)
    [before] = [memory(RESIDENT, opener.process.pid) for opener in crew.crew.idle]
    wall = time.perf_counter()
    await service.thumbnails(picture, targets)
    wall = time.perf_counter() - wall
    return Run(wall, crew.crew.last.seconds, before, crew.crew.last.megabytes)


def in_process(side: str, small: Path, picture: Path, folder: Path) -> Run:
    """Let a fresh process do it, with memory set as the image process has it. Raises CalledProcessError."""
    command = [sys.executable, "-m", "scripts.bench.images", "--side", side, str(small), str(picture), str(folder)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **crew.MEMORY},
        stdout=subprocess.PIPE,
        check=True,
    )
    return Run(**json.loads(done.stdout))


def measure(rounds: int, size: tuple[int, int] = PHOTOGRAPH) -> dict[str, list[Run]]:
    """Let both sides run in turn, so that a noisy moment hits them alike."""
    runs: dict[str, list[Run]] = {side: [] for side in (*MAKERS, SERVICE)}
    with TemporaryDirectory(prefix="galley-images-") as name:
        folder = Path(name)
        small, picture = folder / "small.jpg", folder / "large.jpg"
        write_photograph(small, SMALL)
        write_photograph(picture, size)
        for _ in range(rounds):
            for side, found in runs.items():
                found.append(in_process(side, small, picture, folder))
    return runs


def _of(runs: Sequence[Run], what: str) -> list[float]:
    return [float(getattr(run, what)) for run in runs]


def targets(runs: dict[str, list[Run]]) -> list[Target]:
    """Compare with what is promised, if it was measured."""
    if not runs:
        return []
    ours, theirs = runs[GALLEY], runs[PILLOW]
    promises = {
        "wall": ("time of three thumbnails against Pillow's", 0.5),
        "cpu": ("CPU time of three thumbnails against Pillow's", 0.5),
        "raised": ("memory that they take against Pillow's", 0.333),
    }
    return [
        Target(what, wanted, ratio(_of(ours, name), _of(theirs, name)).median, "")
        for name, (what, wanted) in promises.items()
    ]


def section(runs: dict[str, list[Run]]) -> str:
    """Say in Markdown what was measured, with every way of counting the memory."""
    if not runs:
        return "Not measured."
    heads = ["", "ms", "CPU ms", "MB more", "MB in all", "MB before"]
    rows = [
        [
            side,
            *(with_spread(_milliseconds(_of(found, what)), thousands) for what in ("wall", "cpu")),
            *(f"{spread(_of(found, what)).median:.1f}" for what in ("raised", "peak", "before")),
        ]
        for side, found in runs.items()
    ]
    for side in (PILLOW, PILLOW_EACH):
        compared = [ratio(_of(runs[GALLEY], what), _of(runs[side], what)) for what in ("wall", "cpu", "raised", "peak")]
        rows.append([f"{GALLEY} / {side}", *(with_spread(one, two_digits) for one in compared), ""])
    return table(heads, rows)


def _milliseconds(values: Sequence[float]) -> Spread:
    return spread([1000 * value for value in values])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.bench.images", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--side", choices=(*MAKERS, SERVICE), help="make them in this process: SMALL, PICTURE, FOLDER")
    parser.add_argument("paths", nargs="*", type=Path)
    arguments = parser.parse_args()
    if arguments.side:
        # Whoever measures may keep to one core, which is no rule for who is measured.
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
        print(json.dumps(asdict(one(arguments.side, *arguments.paths))))
        return 0
    runs = measure(arguments.rounds)
    print(section(runs))
    print("\n".join(target.row() for target in targets(runs)))
    return 0 if all(target.met for target in targets(runs)) else 1


if __name__ == "__main__":
    sys.exit(main())
