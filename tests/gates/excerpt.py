"""A small contract to plant faults in: some operations of ours, and what they refer to.

Every rule of the lint holds for it as for the whole, and what is planted in it a hundred times over is read sooner.
"""

import re
import shutil
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
# Where the faults are, and what the first journey does.
KEPT = frozenset(
    f"paths/{name}.yaml"
    for name in (
        *(
            "posts/posts",
            "posts/post",
            "posts/like",
            "posts/search",
            "mail/mail",
            "tags/tags",
            "users/me",
            "users/profile",
        ),
        *("auth/register", "auth/login", "auth/refresh", "auth/logout", "auth/session"),
    )
)
_FILE = re.compile(r"[\w./-]+\.yaml")
_OPERATION = re.compile(r"^  operationId: (\w+)$", re.MULTILINE)
# They are found by their names, and not by a reference.
_BESIDE = ("workflows", "exchanges")


def _reached(file: Path, found: set[Path]) -> None:
    """Add a file and all that it refers to."""
    if file in found or not file.exists():
        return
    found.add(file)
    for name in _FILE.findall(file.read_text()):
        _reached((file.parent / name).resolve(), found)


def write(folder: Path) -> None:
    """Write the small contract into a folder."""
    shutil.copytree(ROOT / "openapi", folder, ignore=shutil.ignore_patterns("plugins", "releases"))
    root = folder / "openapi.yaml"
    document: dict[str, Any] = yaml.safe_load(root.read_text())
    document["paths"] = {path: item for path, item in document["paths"].items() if item["$ref"] in KEPT}
    root.write_text(yaml.safe_dump(document, sort_keys=False))
    found: set[Path] = set()
    _reached(root.resolve(), found)
    told = {name for path in KEPT for name in _OPERATION.findall((folder / path).read_text())}
    for file in folder.rglob("*.yaml"):
        place = file.relative_to(folder).parts[0]
        needless = (
            file.resolve() not in found if place not in _BESIDE else place == "exchanges" and file.stem not in told
        )
        if needless:
            file.unlink()
