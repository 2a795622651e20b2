"""What a file is, by its content alone: what its sender says of it, by name or by header, is never asked.

puremagic knows the signatures. What it takes for granted is looked at here: which brand an MP4 is of, whether Matroska
is WebM, whether a compound file is a document of Word. Whether an image is one is for who decodes it.
"""

import codecs
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from generated.models import MediaKind, MediaType

# By so many bytes a file is known; for text, which has no signature, all of it counts.
HEAD_BYTES = 4_096
MIB = 1_048_576
LIMITS = {MediaKind.image: 10 * MIB, MediaKind.document: 10 * MIB, MediaKind.video: 100 * MIB}
_NAMED = {kind.value: kind for kind in MediaKind}
KINDS = {media_type: _NAMED.get(media_type.value.partition("/")[0], MediaKind.document) for media_type in MediaType}
EXTENSIONS = {
    MediaType("image/jpeg"): (".jpg", ".jpeg"),
    MediaType("image/png"): (".png",),
    MediaType("image/gif"): (".gif",),
    MediaType("image/webp"): (".webp",),
    MediaType("application/pdf"): (".pdf",),
    MediaType("text/plain"): (".txt",),
    MediaType("application/msword"): (".doc",),
    MediaType("video/mp4"): (".mp4",),
    MediaType("video/webm"): (".webm",),
}
_TEXT = MediaType("text/plain")
_MP4_BRANDS = frozenset({b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"M4V "})
# What a browser could take for a page or a picture with scripts, if it looked for itself (WHATWG, MIME Sniffing).
_MARKUP = re.compile(rb"\s*<[A-Za-z!?/]")
_OTHERS = (b"{\\rtf", b"%!PS", b"%PDF", b"GIF8")
# All but tab, line feed, form feed and carriage return.
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_SIGNATURES: dict[MediaType, tuple[bytes, ...]] = {
    MediaType("image/jpeg"): (b"\xff\xd8\xff",),
    MediaType("image/png"): (b"\x89PNG\r\n\x1a\n",),
    MediaType("image/gif"): (b"GIF87a", b"GIF89a"),
    MediaType("image/webp"): (b"RIFF",),
    MediaType("application/pdf"): (b"%PDF-",),
    MediaType("application/msword"): (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
    MediaType("video/webm"): (b"\x1aE\xdf\xa3",),
}
_WORD = "WordDocument".encode("utf-16-le")


def kind_of(media_type: MediaType) -> MediaKind:
    """Return the kind that a type is of."""
    return KINDS[media_type]


def guess(head: bytes) -> MediaType | None:
    """Return what a file is of which these are the first bytes, or None when it is nothing that is kept."""
    if _is_mp4(head):
        return MediaType("video/mp4")
    named = _named(head)
    for media_type, signatures in _SIGNATURES.items():
        if media_type.value in named and head.startswith(signatures) and _is_what_it_says(media_type, head):
            return media_type
    return _TEXT if _begins_as_text(head) else None


def _named(head: bytes) -> set[str]:
    """Return every type whose signature the library finds."""
    import puremagic  # noqa: PLC0415 - It reads its signatures when it is imported, and is for uploads alone.

    # The library does not say what type it takes.
    recognise: Callable[[bytes], Any] = vars(puremagic)["magic_string"]
    try:
        return {str(match.mime_type) for match in recognise(head)}
    except (puremagic.PureError, ValueError):
        return set()


def _is_mp4(head: bytes) -> bool:
    length = int.from_bytes(head[:4])
    if head[4:8] != b"ftyp" or not 16 <= length <= HEAD_BYTES:  # noqa: PLR2004 - Its least, with one brand.
        return False
    # Pictures (HEIC, AVIF) come in the same box; what counts is what the file calls itself first.
    return head[8:12] in _MP4_BRANDS


def _is_what_it_says(media_type: MediaType, head: bytes) -> bool:
    if media_type.value == "image/webp":
        return head[8:12] == b"WEBP"
    if media_type.value == "video/webm":
        return re.search(rb"\x42\x82(\x84|\x40\x04)webm", head[:100]) is not None
    return True


def _begins_as_text(head: bytes) -> bool:
    text = head.removeprefix(codecs.BOM_UTF8)
    if not head or _MARKUP.match(text) or text.startswith(_OTHERS) or _CONTROL.search(head):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def holds(path: Path, media_type: MediaType) -> bool:
    """Whether the whole of a file is what its first bytes say; of an image, only a decoder knows."""
    if media_type is _TEXT:
        return _is_text(path)
    if media_type.value == "application/msword":
        # The directory of a compound file may be anywhere in it.
        return _WORD in path.read_bytes()
    if media_type.value == "video/mp4":
        return b"moov" in _boxes(path)
    return True


def _is_text(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while piece := file.read(MIB):
                if _CONTROL.search(piece):
                    return False
                decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _boxes(path: Path) -> set[bytes]:
    """Return the kinds of the boxes that a file is made of (ISO 14496-12); none when they do not fill it."""
    found: set[bytes] = set()
    size, place = path.stat().st_size, 0
    with path.open("rb") as file:
        while place < size:
            file.seek(place)
            length, kind, longer = int.from_bytes(file.read(4)), file.read(4), file.read(8)
            length = int.from_bytes(longer) if length == 1 else length or size - place
            if length < 8 or place + length > size or len(found) > 64:  # noqa: PLR2004 - Length and kind alone.
                return set()
            found.add(kind)
            place += length
    return found
