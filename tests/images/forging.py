"""What pictures are forged from: pieces of the four formats, good ones and bad ones, put together by hand."""

import struct
import zlib
from functools import cache
from io import BytesIO

from PIL import Image, ImageCms

# What must not be found in anything that is handed on.
MARK = b"<script>alert('hostile')</script>"
GPS = b"47.3769N 8.5417E hostile"


@cache
def painting(mode: str = "RGB", size: tuple[int, int] = (48, 32)) -> Image.Image:
    """Return a picture on which up, down, left and right can be told apart: red, green, blue and white quarters."""
    picture = Image.new("RGB", size, "white")
    wide, high = size[0] // 2, size[1] // 2
    picture.paste("red", (0, 0, wide, high))
    picture.paste("lime", (wide, 0, size[0], high))
    picture.paste("blue", (0, high, wide, size[1]))
    return picture.convert(mode)


def saved(picture: Image.Image, form: str, **options: object) -> bytes:
    """Return a picture as a file."""
    file = BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


@cache
def jpeg() -> bytes:
    """Return an honest JPEG."""
    return saved(painting(), "JPEG", quality=90)


@cache
def png() -> bytes:
    """Return an honest PNG."""
    return saved(painting(), "PNG")


@cache
def gif() -> bytes:
    """Return an honest GIF."""
    return saved(painting(), "GIF")


@cache
def webp() -> bytes:
    """Return an honest WebP."""
    return saved(painting(), "WEBP", quality=90)


@cache
def detailed(form: str) -> bytes:
    """Return a picture with something to decode until its end."""
    noise = Image.effect_noise((160, 120), 60)
    return saved(Image.merge("RGB", (noise, noise.transpose(Image.Transpose.ROTATE_180), noise)), form)


@cache
def animation(form: str) -> bytes:
    """Return four frames, each of another colour."""
    first, *others = [Image.new("RGB", (40, 30), colour) for colour in ("red", "lime", "blue", "white")]
    return saved(first, form, save_all=True, append_images=others, duration=100, loop=0)


@cache
def srgb(*, swapped: bool = False) -> bytes:
    """Return a colour profile; `swapped` says of red that it is green, and of green that it is red."""
    # Its types are those of a C module.
    made = ImageCms.createProfile("sRGB")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    profile = ImageCms.ImageCmsProfile(made).tobytes()  # pyright: ignore[reportUnknownArgumentType]
    if swapped:
        profile = profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    return profile


# JPEG


def segment(marker: int, body: bytes) -> bytes:
    """Return a segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def with_segments(*segments: bytes, file: bytes | None = None) -> bytes:
    """Return a JPEG with segments of one's own at its beginning."""
    file = file or jpeg()
    return file[:2] + b"".join(segments) + file[2:]


def tiff(*entries: tuple[int, int, int, int], after: bytes = b"", following: int = 0) -> bytes:
    """Return what EXIF is made of: one directory of (tag, type, count, value), and the place of the next."""
    directory = struct.pack(">H", len(entries)) + b"".join(struct.pack(">HHII", *entry) for entry in entries)
    return b"MM\0*" + struct.pack(">I", 8) + directory + struct.pack(">I", following) + after


def exif(*entries: tuple[int, int, int, int], after: bytes = b"", following: int = 0) -> bytes:
    """Return an EXIF segment."""
    return segment(0xE1, b"Exif\0\0" + tiff(*entries, after=after, following=following))


def orientation(number: int) -> tuple[int, int, int, int]:
    """Return the entry that says which way up a picture is: a short, which stands first in its four bytes."""
    return 0x0112, 3, 1, number << 16


def gps() -> bytes:
    """Return an EXIF segment with a place in it."""
    begins = 8 + 2 + 12 + 4
    inner = struct.pack(">H", 1) + struct.pack(">HHII", 0x001B, 7, len(GPS), begins + 2 + 12 + 4) + bytes(4)
    return exif((0x8825, 4, 1, begins), after=inner + GPS)


def frame_header(width: int, height: int) -> bytes:
    """Return a JPEG that claims a size, and then ends."""
    components = bytes([1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1])
    return b"\xff\xd8" + segment(0xC0, struct.pack(">BHHB", 8, height, width, 3) + components) + b"\xff\xda"


def with_size(file: bytes, width: int, height: int) -> bytes:
    """Return a JPEG whose frame claims another size."""
    place = file.index(b"\xff\xc0") + 5
    return file[:place] + struct.pack(">HH", height, width) + file[place + 4 :]


def profile(size: int) -> list[bytes]:
    """Return the segments of a colour profile that is none, with as many bytes."""
    pieces = [MARK * (65_000 // len(MARK))] * (size // 65_000 + 1)
    return [
        segment(0xE2, b"ICC_PROFILE\0" + bytes([number, len(pieces)]) + piece)
        for number, piece in enumerate(pieces, start=1)
    ]


# PNG


def chunk(kind: bytes, body: bytes, crc: int | None = None) -> bytes:
    """Return a chunk of a PNG, with its own checksum or a wrong one."""
    right = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", right if crc is None else crc)


def header(width: int, height: int, depth: int = 8, colours: int = 2) -> bytes:
    """Return how a PNG begins."""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0))


def with_chunks(*chunks: bytes) -> bytes:
    """Return a PNG with chunks of one's own behind its header."""
    file = png()
    return file[:33] + b"".join(chunks) + file[33:]


def drawn(size: tuple[int, int], line: bytes, depth: int = 8, colours: int = 2) -> bytes:
    """Return a PNG of as many equal lines, whose pixels are stored as they are."""
    width, height = size
    pixels = zlib.compress((b"\0" + line) * height, 0)
    return header(width, height, depth, colours) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@cache
def zeros(size: int) -> bytes:
    """Return so many zeros deflated: a thousandth of their size."""
    deflating, piece = zlib.compressobj(1), bytes(1_000_000)
    pieces = [deflating.compress(piece[: min(size - done, len(piece))]) for done in range(0, size, len(piece))]
    return b"".join(pieces) + deflating.flush()


# GIF


def gif_frames(count: int, canvas: tuple[int, int], frame: tuple[int, int] = (1, 1)) -> bytes:
    """Return an animation of frames on a canvas, of any size, with one pixel each."""
    begin = b"GIF89a" + struct.pack("<HH", *canvas) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    control = b"\x21\xf9\x04\0\x0a\0\0\0"
    one = control + b"\x2c" + struct.pack("<HHHHB", 0, 0, *frame, 0) + b"\x02\x02\x44\x01\0"
    return begin + one * count + b";"


def extension(label: int, text: bytes) -> bytes:
    """Return an extension of a GIF; 0xFE is a comment."""
    return b"\x21" + bytes([label, len(text)]) + text + b"\0"


# WebP


def riff(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of a WebP."""
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def container(*chunks: bytes) -> bytes:
    """Return a WebP of these chunks."""
    return riff(b"RIFF", b"WEBP" + b"".join(chunks))


def extended(flags: int, size: tuple[int, int], *chunks: bytes) -> bytes:
    """Return a WebP of the extended kind, whose canvas claims a size."""
    sides = b"".join(struct.pack("<I", side - 1)[:3] for side in size)
    return container(riff(b"VP8X", bytes([flags, 0, 0, 0]) + sides), *chunks)
