"""Every rule of the contract's lint is seen red: one fault each in a copy of the contract of its own."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.lint.redocly import Finding, reports
from scripts.lint.redocly import findings as read_findings
from scripts.lint.remedies import REMEDIES
from tests.gates import access_faults, contract_faults, deprecation_faults, excerpt, limit_faults
from tests.gates.contract_faults import DROP, Edit

ROOT = Path(__file__).parents[2]
FAULTS = contract_faults.FAULTS | deprecation_faults.FAULTS | limit_faults.FAULTS | access_faults.FAULTS
REDOCLY = ROOT / "node_modules/.bin/redocly"
# All copies are linted by one process, which one worker starts.
pytestmark = pytest.mark.xdist_group("lint")


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


def documents_of(name: str) -> set[str]:
    """Return what is linted of a copy: the contract, and the journey in which the fault is."""
    edits = FAULTS[name].edits if name in FAULTS else ()
    return {"openapi.yaml"} | {edit.file for edit in edits if edit.file.endswith(".arazzo.yaml")}


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    """Lint a clean copy of a small contract and one for each fault; return what is found in each."""
    assert REDOCLY.exists(), "run `make node_modules/.done`; it needs Node"
    folder = tmp_path_factory.mktemp("contracts")
    shutil.copy(ROOT / "redocly.yaml", folder)
    shutil.copytree(ROOT / "openapi/plugins", folder / "openapi/plugins")
    # What is argued away in one place of the contract is so in that place of each copy.
    argued: dict[str, object] = yaml.safe_load((ROOT / ".redocly.lint-ignore.yaml").read_text())
    copies = {path.replace("openapi", name, 1): rules for name in ["clean", *FAULTS] for path, rules in argued.items()}
    (folder / ".redocly.lint-ignore.yaml").write_text(yaml.safe_dump(copies))
    excerpt.write(folder / "clean")
    for name in FAULTS:
        shutil.copytree(folder / "clean", folder / name)
        for edit in FAULTS[name].edits:
            apply(folder / name, edit)
    done = subprocess.run(
        [
            *(REDOCLY, "lint", "--format=json", "--max-problems=100000"),
            *(f"{name}/{document}" for name in ["clean", *FAULTS] for document in documents_of(name)),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    problems: dict[str, list[dict[str, Any]]] = {name: [] for name in ["clean", *FAULTS]}
    for problem in reports(done.stdout):
        name, _, file = problem["location"][0]["source"]["ref"].partition("/")
        problem["location"][0]["source"]["ref"] = file
        problems[name].append(problem)
        assert problem["severity"] == "error", "a warning is an error that nobody mends"
    return {name: read_findings(own, folder / name) for name, own in problems.items()}


def test_passes_what_is_sound(findings: dict[str, list[Finding]]) -> None:
    assert findings["clean"] == []


@pytest.mark.parametrize("name", FAULTS)
def test_reports_the_fault(findings: dict[str, list[Finding]], name: str) -> None:
    fault = FAULTS[name]
    hits = [finding for finding in findings[name] if finding.rule == fault.rule and fault.says in str(finding)]
    assert hits, findings[name]
    assert fault.place in {finding.file for finding in hits}
    for finding in hits:
        line = str(finding)
        assert re.match(rf"{re.escape(finding.file)}:[0-9]+:[0-9]+ (#/\S* )?\({fault.rule}\): \S", line), line
        assert "\n" not in line
        assert line.endswith((".", "?")), line
        # The messages of our own rules say what to do; those of the linter's rules are completed.
        assert finding.remedy or fault.rule.startswith(("house/", "rule/")), line


@pytest.mark.parametrize(
    "name",
    [
        *("same-operation-twice", "unknown-tag", "undeclared-scope", "reference-to-nothing", "misspelt-member"),
        *("endless-string", "endless-array", "endless-integer", "look-ahead", "broken-pattern", "nameless-body"),
        *("wrong-example-in-parameter", "wrong-example-in-body", "unused-schema", "no-404", "noun-before-verb"),
    ],
)
def test_one_cause_is_one_line(findings: dict[str, list[Finding]], name: str) -> None:
    assert len(findings[name]) == 1


def test_every_rule_of_the_linter_that_is_on_has_a_remedy() -> None:
    rules = yaml.safe_load((ROOT / "redocly.yaml").read_text())["rules"]
    builtin = {rule for rule, setting in rules.items() if setting is not False and "/" not in rule}
    assert (builtin | {fault.rule for fault in FAULTS.values() if "/" not in fault.rule}) - REMEDIES.keys() == set()


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
