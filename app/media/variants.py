"""Making images of images, in the background: thumbnails by themselves, and what their owner asks for."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from app.access import Principal
from app.db import reading, transaction
from app.ids import new_id
from app.images import service as images
from app.images.service import Picture
from app.jobs import service as jobs
from app.jobs.registry import JobFailed
from app.media import files, service, spool, store, uploads
from app.media.files import Object
from app.media.tables import ORIGINAL, Media, MediaFile
from app.problems import FieldError, ValidationFailed
from app.sql import Connection, Statement
from generated.models import VariantCreate, VariantMediaType

MAKE = "media.make_variant"
SIDES = (200, 800, 1_600)
THUMBNAIL = "thumbnail-"
WEBP = "image/webp"
DEFAULT_QUALITY = 85
# So many of an image that somebody asked for; with the thumbnails these are all that a medium may list.
MAX_WANTED = 97

_OWNER = Statement(select(Media.owner_id).where(Media.id == bindparam("id")).with_for_update(key_share=True))
_LABELS = Statement(select(MediaFile.label, MediaFile.id).where(MediaFile.media_id == bindparam("media")))


def _label(order: Mapping[str, Any]) -> str:
    """Return what tells a variant from others of the same image."""
    size = f"{order['width'] or ''}x{order['height'] or ''}"
    return f"{size}-{order['quality']}-{order['media_type'].rpartition('/')[2]}"


async def create(connection: Connection, principal: Principal, media_id: UUID, wish: VariantCreate) -> UUID:
    """Queue a variant, and return the job's id. Raises NotFound, PermissionDenied, NotAnImage, ValidationFailed."""
    await service.variable(connection, principal, media_id)
    given = wish.model_dump(mode="json", exclude_unset=True)
    order = {"width": given.get("width"), "height": given.get("height")}
    if order["width"] is None and order["height"] is None:
        detail = "Give a width, a height, or both."
        raise ValidationFailed(errors=[FieldError(pointer="/width", code="missing", detail=detail)])
    order["media_type"] = given.get("media_type", VariantMediaType(WEBP).value)
    order["quality"] = given.get("quality", DEFAULT_QUALITY)
    payload = {"media_id": str(media_id), **order}
    return await jobs.enqueue(connection, MAKE, payload, owner_id=principal.user_id)


async def _labels(media_id: UUID) -> dict[str, UUID]:
    """Return what there is of a medium, by label; nothing when the medium has gone."""
    async with reading() as connection:
        return {row["label"]: row["id"] for row in await _LABELS.all(connection, media=media_id)}


async def _fetched(media_id: UUID, folder: Path) -> Path:
    """Return a local copy of an image. Raises JobFailed when it has gone."""
    path = folder / "original"
    try:
        await store.fetch(media_id, path)
    except FileNotFoundError:
        raise JobFailed("The medium was deleted.", final=True) from None
    return path


async def _as_object(path: Path, label: str, picture: Picture, *, is_counted: bool) -> Object:
    size, digest = await asyncio.to_thread(uploads.digest_of, path)
    sides = (picture.width, picture.height)
    return Object(new_id(), path, label, picture.media_type, size, digest, *sides, is_counted=is_counted)


async def _keep(media_id: UUID, objects: list[Object]) -> list[UUID]:
    """Give objects to a medium, but for those that it has already, and return the ids of what it has of these.

    Raises QuotaExceeded, and JobFailed when the medium has gone.
    """
    async with files.announced(objects), transaction() as connection:
        # Of two jobs that make the same, the second finds what the first has made.
        owner = await _OWNER.value(connection, id=media_id)
        if owner is None:
            raise JobFailed("The medium was deleted.", final=True)
        there = {row["label"]: row["id"] for row in await _LABELS.all(connection, media=media_id)}
        new = [one for one in objects if one.label not in there]
        wanted = [label for label in there if label != ORIGINAL and not label.startswith(THUMBNAIL)]
        if any(one.is_counted for one in new) and len(wanted) >= MAX_WANTED:
            raise JobFailed(f"The image has {MAX_WANTED} variants already.", final=True)
        await files.give(connection, media_id, [one.id for one in new])
        if counted := sum(one.size for one in new if one.is_counted):
            await files.take_room(connection, owner, counted)
        return [there.get(one.label, one.id) for one in objects]


async def make_thumbnails(media_id: UUID) -> dict[str, Any]:
    """Make the thumbnails of an image."""
    labels = {f"{THUMBNAIL}{side}": side for side in SIDES}
    if (await _labels(media_id)).keys() >= labels.keys():
        return {"media_id": str(media_id), "thumbnails": len(labels)}
    with spool.folder() as folder:
        path = await _fetched(media_id, folder)
        targets = {side: folder / label for label, side in labels.items()}
        pictures = await images.thumbnails(path, targets)
        objects = [
            await _as_object(targets[side], label, pictures[side], is_counted=False) for label, side in labels.items()
        ]
        return {"media_id": str(media_id), "thumbnails": len(await _keep(media_id, objects))}


async def make_variant(order: dict[str, Any]) -> dict[str, Any]:
    """Make a variant that was asked for, unless there is one."""
    media_id, label = UUID(order["media_id"]), _label(order)
    there = await _labels(media_id)
    if ORIGINAL in there and label in there:
        return {"media_id": str(media_id), "variant_id": str(there[label])}
    with spool.folder() as folder:
        path, target = await _fetched(media_id, folder), folder / "variant"
        sides = {"width": order["width"], "height": order["height"]}
        try:
            picture = await images.resized(
                path, target, **sides, media_type=order["media_type"], quality=order["quality"]
            )
            [variant_id] = await _keep(media_id, [await _as_object(target, label, picture, is_counted=True)])
        except images.ImageTooLarge:
            raise JobFailed("The variant would be too large.", final=True) from None
        except files.QuotaExceeded as failure:
            raise JobFailed(failure.detail, final=True) from None
        return {"media_id": str(media_id), "variant_id": str(variant_id)}
