"""What is made while it is sent, and read while it comes, so that its length costs no memory."""

from collections.abc import AsyncIterator, Mapping

from starlette.requests import Request
from starlette.responses import StreamingResponse

from app.contract import LINES

NDJSON, CSV = LINES, "text/csv"
# Not compressed on the way: a compressor holds back what it has not seen enough of.
STREAMED = (NDJSON, CSV)
# What the handler of an operation is given whose body is streamed: `stream()` yields it as it comes.
Incoming = Request


class Stream(StreamingResponse):
    """A streamed answer. One that fails on the way ends without its end, so that nobody takes a part for the whole."""

    def __init__(self, pieces: AsyncIterator[bytes], media_type: str, headers: Mapping[str, str]) -> None:
        """Send the pieces as they come."""
        super().__init__(pieces, headers=headers, media_type=media_type)
