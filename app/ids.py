"""Ids are UUIDv7 (RFC 9562): they sort by creation, and are made here so that PostgreSQL 16 and 17 serve as well."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a new id."""
    return uuid7()
