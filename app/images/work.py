"""What is done with a picture: each deed takes open files, and says what it has seen or written.

The pixels of a picture pass by a few lines at a time; they are all in memory only where one has to be turned.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pyvips

from app.images import vips
from app.images.pictures import GIF, JPEG, PNG, WEBP, ImageTooLarge, Picture, check_size

# What libwebp and libjpeg can write.
MAX_SIDE = {JPEG: 65_535, PNG: 65_535, GIF: 65_535, WEBP: 16_383}
# How hard libwebp tries for thumbnails: its least costs a quarter of its usual time, and some 4 % more bytes.
THUMBNAIL_QUALITY, THUMBNAIL_EFFORT = 85, 0


def inspect(source: int) -> Picture:
    """Decode every pixel of every frame, keeping none. Raises NotAnImage, ImageTooLarge, pyvips.Error."""
    picture = vips.measure(source)
    vips.load(source, picture.media_type, frames=-1 if picture.frames > 1 else 1).avg()
    return picture


def clean(source: int, target: int) -> Picture:
    """Write the same picture upright, in sRGB, with nothing else in it. Raises as `inspect`."""
    picture = vips.measure(source)
    image = vips.load(source, picture.media_type, frames=-1 if picture.frames > 1 else 1)
    if picture.frames == 1 and vips.turned(image):
        image = vips.load(source, picture.media_type, access="random").autorot()
    image = vips.in_srgb(image, deep=picture.media_type == PNG)
    if picture.media_type == WEBP and vips.lossless(source):
        vips.save_lossless(image, target)
    else:
        quality = vips.JPEG_QUALITY if picture.media_type == JPEG else vips.WEBP_QUALITY
        vips.save(image, target, picture.media_type, quality=quality)
    return vips.measure(target)


def resize(
    source: int, target: int, wanted: tuple[int | None, int | None], *, media_type: str, quality: int
) -> Picture:
    """Write the first frame upright and at another size. Raises as `inspect`."""
    picture = vips.measure(source)
    image = vips.load(source, picture.media_type)
    sideways = vips.sideways(image)
    wide, high = _size((picture.height, picture.width) if sideways else (picture.width, picture.height), wanted)
    if max(wide, high) > MAX_SIDE[media_type]:
        raise ImageTooLarge(f"No {media_type} has sides of more than {MAX_SIDE[media_type]} pixels.")
    check_size(wide, high, 1)
    width, height = (high, wide) if sideways else (wide, high)
    smaller = vips.load_smaller(source, picture, max(width / picture.width, height / picture.height))
    made = vips.in_srgb(vips.scaled(smaller, width, height))
    vips.save(vips.upright(made) if vips.turned(made) else made, target, media_type, quality=quality)
    return vips.measure(target)


def _size(shown: tuple[int, int], wanted: tuple[int | None, int | None]) -> tuple[int, int]:
    """Return the size that is wanted: a side that is not given follows the other."""
    wide, high = shown
    match wanted:
        case (None, None):
            return shown
        case (int(width), None):
            return width, max(1, round(high * width / wide))
        case (None, int(height)):
            return max(1, round(wide * height / high)), height
        case (int(width), int(height)):
            return width, height


def thumbnails(source: int, targets: dict[int, int]) -> list[Picture]:
    """Write WebP pictures by their longest side, the largest first: each is made from the one before.

    One is written while the next is made. Raises as `inspect`.
    """
    picture = vips.measure(source)
    longest = max(picture.width, picture.height)
    image = vips.load_smaller(source, picture, min(1.0, max(targets) / longest))
    sideways = vips.sideways(image)
    with ThreadPoolExecutor(vips.THREADS) as threads:
        written: list[Future[None]] = []
        for side, target in targets.items():
            scale = min(1.0, side / longest)
            width, height = (max(1, round(length * scale)) for length in (picture.width, picture.height))
            if written:
                shown = (height, width) if sideways else (width, height)
                image = vips.scaled(image, *shown).copy_memory()
            else:
                image = vips.upright(vips.in_srgb(vips.scaled(image, width, height)))
            written.append(threads.submit(_save, image, target))
        for one in written:
            one.result()
    return [vips.measure(target) for target in targets.values()]


def _save(image: pyvips.Image, target: int) -> None:
    vips.save(image, target, WEBP, quality=THUMBNAIL_QUALITY, effort=THUMBNAIL_EFFORT)


def _inspect(files: list[int], _: dict[str, Any]) -> list[Picture]:
    return [inspect(files[0])]


def _clean(files: list[int], _: dict[str, Any]) -> list[Picture]:
    return [clean(files[0], files[1])]


def _resize(files: list[int], order: dict[str, Any]) -> list[Picture]:
    wanted = order["width"], order["height"]
    return [resize(files[0], files[1], wanted, media_type=order["media_type"], quality=order["quality"])]


def _thumbnails(files: list[int], order: dict[str, Any]) -> list[Picture]:
    return thumbnails(files[0], dict(zip(order["sides"], files[1:], strict=True)))


# What may be asked for. The files are the source, and then what is to be written.
DEEDS: dict[str, Callable[[list[int], dict[str, Any]], list[Picture]]] = {
    "inspect": _inspect,
    "clean": _clean,
    "resize": _resize,
    "thumbnails": _thumbnails,
}
