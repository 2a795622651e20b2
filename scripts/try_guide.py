"""`make guide`: do what docs/guide.md says, block by block, as somebody who reads it for the first time.

The blocks are taken from the text itself, so that what is printed is what was tried. Only the installing is left out:
the clone gets this repository's environment, which its lock files describe. At the end a handler is made to answer
off the contract, because a gate that was never seen red proves nothing.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.house_rules.__main__ import tracked

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs/guide.md"
FOLDER = "museum"
SECONDS = 900
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Git gives every file the time of the clone; older than the environment, the locks have nothing to install.
BORROW = f"""
ln -s {ROOT}/.venv {ROOT}/node_modules .
touch -d 2000-01-01 requirements*.lock package-lock.json
printf '.venv\\nnode_modules\\n' >> .git/info/exclude
"""
# What a stub must never do, and what must notice it.
PLANT = ("made.status, made.body, headers", "made.status, {'planted': True}, headers")


@dataclass(frozen=True)
class Block:
    """Commands of the guide, and the line on which they begin."""

    line: int
    text: str


def blocks(guide: str) -> Iterator[Block]:
    """Yield the blocks that are commands."""
    for found in BLOCK.finditer(guide):
        yield Block(guide.count("\n", 0, found.start(1)) + 1, found[1])


def _script(parts: Sequence[Block]) -> str:
    """Return one script of them all, in which each says that it begins."""
    said = [f"printf '\\n== {GUIDE.name}:{part.line}\\n'\n{part.text}" for part in parts]
    return "set -euo pipefail\n" + "\n".join(said)


def perform(parts: Sequence[Block], folder: Path, environment: Mapping[str, str]) -> str | None:
    """Run the blocks one after the other in one shell; return what went wrong, or None."""
    output = folder / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            ["bash", "-c", _script(parts)],
            cwd=folder,
            env=environment,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
        try:
            code = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 15)
            process.wait()
            code = -1
    if code == 0:
        return None
    text = output.read_text(errors="replace")
    place = re.findall(r"^== (\S+:\d+)$", text, re.MULTILINE)
    reason = f"ended after {SECONDS} s" if code < 0 else f"ended with {code}"
    where = place[-1] if place else GUIDE.name
    return f"{text[-6000:]}\ndocs/{where}: this block {reason}; mend the text or what it uses."


def published(folder: Path) -> Path:
    """Make a repository of what is, or would be, in this one, to be cloned."""
    origin = folder / "galley"
    for name in tracked(ROOT):
        (origin / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, origin / name)
    author = ["-c", "user.name=Galley", "-c", "user.email=galley@example.org"]
    for command in (["init", "--quiet"], ["add", "--all"], [*author, "commit", "--quiet", "--message=Galley"]):
        subprocess.run(["git", *command], cwd=origin, check=True)
    return origin


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of somebody who has just opened a shell."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    author = {"GIT_AUTHOR_NAME": "Reader", "GIT_AUTHOR_EMAIL": "reader@example.org"}
    committer = {name.replace("AUTHOR", "COMMITTER"): value for name, value in author.items()}
    return {**kept, **author, **committer, "GALLEY": str(folder / "galley"), "PORT": str(_free_port())}


def sees_a_fault(service: Path, shell: Mapping[str, str]) -> str | None:
    """Let the stubs answer what no schema allows; return a complaint unless the contract tests notice."""
    file = service / "app/stub.py"
    before = file.read_text()
    file.write_text(before.replace(*PLANT))
    command = [".venv/bin/python", "-m", "scripts.contract_test", "--role=anonymous", "--max-examples=2"]
    done = subprocess.run(
        command, cwd=service, env={**shell, "PYTHONPATH": "."}, capture_output=True, text=True, check=False
    )
    file.write_text(before)
    if before.replace(*PLANT) == before or done.returncode != 1 or "Server error" not in done.stdout:
        said = done.stdout[-3000:] + done.stderr[-2000:]
        return f"{said}\nThe contract tests let a stub pass that answers off the contract."
    return None


def main() -> None:
    """Try it, and exit with 1 and the block that failed if one does."""
    started = time.monotonic()
    parts = list(blocks(GUIDE.read_text()))
    parts.insert(1, Block(parts[0].line, BORROW))
    with TemporaryDirectory(prefix="galley-guide-") as name:
        folder = Path(name)
        # PostgreSQL may run as another user when we are root; it has to get there.
        folder.chmod(0o755)
        published(folder)
        shell = environment(folder)
        failure = perform(parts, folder, shell)
        seconds = time.monotonic() - started
        failure = failure or sees_a_fault(folder / FOLDER, shell)
        cases = re.findall(r"^\d+ cases in .*", (folder / "output.txt").read_text(errors="replace"), re.MULTILINE)
    if failure:
        sys.exit(failure)
    print(f"guide: {len(parts) - 1} blocks in {seconds:.0f} s lead to a running service; {cases[-1].partition(';')[0]}")
    print(f"guide: a stub that answers off the contract was found; {time.monotonic() - started:.0f} s in all")


if __name__ == "__main__":
    main()
