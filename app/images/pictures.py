"""What both sides say of a picture: the service that asks, and the process that opens it."""

from dataclasses import dataclass

JPEG, PNG, GIF, WEBP = "image/jpeg", "image/png", "image/gif", "image/webp"
# Of one picture, and of all frames of an animation together, however small its file.
MAX_PIXELS, MAX_FRAMES = 50_000_000, 500


@dataclass(frozen=True, slots=True)
class Picture:
    """What a file shows; width and height are those of one frame, as stored or as written."""

    media_type: str
    width: int
    height: int
    frames: int = 1


class ImageError(Exception):
    """A file that is not opened; the text says why, for whoever sent it."""


class NotAnImage(ImageError):
    """It is none of JPEG, PNG, GIF and WebP, or it is damaged or not complete."""


class DamagedImage(NotAnImage):
    """It begins as one of the four does, and cannot be read to its end."""


class ImageTooLarge(ImageError):
    """It has more pixels or frames than anybody may have, or needs more memory than a picture gets."""


class ImageTimeout(ImageError):
    """Opening it takes longer than a picture may take, or so many are waiting that its turn did not come."""


def media_type_of(head: bytes) -> str | None:
    """Return which of the four formats a file claims to be by its first bytes, whatever its name says."""
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    return None


def check_size(width: int, height: int, frames: int) -> None:
    """Raise ImageTooLarge where the header alone says enough."""
    if width * height > MAX_PIXELS:
        raise ImageTooLarge(f"{width}x{height} is more than {MAX_PIXELS:,} pixels.")
    if frames > MAX_FRAMES:
        raise ImageTooLarge(f"{frames} frames are more than {MAX_FRAMES}.")
    if width * height * frames > MAX_PIXELS:
        raise ImageTooLarge(f"{frames} frames of {width}x{height} are more than {MAX_PIXELS:,} pixels.")
