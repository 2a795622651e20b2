"""Reading media: one statement each, with variants and with whether everybody sees it.

They are made when they are first needed: by then every table that shows media is known.
"""

from functools import cache
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record
from sqlalchemy import ColumnElement, Integer, Select, Text, Uuid, bindparam, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from app import pages
from app.contract import BASE_PATH
from app.media.tables import ORIGINAL, Media, MediaFile, Showing
from app.rows import fill
from app.settings import settings
from app.sql import Statement, aliased
from generated import models
from generated.models import MediaKind, MediaType, VariantMediaType

_MEDIA = (
    Media.id,
    Media.owner_id,
    Media.kind,
    Media.media_type,
    Media.original_name,
    Media.version,
    Media.created_at,
)
_original = aliased(MediaFile, name="original")
_variant = aliased(MediaFile, name="variant")
_ONE, _ORIGINAL = literal_column("1", Integer()), literal_column(f"'{ORIGINAL}'", Text())
# The partial index on media and label is used because an equation leaves no NULL.
_is_original = (_original.media_id == Media.id) & (_original.label == _ORIGINAL)
_VARIANT_MEMBERS = ("id", "media_type", "size", "width", "height")


def _is_public() -> ColumnElement[bool]:
    """Return whether something shows the medium to everybody."""
    uses = [select(_ONE).where(table.shows(Media.id)).exists() for table in Showing.__subclasses__()]
    return or_(*uses).label("is_public")


def _variants() -> ColumnElement[Any]:
    members: list[Any] = []
    for name in _VARIANT_MEMBERS:
        members += [literal_column(f"'{name}'", Text()), getattr(_variant, name)]
    described = func.jsonb_build_object(*members, type_=JSONB())
    order = aggregate_order_by(described, _variant.width, _variant.height, _variant.id)
    found = select(func.jsonb_agg(order)).where(_variant.media_id == Media.id, _variant.label != _ORIGINAL)
    return found.scalar_subquery().label("variants")


def _reading() -> Select[*tuple[Any, ...]]:
    columns = (*_MEDIA, _original.size, _original.width, _original.height, _variants(), _is_public())
    return select(*columns).select_from(Media).join(_original, _is_original)


@cache
def one() -> Statement:
    """Return the statement that reads a medium."""
    return Statement(_reading().where(Media.id == bindparam("id")))


# What a list can be narrowed by; the key is the name of the bind parameter as well.
_FILTERS: dict[str, ColumnElement[bool]] = {
    "kind": Media.kind == bindparam("kind"),
    "media_type": Media.media_type == bindparam("media_type"),
}
_mine = Media.owner_id == bindparam("owner_id", type_=Uuid())


@cache
def listing(filters: frozenset[str], shape: pages.Shape, *, descending: bool) -> Statement:
    """Return the statement that reads a page of a member's media."""
    statement = _reading().where(_mine, *(_FILTERS[name] for name in sorted(filters)))
    return Statement(pages.ordered(statement, Media.created_at, Media.id, shape, descending=descending))


@cache
def counting(filters: frozenset[str]) -> pages.Counting:
    """Return what counts a member's media."""
    return pages.Counting(select(Media.id).where(_mine, *(_FILTERS[name] for name in sorted(filters))))


@cache
def content(*, of_variant: bool) -> Statement:
    """Return the statement that reads what is needed to answer the content of a medium, or of a variant."""
    wanted = (
        (_variant.id == bindparam("variant_id", type_=Uuid())) & (_variant.label != _ORIGINAL)
        if of_variant
        else _variant.label == _ORIGINAL
    )
    columns = (Media.owner_id, Media.kind, Media.original_name, _is_public())
    file = (_variant.id, _variant.media_type, _variant.size, _variant.digest)
    return Statement(
        select(*columns, *file)
        .join(_variant, _variant.media_id == Media.id)
        .where(Media.id == bindparam("media_id", type_=Uuid()), wanted)
    )


def address(media_id: UUID | str, variant_id: UUID | str | None = None, *, is_public: bool) -> str:
    """Return where the content is: in front of it may be a cache, which gets what everybody gets."""
    base = (is_public and settings().cdn_base_url) or settings().public_url
    middle = "" if variant_id is None else f"/variants/{variant_id}"
    return f"{base}{BASE_PATH}/media/{media_id}{middle}/content"


def _as_variant(row: Record, given: dict[str, Any]) -> models.MediaVariant:
    url = address(row["id"], given["id"], is_public=row["is_public"])
    members = {name: given[name] for name in _VARIANT_MEMBERS}
    found = {"id": UUID(given["id"]), "media_type": VariantMediaType(given["media_type"]), "url": url}
    return fill(models.MediaVariant, members | found)


def as_media(row: Record) -> models.Media:
    """Return a row as a medium."""
    members: dict[str, Any] = {
        "id": row["id"],
        "kind": MediaKind(row["kind"]),
        "media_type": MediaType(row["media_type"]),
        "size": row["size"],
        "width": row["width"],
        "height": row["height"],
        "original_name": row["original_name"],
        "is_public": row["is_public"],
        "url": address(row["id"], is_public=row["is_public"]),
        "variants": [_as_variant(row, one) for one in orjson.loads(row["variants"] or "[]")],
        "version": row["version"],
        "created_at": row["created_at"],
    }
    return fill(models.Media, members)
