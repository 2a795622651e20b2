"""Bundles that name something otherwise than the scenario does."""

from pathlib import Path

from scripts.clients.language import BUNDLE


def renamed(folder: Path, name: str, other: str) -> Path:
    """Write a bundle in which a name is another, wherever it stands."""
    text = BUNDLE.read_text()
    assert name in text
    path = folder / "bundle.json"
    path.write_text(text.replace(name, other))
    return path


def folders(folder: Path) -> tuple[Path, Path]:
    """Make the folder to build in, and the one for archives."""
    made = folder / "build", folder / "dist"
    for path in made:
        path.mkdir()
    return made
