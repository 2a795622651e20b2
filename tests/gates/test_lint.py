"""Every rule of the contract's lint is seen red: one fault each in a copy of the contract of its own."""

import json
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gates.contract_faults import DROP, FAULTS, Edit

ROOT = Path(__file__).parents[2]
REDOCLY = ROOT / "node_modules/.bin/redocly"
# All copies are linted by one process, which one worker starts.
pytestmark = pytest.mark.xdist_group("lint")


@dataclass(frozen=True)
class Finding:
    """What the lint reports."""

    file: str
    line: int
    rule: str
    message: str


def apply(folder: Path, edit: Edit) -> None:
    """Plant a fault, or a part of one."""
    file = folder / edit.file
    document: Any = yaml.safe_load(file.read_text()) if edit.path else edit.value
    node = document
    for key in edit.path[:-1]:
        node = node[key]
    if edit.path and edit.value is DROP:
        del node[edit.path[-1]]
    elif edit.path:
        node[edit.path[-1]] = edit.value
    file.write_text(yaml.safe_dump(document, sort_keys=False))


def reports(text: str) -> Iterator[dict[str, Any]]:
    """Read what the lint writes: one JSON document per contract, one after the other."""
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        report, end = decoder.raw_decode(text)
        text = text[end:]
        yield from report["problems"]


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    """Lint a clean copy and a copy per fault; return what is found in each."""
    assert REDOCLY.exists(), "run `make node_modules/.done`; it needs Node"
    folder = tmp_path_factory.mktemp("contracts")
    shutil.copy(ROOT / "redocly.yaml", folder)
    shutil.copytree(ROOT / "openapi/plugins", folder / "openapi/plugins")
    for name in ["clean", *FAULTS]:
        shutil.copytree(ROOT / "openapi", folder / name, ignore=shutil.ignore_patterns("plugins", "releases"))
        for edit in FAULTS[name].edits if name in FAULTS else ():
            apply(folder / name, edit)
    done = subprocess.run(
        [
            *(REDOCLY, "lint", "--format=json", "--max-problems=100000"),
            *(f"{name}/openapi.yaml" for name in ["clean", *FAULTS]),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    found: dict[str, list[Finding]] = defaultdict(list)
    for problem in reports(done.stdout):
        place = problem["location"][0]
        name, _, file = place["source"]["ref"].partition("/")
        found[name].append(Finding(file, place["start"]["line"], problem["ruleId"], problem["message"]))
        assert problem["severity"] == "error", "a warning is an error that nobody mends"
    return found


def test_passes_the_contract_as_it_is(findings: dict[str, list[Finding]]) -> None:
    assert findings["clean"] == []


@pytest.mark.parametrize("name", FAULTS)
def test_reports_the_fault(findings: dict[str, list[Finding]], name: str) -> None:
    fault = FAULTS[name]
    own = [finding for finding in findings[name] if finding not in findings["clean"]]
    hits = [finding for finding in own if finding.rule == fault.rule and fault.says in finding.message]
    assert hits, own
    assert fault.place in {finding.file for finding in hits}


def test_every_house_rule_has_a_fault() -> None:
    rules = yaml.safe_load((ROOT / "redocly.yaml").read_text())["rules"]
    # YAML 1.1 reads `off` as false.
    ours = {rule for rule, setting in rules.items() if setting is not False}
    assert ours - {fault.rule for fault in FAULTS.values()} == set()


def test_what_is_off_has_a_dated_reason_and_nothing_warns() -> None:
    lines = (ROOT / "redocly.yaml").read_text().splitlines()
    off = [number for number, line in enumerate(lines) if re.fullmatch(r"  [\w.-]+: off", line)]
    assert len(off) > 1
    for number in off:
        assert re.match(r"  # 20\d\d-\d\d-\d\d: .*\.$", lines[number - 1]), lines[number]
    assert not [line for line in lines if re.search(r"\bwarn\b", line)]
