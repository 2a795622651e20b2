"""What stays when Galley goes: the frame, the gates, and what these import; the rest is one product's business."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

# The frame, in which no slice is: `app/slices.py` and `app/access.py`, which know the slices, are written anew.
FRAME = (
    "app/*.py",
    "app/meta/**/*",
    "app/runtime/*",
    "app/static/**/*",
    "app/templates/**/*",
    "app/migrations/*",
    "app/migrations/versions/__init__.py",
)
# What is run; what these modules import stays with them.
COMMANDS = (
    "scripts/generate.py",
    "scripts/lint/__main__.py",
    "scripts/house_rules/__main__.py",
    "scripts/check_migrations.py",
    "scripts/contract_test.py",
)
# Tests of the frame that know no slice.
TESTS = ("tests/settings/*", "tests/gates/test_house_rules.py", "tests/contract/checked.py")
OTHERS = ("*", ".ci/*", "docs/decisions/*", "openapi/**/*", "generated/**/*")
# The product's own words.
NOT = (
    "app/own_values.py",
    "app/sitemap.py",
    "app/tasks.py",
    "app/views.py",
    "tests/settings/test_own.py",
    "README.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "openapi/releases/",
    "openapi/workflows/",
    "openapi/examples/",
)


def _modules(file: Path) -> set[str]:
    """Return the modules that a file names in imports, and those that it may mean by `from package import module`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _imported(root: Path, files: Iterable[str]) -> set[str]:
    """Return the files of scripts and tests that these files need, directly or through others."""
    found: set[str] = set()
    waiting = [file for file in files if file.endswith(".py")]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found.add(file)
        for module in _modules(root / file):
            path = module.replace(".", "/")
            if not path.startswith(("scripts", "tests")):
                continue
            waiting += [name for name in (f"{path}.py", f"{path}/__init__.py") if (root / name).exists()]
    packages = {parent / "__init__.py" for file in found for parent in Path(file).parents if parent.parts}
    return found | {str(package) for package in packages if (root / package).exists()}


def kept(root: Path, tracked: Iterable[str]) -> set[str]:
    """Return which of the tracked files stay."""
    tracked = set(tracked)

    def match(patterns: Iterable[str]) -> set[str]:
        return {
            str(path.relative_to(root)) for pattern in patterns for path in root.glob(pattern) if path.is_file()
        } & tracked

    frame = match(FRAME)
    needed = _imported(root, match((*COMMANDS, *TESTS)))
    # The parts of a command stand in its folder, data files included.
    folders = {Path(file).parent for file in needed if re.match(r"scripts/\w+/", file)}
    beside = {name for name in tracked if any(Path(name).is_relative_to(folder) for folder in folders)}
    return {name for name in frame | needed | beside | match(OTHERS) if not name.startswith(NOT)}
