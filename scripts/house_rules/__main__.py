"""Check the house rules that neither the type checker nor ruff knows.

A rule that must be broken is broken in sight: `# house: <rule> because <reason>` on the line, or alone on the
line above it. An escape that excuses nothing is a violation itself.
"""

import argparse
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from scripts.house_rules.python import RULES
from scripts.house_rules.source import Project, Violation

ESCAPE = re.compile(r"#\s*house:\s*([a-z-]+)\s+because\s+\w")
REGISTRY = re.compile(
    r"https?://[\w.:@-]*(registry\.|pythonhosted|artifactory|nexus|jfrog|devpi|verdaccio)"
    r"|https?://[^\s\"']*/simple\b|(index-url|registry)\s*=\s*https?:"
)


def tracked(root: Path) -> list[str]:
    """Return the files that are, or would be, in the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return sorted(name for name in set(listed.split("\0")) if name and (root / name).is_file())


def machine_paths(root: Path) -> re.Pattern[str]:
    """Return what no file may hold: folders in which people and machines keep checkouts, and this one's."""
    # A checkout directly below / says nothing: `/app` is a word of its own in many paths.
    here = [str(path) for path in (root, Path.home()) if len(path.parts) > len(Path("/app").parts)]
    usual = r"/(?:home|Users|root|work|workspace|builds)/\w"
    return re.compile(rf"(?<![\w.}})/-])(?:{'|'.join([usual, *(re.escape(path) + '/' for path in here)])})")


def in_python(project: Project) -> Iterator[Violation]:
    """Apply the rules for Python files."""
    for source in project.sources:
        for rule, check in RULES.items():
            for line, message in check(source, project):
                yield Violation(source.file, line, rule, message)


def in_handlers(project: Project) -> Iterator[Violation]:
    """Every operation has one handler, every handler an operation."""
    places: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for source in project.sources:
        for node in source.handlers:
            places[node.name].append((source.file, node.lineno))
    for name, operation in project.operations.items():
        if name not in places:
            where = f"app/{operation.tag.lower()}/handlers.py"
            message = f"{operation.name} has no handler: write `async def {name}` in {where}."
            yield Violation(operation.file, operation.line, "handlers", message)
    for name, found in places.items():
        for file, line in found:
            if name not in project.operations:
                yield Violation(file, line, "handlers", f"{name} is no operation: begin its name with _ or move it.")
            elif len(found) > 1:
                others = ", ".join(other for other, _ in found if other != file) or "the same file"
                yield Violation(file, line, "handlers", f"{name} stands in {others} as well: keep one.")


def in_text(root: Path, names: list[str]) -> Iterator[Violation]:
    """Nothing in the repository says where it was written or where packages came from."""
    paths = machine_paths(root)
    for name in names:
        try:
            text = (root / name).read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if paths.search(line):
                yield Violation(
                    name, number, "machine-path", "a path of one machine: make it relative to the repository."
                )
            if REGISTRY.search(line):
                yield Violation(
                    name,
                    number,
                    "registry",
                    "a package registry's address: leave it to the user's configuration.",
                )


def escapes(project: Project) -> dict[tuple[str, int, str], int]:
    """Return what is excused: file, line and rule, with the line of the escape."""
    found: dict[tuple[str, int, str], int] = {}
    for source in project.sources:
        # Most files excuse nothing, and to read the comments of all takes a quarter of the time.
        if "house:" not in source.text:
            continue
        for line, comment, alone in source.comments:
            if match := ESCAPE.search(comment):
                found[source.file, line + alone, match[1]] = line
                if line == 1:
                    # What is wrong with a whole file is reported on its first line.
                    found[source.file, 1, match[1]] = line
    return found


def violations(root: Path) -> tuple[int, list[Violation]]:
    """Check a repository; return how many files were looked at and what is wrong."""
    project = Project.read(root)
    names = tracked(root)
    excused = escapes(project)
    used: set[tuple[str, int]] = set()
    found: list[Violation] = []
    for violation in [*in_python(project), *in_handlers(project), *in_text(root, names)]:
        escape = excused.get((violation.file, violation.line, violation.rule))
        if escape is None:
            found.append(violation)
        else:
            used.add((violation.file, escape))
    for (file, _, rule), line in excused.items():
        if (file, line) not in used:
            found.append(Violation(file, line, "escape", f"this excuses no violation of {rule}: delete it."))
    return len(names), sorted(set(found))


def main() -> int:
    """Check the repository in the working directory, by all rules or by those that are named."""
    parser = argparse.ArgumentParser(prog="python -m scripts.house_rules", description=__doc__)
    parser.add_argument("rule", nargs="*", help="look for violations of these rules only")
    wanted = parser.parse_args().rule
    files, found = violations(Path.cwd())
    found = [violation for violation in found if not wanted or violation.rule in wanted]
    for violation in found:
        print(violation)
    print(f"house rules: {files} files, {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
