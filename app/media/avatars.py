"""The picture of an account: one of its member's images, which everybody can see from then on."""

from uuid import UUID

from sqlalchemy import bindparam, delete, func, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.access import Principal
from app.media import queries, service
from app.media.tables import Avatar
from app.problems import NotFound
from app.sql import Connection, Statement
from app.users import service as users
from app.users.tables import User
from generated import models

_given = upsert(Avatar).values({name: bindparam(name) for name in ("user_id", "media_id")})
_SET = Statement(
    _given.on_conflict_do_update(index_elements=[Avatar.user_id], set_={"media_id": _given.excluded.media_id})
)
_REMOVE = Statement(delete(Avatar).where(Avatar.user_id == bindparam("user_id")))
_SHOW = Statement(
    update(User)
    .where(User.id == bindparam("user_id"), User.avatar_url.is_distinct_from(bindparam("address")))
    .values({"avatar_url": bindparam("address"), "version": User.version + 1, "updated_at": func.now()})
)


async def set_avatar(connection: Connection, principal: Principal, media_id: UUID) -> models.User:
    """Make an image the picture of the caller's account, and return that. Raises ValidationFailed."""
    await users.lock(connection, principal.user_id)
    await service.require_image(connection, principal.user_id, media_id, "/media_id")
    await _SET.run(connection, user_id=principal.user_id, media_id=media_id)
    address = queries.address(media_id, is_public=True)
    await _SHOW.run(connection, user_id=principal.user_id, address=address)
    return await users.get(connection, principal.user_id)


async def remove_avatar(connection: Connection, principal: Principal) -> None:
    """Take the picture off the caller's account. Raises NotFound when there is none."""
    await users.lock(connection, principal.user_id)
    if not await _REMOVE.run(connection, user_id=principal.user_id):
        raise NotFound("The account has no picture.")
    await _SHOW.run(connection, user_id=principal.user_id, address=None)
