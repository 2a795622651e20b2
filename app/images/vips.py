"""The only module that knows libvips: opening, measuring, colouring and writing the four formats, and nothing else.

libvips can open some forty formats with as many libraries. All of their loaders are switched off but four, and those
are called by name, for what the first bytes of a file say.
"""

import os
import struct

import pyvips

from app.images.pictures import (
    GIF,
    JPEG,
    PNG,
    WEBP,
    DamagedImage,
    ImageTooLarge,
    NotAnImage,
    Picture,
    check_size,
    media_type_of,
)

# Not merely a grey rest where data are missing; what only makes a decoder wonder is let through.
STRICT = "error"
ANIMATED = frozenset({GIF, WEBP})
# What is encoded once more loses as little as can be seen; how hard an encoder tries is paid for in time.
JPEG_QUALITY, WEBP_QUALITY = 90, 90
PNG_COMPRESSION, GIF_EFFORT, WEBP_EFFORT = 6, 3, 2
WHITE = (255.0, 255.0, 255.0)
_HEAD = 16
# One decodes while the other makes smaller.
THREADS = 2
# How libvips says that a picture is too large for a decoder, or for the memory there is.
_TOO_MUCH = ("out of memory", "image dimension")
_SHRINKS = (8, 4, 2)
_LOSSLESS = b"VP8L"
_PROFILE, _ORIENTATION = "icc-profile-data", "orientation"
_SIDEWAYS = frozenset({5, 6, 7, 8})
_DEEP = "ushort"


def prepare() -> None:
    """Switch off what is not needed; once in each process, before anything is opened."""
    pyvips.block_untrusted_set(state=True)
    pyvips.operation_block_set("VipsForeignLoad", state=True)
    for loader in ("Jpeg", "Png", "Nsgif", "Webp"):
        pyvips.operation_block_set(f"VipsForeignLoad{loader}", state=False)
    pyvips.cache_set_max(0)
    pyvips.concurrency_set(THREADS)


def kind_of(file: int) -> str:
    """Return the format of an open file. Raises NotAnImage."""
    media_type = media_type_of(os.pread(file, _HEAD, 0))
    if media_type is None:
        raise NotAnImage("This is no JPEG, PNG, GIF or WebP.")
    return media_type


def _source(file: int) -> pyvips.Source:
    os.lseek(file, 0, os.SEEK_SET)
    return pyvips.Source.new_from_descriptor(file)


def load(file: int, media_type: str, *, frames: int = 1, access: pyvips.Access = "sequential") -> pyvips.Image:
    """Return an image whose pixels are read when they are wanted; frames stand below each other, -1 means all."""
    source = _source(file)
    if media_type == JPEG:
        return pyvips.Image.jpegload_source(source, access=access, fail_on=STRICT)
    if media_type == PNG:
        return pyvips.Image.pngload_source(source, access=access, fail_on=STRICT)
    if media_type == GIF:
        return pyvips.Image.gifload_source(source, n=frames, access=access, fail_on=STRICT)
    return pyvips.Image.webpload_source(source, n=frames, access=access, fail_on=STRICT)


def load_smaller(file: int, picture: Picture, scale: float) -> pyvips.Image:
    """Return the first frame at `scale` or larger, by what the decoder leaves out at no cost."""
    if picture.media_type == JPEG:
        shrink = next((shrink for shrink in _SHRINKS if shrink * scale <= 1), 1)
        return pyvips.Image.jpegload_source(_source(file), shrink=shrink, access="sequential", fail_on=STRICT)
    return load(file, picture.media_type)


def measure(file: int) -> Picture:
    """Return what the header says, having decoded nothing. Raises NotAnImage, ImageTooLarge."""
    media_type = kind_of(file)
    if media_type == PNG:
        # libpng does not say why it refuses sides of more than a million pixels.
        check_size(*struct.unpack(">II", os.pread(file, 24, 0)[16:].rjust(8, b"\0")), 1)
    image = load(file, media_type)
    frames = image.get_n_pages() if media_type in ANIMATED else 1
    check_size(image.width, image.height, frames)
    return Picture(media_type, image.width, image.height, frames)


def turned(image: pyvips.Image) -> bool:
    """Tell whether what is stored first is not what is shown on top."""
    return bool(image.get_typeof(_ORIENTATION)) and image.get(_ORIENTATION) != 1


def sideways(image: pyvips.Image) -> bool:
    """Tell whether width and height change places when it is shown."""
    return bool(image.get_typeof(_ORIENTATION)) and image.get(_ORIENTATION) in _SIDEWAYS


def in_srgb(image: pyvips.Image, *, deep: bool = False) -> pyvips.Image:
    """Return an image whose numbers mean sRGB; `deep` keeps 16 bits where there are some."""
    keep = deep and image.format == _DEEP
    cmyk = image.interpretation == "cmyk"
    if image.get_typeof(_PROFILE) or cmyk:
        try:
            return image.icc_transform(
                "srgb",
                embedded=True,
                input_profile="cmyk" if cmyk else "srgb",
                depth=16 if keep else 8,
            )
        except pyvips.Error:
            # A profile that is none: the numbers are taken to mean what they mostly do.
            pass
    return image if keep or image.interpretation in {"srgb", "b-w"} else image.colourspace("srgb")


def scaled(image: pyvips.Image, width: int, height: int) -> pyvips.Image:
    """Return an image of another size; what cannot be seen does not colour what can."""
    if (image.width, image.height) == (width, height):
        return image
    if image.hasalpha():
        small = _scaled(image.premultiply(), width, height)
        return small.unpremultiply().cast(image.format)
    return _scaled(image, width, height)


def _scaled(image: pyvips.Image, width: int, height: int) -> pyvips.Image:
    times = image.width // width
    if (times * width, times * height) == (image.width, image.height):
        # The mean of whole pixels is as good here, and costs a quarter.
        return image.shrink(times, times)
    return image.resize(width / image.width, vscale=height / image.height, kernel="cubic")


def upright(image: pyvips.Image) -> pyvips.Image:
    """Return an image in memory, turned the way that it is to be shown."""
    image = image.copy_memory()
    return image.autorot().copy_memory() if turned(image) else image


def lossless(file: int) -> bool:
    """Tell whether a WebP keeps every pixel as it was."""
    return _LOSSLESS in os.pread(file, 4096, 0)


def save(image: pyvips.Image, file: int, media_type: str, *, quality: int, effort: int = WEBP_EFFORT) -> None:
    """Write pixels, and nothing that came with them."""
    target = pyvips.Target.new_to_descriptor(file)
    if media_type == JPEG:
        # Not the best of codes: finding it takes the whole picture in memory.
        image.jpegsave_target(target, Q=quality, keep="none", background=WHITE)
    elif media_type == PNG:
        image.pngsave_target(target, compression=PNG_COMPRESSION, keep="none")
    elif media_type == GIF:
        image.gifsave_target(target, effort=GIF_EFFORT, reuse=True, keep_duplicate_frames=True, keep="none")
    else:
        image.webpsave_target(target, Q=quality, effort=effort, keep="none")


def save_lossless(image: pyvips.Image, file: int) -> None:
    """Write a WebP that keeps every pixel."""
    target = pyvips.Target.new_to_descriptor(file)
    image.webpsave_target(target, Q=WEBP_QUALITY, effort=WEBP_EFFORT, lossless=True, keep="none")


def refusal(failure: pyvips.Error) -> DamagedImage | ImageTooLarge:
    """Return what a failure of the library means; its own words are for nobody who sent the file."""
    if any(word in failure.detail for word in _TOO_MUCH):
        return ImageTooLarge("Opening the image takes more memory than an image may take.")
    return DamagedImage("The image is damaged or not complete.")
