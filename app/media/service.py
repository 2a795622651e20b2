"""The rules of media: whose they are, who sees them, and what goes with one that is deleted."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

from asyncpg import Record
from sqlalchemy import Uuid, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from app import pages
from app.access import Action, Principal, allowed, require
from app.etags import require_match
from app.jobs import service as jobs
from app.media import files, queries
from app.media.tables import Media, MediaFile, Showing
from app.problems import FieldError, NotFound, Problem, ValidationFailed
from app.sql import Connection, Statement
from app.users.tables import User
from generated import models
from generated.models import MediaKind, MediaSort, MediaType, ProblemCode

SWEEP = "media.sweep"


class NotAnImage(Problem):
    status, code, title = 409, ProblemCode.not_an_image, "The medium is no image."


_LOCK = Statement(select(Media.id, Media.owner_id, Media.version).where(Media.id == bindparam("id")).with_for_update())
_files = select(MediaFile.id, MediaFile.size, MediaFile.is_counted)
_FILES = Statement(_files.where(MediaFile.media_id == bindparam("media")))
_OWNER = Statement(select(User.id).where(User.id == bindparam("id")).with_for_update(read=True, key_share=True))
_OWN = Statement(
    select(Media.id, Media.kind)
    .where(Media.id == func.any(bindparam("ids", type_=ARRAY(Uuid()))), Media.owner_id == bindparam("owner_id"))
    .order_by(Media.id)
    .with_for_update(read=True, key_share=True)
)
_DELETE = Statement(delete(Media).where(Media.id == bindparam("id")))


_UNKNOWN = {"code": "unknown_media", "detail": "No medium of yours."}
_NO_IMAGE = {"code": "not_an_image", "detail": "Must be an image."}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by; None does not narrow."""

    kind: MediaKind | None = None
    media_type: MediaType | None = None

    def values(self) -> dict[str, Any]:
        """Return the bind values of the filters in use."""
        given = {"kind": self.kind, "media_type": self.media_type}
        return {name: value.value for name, value in given.items() if value is not None}


@cache
def uses() -> list[tuple[Statement, Statement]]:
    """Return, for each table that shows media, what locks those things that a medium is on, and what takes it off.

    They are in the order in which everybody locks, which is that of the names: items, posts, members.
    """
    found: dict[str, tuple[Statement, Statement]] = {}
    for table in Showing.__subclasses__():
        thing, is_on = table.shown_on(bindparam("media", type_=Uuid()))
        lock = select(thing.id).where(is_on).order_by(thing.id).with_for_update(key_share=True)
        less = table.without | {"version": thing.version + 1, "updated_at": func.now()}
        found[thing.__tablename__] = Statement(lock), Statement(update(thing).where(is_on).values(less))
    return [found[name] for name in sorted(found)]


async def _seen(connection: Connection, principal: Principal | None, media_id: UUID) -> Record:
    row = await queries.one().first(connection, id=media_id)
    if row is None or not (row["is_public"] or allowed(principal, Action.SEE_MEDIA, row)):
        raise NotFound("There is no such medium.")
    return row


async def get(connection: Connection, principal: Principal | None, media_id: UUID) -> models.Media:
    """Return a medium. Raises NotFound, also for one that the caller may not see."""
    return queries.as_media(await _seen(connection, principal, media_id))


async def list_page(
    connection: Connection, principal: Principal, sort: MediaSort, filters: Filters, asked: pages.Asked
) -> models.MediaPage:
    """Return a page of the caller's own media. Raises ValidationFailed for a cursor that is not ours."""
    values = filters.values()
    names = frozenset(values)
    values["owner_id"] = principal.user_id
    page = pages.wanted(f"media {sort} {values}", asked)
    counted = await queries.counting(names).total(connection, **values) if page.total else None
    descending = sort is MediaSort.created_at_desc
    rows = await queries.listing(names, page.shape, descending=descending).all(connection, **values, **page.binds())
    kept, described = pages.cut(rows, page, itemgetter("created_at"), counted)
    return models.MediaPage(items=[queries.as_media(row) for row in kept], page=described)


async def content(
    connection: Connection, principal: Principal | None, media_id: UUID, variant_id: UUID | None = None
) -> Record:
    """Return what is known of the content of a medium, or of a variant of it. Raises NotFound."""
    wanted = {} if variant_id is None else {"variant_id": variant_id}
    row = await queries.content(of_variant=bool(wanted)).first(connection, media_id=media_id, **wanted)
    if row is None or not (row["is_public"] or allowed(principal, Action.SEE_MEDIA, row)):
        raise NotFound("There is no such medium.")
    return row


async def delete_media(connection: Connection, principal: Principal, media_id: UUID, if_match: str) -> None:
    """Delete a medium with all that is made of it. Raises NotFound, PermissionDenied, PreconditionFailed."""
    require(principal, Action.DELETE_MEDIA, await _seen(connection, principal, media_id))
    for lock, _ in uses():
        await lock.all(connection, media=media_id)
    locked = await _LOCK.first(connection, id=media_id)
    if locked is None:
        raise NotFound("There is no such medium.")
    require_match(if_match, locked["version"])
    for _, take_off in uses():
        await take_off.run(connection, media=media_id)
    rows = await _FILES.all(connection, media=media_id)
    await _DELETE.run(connection, id=media_id)
    await files.give_room(connection, locked["owner_id"], sum(row["size"] for row in rows if row["is_counted"]))
    await files.let_go(connection, [row["id"] for row in rows])
    await jobs.enqueue(connection, SWEEP, {})


async def unfit(connection: Connection, owner_id: UUID, media_ids: Iterable[UUID]) -> dict[UUID | None, dict[str, str]]:
    """Lock images that are about to be used, and return what is wrong with those that are no images of the member's.

    The member is locked first: who leaves takes all media along.
    """
    asked = {UUID(str(media_id)) for media_id in media_ids}
    if not asked:
        return {}
    await _OWNER.all(connection, id=owner_id)
    kinds = {row["id"]: row["kind"] for row in await _OWN.all(connection, ids=sorted(asked), owner_id=owner_id)}
    wrong: dict[UUID | None, dict[str, str]] = dict.fromkeys(asked - kinds.keys(), _UNKNOWN)
    return wrong | {media_id: _NO_IMAGE for media_id, kind in kinds.items() if kind != MediaKind.image.value}


async def require_image(connection: Connection, owner_id: UUID, media_id: UUID, pointer: str) -> None:
    """Lock an image of the member's own that is about to be used. Raises ValidationFailed, which says where."""
    for wrong in (await unfit(connection, owner_id, [media_id])).values():
        raise ValidationFailed(errors=[FieldError(pointer=pointer, **wrong)])


async def variable(connection: Connection, principal: Principal, media_id: UUID) -> None:
    """Raise NotFound, PermissionDenied or NotAnImage unless the caller may have variants made of a medium."""
    row = await _seen(connection, principal, media_id)
    require(principal, Action.CHANGE_MEDIA, row)
    if row["kind"] != MediaKind.image.value:
        raise NotAnImage
