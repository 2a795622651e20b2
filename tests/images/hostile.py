"""Files that nobody should send, and some that are merely unusual, with what must become of each.

Whoever takes uploads is tried with all of them: `CASES` are files, `NAMES` are names that a file may pretend to have.
Every content is made when it is asked for, by the code beside; none of them stands in the repository.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Literal

from app.images.pictures import GIF, JPEG, PNG, WEBP
from tests.images import lies, oddities
from tests.images.forging import (
    animation,
    chunk,
    container,
    detailed,
    extended,
    gif,
    gif_frames,
    header,
    jpeg,
    painting,
    png,
    riff,
    saved,
    webp,
    with_size,
    zeros,
)

# Taken and cleaned; refused for what it is (415), for how it is (422), or for its size (413).
Fate = Literal["accepted", "415", "422", "413"]
FORMS = {JPEG: "JPEG", PNG: "PNG", GIF: "GIF", WEBP: "WEBP"}
HONEST = {JPEG: jpeg, PNG: png, GIF: gif, WEBP: webp}


@dataclass(frozen=True, slots=True)
class Case:
    """A file, what whoever sends it says that it is, and what must happen."""

    name: str
    declared: str
    fate: Fate
    make: Callable[[], bytes]
    # What an accepted one truly is, and what must not be left of it.
    media_type: str = ""
    marks: tuple[bytes, ...] = ()
    frames: int = 1

    @property
    def content(self) -> bytes:
        """The file; the same bytes each time."""
        return _made(self.make)


@cache
def _made(make: Callable[[], bytes]) -> bytes:
    return make()


def _accepted() -> Iterator[Case]:
    for name, (media_type, make, marks) in oddities.ACCEPTED.items():
        yield Case(name, media_type, "accepted", make, media_type, marks)
    for media_type, form in (GIF, "GIF"), (WEBP, "WEBP"):
        yield Case(
            f"animated.{form.lower()}", media_type, "accepted", lambda form=form: animation(form), media_type, frames=4
        )
    for media_type, make in HONEST.items():
        other = PNG if media_type == JPEG else JPEG
        form = FORMS[media_type].lower()
        yield Case(f"{form}-called-{FORMS[other].lower()}.{FORMS[other].lower()}", other, "accepted", make, media_type)


def _lies() -> Iterator[Case]:
    for name, (declared, content) in lies.NOT_PICTURES.items():
        yield Case(name, declared, "415", lambda content=content: content)


def _cut(media_type: str, share: float) -> bytes:
    content = detailed(FORMS[media_type])
    return content[: int(len(content) * share)]


def _damaged() -> Iterator[Case]:
    for media_type, form in FORMS.items():
        ending = form.lower()
        for share in (0.05, 0.25, 0.5, 0.75, 0.95):
            yield Case(
                f"{ending}-cut-at-{share}.{ending}",
                media_type,
                "422",
                lambda media_type=media_type, share=share: _cut(media_type, share),
            )
    for name, (media_type, make) in oddities.DAMAGED.items():
        yield Case(name, media_type, "422", make)


def _png_bomb() -> bytes:
    """Fifty thousand pixels each way, of a bit each: 2.5 billion of them in 300 KB."""
    return header(50_000, 50_000, 1, 0) + chunk(b"IDAT", zeros(50_000 * 6251)) + chunk(b"IEND", b"")


def _lossless_header(width: int, height: int) -> bytes:
    return riff(b"VP8L", b"\x2f" + ((height - 1) << 14 | (width - 1)).to_bytes(4, "little") + bytes(8))


_BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "bomb-50000x50000.png": (PNG, _png_bomb),
    "header-2147483647.png": (PNG, lambda: header(2**31 - 1, 2**31 - 1) + chunk(b"IDAT", zeros(1000))),
    "header-65535.jpg": (JPEG, lambda: with_size(jpeg(), 65_535, 65_535)),
    "long-and-thin.jpg": (JPEG, lambda: with_size(jpeg(), 65_500, 800)),
    "frame-65535.gif": (GIF, lambda: gif_frames(1, (65_535, 65_535), (65_535, 65_535))),
    "frames-5000.gif": (GIF, lambda: gif_frames(5000, (16, 16))),
    "frames-501.gif": (GIF, lambda: gif_frames(501, (16, 16))),
    "frames-400-of-a-megapixel.gif": (GIF, lambda: gif_frames(400, (1000, 1000), (1000, 1000))),
    "canvas-16383.webp": (WEBP, lambda: extended(0, (16_383, 16_383), _lossless_header(16_383, 16_383))),
    "lossless-16383.webp": (WEBP, lambda: container(_lossless_header(16_383, 16_383))),
    "honest-51-megapixels.png": (PNG, lambda: saved(painting("1", (8500, 6000)), "PNG")),
}


def _bombs() -> Iterator[Case]:
    for name, (media_type, make) in _BOMBS.items():
        yield Case(name, media_type, "413", make)


CASES = list(chain(_accepted(), _lies(), _damaged(), _bombs()))

# What a name may try: to lead elsewhere, to be read as an option, a header, a type or a command.
NAMES = [
    "../../../../etc/passwd.png",
    "..\\..\\..\\windows\\system32\\evil.png",
    "/etc/cron.d/evil.png",
    "C:\\evil.png",
    "....//....//evil.png",
    "%2e%2e%2f%2e%2e%2fevil.png",
    "..%c0%afevil.png",
    "evil.svg\0.png",
    "evil.html;.png",
    "evil.png.html",
    "evil.php.png",
    "evil.png[unlimited]",
    "evil.png[page=0,n=-1]",
    "msl:evil.png",
    "https://localhost/evil.png",
    "|touch evil.png",
    "$(touch evil).png",
    "`touch evil`.png",
    "-rf.png",
    "--help",
    ".htaccess",
    ".",
    "..",
    "",
    " ",
    "CON",
    "nul.png",
    "evil.png:stream",
    'evil".png',
    "evil'; DROP TABLE media; --.png",
    "evil\r\nSet-Cookie: hostile=1\r\n\r\n.png",
    "evil\u202egnp.exe",
    "e\u0301vil.png",
    "\U0001f4a3.png",
    "\ufeffevil.png",
    "a" * 300 + ".png",
    "<img src=x onerror=alert('hostile')>.png",
    "{{7*7}}.png",
    "%s%n%x.png",
    "~root/evil.png",
]
