"""Rows of media for tests, with their objects in the store."""

from pathlib import Path
from struct import pack
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zlib import compress, crc32

from app.ids import new_id
from app.media import store
from app.sql import Connection

if TYPE_CHECKING:
    from tests.factories import Member


def _chunk(kind: bytes, content: bytes) -> bytes:
    return pack(">I", len(content)) + kind + content + pack(">I", crc32(kind + content))


# The least of an image: one pixel.
PIXEL = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + _chunk(b"IDAT", compress(b"\x00\x80"))
    + _chunk(b"IEND", b"")
)


def _written(path: Path) -> Path:
    path.write_bytes(PIXEL)
    return path


class MediaFactory:
    """Makes media on the connection of the factory that inherits this."""

    _connection: Connection

    async def _insert(self, table: str, row: dict[str, Any]) -> None:
        raise NotImplementedError

    async def _file(self, media_id: UUID, label: str, media_type: str, **given: Any) -> UUID:
        row: dict[str, Any] = {
            "id": new_id(),
            "media_id": media_id,
            "label": label,
            "media_type": media_type,
            "size": len(PIXEL),
            "digest": f"{crc32(PIXEL):032x}",
            "width": 1,
            "height": 1,
            "is_counted": True,
        } | given
        moment = await self._connection.fetchval("SELECT now()")
        await self._insert("media_files", row | {"leased_until": moment})
        with TemporaryDirectory() as folder:
            await store.put(row["id"], _written(Path(folder, "pixel")))
        return row["id"]

    async def media(self, owner: "Member", **given: Any) -> UUID:
        """An image of one pixel, whatever type it says that it is."""
        row: dict[str, Any] = {
            "id": new_id(),
            "owner_id": owner.id,
            "kind": "image",
            "media_type": "image/png",
            "original_name": "pixel.png",
        } | given
        await self._insert("media", row)
        await self._file(row["id"], "original", row["media_type"], id=row["id"])
        await self._connection.execute(
            "INSERT INTO media_usage (user_id, bytes) VALUES ($1, $2)"
            " ON CONFLICT (user_id) DO UPDATE SET bytes = media_usage.bytes + excluded.bytes",
            owner.id,
            len(PIXEL),
        )
        return row["id"]

    async def variant(self, owner: "Member") -> UUID:
        """A thumbnail of the newest of the member's media."""
        newest = await self._connection.fetchval("SELECT id FROM media WHERE owner_id = $1 ORDER BY id DESC", owner.id)
        return await self._file(newest, "thumbnail-200", "image/webp", is_counted=False)

    async def item_image(self, item_id: UUID, owner: "Member") -> UUID:
        """An image that is the last of an item's."""
        media_id = await self.media(owner)
        place = await self._connection.fetchval("SELECT count(*) + 1 FROM item_images WHERE item_id = $1", item_id)
        await self._insert(
            "item_images", {"media_id": media_id, "item_id": item_id, "position": place, "width": 1, "height": 1}
        )
        return media_id

    async def avatar(self, owner: "Member") -> UUID:
        """An image that is the picture of the member's account."""
        media_id = await self.media(owner)
        await self._insert("avatars", {"user_id": owner.id, "media_id": media_id})
        await self._connection.execute("UPDATE users SET avatar_url = 'http://x' WHERE id = $1", owner.id)
        return media_id
