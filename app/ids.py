"""Ids are UUIDv7 (RFC 9562): they sort by creation, and are made here so that PostgreSQL 16 and 17 serve as well."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from uuid_utils.compat import uuid7


@dataclass(slots=True)
class _Ids:
    make: Callable[[], UUID]


_ids = _Ids(uuid7)


def new_id() -> UUID:
    """Return a new id."""
    return _ids.make()


def new_suffix() -> str:
    """Return eight hexadecimal digits that nobody can foresee: the end of an id, where all bits are random."""
    return new_id().hex[-8:]


def use(make: Callable[[], UUID]) -> None:
    """Make ids this way from now on; only the sandbox does."""
    _ids.make = make
