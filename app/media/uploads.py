"""Receiving files: each is written to this machine as it comes, known by its content, and made harmless there.

What is wrong is refused as soon as it is known: a type by the first bytes, a size when it is exceeded. Then the files
are put into the store, and become media in one transaction, or not at all (app/media/files.py).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from io import BufferedRandom
from pathlib import Path
from uuid import UUID

from sqlalchemy import bindparam, insert

from app.ids import new_id
from app.images import service as images
from app.jobs import service as jobs
from app.media import files, forms, names, sniffing, spool
from app.media.files import Object
from app.media.forms import FIELD, Sign
from app.media.tables import ORIGINAL, Media
from app.problems import FieldError, PayloadTooLarge, ServiceUnavailable, UnsupportedMediaType, ValidationFailed
from app.sql import Connection, Statement
from generated.models import MediaKind, MediaType

THUMBNAILS = "media.make_thumbnails"
WRITE_BYTES = 262_144
KINDS = frozenset(MediaKind)

_GIVEN = ("id", "owner_id", "kind", "media_type", "original_name")
_INSERT = Statement(insert(Media).values({name: bindparam(name) for name in _GIVEN}))


@dataclass(slots=True)
class _File:
    """A file on its way."""

    number: int
    path: Path
    name: str
    file: BufferedRandom
    kinds: frozenset[MediaKind]
    head: bytes = b""
    size: int = 0
    media_type: MediaType | None = None
    waiting: list[bytes] = field(default_factory=list[bytes])
    waiting_bytes: int = 0

    def known(self) -> MediaType:
        """Return what it is, as soon as enough of it has come. Raises UnsupportedMediaType, ValidationFailed."""
        if not self.head:
            raise _refused(self.number, "empty", "Must not be empty.")
        self.media_type = sniffing.guess(self.head)
        if self.media_type is None or sniffing.kind_of(self.media_type) not in self.kinds:
            raise _unsupported(self)
        return self.media_type


@dataclass(frozen=True, slots=True)
class Upload:
    """Files that have come whole, what they are called, and a digest that tells them from others."""

    objects: list[Object]
    names: list[str]
    digest: bytes


def _refused(number: int, code: str, detail: str) -> ValidationFailed:
    return ValidationFailed(errors=[FieldError(pointer=f"/{FIELD}/{number}", code=code, detail=detail)])


def _unsupported(arriving: _File) -> UnsupportedMediaType:
    types = "JPEG, PNG, GIF or WebP"
    if arriving.kinds == KINDS:
        types = "JPEG, PNG, GIF, WebP, PDF, plain text, DOC, MP4 or WebM"
    return UnsupportedMediaType(f"File {arriving.number + 1} is no {types}.")


async def _write(arriving: _File) -> None:
    pieces, arriving.waiting, arriving.waiting_bytes = b"".join(arriving.waiting), [], 0
    await asyncio.to_thread(arriving.file.write, pieces)


async def _take(arriving: _File, content: bytes) -> None:
    """Take some bytes of a file. Raises PayloadTooLarge, UnsupportedMediaType."""
    arriving.size += len(content)
    if arriving.media_type is None:
        arriving.head += content[: sniffing.HEAD_BYTES - len(arriving.head)]
        if len(arriving.head) == sniffing.HEAD_BYTES:
            arriving.known()
    limit = sniffing.LIMITS[MediaKind.video]
    if arriving.media_type is not None:
        limit = sniffing.LIMITS[sniffing.kind_of(arriving.media_type)]
    if arriving.size > limit:
        raise PayloadTooLarge(f"File {arriving.number + 1} is of a kind that may have {limit:,} bytes.")
    arriving.waiting.append(content)
    arriving.waiting_bytes += len(content)
    if arriving.waiting_bytes >= WRITE_BYTES:
        await _write(arriving)


async def _end(arriving: _File) -> None:
    await _write(arriving)
    arriving.file.close()
    media_type = arriving.media_type or arriving.known()
    if not await asyncio.to_thread(sniffing.holds, arriving.path, media_type):
        raise _unsupported(arriving)


async def _arrived(
    folder: Path, content_type: str, chunks: AsyncIterator[bytes], digest: blake2b, kinds: frozenset[MediaKind]
) -> list[_File]:
    """Return the files of a form, whole."""
    found: list[_File] = []
    try:
        async for sign, name, content in forms.events(content_type, chunks):
            if sign is Sign.BEGINNING:
                path = folder / str(len(found))
                file = await asyncio.to_thread(path.open, "xb+")
                found.append(_File(len(found), path, names.kept(name), file, kinds))
                digest.update(b"\x00file\x00" + name.encode(errors="replace") + b"\x00")
            elif sign is Sign.CONTENT:
                digest.update(content)
                await _take(found[-1], content)
            else:
                await _end(found[-1])
                digest.update(found[-1].size.to_bytes(8))
    finally:
        for arriving in found:
            arriving.file.close()
    return found


def digest_of(path: Path) -> tuple[int, str]:
    """Return how long a file is, and what tells it from others."""
    with path.open("rb") as file:
        summed = sha256()
        while piece := file.read(WRITE_BYTES):
            summed.update(piece)
        return file.tell(), summed.hexdigest()[:32]


async def _as_object(arriving: _File) -> Object:
    """Return what is kept of a file. Raises PayloadTooLarge and ValidationFailed for images that cannot be."""
    path, width, height = arriving.path, None, None
    media_type = arriving.media_type or arriving.known()
    if sniffing.kind_of(media_type) is MediaKind.image:
        path = arriving.path.with_suffix(".clean")
        try:
            picture = await images.cleaned(arriving.path, path)
        except images.ImageTooLarge as failure:
            raise PayloadTooLarge(f"File {arriving.number + 1} has too many pixels. {failure}") from None
        except images.NotAnImage:
            raise _refused(arriving.number, "undecodable", "Cannot be decoded.") from None
        except images.ImageTimeout:
            raise ServiceUnavailable("The image took too long.") from None
        if picture.media_type != media_type.value:
            raise _refused(arriving.number, "undecodable", "Is another image than it says.")
        width, height = picture.width, picture.height
    size, digest = await asyncio.to_thread(digest_of, path)
    return Object(new_id(), path, ORIGINAL, media_type.value, size, digest, width, height)


@asynccontextmanager
async def received(
    content_type: str, chunks: AsyncIterator[bytes], kinds: frozenset[MediaKind] = KINDS
) -> AsyncGenerator[Upload]:
    """Receive the files of a form and put them; beyond the block are those kept that `keep` made media of there."""
    digest = blake2b(digest_size=32)
    with spool.folder() as folder:
        arrived = await _arrived(folder, content_type, chunks, digest, kinds)
        objects = [await _as_object(arriving) for arriving in arrived]
        async with files.announced(objects):
            yield Upload(objects, [arriving.name for arriving in arrived], digest.digest())


async def keep(connection: Connection, upload: Upload, owner_id: UUID) -> Sequence[UUID]:
    """Make media of the files, and let jobs make thumbnails of the images. Raises QuotaExceeded."""
    for one, name in zip(upload.objects, upload.names, strict=True):
        kind = sniffing.kind_of(MediaType(one.media_type))
        row = {"id": one.id, "owner_id": owner_id, "kind": kind.value, "media_type": one.media_type}
        await _INSERT.run(connection, **row, original_name=name)
        await files.give(connection, one.id, [one.id])
        if kind is MediaKind.image:
            await jobs.enqueue(connection, THUMBNAILS, {"media_id": str(one.id)})
    await files.take_room(connection, owner_id, sum(one.size for one in upload.objects))
    return [one.id for one in upload.objects]
