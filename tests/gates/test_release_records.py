"""What was published stays as it was, and the changelog tells all of it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.releases import __main__ as commands
from scripts.releases import records
from scripts.releases.records import ReleaseError
from tests.gates.releases import REASON, ROOT, SHORTER, TITLE, TODAY, Planted, drop, narrow, node_at

OPERATION = "#/paths/~1tags~1{tag_id}/delete"
# What is the same is compared once.
pytestmark = pytest.mark.xdist_group("releases")


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    """Our contract as published, at version 0.1.0."""
    return Planted(tmp_path)


class TestRelease:
    def test_is_never_changed_afterwards(self, planted: Planted) -> None:
        file = planted.folder / "releases/0.1.0.json"
        file.write_bytes(file.read_bytes() + b"\n")
        with pytest.raises(ReleaseError, match=r"^openapi/releases/0.1.0.json: what was published was changed"):
            planted.complaints()

    def test_is_listed_and_there(self, planted: Planted) -> None:
        (planted.folder / "releases/0.2.0.json").write_text("{}")
        with pytest.raises(ReleaseError, match=r"^openapi/releases/0.2.0.json: .* does not list this release"):
            records.releases(planted.folder)
        (planted.folder / "releases/0.2.0.json").unlink()
        (planted.folder / "releases/0.1.0.json").unlink()
        with pytest.raises(ReleaseError, match=r"^openapi/releases/0.1.0.json: this release is listed and .* gone"):
            records.releases(planted.folder)

    def test_keeps_what_was_published_and_tells_it(self, planted: Planted) -> None:
        narrow(planted)
        node_at(planted.now, OPERATION).update(
            {"deprecated": True, "x-deprecated-since": "2027-06-01", "x-sunset": "2028-01-01"}
        )
        planted.approve(TITLE, SHORTER)
        with pytest.raises(ReleaseError, match=r"0\.1\.0 is published and the contract differs"):
            commands.release(planted.folder, planted.file, TODAY)
        planted.now["info"]["version"] = "0.1.1"
        contract = planted.file
        assert commands.release(planted.folder, contract, TODAY).startswith("published 0.1.1")
        assert (planted.folder / "releases/0.1.1.json").read_bytes() == contract.read_bytes()
        assert [entry.version for entry in records.releases(planted.folder)] == ["0.1.0", "0.1.1"]
        assert records.approvals(planted.folder) == ()
        newest = (planted.folder / "CHANGELOG.md").read_text().split("\n## ")[1]
        assert newest.splitlines() == [
            "0.1.1, 2027-06-01",
            "",
            "### Breaking in form, approved",
            "",
            f"- schema `PostTitle`, `maxLength`: {SHORTER} _{REASON}_",
            "",
            "### Deprecated",
            "",
            "- `DELETE /tags/{tag_id}` is deprecated since 2027-06-01, and stays until 2028-01-01.",
        ]
        with pytest.raises(ReleaseError, match=r"0\.1\.1 is published already: raise it"):
            commands.release(planted.folder, contract, TODAY)

    def test_comes_first_once(self, planted: Planted) -> None:
        for file in (planted.folder / "releases").iterdir():
            file.unlink()
        assert "nothing was published yet" in commands.diff(planted.folder, planted.file, TODAY)
        commands.release(planted.folder, planted.file, TODAY)
        assert commands.diff(planted.folder, planted.file, TODAY) == "contract 0.1.0: as published"


class TestChangelog:
    def test_is_held_to_the_contract(self, planted: Planted) -> None:
        commands.write_changelog(planted.folder, planted.file, check=False)
        assert "follows" in commands.write_changelog(planted.folder, planted.file, check=True)
        narrow(planted)
        drop(planted.now, OPERATION)
        planted.now["info"]["version"] = "0.2.0"
        with pytest.raises(ReleaseError, match=r"^openapi/CHANGELOG.md: .* run `make generate`$"):
            commands.write_changelog(planted.folder, planted.file, check=True)
        commands.write_changelog(planted.folder, planted.file, check=False)
        text = (planted.folder / "CHANGELOG.md").read_text()
        assert "\n## 0.2.0, not published yet\n\n### Breaking\n\n- `DELETE /tags/{tag_id}`: Operation" in text
        assert "\n## 0.1.0, 2027-01-01\n\n### Added\n\n- `POST /auth/register` (`registerUser`): Register" in text


def test_speaks_a_line_and_fails(tmp_path: Path) -> None:
    planted = Planted(tmp_path)
    title = planted.folder / "schemas"
    title.unlink()
    title.mkdir()
    for file in (ROOT / "openapi/schemas").iterdir():
        text = file.read_text()
        (title / file.name).write_text(text.replace("maxLength: 200", "maxLength: 150"))
    for name in ("paths", "parameters", "headers", "responses", "openapi.yaml"):
        # References are followed from where a file really is.
        (planted.folder / name).unlink()
        subprocess.run(["cp", "-r", str(ROOT / "openapi" / name), str(planted.folder)], check=True)
    root = planted.folder / "openapi.yaml"
    root.write_text(re.sub(r"(?m)^  version: .*$", "  version: 0.1.0", root.read_text()))
    done = subprocess.run(
        [sys.executable, "-m", "scripts.releases", "--openapi", str(tmp_path), "diff"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert any(line.startswith(f"openapi/schemas/PostTitle.yaml: {TITLE}: {SHORTER}") for line in lines), lines
    assert json.loads((tmp_path / "releases/0.1.0.json").read_bytes()) == planted.published
