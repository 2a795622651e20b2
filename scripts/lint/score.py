"""`make score`: how easily a program finds its way through the contract, by Redocly's measure; no worse than it was.

The measure is an opinion: it likes shallow answers, few alternatives and many descriptions. It is shown for what it
points at, and recorded in `openapi/score.json`, so that a change which makes the contract harder to use is seen.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from scripts.lint.redocly import ROOT, LintBroken, reason, redocly

CONTRACT = "openapi/openapi.yaml"
RECORD = ROOT / "openapi/score.json"
# Rounded as the tool shows it; a tenth is noise of the average over all operations.
TOLERANCE = 0.1
WORST = 5


def measure(contract: str = CONTRACT) -> dict[str, Any]:
    """Return what the tool says of a contract.

    Raises LintBroken when it says nothing that can be read.
    """
    done = redocly("score", contract, "--format=json")
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise LintBroken(f"{contract}: has no score: {reason(done.stderr + done.stdout)} Run `make lint`.") from None
    return found


def totals(found: dict[str, Any]) -> dict[str, float]:
    """Return the figures that are recorded, in per cent."""
    parts: dict[str, float] = {name: round(100 * share, 1) for name, share in sorted(found["subscores"].items())}
    return {"agentReadiness": found["agentReadiness"], "discoverability": found["discoverability"], **parts}


def worse(now: dict[str, float], recorded: dict[str, float]) -> list[str]:
    """Say which total has fallen; the parts only explain it."""
    return [
        f"{RECORD.relative_to(ROOT)}: {name} fell from {recorded[name]} to {now[name]}. Mend what `make score` names, "
        "or record it with `python -m scripts.lint.score --record` and say why in the commit."
        for name in ("agentReadiness", "discoverability")
        if now[name] < recorded[name] - TOLERANCE
    ]


def show(found: dict[str, Any], now: dict[str, float], recorded: dict[str, float]) -> None:
    """Print the figures beside those that are recorded, and the operations that are hardest to use."""
    for name, figure in now.items():
        print(f"{name:22} {figure:5.1f}   recorded {recorded.get(name, 0):5.1f}")
    for spot in found["hotspots"][:WORST]:
        print(f"{spot['operationId']:22} {spot['agentReadinessScore']:5.1f}   {'; '.join(spot['reasons'])}")


def main() -> int:
    """Show the score, and fail when it has fallen; or record it."""
    parser = argparse.ArgumentParser(prog="python -m scripts.lint.score", description=__doc__)
    parser.add_argument("--record", action="store_true", help="record the present score")
    record: Path = RECORD
    try:
        found = measure()
    except LintBroken as broken:
        print(broken)
        return 1
    now = totals(found)
    if parser.parse_args().record:
        record.write_text(json.dumps(now, indent=2) + "\n")
    recorded: dict[str, float] = json.loads(record.read_text())
    show(found, now, recorded)
    complaints = worse(now, recorded)
    print(*complaints, sep="\n", end="\n" if complaints else "")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
