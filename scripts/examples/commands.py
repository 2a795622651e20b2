"""Commands in texts, run as a reader would: the shell blocks of a page are one script, sent to the sandbox.

A block of JSON right below a shell block states what its last line prints. A command that is meant to fail stands below
a comment with the word "refused" or "wrong" in it; every other one must be answered with less than 400.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELLS = frozenset({"sh", "bash", "curl"})
# Where texts say that the service or the sandbox listens.
ADDRESS = re.compile(r"http://localhost:800[01]\b")
REFUSAL = re.compile(r"^\s*#.*\b(refused|wrong)\b", re.MULTILINE)
STATUS = re.compile(r"^@status (\d+)$", re.MULTILINE)
# Every answer says its status, whatever the command does with its body.
PRELUDE = """set -euo pipefail
curl() { command curl --show-error --write-out '%{stderr}\\n@status %{http_code}\\n' "$@"; }
"""
MARK = "@block"
FIRST_FAILURE = 400
SECONDS = 60


@dataclass(frozen=True)
class Block:
    """A shell block, and the JSON that it is said to print, if it is."""

    script: str
    stated: str | None


def blocks(text: str) -> list[Block]:
    """Return the shell blocks of a page in which curl is called; others are for another time and place."""
    fences = [(match[1], match[2], match.end()) for match in FENCE.finditer(text)]
    below = [*fences[1:], ("", "", 0)]
    return [
        Block(script, stated if kind == "json" and _adjoin(text, end, stated) else None)
        for (shell, script, end), (kind, stated, _) in zip(fences, below, strict=False)
        if shell in SHELLS and "curl " in script
    ]


def _adjoin(text: str, end: int, stated: str) -> bool:
    """Whether nothing but white space stands between a block and what it states."""
    return text[end:].lstrip().startswith(f"```json\n{stated}")


def texts(root: Path, bundle: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and text of everything that may hold commands: the contract's descriptions, the README, the guides."""
    yield from _descriptions(bundle, "openapi")
    for path in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        yield path.relative_to(root).as_posix(), path.read_text()


def _descriptions(node: object, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        members = cast("dict[str, object]", node)
        if isinstance(description := members.get("description"), str):
            yield f"{place}/description", description
        for name, member in members.items():
            yield from _descriptions(member, f"{place}/{name}")
    elif isinstance(node, list):
        for number, member in enumerate(cast("list[object]", node)):
            yield from _descriptions(member, f"{place}/{number}")


def run(page: list[Block], address: str, folder: Path) -> list[str]:
    """Run the blocks of a page in this folder, and say what is not as the page has it."""
    script = PRELUDE + "".join(f"{block.script}\nprintf '\\n{MARK}\\n'\n" for block in page)
    done = subprocess.run(
        ["bash", "-c", ADDRESS.sub(address, script)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    statuses = [int(status) for status in STATUS.findall(done.stderr)]
    refused = [status for status in statuses if status >= FIRST_FAILURE]
    meant = sum(len(REFUSAL.findall(block.script)) for block in page)
    found: list[str] = []
    if done.returncode:
        found.append(f"the commands end with {done.returncode}: {STATUS.sub('', done.stderr).strip()}")
    if len(refused) != meant or 0 in statuses:
        found.append(f"answered with {statuses}, where {meant} are meant to be refused")
    for block, printed in zip(page, done.stdout.split(f"\n{MARK}\n"), strict=False):
        last = printed.strip().rpartition("\n")[2]
        if block.stated is not None and _read(last) != json.loads(block.stated):
            found.append(f"prints {last}, which is not what is stated")
    return found


def _read(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
