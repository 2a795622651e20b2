"""Opening pictures that strangers sent, safely: every function here asks a process that has nothing to lose.

What it is given is a file; what it writes appears under the target's name complete or not at all.
"""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from app.images import crew
from app.images.pictures import DamagedImage, ImageError, ImageTimeout, ImageTooLarge, NotAnImage, Picture

__all__ = [
    "DamagedImage",
    "ImageError",
    "ImageTimeout",
    "ImageTooLarge",
    "NotAnImage",
    "Picture",
    "cleaned",
    "inspect",
    "resized",
    "thumbnails",
]

_REFUSALS = {refusal.__name__: refusal for refusal in (NotAnImage, DamagedImage, ImageTooLarge, ImageTimeout)}
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC


def _picture(said: Any) -> Picture:
    match said:
        case {"media_type": str(media_type), "width": int(width), "height": int(height), "frames": int(frames)}:
            return Picture(media_type, width, height, frames)
        case _:
            raise DamagedImage("The image cannot be opened.")


def _pictures(answer: dict[str, Any], count: int) -> list[Picture]:
    """Return what an answer says of as many pictures. Raises what it says of a refusal."""
    match answer:
        case {"error": str(name), "reason": str(reason)} if name in _REFUSALS:
            raise _REFUSALS[name](reason)
        case {"pictures": [*said]}:
            pictures = [_picture(one) for one in said]
            if len(pictures) == count:
                return pictures
        case _:
            pass
    raise DamagedImage("The image cannot be opened.")


async def _do(order: dict[str, Any], path: Path, targets: list[Path]) -> list[Picture]:
    """Let an image process read one file and write others, which are there when this returns, and only then."""
    parts = [target.with_name(f".{target.name}.part") for target in targets]
    try:
        with ExitStack() as files:
            opened = [os.open(path, os.O_RDONLY | os.O_CLOEXEC)]
            files.callback(os.close, opened[0])
            for part in parts:
                opened.append(os.open(part, _NEW_FILE, 0o600))
                files.callback(os.close, opened[-1])
            pictures = _pictures(await crew.ask(order, opened), len(targets) or 1)
        for part, target in zip(parts, targets, strict=True):
            part.replace(target)
        return pictures
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


async def inspect(path: Path) -> Picture:
    """Decode a whole file. Raises NotAnImage, ImageTooLarge, ImageTimeout."""
    [picture] = await _do({"do": "inspect"}, path, [])
    return picture


async def cleaned(path: Path, target: Path) -> Picture:
    """Write the same picture upright, in sRGB and with nothing else in it; an animation stays one.

    Raises NotAnImage, ImageTooLarge, ImageTimeout.
    """
    [picture] = await _do({"do": "clean"}, path, [target])
    return picture


async def resized(  # noqa: PLR0913 - A size is two, of which one may be missing.
    path: Path,
    target: Path,
    *,
    width: int | None = None,
    height: int | None = None,
    media_type: str,
    quality: int = 85,
) -> Picture:
    """Write the first frame upright and at another size, which keeps its shape unless both sides are given.

    Raises NotAnImage, ImageTooLarge, ImageTimeout.
    """
    order = {"do": "resize", "width": width, "height": height, "media_type": media_type, "quality": quality}
    [picture] = await _do(order, path, [target])
    return picture


async def thumbnails(path: Path, targets: Mapping[int, Path]) -> dict[int, Picture]:
    """Write WebP pictures of the first frame whose longest side is at most so many pixels; none is enlarged.

    Raises NotAnImage, ImageTooLarge, ImageTimeout.
    """
    sides = sorted(targets, reverse=True)
    pictures = await _do({"do": "thumbnails", "sides": sides}, path, [targets[side] for side in sides])
    return dict(zip(sides, pictures, strict=True))
