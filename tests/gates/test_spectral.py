"""Spectral sees faults, says where they come from, and is silenced nowhere without need and reason."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.lint.redocly import Finding, LintBroken
from scripts.lint.spectral import BUNDLE, RULESET, second_opinion

ROOT = Path(__file__).parents[2]
# Each run of Spectral takes a second; one worker makes them all.
pytestmark = pytest.mark.xdist_group("second-opinion")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Spectral looks at, to plant faults in."""
    folder = tmp_path_factory.mktemp("contract")
    shutil.copytree(ROOT / "openapi", folder / "openapi")
    (folder / BUNDLE).parent.mkdir()
    for file in (BUNDLE, RULESET):
        shutil.copy(ROOT / file, folder / file)
    (folder / "node_modules").symlink_to((ROOT / "node_modules").resolve())
    return folder


@pytest.fixture(scope="module")
def faulty(copy: Path) -> dict[str, Finding]:
    """What is found in a bundle with a fault of several kinds, by place."""
    contract: dict[str, Any] = json.loads((ROOT / BUNDLE).read_text())
    contract["paths"]["/posts"]["post"]["security"] = []
    del contract["paths"]["/posts/{post_id}/like"]["put"]["responses"]["401"]
    del contract["components"]["schemas"]["PostTitle"]["maxLength"]
    del contract["components"]["schemas"]["Page"]["properties"]["size"]["format"]
    del contract["components"]["schemas"]["Slug"]["pattern"]
    contract["servers"][0]["url"] = "http://galley.example/api/v1"
    (copy / BUNDLE).write_text(json.dumps(contract))
    return {f"{finding.file}{finding.pointer}": finding for finding in second_opinion(root=copy)}


@pytest.mark.parametrize(
    ("place", "rule"),
    [
        ("openapi/paths/posts/posts.yaml#/post/security", "api2:2023-write-restricted"),
        ("openapi/paths/posts/like.yaml#/put/responses", "api8:2023-define-error-responses-401"),
        ("openapi/schemas/PostTitle.yaml#/", "api4:2023-string-limit"),
        ("openapi/schemas/Page.yaml#/properties/size", "api4:2023-integer-format"),
        ("openapi/schemas/Slug.yaml#/", "api4:2023-string-restricted"),
        ("openapi/openapi.yaml#/servers/0/url", "api8:2023-no-server-http"),
    ],
)
def test_a_fault_is_said_of_the_file_it_comes_from(faulty: dict[str, Finding], place: str, rule: str) -> None:
    finding = faulty[place]
    assert finding.rule.endswith(rule)
    line = str(finding)
    assert re.match(r"openapi/[\w./-]+\.yaml:[0-9]+:1 #/", line), line
    assert line.endswith("or excuse this place in .spectral.yaml with a dated reason."), line
    assert (ROOT / finding.file).read_text().splitlines()[finding.line - 1].strip()


def test_the_line_is_that_of_the_member(faulty: dict[str, Finding]) -> None:
    finding = faulty["openapi/schemas/Page.yaml#/properties/size"]
    assert (ROOT / finding.file).read_text().splitlines()[finding.line - 1] == "  size:"


def test_nothing_else_is_found(faulty: dict[str, Finding]) -> None:
    assert len(faulty) == 6, list(map(str, faulty.values()))


def test_what_is_off_would_be_found_and_nothing_is_excused_without_need(tmp_path: Path) -> None:
    ruleset = yaml.safe_load((ROOT / RULESET).read_text())
    bare = tmp_path / "bare.yaml"
    bare.write_text(f"extends:\n  - spectral:oas\n  - {ROOT / ruleset['extends'][1]}\n")
    found = second_opinion(ruleset=str(bare))
    assert ruleset["rules"].keys() - {finding.rule for finding in found} == set()
    paths = {(finding.rule, place(finding)) for finding in found}
    excused = {
        (rule, file.partition("#")[2])
        for override in ruleset["overrides"]
        for file in override["files"]
        for rule in override["rules"]
    }
    assert {(rule, at) for rule, at in excused if not any(r == rule and p.startswith(at) for r, p in paths)} == set()


def place(finding: Finding) -> str:
    """Return the JSON Pointer that a finding has in the bundle."""
    kind, _, name = finding.file.removeprefix("openapi/").partition("/")
    if kind == "schemas":
        return f"/components/schemas/{name.removesuffix('.yaml')}{finding.pointer[1:]}".rstrip("/")
    index: dict[str, dict[str, str]] = yaml.safe_load((ROOT / "openapi/openapi.yaml").read_text())["paths"]
    path = next((path for path, item in index.items() if item["$ref"] == f"{kind}/{name}"), "")
    return f"/paths/{path.replace('/', '~1')}{finding.pointer[1:]}"


def test_everything_that_is_off_has_a_dated_reason() -> None:
    lines = (ROOT / RULESET).read_text().splitlines()
    silenced = [number for number, line in enumerate(lines) if re.fullmatch(r"  [\w:-]+: off|  - files:", line)]
    assert len(silenced) > 5
    for number in silenced:
        assert re.match(r"  # 20[0-9]{2}-[0-9]{2}-[0-9]{2}: .*\.$", lines[number - 1]), lines[number]


def test_a_broken_ruleset_is_one_line(copy: Path) -> None:
    (copy / "broken.yaml").write_text("extends: [")
    with pytest.raises(LintBroken) as broken:
        second_opinion(ruleset="broken.yaml", root=copy)
    assert str(broken.value).startswith("broken.yaml: ")
    assert "\n" not in str(broken.value)
