"""Compare the contract with its last release, keep its changelog, or publish it as the next release.

Usage: python -m scripts.releases diff | changelog [--check] | release
"""

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

from scripts.releases import changelog, gate, records
from scripts.releases.bundle import bundled
from scripts.releases.gate import Standing
from scripts.releases.records import APPROVALS, OPENAPI, Release, ReleaseError


def diff(openapi: Path, contract: Path, today: date) -> str:
    """Check that the contract may be published; return what there is to say of it."""
    now = gate.standing(openapi, contract)
    found = gate.complaints(now, today)
    if found:
        raise ReleaseError("\n".join(found))
    version = records.version_of(now.contract)
    if now.last is None:
        return f"contract {version}: nothing was published yet, so nothing can break"
    if not now.differs:
        return f"contract {version}: as published"
    counts = [
        f"{sum(change.impact == impact for change in now.comparison.changes)} {name}"
        for impact, name in (("major", "breaking"), ("minor", "added"), ("patch", "other"))
    ]
    return f"contract {version}: {', '.join(counts)} since {now.last.version}, and its version says so"


def write_changelog(openapi: Path, contract: Path, *, check: bool) -> str:
    """Write the changelog, or only check it."""
    text = changelog.changelog(gate.standing(openapi, contract))
    file = openapi / changelog.FILE
    fresh = file.exists() and file.read_text() == text
    if check and not fresh:
        raise ReleaseError(f"openapi/{file.name}: it does not tell what changed: run `make generate`")
    if not fresh:
        file.write_text(text)
    return f"openapi/{file.name} follows the releases"


def _unreleased(now: Standing) -> None:
    version = records.version_of(now.contract)
    if now.last is not None and str(version) == now.last.version:
        raise ReleaseError(f"openapi/openapi.yaml: info.version: {version} is published already: raise it")


def release(openapi: Path, contract: Path, today: date) -> str:
    """Record the contract as published today, and the approvals with it."""
    diff(openapi, contract, today)
    now = gate.standing(openapi, contract)
    _unreleased(now)
    published = contract.read_bytes()
    entry = Release(
        version=str(now.contract["info"]["version"]),
        date=today,
        sha256=sha256(published).hexdigest(),
        approvals=now.approvals,
    )
    text = records.listed((*records.releases(openapi), entry))
    (openapi / "releases").mkdir(exist_ok=True)
    (openapi / entry.file).write_bytes(published)
    (openapi / records.LIST).write_text(text)
    (openapi / APPROVALS).write_text(records.NO_APPROVALS)
    write_changelog(openapi, contract, check=False)
    return f"published {entry.version}: commit openapi/, then `make publish` writes what goes out"


def _commands(arguments: argparse.Namespace) -> Callable[[Path], str]:
    openapi: Path = arguments.openapi
    commands: dict[str, Callable[[Path], str]] = {
        "diff": lambda contract: diff(openapi, contract, arguments.today),
        "changelog": lambda contract: write_changelog(openapi, contract, check=arguments.check),
        "release": lambda contract: release(openapi, contract, arguments.today),
    }
    return commands[arguments.command]


def main() -> None:
    """Do what the command line says; on a failure, exit with 1 and a line for each cause."""
    parser = argparse.ArgumentParser(prog="python -m scripts.releases", description=__doc__)
    parser.add_argument("command", choices=["diff", "changelog", "release"])
    parser.add_argument("--check", action="store_true", help="changelog: write nothing; exit 1 when it is out of date")
    parser.add_argument("--openapi", type=Path, default=OPENAPI, help="the folder of the contract")
    parser.add_argument(
        "--today", type=date.fromisoformat, default=datetime.now(UTC).date(), help="judge as of this date (2027-01-31)"
    )
    arguments = parser.parse_args()
    try:
        with bundled(arguments.openapi.resolve()) as contract:
            print(_commands(arguments)(contract))
    except ReleaseError as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
