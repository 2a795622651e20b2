"""Pictures that carry more than a picture or are of a rare kind, and those that break off or contradict themselves."""

import struct
import zlib
from collections.abc import Callable

from PIL import Image

from app.images.pictures import GIF, JPEG, PNG, WEBP
from tests.images.forging import (
    GPS,
    MARK,
    chunk,
    detailed,
    drawn,
    exif,
    extended,
    extension,
    frame_header,
    gif,
    gif_frames,
    gps,
    header,
    jpeg,
    orientation,
    painting,
    png,
    profile,
    riff,
    saved,
    segment,
    srgb,
    webp,
    with_chunks,
    with_segments,
    zeros,
)
from tests.images.lies import HTML, zipped

Make = Callable[[], bytes]


def _gif_and_script() -> bytes:
    """Return a GIF that a browser would run as JavaScript: GIF89a/*...*/=1;..."""
    return b"GIF89a/*\x10\0" + gif_frames(1, (0x2A2F, 16))[10:] + b"*/=1;alert('hostile')//" + MARK


def _jpeg_and_script() -> bytes:
    """Return a JPEG whose first length is the beginning of a comment of JavaScript."""
    inside = b"JFIF\0\1\1\0\0\1\0\1\0\0".ljust(0x2F2A - 2 - len(MARK) - 4, b"\0") + b"*/=" + MARK + b"/"
    return jpeg()[:2] + b"\xff\xe0\x2f\x2a" + inside[: 0x2F2A - 2] + jpeg()[20:]


def _without_adobe(file: bytes) -> bytes:
    """Return a JPEG of four inks without the mark that says that they are inverted."""
    place = file.index(b"\xff\xee")
    return file[:place] + file[place + 2 + struct.unpack(">H", file[place + 2 : place + 4])[0] :]


def _cmyk() -> bytes:
    return saved(painting("CMYK"), "JPEG", quality=90)


def _webp_with(kind: bytes, flag: int) -> bytes:
    """Return a WebP with something beside its picture."""
    return extended(flag, (48, 32), webp()[12:], riff(kind, MARK))


def _interlaced() -> bytes:
    """Return a PNG that claims to be interlaced, of one pixel, of which that is true."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 1))
        + chunk(b"IDAT", zlib.compress(b"\0\1\2\3"))
        + chunk(b"IEND", b"")
    )


_IPTC = b"Photoshop 3.0\08BIM\x04\x04\0\0" + struct.pack(">I", len(MARK) + 5) + b"\x1c\x02\x78\0" + bytes([33]) + MARK
_XMP = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + MARK + b"</x:xmpmeta>"
_M = (MARK,)

ACCEPTED: dict[str, tuple[str, Make, tuple[bytes, ...]]] = {
    "gif-and-script.gif": (GIF, _gif_and_script, (MARK, b"alert", b"*/")),
    "jpeg-and-script.jpg": (JPEG, _jpeg_and_script, (MARK, b"*/=")),
    "jpeg-and-archive.jpg": (JPEG, lambda: jpeg() + zipped("evil.html", HTML), (MARK, b"PK\3\4", b"evil.html")),
    "jpeg-and-page.jpg": (JPEG, lambda: jpeg() + HTML, _M),
    "jpeg-comment.jpg": (JPEG, lambda: with_segments(segment(0xFE, MARK)), _M),
    "png-and-page.png": (PNG, lambda: png() + HTML, _M),
    "png-text.png": (PNG, lambda: with_chunks(chunk(b"tEXt", b"Comment\0" + MARK)), _M),
    "png-text-bomb.png": (PNG, lambda: with_chunks(chunk(b"zTXt", b"Comment\0\0" + zeros(200_000_000))), (b"zTXt",)),
    "png-profile-bomb.png": (PNG, lambda: with_chunks(chunk(b"iCCP", b"x\0\0" + zeros(200_000_000))), (b"iCCP",)),
    "png-many-chunks.png": (PNG, lambda: with_chunks(*[chunk(b"tEXt", b"a\0" + MARK)] * 20_000), _M),
    "png-xmp.png": (PNG, lambda: with_chunks(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + MARK)), _M),
    "png-unknown-chunk.png": (PNG, lambda: with_chunks(chunk(b"haCk", MARK)), _M),
    "png-script-in-pixels.png": (PNG, lambda: drawn((11, 20), MARK), _M),
    "canvas-65535.gif": (GIF, lambda: gif_frames(1, (65_535, 65_535)), ()),
    # So many that the decoder itself gives up, and shows the first.
    "frames-20000.gif": (GIF, lambda: gif_frames(20_000, (1, 1)), ()),
    "gif-and-page.gif": (GIF, lambda: gif() + HTML, _M),
    "gif-comment.gif": (GIF, lambda: gif()[:-1] + extension(0xFE, MARK) + b";", _M),
    "gif-application.gif": (GIF, lambda: gif()[:-1] + b"\x21\xff\x0bXMP DataXMP" + extension(0, MARK)[2:] + b";", _M),
    "webp-xmp.webp": (WEBP, lambda: _webp_with(b"XMP ", 4), _M),
    "webp-exif.webp": (WEBP, lambda: _webp_with(b"EXIF", 8), _M),
    "webp-unknown-chunk.webp": (WEBP, lambda: _webp_with(b"HACK", 0), _M),
    "webp-and-page.webp": (WEBP, lambda: webp() + HTML, _M),
    "gps.jpg": (JPEG, lambda: with_segments(gps()), (GPS, b"Exif")),
    "xmp.jpg": (JPEG, lambda: with_segments(segment(0xE1, _XMP)), (MARK, b"xmpmeta")),
    "iptc.jpg": (JPEG, lambda: with_segments(segment(0xED, _IPTC)), (MARK, b"8BIM")),
    "exif-loop.jpg": (JPEG, lambda: with_segments(exif(orientation(1), (0x8769, 4, 1, 8), following=8)), (b"Exif",)),
    "exif-lies.jpg": (JPEG, lambda: with_segments(exif((0x010F, 2, 2**32 - 1, 2**32 - 9))), (b"Exif",)),
    "exif-many.jpg": (JPEG, lambda: with_segments(exif(*[(0x0112, 3, 1, 99 << 16)] * 5000)), (b"Exif",)),
    "exif-broken.jpg": (JPEG, lambda: with_segments(segment(0xE1, b"Exif\0\0MM\0*\xff\xff" + MARK)), _M),
    "exif-orientation-0.jpg": (JPEG, lambda: with_segments(exif(orientation(0))), (b"Exif",)),
    "exif-orientation-9999.jpg": (JPEG, lambda: with_segments(exif(orientation(9999))), (b"Exif",)),
    **{
        f"exif-orientation-{number}.jpg": (
            JPEG,
            lambda number=number: with_segments(exif(orientation(number))),
            (b"Exif",),
        )
        for number in range(1, 9)
    },
    "profile.jpg": (JPEG, lambda: saved(painting(), "JPEG", icc_profile=srgb()), (b"ICC_PROFILE",)),
    "profile-broken.jpg": (JPEG, lambda: with_segments(segment(0xE2, b"ICC_PROFILE\0\1\1" + MARK)), _M),
    "profile-huge.jpg": (JPEG, lambda: with_segments(*profile(8_000_000)), _M),
    "profile-of-other-colours.png": (PNG, lambda: saved(painting("L"), "PNG", icc_profile=srgb()), (b"iCCP",)),
    "cmyk-inverted.jpg": (JPEG, _cmyk, (b"Adobe",)),
    "cmyk.jpg": (JPEG, lambda: _without_adobe(_cmyk()), ()),
    "grey.jpg": (JPEG, lambda: saved(painting("L"), "JPEG"), ()),
    "progressive.jpg": (JPEG, lambda: saved(painting(), "JPEG", progressive=True), ()),
    "grey.png": (PNG, lambda: saved(painting("L"), "PNG"), ()),
    "grey-and-alpha.png": (PNG, lambda: saved(painting("LA"), "PNG"), ()),
    "one-bit.png": (PNG, lambda: saved(painting("1"), "PNG"), ()),
    "palette-and-alpha.png": (PNG, lambda: saved(painting("P"), "PNG", transparency=0), (b"tRNS",)),
    "sixteen-bits.png": (PNG, lambda: drawn((4, 4), bytes(range(24)), 16), ()),
    "sixteen-bits-grey.png": (PNG, lambda: drawn((4, 4), bytes(range(8)), 16, 0), ()),
    "interlaced.png": (PNG, _interlaced, ()),
    "alpha.webp": (WEBP, lambda: saved(painting("RGBA"), "WEBP"), ()),
    "lossless.webp": (WEBP, lambda: saved(painting("RGBA"), "WEBP", lossless=True), ()),
    "transparent.gif": (GIF, lambda: saved(painting("P"), "GIF", transparency=0), ()),
}


def _no_table() -> bytes:
    """Return a JPEG that has lost what its numbers are multiplied with."""
    file = jpeg()
    place = file.index(b"\xff\xdb")
    return file[:place] + file[place + 2 + struct.unpack(">H", file[place + 2 : place + 4])[0] :]


def _scans() -> bytes:
    """Return a progressive JPEG that says the same thing five thousand times over a large picture."""
    file = saved(Image.new("L", (4000, 4000)), "JPEG", progressive=True)
    last = file.rindex(b"\xff\xda")
    return file[:last] + file[last:-2] * 5000 + file[-2:]


def _broken(file: bytes, place: int, by: bytes) -> bytes:
    return file[:place] + by + file[place + len(by) :]


DAMAGED: dict[str, tuple[str, Make]] = {
    "header-alone.jpg": (JPEG, lambda: b"\xff\xd8\xff"),
    "header-alone.png": (PNG, lambda: b"\x89PNG\r\n\x1a\n"),
    "header-alone.gif": (GIF, lambda: b"GIF89a"),
    "header-alone.webp": (WEBP, lambda: b"RIFF\x04\0\0\0WEBP"),
    "frame-alone.jpg": (JPEG, lambda: frame_header(64, 64)),
    "canvas-alone.gif": (GIF, lambda: gif_frames(0, (64, 64))),
    "canvas-alone.webp": (WEBP, lambda: extended(0, (64, 64))),
    "size-alone.png": (PNG, lambda: header(64, 64)),
    "no-pixels.png": (PNG, lambda: header(64, 64) + chunk(b"IEND", b"")),
    "no-width.png": (PNG, lambda: header(0, 64) + chunk(b"IDAT", zeros(64)) + chunk(b"IEND", b"")),
    "wrong-checksum.png": (PNG, lambda: _broken(png(), 29, b"\0\0\0\0")),
    "wrong-checksum-of-pixels.png": (PNG, lambda: _broken(detailed("PNG"), -16, b"\0\0\0\0")),
    "pixels-of-noise.png": (PNG, lambda: header(64, 64) + chunk(b"IDAT", MARK) + chunk(b"IEND", b"")),
    "too-few-pixels.png": (PNG, lambda: header(64, 64) + chunk(b"IDAT", zeros(640)) + chunk(b"IEND", b"")),
    "no-table.jpg": (JPEG, _no_table),
    "scans-without-end.jpg": (JPEG, _scans),
    "pixels-of-noise.webp": (WEBP, lambda: _broken(detailed("WEBP"), 20, MARK)),
    "pixels-of-noise.gif": (GIF, lambda: _broken(gif(), -40, b"\xff" * 39)),
    "chunk-of-4-gigabytes.png": (PNG, lambda: header(64, 64) + b"\xff\xff\xff\xffIDAT" + MARK),
    "chunk-of-4-gigabytes.webp": (WEBP, lambda: b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff" + MARK),
}
