"""What openapi-generator says is listened to, and its templates are corrected where they were found wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.clients.language import BUNDLE, ClientError
from scripts.clients.openapi_generator import Correction, corrected, generate

CONFIG = {"generatorName": "go", "globalProperties": {"apiTests": "false", "modelTests": "false"}}


def faulty(folder: Path, **changes: object) -> Path:
    """Write the bundle down with changed members of the operation getMe."""
    contract: dict[str, Any] = json.loads(BUNDLE.read_bytes())
    operation = contract["paths"]["/users/me"]["get"]
    operation.update(changes)
    path = folder / "bundle.json"
    path.write_text(json.dumps(contract))
    return path


class TestGenerate:
    def test_stops_at_a_warning(self, tmp_path: Path) -> None:
        bundle = faulty(tmp_path, operationId="")
        with pytest.raises(ClientError, match=r"warns about bundle\.json; mend the contract:\n.*operationId"):
            generate(bundle, tmp_path, CONFIG, leave_out=())

    def test_stops_at_a_refusal(self, tmp_path: Path) -> None:
        bundle = faulty(tmp_path, operationId="updateMe")
        with pytest.raises(ClientError, match="operationId is repeated"):
            generate(bundle, tmp_path, CONFIG, leave_out=())


class TestCorrected:
    def test_stops_where_the_template_has_changed(self, tmp_path: Path) -> None:
        gone = Correction("go/api.mustache", "no such passage", "")
        with pytest.raises(ClientError, match=r"go/api\.mustache holds `no such passage` 0 times instead of 1"):
            corrected([gone], tmp_path)

    def test_applies_one_after_the_other(self, tmp_path: Path) -> None:
        first = Correction("go/go.mod.mustache", "module ", "modules ")
        corrected([first, Correction("go/go.mod.mustache", "modules ", "more modules ")], tmp_path)
        assert (tmp_path / "go/go.mod.mustache").read_text().startswith("more modules ")
