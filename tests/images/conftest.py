"""What the tests of pictures stand on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.images import crew


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of one's own, in which nothing may be left that was not asked for."""
    return tmp_path


@pytest.fixture
def fresh() -> Iterator[None]:
    """No image process is running, neither before nor after."""
    crew.crew.close()
    yield
    crew.crew.close()
