"""The store of files, by its URL: a local directory, or a bucket that speaks S3.

The names of objects are ids of ours, below two digits of theirs, so that no directory gets too long. Nothing that
somebody else has said becomes part of one.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from app.settings import Settings, settings

if TYPE_CHECKING:
    from obstore.store import ObjectStore, S3Store

# What of a file is in memory at a time. S3 wants parts of at least 5 MiB, of which two are on their way at once.
PART_BYTES, PARTS = 5 * 1_048_576, 2
LOCAL_BYTES, LOCAL_PARTS = 524_288, 1
PIECE_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class _Place:
    """A store, and its directory if it is a local one."""

    store: "ObjectStore"
    folder: Path | None


def _bucket(current: Settings) -> "S3Store":
    from obstore.store import S3Store  # noqa: PLC0415 - Who keeps no file yet need not keep 7 MB of its driver.

    parts = urlsplit(str(current.storage_url))
    given: dict[str, Any] = {
        "access_key_id": current.storage_access_key_id,
        "secret_access_key": current.storage_secret_access_key and current.storage_secret_access_key.get_secret_value(),
        "endpoint": current.storage_endpoint,
        "region": current.storage_region,
    }
    known = {name: value for name, value in given.items() if value is not None}
    options: Any = {"allow_http": (current.storage_endpoint or "").startswith("http://")}
    return S3Store(parts.netloc, prefix=parts.path.strip("/") or None, client_options=options, **known)


def _opened(current: Settings) -> _Place:
    """Open the store that the settings name; a directory is made when it is not there."""
    from obstore.store import LocalStore  # noqa: PLC0415 - As above.

    url = current.storage_url
    if url is not None and not url.startswith("file:"):
        return _Place(_bucket(current), None)
    folder = Path(unquote(urlsplit(url).path)) if url else current.data_dir / "media"
    folder.mkdir(parents=True, exist_ok=True)
    return _Place(LocalStore(folder), folder)


@cache
def _place() -> _Place:
    return _opened(settings())


def reopen() -> None:
    """Open the store anew when it is next needed, because the settings name another."""
    _place.cache_clear()


def _name(file_id: UUID) -> str:
    # The last digits are random; the first ones are the time.
    return f"{file_id.hex[-2:]}/{file_id}"


async def put(file_id: UUID, path: Path) -> None:
    """Keep the content of a file; others see all of it or nothing."""
    place = _place()
    size, parts = (PART_BYTES, PARTS) if place.folder is None else (LOCAL_BYTES, LOCAL_PARTS)
    await place.store.put_async(_name(file_id), path, chunk_size=size, max_concurrency=parts)


async def read(file_id: UUID, start: int, end: int) -> AsyncIterator[bytes]:
    """Return the bytes from `start` up to `end`, piece by piece. Raises FileNotFoundError before the first."""
    if start == end:
        return _nothing()
    found = await _place().store.get_async(_name(file_id), options={"range": (start, end)})
    return found.stream(min_chunk_size=PIECE_BYTES)


async def _nothing() -> AsyncIterator[bytes]:
    for piece in ():
        yield piece


async def fetch(file_id: UUID, target: Path) -> None:
    """Write the content into a local file. Raises FileNotFoundError."""
    found = await _place().store.get_async(_name(file_id))
    with target.open("wb") as file:
        async for piece in found.stream(min_chunk_size=PART_BYTES):
            await asyncio.to_thread(file.write, piece)


async def remove(file_ids: Iterable[UUID]) -> None:
    """Remove objects, and what is left of those that were never put whole. What is not there is no failure."""
    place = _place()
    for file_id in file_ids:
        with suppress(FileNotFoundError):
            await place.store.delete_async(_name(file_id))
        if place.folder is not None:
            await asyncio.to_thread(_remove_begun, place.folder / _name(file_id))


def _remove_begun(path: Path) -> None:
    """Remove what a local store was writing under a name when its process ended: it adds `#` and a number."""
    for begun in path.parent.glob(f"{path.name}#*"):
        begun.unlink(missing_ok=True)


async def names() -> list[str]:
    """Return the name of every object, and of what was begun and not ended; for who checks that none is nobody's."""
    place = _place()
    if place.folder is not None:
        folder = place.folder
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    store: Any = place.store
    return sorted([str(meta["path"]) async for page in store.list() for meta in page])


def id_of(name: str) -> str:
    """Return the id in the name of an object."""
    return name.rpartition("/")[2].partition("#")[0]
