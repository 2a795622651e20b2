"""What openapi-generator is given says the same as the contract, and archives are reproducible."""

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from scripts.clients.language import BUNDLE
from scripts.clients.openapi_generator import archive, prepared


def _without_examples(node: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in node.items() if name != "examples" or "schema" not in node}


class TestPreparedContract:
    def test_says_how_wide_the_numbers_are(self) -> None:
        schemas = prepared(BUNDLE)["components"]["schemas"]
        assert schemas["Count"] == json.loads(BUNDLE.read_bytes())["components"]["schemas"]["Count"]
        assert schemas["PostHit"]["properties"]["rank"]["format"] == "double"

    def test_sends_the_token_and_fetches_none(self) -> None:
        contract = json.loads(BUNDLE.read_bytes())
        schemes = prepared(BUNDLE)["components"]["securitySchemes"]
        assert set(schemes) == set(contract["components"]["securitySchemes"])
        assert schemes["bearer"]["type"] == "http"
        assert schemes["bearer"]["scheme"] == "bearer"

    def test_keeps_every_other_word(self) -> None:
        contract, given = json.loads(BUNDLE.read_bytes()), prepared(BUNDLE)
        said = json.loads(BUNDLE.read_bytes(), object_hook=_without_examples)
        assert given["paths"] == said["paths"]
        assert given["components"]["parameters"] == said["components"]["parameters"]
        assert given["components"]["schemas"].keys() == contract["components"]["schemas"].keys()


class TestArchive:
    def test_is_the_same_file_whenever_it_is_made(self, tmp_path: Path) -> None:
        files = [tmp_path / name for name in ("b", "a")]
        for file in files:
            file.write_text(file.name)
        first = archive(tmp_path / "first.zip", tmp_path, files, "module/").read_bytes()
        files[0].touch()
        assert archive(tmp_path / "second.zip", tmp_path, files[::-1], "module/").read_bytes() == first
        with ZipFile(tmp_path / "first.zip") as packed:
            assert packed.namelist() == ["module/a", "module/b"]
