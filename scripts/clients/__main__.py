"""Build the clients, or let the built ones run the scenario against the live service."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree

from scripts.clients.language import BUILD, BUNDLE, ROOT, ClientError, Scenario, languages, module
from scripts.clients.scenario import play, service, steps


def build(names: Sequence[str], bundle: Path = BUNDLE, target: Path = BUILD) -> None:
    """Build these languages, each from nothing; archives of others stay."""
    dist = target / "dist"
    dist.mkdir(parents=True, exist_ok=True)
    for name in names:
        started = time.monotonic()
        folder = target / name
        rmtree(folder, ignore_errors=True)
        folder.mkdir()
        module(name).build(bundle, folder, dist)
        print(f"{name}: built in {time.monotonic() - started:.1f} s", flush=True)


def _built(name: str) -> list[Scenario]:
    folder = BUILD / name
    if not folder.exists():
        raise ClientError(f"{name} is not built: run `make clients`")
    return module(name).scenarios(folder)


def run(names: Sequence[str]) -> bool:
    """Run the scenario with the clients of these languages; return whether all of them did all of it."""
    expected = steps()
    scenarios = [scenario for name in names for scenario in _built(name)]
    with service() as address:
        outcomes = [play(scenario, address, expected) for scenario in scenarios]
    for outcome in outcomes:
        verdict = "ok" if not outcome.complaint else "failed"
        print(f"{outcome.name:16} {outcome.steps:3} steps  {outcome.seconds:5.1f} s  {verdict}")
        for line in outcome.complaint.splitlines():
            print(f"    {line}")
    failed = sum(bool(outcome.complaint) for outcome in outcomes)
    verdict = f"{failed} failed" if failed else "all ok"
    print(f"clients: {len(outcomes)} clients in {len(names)} languages, {len(expected)} steps each, {verdict}")
    return not failed


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m scripts.clients", description=__doc__)
    parser.add_argument("action", choices=("build", "run"))
    parser.add_argument("language", nargs="*", choices=[*languages(), []], help="these only; all without")
    given = parser.parse_args()
    names: list[str] = given.language or languages()
    try:
        if given.action == "build":
            build(names)
            archives = sorted(path.name for path in (BUILD / "dist").iterdir())
            print(f"{(BUILD / 'dist').relative_to(ROOT)}: {', '.join(archives)}")
            return 0
        return 0 if run(names) else 1
    except ClientError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
