"""The committed database, and a look at what is in the store and on its way there."""

from collections.abc import AsyncIterator
from pathlib import Path
from shutil import rmtree

import pytest

from app.settings import settings
from tests.committed import committed, committed_database

__all__ = ["committed", "committed_database"]


@pytest.fixture(autouse=True)
async def _empty_store() -> AsyncIterator[None]:
    """Begin with nothing: the rows of the test before were rolled back, its objects were not."""
    folder = settings().data_dir / "media"
    for path in folder.glob("*"):
        rmtree(path)
    yield
    assert not arriving(), "a request has left its folder"


def arriving() -> list[Path]:
    """Return the folders of files that are being received."""
    return list((settings().data_dir / "arriving").glob("*"))
