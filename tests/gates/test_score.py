"""The score is seen to fall when the contract gets harder to use, and to be measured at all."""

import json
from pathlib import Path

import pytest

from scripts.lint.redocly import LintBroken
from scripts.lint.score import RECORD, TOLERANCE, measure, totals, worse

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def muted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contract without a word of explanation on its members."""
    contract = json.loads((ROOT / "generated/openapi.json").read_text())
    for schema in contract["components"]["schemas"].values():
        schema.pop("description", None)
        for member in schema.get("properties", {}).values():
            member.pop("description", None)
    file = tmp_path_factory.mktemp("contract") / "openapi.json"
    file.write_text(json.dumps(contract))
    return file


def test_a_contract_that_says_less_is_one_line(muted: Path) -> None:
    recorded = json.loads(RECORD.read_text())
    now = totals(measure(str(muted)))
    assert now["documentationQuality"] < recorded["documentationQuality"]
    (line,) = worse(now, recorded)
    assert line.startswith(f"openapi/score.json: agentReadiness fell from {recorded['agentReadiness']} to ")
    assert line.endswith("and say why in the commit.")
    assert "\n" not in line


def test_the_same_score_and_a_better_one_pass() -> None:
    recorded = json.loads(RECORD.read_text())
    assert worse(recorded, recorded) == []
    assert worse({name: figure + 1 for name, figure in recorded.items()}, recorded) == []
    assert worse({name: figure - 2 * TOLERANCE for name, figure in recorded.items()}, recorded) != []


def test_what_cannot_be_measured_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "openapi.yaml").write_text("openapi: [")
    with pytest.raises(LintBroken) as broken:
        measure(str(tmp_path / "openapi.yaml"))
    assert "\n" not in str(broken.value)
