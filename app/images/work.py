"""What is done with a picture: each takes open files and returns what it has seen or written."""

from collections.abc import Callable
from typing import Any

from app.images import vips
from app.images.pictures import Picture


def inspect(source: int) -> Picture:
    """Decode every pixel of every frame, keeping none. Raises NotAnImage, ImageTooLarge, pyvips.Error."""
    picture = vips.measure(source)
    vips.load(source, picture.media_type, frames=-1 if picture.frames > 1 else 1).avg()
    return picture


def _inspect(files: list[int], order: dict[str, Any]) -> list[Picture]:
    del order
    return [inspect(files[0])]


# What may be asked for, with the files it is given: the source, then what is to be written.
DEEDS: dict[str, Callable[[list[int], dict[str, Any]], list[Picture]]] = {"inspect": _inspect}
