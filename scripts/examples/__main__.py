"""`make examples`: start the sandbox, tell every story, and write what was said into `openapi/`."""

import sys
from pathlib import Path

from scripts.examples.files import EXAMPLES, EXCHANGES, files
from scripts.examples.stories import tell
from scripts.examples.teller import StoryError
from scripts.sandbox import serving

OPENAPI = Path(__file__).parents[2] / "openapi"


def kept(folder: Path) -> dict[str, str]:
    """Return the recorded files that are there, by their path below the folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for part in (EXAMPLES, EXCHANGES)
        for path in sorted((folder / part).glob("*.yaml"))
    }


def write(folder: Path, recorded: dict[str, str]) -> list[str]:
    """Make the files in the folder the recorded ones, and return what changed."""
    before = kept(folder)
    changed = sorted(name for name in before.keys() | recorded.keys() if before.get(name) != recorded.get(name))
    for name in changed:
        path = folder / name
        if name in recorded:
            path.parent.mkdir(exist_ok=True)
            path.write_text(recorded[name])
        else:
            path.unlink()
    return changed


def main() -> int:
    """Record everything; nothing is written when a story cannot be told."""
    try:
        with serving() as address:
            recorded = files(tell(address))
    except (StoryError, RuntimeError) as failure:
        print(failure, file=sys.stderr)
        return 1
    changed = write(OPENAPI, recorded)
    print(f"examples: {len(recorded)} files, {len(changed)} changed", *changed, sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
