"""Ids are UUIDv7 (RFC 9562): they sort by creation, and are made here so that PostgreSQL 16 and 17 serve as well."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7


def _hex() -> str:
    return uuid_utils.uuid7().hex


@dataclass(slots=True)
class _Ids:
    make: Callable[[], UUID]
    make_hex: Callable[[], str]


_ids = _Ids(uuid7, _hex)


def new_id() -> UUID:
    """Return a new id."""
    return _ids.make()


def new_hex() -> str:
    """Return the 32 hexadecimal digits of a new id, without the object that the standard library makes of them."""
    return _ids.make_hex()


def new_suffix() -> str:
    """Return eight hexadecimal digits that nobody can foresee: the end of an id, where all bits are random."""
    return new_id().hex[-8:]


def use(make: Callable[[], UUID]) -> None:
    """Make ids this way from now on; only the sandbox does."""
    _ids.make, _ids.make_hex = make, lambda: make().hex
