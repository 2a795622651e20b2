"""Strong entity tags, and the two preconditions that are made of them (RFC 9110, sections 8.8.3 and 13.1).

A tag is `"<version>-<checksum>"`: the version counts the edits, the checksum covers the whole representation. A read
is unchanged when the whole tag matches; an edit is safe when the version does, so that a like that came in between
does not stop it.
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Protocol, TypeVar
from zlib import crc32

from pydantic import BaseModel

from app.problems import PreconditionFailed
from app.runtime.written import Model, written
from generated.server import HTTPResult


class Versioned(Model, Protocol):
    """A representation that counts its edits."""

    @property
    def version(self) -> int: ...


_EDITION = re.compile('"([0-9]+)-[0-9a-f]{8}"')

Resource = TypeVar("Resource", bound=BaseModel)


def etag(resource: Versioned) -> str:
    """Return the tag of a representation."""
    return f'"{resource.version}-{_checksum(resource)}"'


def content_etag(resource: Model) -> str:
    """Return the tag of a representation that is only read, such as a profile: the checksum alone."""
    return f'"{_checksum(resource)}"'


def _checksum(resource: Model) -> str:
    return f"{crc32(written(resource)):08x}"


def _tags(condition: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in condition.split(",")]


def require_match(if_match: str, version: int) -> None:
    """Raise PreconditionFailed unless `If-Match` names this version or is `*`.

    The comparison is the strong one (RFC 9110, section 13.1.1): a weak tag never matches.
    """
    versions = {match[1] for tag in if_match.split(",") if (match := _EDITION.fullmatch(tag.strip()))}
    if if_match.strip() != "*" and str(version) not in versions:
        raise PreconditionFailed


def http_date(moment: datetime) -> str:
    """Return a moment as HTTP writes it (RFC 9110, section 5.6.7): whole seconds."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def is_current(tag: str, modified: str | None, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Whether the client has this edition (RFC 9110, section 13.2.2).

    A date counts only where no tag is sent, and only when it is the same: what has lost its newest entry is another
    edition with an earlier date.
    """
    if if_none_match is not None:
        return if_none_match.strip() == "*" or tag in _tags(if_none_match)
    return modified is not None and if_modified_since == modified


def fresh(
    body: bytes, tag: str, moment: datetime, if_none_match: str | None, if_modified_since: str | None
) -> HTTPResult[bytes]:
    """Return 304 when the client has this edition, else 200 with it."""
    headers = {"ETag": tag, "Last-Modified": http_date(moment)}
    if is_current(tag, headers["Last-Modified"], if_none_match, if_modified_since):
        return HTTPResult(304, None, headers)
    return HTTPResult(200, body, headers)


def conditional(resource: Resource, tag: str, if_none_match: str | None) -> HTTPResult[Resource]:
    """Return 304 when the client has this representation, else 200 with it."""
    if if_none_match is not None and (if_none_match.strip() == "*" or tag in _tags(if_none_match)):
        return HTTPResult(304, None, {"ETag": tag})
    return HTTPResult(200, resource, {"ETag": tag})
