"""What is made while it is sent, and read while it comes, so that its length costs no memory."""

from collections.abc import AsyncIterator, Mapping

from starlette.requests import Request
from starlette.responses import StreamingResponse

from app.contract import LINES, file_types

NDJSON, CSV = LINES, "text/csv"
# Not compressed on the way: a compressor holds back what it has not seen enough of.
# A range of what is compressed would be another range; and most files are compressed already.
STREAMED = (NDJSON, CSV, *sorted(file_types()))
# What the handler of an operation is given whose body is streamed: `stream()` yields it as it comes.
Incoming = Request


class Stream(StreamingResponse):
    """A streamed answer. One that fails on the way ends without its end, so that nobody takes a part for the whole."""

    def __init__(
        self, pieces: AsyncIterator[bytes], media_type: str, headers: Mapping[str, str], status: int = 200
    ) -> None:
        """Send the pieces as they come."""
        super().__init__(pieces, status, headers, media_type)
