"""What a handler returns where status or headers are not the contract's first ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic

from typing_extensions import TypeVar

BodyT_co = TypeVar("BodyT_co", covariant=True, default=None)


# Not frozen: that would make it take three times as long to make one.
@dataclass(slots=True)
class HTTPResult(Generic[BodyT_co]):
    """One of the answers that the contract declares: its status, its body if it has one, and headers besides.

    The body is of the type that the contract has for the status; text and bytes are sent as they are.
    """

    status_code: int
    body: BodyT_co | None = None
    headers: Mapping[str, str] | None = None
