"""The two formats of feeds, as Django's generator writes them."""

from datetime import UTC, datetime
from typing import Any

from feedgenerator import Atom1Feed, Rss201rev2Feed  # pyright: ignore[reportMissingTypeStubs]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Dated:
    """A feed is as old as its newest entry; one without entries is not new every time either."""

    items: list[dict[str, Any]]

    def latest_post_date(self) -> datetime:
        return max((item["updateddate"] for item in self.items), default=EPOCH)


class Atom(_Dated, Atom1Feed):
    """RFC 4287."""


class Rss(_Dated, Rss201rev2Feed):
    """RSS 2.0."""
