"""Which of several media types a client wants (RFC 9110, section 12.5.1)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from starlette.responses import Response

from app.problems import NotAcceptable


class Negotiated(Response):
    """An answer in another media type than the first that the contract lists, which is the one of HTTPResult."""


class _Range(NamedTuple):
    """An entry of `Accept`: what it is for, how exact that is, and how much it is wanted."""

    kind: str
    exactness: int
    quality: float


def _ranges(accept: str) -> Iterator[_Range]:
    """Read the header. What cannot be read is passed over, as is a parameter other than `q`."""
    for entry in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in entry.split(";"))
        quality = next((value.partition("=")[2] for value in parameters if value.startswith("q=")), "1")
        try:
            weight = float(quality)
        except ValueError:
            continue
        if "/" in kind and 0 <= weight <= 1:
            yield _Range(kind, 0 if kind == "*/*" else 1 if kind.endswith("/*") else 2, weight)


def _quality(media_type: str, ranges: Iterable[_Range]) -> float:
    """Return how much a media type is wanted: what is said of it most exactly counts."""
    family = f"{media_type.partition('/')[0]}/*"
    fitting = [entry for entry in ranges if entry.kind in (media_type, family, "*/*")]
    return max(fitting, key=lambda entry: entry.exactness).quality if fitting else 0


def preferred(accept: str, offered: Sequence[str]) -> str:
    """Return the media type that is wanted most, the first of them where the client does not mind.

    Raises NotAcceptable (406) when it wants none. An empty header is none at all.
    """
    if not accept.strip():
        return offered[0]
    ranges = list(_ranges(accept))
    best = max(offered, key=lambda media_type: _quality(media_type, ranges))
    if _quality(best, ranges) <= 0:
        raise NotAcceptable(f"There is {' and '.join(offered)}.")
    return best
