"""`make workflows`: walk the journeys under `openapi/workflows/` through a sandbox: the real service, a new database.

Each journey is an Arazzo description, run by `redocly respect`: it sends the requests, hands values of an answer on to
the next request, and holds every answer against the contract and against what the journey expects.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

import yaml

from app.contract import BASE_PATH
from scripts.contract.service import ROOT, failures, running
from scripts.lint.redocly import LintBroken, lint, reason, redocly
from scripts.sandbox import PUBLIC_URL

FOLDER = ROOT / "openapi/workflows"
OUTPUT = ROOT / "build/workflows"
STEP_MILLISECONDS = 10_000
ALL_MILLISECONDS = 120_000


@dataclass(frozen=True)
class Journey:
    """What came of one description: how much was done, and a line for each thing that was not as it should be."""

    name: str
    steps: int
    checks: int
    seconds: float
    complaints: tuple[str, ...]


def descriptions(folder: Path = FOLDER) -> list[Path]:
    """Return the journeys, in the order in which a reader meets them."""
    return sorted(folder.glob("*.arazzo.yaml"))


def _place(file: Path, step: str) -> str:
    """Say where a step stands, so that an editor can jump to it."""
    lines = enumerate(file.read_text().splitlines(), 1)
    number = next((number for number, line in lines if line.strip() == f"- stepId: {step}"), 1)
    return f"{file.relative_to(ROOT) if file.is_relative_to(ROOT) else file}:{number}"


def _complaints(file: Path, step: dict[str, Any]) -> Iterator[str]:
    """Say in a line each what a step did not keep to, and what was answered."""
    request, response = step.get("request"), step.get("response")
    sent = f"{request['method'].upper()} {request['url'].partition(BASE_PATH)[2] or '/'}" if request else "not sent"
    answered = f" was answered {response['statusCode']}" if response else ""
    for check in step["checks"]:
        if not check["passed"]:
            message = " ".join(check.get("message", "").split())
            # Without the picture that the tool draws of the answer.
            said = check.get("condition") or re.split(r" >? ?[0-9]+ \| ", message)[0][:300]
            yield (
                f"{_place(file, step['stepId'])} {step['workflowId']}/{step['stepId']}: {sent}{answered}: "
                f"{check['name']}: {said}. Correct the service, or the step if the contract has changed."
            )


def _due(file: Path) -> list[tuple[str, str]]:
    """Return every step that the description has."""
    document = yaml.safe_load(file.read_text())
    return [
        (workflow["workflowId"], step["stepId"]) for workflow in document["workflows"] for step in workflow["steps"]
    ]


def _journey(file: Path, report: dict[str, Any]) -> Journey:
    steps = [step for workflow in report["executedWorkflows"] for step in workflow["executedSteps"]]
    complaints = [complaint for step in steps for complaint in _complaints(file, step)]
    done = {(step["workflowId"], step["stepId"]) for step in steps if "response" in step}
    left = [step for step in _due(file) if step not in done]
    if left and not complaints:
        place = f"{_place(file, left[0][1])} {'/'.join(left[0])}"
        complaints.append(f"{place}: was never run. Look into build/workflows/report.txt.")
    checks = sum(len(step["checks"]) for step in steps)
    return Journey(
        file.name.removesuffix(".arazzo.yaml"), len(steps), checks, report["totalTimeMs"] / 1000, (*complaints,)
    )


def run(address: str, files: Sequence[Path], report: Path) -> list[Journey]:
    """Walk the journeys one after the other; what the tool says is kept beside its report.

    Raises LintBroken when the tool ends without a report, or is content where its report is not.
    """
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    done = redocly(
        "respect",
        *map(str, files),
        f"--server=galley={address}{BASE_PATH}",
        f"--json-output={report}",
        f"--max-fetch-timeout={STEP_MILLISECONDS}",
        f"--execution-timeout={ALL_MILLISECONDS}",
    )
    report.with_suffix(".txt").write_text(done.stdout + done.stderr)
    if not report.exists():
        raise LintBroken(f"openapi/workflows: not run: {reason(done.stderr + done.stdout)} Correct what it names.")
    found: dict[str, Any] = json.loads(report.read_bytes())["files"]
    by_name = {Path(name).name: found[name] for name in found}
    journeys = [_journey(file, by_name[file.name]) for file in files if file.name in by_name]
    if len(journeys) != len(files) or bool(done.returncode) != any(journey.complaints for journey in journeys):
        raise LintBroken(f"{report}: the report does not say what the tool's end does. Look into {report.stem}.txt.")
    return journeys


def main() -> int:
    """Lint the journeys, walk them, and say how it went."""
    argparse.ArgumentParser(prog="python -m scripts.workflows", description=__doc__).parse_args()
    files = descriptions()
    rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    try:
        found = [str(finding) for finding in lint(*(str(file.relative_to(ROOT)) for file in files))]
        if not found:
            with running("scripts.sandbox", OUTPUT, {"PUBLIC_URL": PUBLIC_URL}) as address:
                journeys = run(address, files, OUTPUT / "report.json")
            found = [complaint for journey in journeys for complaint in journey.complaints]
            found += [f"logged: {failure}" for failure in failures(OUTPUT / "service.log")]
            for journey in journeys:
                verdict = "failed" if journey.complaints else "passed"
                print(
                    f"{journey.name:12} {journey.steps:3} steps {journey.checks:4} checks "
                    f"{journey.seconds:5.1f} s  {verdict}"
                )
    except LintBroken as broken:
        found = [str(broken)]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
