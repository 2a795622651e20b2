"""The images of items: media of the owner's that are seen by everybody who sees the item.

The item is locked before its images are counted, so that many who bring some at once cannot bring too many. Who brings
images is refused before they come where the item is not theirs, and asked again when they have come.
"""

from uuid import UUID

from sqlalchemy import bindparam, delete, func, insert, select, update

from app.access import Action, Principal, require
from app.db import reading
from app.items import service
from app.items.tables import Item, ItemImage
from app.media import uploads
from app.media.uploads import Upload
from app.problems import NotFound, Problem
from app.sql import Connection, Statement
from generated import models
from generated.models import MediaKind, ProblemCode

MOST = 5
KINDS = frozenset({MediaKind.image})


class TooManyImages(Problem):
    status, code, title = 409, ProblemCode.too_many_images, "The item would have too many images."


_of_item = ItemImage.item_id == bindparam("item_id")
_PLACES = Statement(select(ItemImage.position).where(_of_item).order_by(ItemImage.position))
_ADD = Statement(
    insert(ItemImage).values({name: bindparam(name) for name in ("media_id", "item_id", "position", "width", "height")})
)
_REMOVE = Statement(delete(ItemImage).where(_of_item, ItemImage.media_id == bindparam("media_id")))
_CHANGED = Statement(
    update(Item).where(Item.id == bindparam("item_id")).values({"version": Item.version + 1, "updated_at": func.now()})
)


async def require_own(principal: Principal, item_id: UUID) -> None:
    """Raise NotFound or PermissionDenied unless the member may give the item images."""
    async with reading() as connection:
        require(principal, Action.EDIT_ITEM, await service.seen(connection, principal, item_id))


async def add(connection: Connection, principal: Principal, item_id: UUID, upload: Upload) -> models.Item:
    """Make images of the item of what has come, after those that it has.

    Raises NotFound, PermissionDenied, TooManyImages and QuotaExceeded.
    """
    await service.locked(connection, principal, item_id, Action.EDIT_ITEM)
    places = [row["position"] for row in await _PLACES.all(connection, item_id=item_id)]
    if len(places) + len(upload.objects) > MOST:
        raise TooManyImages(f"The item has {len(places)} of {MOST} images.")
    await uploads.keep(connection, upload, principal.user_id)
    for position, one in enumerate(upload.objects, max(places, default=0) + 1):
        size = {"width": one.width, "height": one.height}
        await _ADD.run(connection, media_id=one.id, item_id=item_id, position=position, **size)
    await _CHANGED.run(connection, item_id=item_id)
    return await service.get(connection, principal, item_id)


async def remove(connection: Connection, principal: Principal, item_id: UUID, media_id: UUID) -> None:
    """Take an image off an item; the medium stays. Raises NotFound and PermissionDenied."""
    await service.locked(connection, principal, item_id, Action.EDIT_ITEM)
    if not await _REMOVE.run(connection, item_id=item_id, media_id=media_id):
        raise NotFound("The item has no such image.")
    await _CHANGED.run(connection, item_id=item_id)
