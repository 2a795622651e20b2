"""What is left in a folder."""

from pathlib import Path


def left(folder: Path) -> list[str]:
    """Return the names of all files, in order."""
    return sorted(path.name for path in folder.iterdir())
