"""The only module that knows libvips: opening, measuring and writing the four formats, and nothing else.

libvips can open some forty formats with as many libraries. All of their loaders are switched off but four, and those
are called by name, for what the first bytes of a file say.
"""

import os

import pyvips

from app.images.pictures import GIF, JPEG, PNG, WEBP, ImageTooLarge, NotAnImage, Picture, check_size, media_type_of

# Not merely a grey rest where data are missing; what only makes a decoder wonder is let through.
STRICT = "error"
_HEAD = 16


def prepare() -> None:
    """Switch off what is not needed; once in each process, before anything is opened."""
    pyvips.block_untrusted_set(True)
    pyvips.operation_block_set("VipsForeignLoad", True)
    for loader in ("Jpeg", "Png", "Nsgif", "Webp"):
        pyvips.operation_block_set(f"VipsForeignLoad{loader}", False)
    pyvips.cache_set_max(0)
    pyvips.concurrency_set(1)


def kind_of(file: int) -> str:
    """Return the format of an open file. Raises NotAnImage."""
    media_type = media_type_of(os.pread(file, _HEAD, 0))
    if media_type is None:
        raise NotAnImage("This is no JPEG, PNG, GIF or WebP.")
    return media_type


def load(file: int, media_type: str, *, frames: int = 1, access: pyvips.Access = "sequential") -> pyvips.Image:
    """Return an image whose pixels are read when they are wanted; frames stand below each other, -1 means all."""
    os.lseek(file, 0, os.SEEK_SET)
    source = pyvips.Source.new_from_descriptor(file)
    match media_type:
        case "image/jpeg":
            return pyvips.Image.jpegload_source(source, access=access, fail_on=STRICT)
        case "image/png":
            return pyvips.Image.pngload_source(source, access=access, fail_on=STRICT)
        case "image/gif":
            return pyvips.Image.gifload_source(source, n=frames, access=access, fail_on=STRICT)
        case _:
            return pyvips.Image.webpload_source(source, n=frames, access=access, fail_on=STRICT)


def measure(file: int) -> Picture:
    """Return what the header says, having decoded nothing. Raises NotAnImage, ImageTooLarge."""
    media_type = kind_of(file)
    image = load(file, media_type)
    frames = image.get_n_pages() if media_type in {GIF, WEBP} else 1
    check_size(image.width, image.height, frames)
    return Picture(media_type, image.width, image.height, frames)


def refusal(failure: pyvips.Error) -> NotAnImage | ImageTooLarge:
    """Return what a failure of the library means; its own words are for nobody who sent the file."""
    if "out of memory" in failure.detail or "limit" in failure.detail:
        return ImageTooLarge("Opening the image takes more memory than an image may take.")
    return NotAnImage("The image is damaged or not complete.")


__all__ = ["GIF", "JPEG", "PNG", "WEBP", "kind_of", "load", "measure", "prepare", "refusal"]
