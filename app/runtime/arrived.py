"""A request as it is read for a plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Scope


# Not frozen: that costs a request more than all that is read of it.
@dataclass(slots=True)
class Arrived:
    """What came with a request, after its form has been accepted, and nothing of it is believed yet.

    `document` is what its body is: a JSON value or the members of a form. A body that its handler reads for itself
    comes by `receive`.
    """

    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[bytes, bytes]
    cookies: Mapping[str, str]
    scope: Scope
    receive: Receive
    document: Any = None
