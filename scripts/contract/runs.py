"""One run of schemathesis: its settings for a role, its command, and what its report says."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.contract import BASE_PATH
from scripts.contract.accounts import EXCUSED, World, credentials, held
from scripts.contract.service import ROOT
from scripts.coverage.record import OUTPUT as COVERAGE
from scripts.coverage.record import VARIABLE

ANONYMOUS = "anonymous"
BUNDLE = ROOT / "generated/openapi.json"
OUTPUT = ROOT / "build/contract-test"
SETTINGS = ROOT / "schemathesis.toml"
# How often a value that is known is taken instead of one made up. Where a request is little more than its path, few are
# sent, and with much less than this all of them are about nothing on some days.
PROBABILITY = 0.9
METHODS = ("get", "put", "post", "patch", "delete")


@dataclass(frozen=True)
class Plan:
    """How much is tried; the seed makes a run repeatable."""

    max_examples: int
    seed: int
    only: tuple[str, ...] = ()
    phases: str = "examples,coverage,fuzzing"
    seconds: int | None = None

    def walks(self, seconds: int) -> "Plan":
        """Return the plan of walks along the links, one after the other until the time is spent.

        A walk that repeats another one and meets a changed world ends the phase early; with a time it begins anew.
        """
        return replace(self, phases="stateful", seconds=seconds)


@dataclass(frozen=True)
class Result:
    """What a run found."""

    name: str
    cases: int
    failures: int
    warnings: int
    seconds: float
    complaints: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.complaints


def _refused(role: str) -> list[str]:
    """Name the operations that the contract keeps from a role: there, nothing but 401 and 403 is as it should be."""
    contract = json.loads(BUNDLE.read_bytes())
    scopes_of = held(role)
    operations = [item[method] for item in contract["paths"].values() for method in METHODS if method in item]
    return [
        operation["operationId"]
        for operation in operations
        if operation["security"]
        and not any(
            all(name in scopes_of and scopes_of[name].issuperset(scopes) for name, scopes in entry.items())
            for entry in operation["security"]
        )
    ]


def write_settings(role: str, world: World, folder: Path) -> Path:
    """Write the project's settings with what is known of this run: who calls, and which things are there."""
    lines = [SETTINGS.read_text()]
    names = {parameter: parameter.replace(".", "_") for parameter, values in world.known.items() if values}
    for parameter, name in names.items():
        lines.append(f"[dictionaries.{name}]\nvalues = {json.dumps(world.known[parameter])}\n")
    lines.append("[parameters]")
    lines += [
        f'"{parameter}" = {{ dictionary = "{name}", probability = {PROBABILITY} }}' for parameter, name in names.items()
    ]
    lines += [*credentials(role, world, folder), EXCUSED]
    refused = _refused(role)
    if refused:
        lines.append(f"[[operations]]\ninclude-operation-id = {json.dumps(refused)}\nwarnings = false")
    path = folder / "schemathesis.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def _command(address: str, settings: Path, folder: Path, plan: Plan) -> list[str]:
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(settings)]
    command += ["run", str(BUNDLE), "--url", address + BASE_PATH, "--no-color", "--continue-on-failure"]
    command += ["--phases", plan.phases, "--max-examples", str(plan.max_examples), "--seed", str(plan.seed)]
    command += ["--report", "junit,html,json", "--report-dir", str(folder)]
    command += ["--report-junit-path", str(folder / "junit.xml"), "--report-json-path", str(folder / "report.json")]
    command += ["--report-html-path", str(folder / "html")]
    if plan.seconds:
        command += ["--max-time", str(plan.seconds)]
    for operation in plan.only:
        command += ["--include-operation-id", operation]
    return command


def _complaints(report: dict[str, Any], code: int) -> tuple[str, ...]:
    complaints = [
        f"{failure['title']} ({failure['code']}, {failure['count']}): {', '.join(failure['operations'])}"
        for failure in report["failures"]
    ]
    complaints += [f"error: {error}" for error in report["errors"]]
    complaints += [
        f"warning {name}: {', '.join(map(str, where))}" for name, where in report["warnings"].items() if where
    ]
    if not report["test_cases"]["generated"]:
        complaints.append("nothing was tried")
    if not report["complete"]:
        complaints.append(f"the run ended early: {report['stop_reason']}")
    if code and not complaints:
        complaints.append(f"schemathesis ended with {code}")
    return tuple(complaints)


def _recorded(folder: Path) -> dict[str, str]:
    """Say where the run leaves what it has seen; one that is not of `make contract-test` may be of a faulty service."""
    if not folder.is_relative_to(OUTPUT):
        return {}
    name = "-".join(["contract-test", *folder.relative_to(OUTPUT).parts])
    return {VARIABLE: str(COVERAGE / f"{name}.json")}


def run(role: str, address: str, settings: Path, folder: Path, plan: Plan) -> Result:
    """Let schemathesis loose on the service as this role; what it prints goes to `output.txt` beside its reports.

    Raises RuntimeError when it ends without a report.
    """
    folder.mkdir(exist_ok=True)
    output = folder / "output.txt"
    with output.open("wb") as file:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"} | _recorded(folder)
        code = subprocess.run(
            _command(address, settings, folder, plan),
            stdout=file,
            stderr=file,
            env=environment,
            cwd=folder,
            check=False,
        ).returncode
    path = folder / "report.json"
    if not path.exists():
        raise RuntimeError(f"schemathesis ended with {code} and without a report; see {output}")
    report = json.loads(path.read_bytes())
    return Result(
        name=str(folder.relative_to(OUTPUT)) if folder.is_relative_to(OUTPUT) else role,
        cases=report["test_cases"]["generated"],
        failures=report["test_cases"]["unique_failures"],
        warnings=sum(map(len, report["warnings"].values())),
        seconds=report["running_time"],
        complaints=_complaints(report, code),
    )
