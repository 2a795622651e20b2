"""What is known of the request being handled, for those who log it or link to it; handlers do not need it."""

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

# The request id outside of any request.
NO_REQUEST = "-"


@dataclass(slots=True)
class Current:
    """Filled in as the request proceeds."""

    request_id: str = NO_REQUEST
    # The same where the client has given it.
    claimed_id: str = ""
    path: str = ""
    query: str = ""
    # The path template and the operationId; empty until, and unless, the request is for an operation.
    template: str = ""
    operation: str = ""
    user_id: str = ""
    # The address that the request comes from, told by the last proxy that is trusted; empty when nobody knows.
    address: str = ""
    # As they came, for those few who ask for one.
    headers: Iterable[tuple[bytes, bytes]] = ()
    # Those of a request that changes something: one may contradict what authenticates it.
    cookies: Mapping[str, str] = field(default_factory=dict[str, str])
    # Who may keep a successful answer; empty where the answer says so itself.
    cache_control: bytes = b""
    # Whether pages of other sites may show the answer, as they show pictures.
    is_embeddable: bool = False
    # What every answer says besides, whatever comes of the request.
    notices: tuple[tuple[bytes, bytes], ...] = ()
    # What is left of the quota that the request counts under; empty until it has been counted.
    quota: tuple[tuple[bytes, bytes], ...] = ()

    # What is to be done again whenever the same answer is given to somebody else, such as counting a view.
    again: Callable[[], None] | None = None
    # What was written last as JSON, and that.
    written: tuple[object, bytes] = (None, b"")

    def header(self, name: bytes) -> str:
        """Return the value of a header, or an empty text."""
        return next((value.decode("latin-1") for given, value in self.headers if given == name), "")


_current: ContextVar[Current] = ContextVar("current")


def begin(request: Current) -> None:
    """Make this the request that `current` returns in this task."""
    _current.set(request)


def current() -> Current:
    """Return the request being handled, or an empty one outside of any."""
    return _current.get(None) or Current()
