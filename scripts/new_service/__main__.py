"""Make another service's starting point of a clone of this repository; docs/guide.md says when and what then."""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from scripts.house_rules.__main__ import tracked
from scripts.new_service import keep, overlay, texts

ROOT = Path(__file__).parents[2]
PARTS = Path(__file__).parent / "parts"
# What is written instead of what knew the slices, by where it goes.
FILES = {
    "app/access.py": "access.py.txt",
    "app/stub.py": "stub.py",
    "scripts/stubs.py": "stubs.py.txt",
    "scripts/demo_data.py": "demo_data.py.txt",
    "scripts/contract/accounts.py": "accounts.py.txt",
    "tests/conftest.py": "conftest.py.txt",
    "tests/test_operations.py": "test_operations.py.txt",
    "README.md": "README.md.txt",
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.new_service", description=__doc__)
    parser.add_argument("name", help="how the service is called on its machine, such as museum")
    parser.add_argument("contract", type=Path, help="the folder with its openapi.yaml")
    return parser.parse_args()


def refusal(name: str, root: Path) -> str | None:
    """Say why not, if it must not be done: what goes must be in Git, so that it can be had back."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,40}", name):
        return f"NAME: {name!r} must be 2 to 41 lower-case letters, digits and hyphens."
    command = ["git", "status", "--porcelain", "--untracked-files=no"]
    changed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if changed.returncode or changed.stdout:
        return "There are changes that are not committed: commit them or clone anew, because files will be deleted."
    return None


def remove(root: Path) -> int:
    """Delete what does not stay; return how many files that were."""
    names = tracked(root)
    gone = set(names) - keep.kept(root, names)
    for name in gone:
        (root / name).unlink()
        for folder in (root / name).parents:
            if folder == root or any(path.name != "__pycache__" for path in folder.iterdir()):
                break
            shutil.rmtree(folder)
    return len(gone)


def write(root: Path, parts: dict[str, str]) -> None:
    """Write what is the new service's own."""
    for place, part in FILES.items():
        (root / place).write_text(parts[part])
    (root / "app/slices.py").unlink()
    texts.replace_own(root / "app/settings.py", parts["settings.txt"])
    texts.without(root / "app/settings.py", "from app import own_values as own")
    texts.replace_own(root / ".env.example", parts["env.txt"])
    texts.ci(root, texts.makefile(root))
    texts.pyproject(root)
    texts.spectral(root)
    texts.redocly(root)


def main() -> None:
    """Do it, and say what comes next."""
    given = _arguments()
    if reason := refusal(given.name, ROOT):
        sys.exit(reason)
    try:
        overlay.check(given.contract, ROOT / "openapi")
    except overlay.NotPlaced as failure:
        sys.exit(str(failure))
    root: dict[str, Any] = yaml.safe_load((given.contract / "openapi.yaml").read_text())
    values = {"name": given.name, "title": root["info"]["title"], "summary": root["info"].get("summary", "")}
    with tempfile.TemporaryDirectory() as folder:
        # The contract may be one of the examples, which go.
        contract = Path(folder) / "contract"
        shutil.copytree(given.contract, contract)
        overlay.place(contract, ROOT)
    # This program is among what goes.
    parts = {part.name: texts.fill(part.read_text(), values) for part in PARTS.iterdir() if part.is_file()}
    count = remove(ROOT)
    write(ROOT, parts)
    print(f"{given.name}: {count} files of Galley are gone; next: make generate")


if __name__ == "__main__":
    main()
