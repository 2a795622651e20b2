"""What a consumer gets: the same archive again, nothing of ours in it, and no build from a contract that differs."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from scripts.clients.language import BUILD, BUNDLE, ROOT, ClientError, module, version
from scripts.generate import CLIENT_PACKAGE

Change = Callable[[dict[str, Any]], None]
OURS = ("python", "typescript")


def build(language: str, folder: Path, change: Change | None = None) -> dict[str, str]:
    """Build a language anew, from a contract that was changed if asked for; return the archives' checksums."""
    contract = json.loads(BUNDLE.read_bytes())
    if change:
        change(contract)
    bundle, work, dist = folder / "openapi.json", folder / "work", folder / "dist"
    bundle.write_text(json.dumps(contract) if change else BUNDLE.read_text())
    work.mkdir()
    dist.mkdir()
    module(language).build(bundle, work, dist)
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in dist.iterdir()}


def renames_a_member(contract: dict[str, Any]) -> None:
    post = contract["components"]["schemas"]["Post"]
    post["properties"]["like_count"] = post["properties"].pop("likes")
    post["required"] = ["like_count" if name == "likes" else name for name in post["required"]]


def requires_a_header(contract: dict[str, Any]) -> None:
    contract["paths"]["/posts/{post_id}/like"]["put"].setdefault("parameters", []).append(
        {"name": "X-Reason", "in": "header", "required": True, "schema": {"$ref": "#/components/schemas/Slug"}}
    )


def takes_another_type(contract: dict[str, Any]) -> None:
    contract["components"]["schemas"]["PostTitle"] = {"type": "integer", "format": "int32", "minimum": 1, "maximum": 9}


@pytest.mark.parametrize("language", OURS)
class TestBuild:
    def test_gives_the_same_archive_again(self, language: str, tmp_path: Path) -> None:
        again = build(language, tmp_path)
        assert again
        assert (
            again.items()
            <= {path.name: sha256(path.read_bytes()).hexdigest() for path in (BUILD / "dist").iterdir()}.items()
        )

    @pytest.mark.parametrize(
        ("change", "said"),
        [(renames_a_member, "likes"), (requires_a_header, "likePost|like_post|X-Reason|x_reason|header")],
    )
    def test_fails_with_a_contract_that_the_scenario_does_not_know(
        self, language: str, tmp_path: Path, change: Change, said: str
    ) -> None:
        with pytest.raises(ClientError, match=said):
            build(language, tmp_path, change)

    def test_fails_with_a_sample_of_the_wrong_type(self, language: str, tmp_path: Path) -> None:
        with pytest.raises(ClientError, match="samples/createPost"):
            build(language, tmp_path, takes_another_type)


class TestWheel:
    def test_is_what_is_committed_and_nothing_else(self) -> None:
        with ZipFile(BUILD / f"dist/{CLIENT_PACKAGE}-{version(BUNDLE)}-py3-none-any.whl") as wheel:
            files = [entry.filename for entry in wheel.infolist() if not entry.is_dir()]
            packed = {name: wheel.read(name) for name in files if ".dist-info/" not in name}
        source = ROOT / "generated/client"
        kept = {
            path.relative_to(source).as_posix(): path.read_bytes()
            for path in source.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert packed == kept
        assert f"{CLIENT_PACKAGE}/py.typed" in packed
        assert not [name for name, text in packed.items() if b"import generated" in text or b"from generated" in text]
