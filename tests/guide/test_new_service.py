"""What is made of a clone: shared files come along, texts lose what has gone, and nothing happens where it must not."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from scripts.new_service import keep, overlay, texts
from scripts.new_service.__main__ import ROOT, refusal

MUSEUM = ROOT / "examples/museum"
SHARED = ROOT / "openapi"


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MUSEUM, tmp_path / "contract"))


class TestOverlay:
    def test_brings_the_shared_files_and_those_they_need(self) -> None:
        needed = {str(path) for path in overlay.check(MUSEUM, SHARED)}
        assert {"responses/NotFound.yaml", "schemas/Problem.yaml", "schemas/RequestId.yaml"} <= needed
        assert not needed & {"schemas/Post.yaml", "schemas/Event.yaml", "parameters/TagId.yaml"}

    def test_refuses_what_is_not_there_before_anything_is_done(self, contract: Path) -> None:
        file = contract / "paths/tickets/ticket.yaml"
        file.write_text(file.read_text().replace("schemas/Ticket.yaml", "schemas/Tickett.yaml"))
        with pytest.raises(overlay.NotPlaced, match=r"ticket\.yaml:\d+: there is no schemas/Tickett\.yaml"):
            overlay.check(contract, SHARED)

    def test_refuses_what_leads_out_of_the_contract(self, contract: Path) -> None:
        (contract / "schemas/Day.yaml").write_text("$ref: ../../elsewhere.yaml\n")
        with pytest.raises(overlay.NotPlaced, match=r"Day\.yaml:1: \.\./\.\./elsewhere\.yaml leads out"):
            overlay.check(contract, SHARED)

    def test_refuses_a_folder_without_a_root(self, tmp_path: Path) -> None:
        with pytest.raises(overlay.NotPlaced, match="the folder with the root document"):
            overlay.check(tmp_path, SHARED)

    def test_leaves_the_codes_of_the_frame_and_names_them_to_operations(self, contract: Path, tmp_path: Path) -> None:
        shutil.copytree(SHARED, tmp_path / "openapi")
        (tmp_path / "app").mkdir()
        shutil.copy(ROOT / "app/problems.py", tmp_path / "app")
        overlay.place(contract, tmp_path)
        codes = yaml.safe_load((tmp_path / "openapi/schemas/ProblemCode.yaml").read_text())
        assert set(codes["enum"]) == overlay.frame_codes(ROOT) & set(codes["enum"]) == set(codes["x-problems"])
        assert "not_found" in codes["enum"]
        assert "tag_taken" not in codes["enum"]
        item = yaml.safe_load((tmp_path / "openapi/paths/tickets/ticket.yaml").read_text())
        assert item["get"]["x-problem-codes"] == ["not_found", "validation_failed"]

    def test_leaves_examples_behind_that_were_recorded_from_us(self, contract: Path, tmp_path: Path) -> None:
        shutil.copytree(SHARED, tmp_path / "openapi")
        overlay.place(contract, tmp_path)
        assert "examples/" in (SHARED / "responses/NotFound.yaml").read_text()
        assert [file for file in (tmp_path / "openapi/responses").iterdir() if "examples" in file.read_text()] == []


class TestKeep:
    def test_keeps_the_frame_and_no_slice(self) -> None:
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        kept = keep.kept(ROOT, listed.split("\n"))
        assert {
            "app/runtime/plans.py",
            "app/meta/health.py",
            "scripts/generate.py",
            "tests/contract/validation.py",
        } <= kept
        slices = {path.parent.name for path in (ROOT / "app").glob("*/handlers.py")}
        assert not [name for name in kept if Path(name).parts[:2] in {("app", slice_) for slice_ in slices}]
        assert not [
            name for name in kept if name.startswith(("scripts/bench", "scripts/demo", "tests/posts", "examples"))
        ]


class TestTexts:
    def test_the_makefile_loses_targets_and_commands_that_have_gone(self, tmp_path: Path) -> None:
        (tmp_path / "scripts").mkdir()
        (tmp_path / "scripts/generate.py").touch()
        (tmp_path / "Makefile").write_text(
            "SOURCES := scripts clients\n\n##@ Prove it\n\n.PHONY: check\ncheck: ## All\n\t@.ci/run\n\n"
            ".PHONY: bench\nbench: x ## Measure\n\tpython -m scripts.bench\n\n##@ Change it\n\n"
            ".PHONY: generate\ngenerate: x ## Derive\n\tpython -m scripts.generate\n\tpython -m scripts.gone log\n"
        )
        assert texts.makefile(tmp_path) == {"check", "generate", "stubs"}
        made = (tmp_path / "Makefile").read_text()
        assert "check: ## All\n\t@.ci/run\n" in made
        assert "SOURCES := scripts\n" in made
        assert "bench" not in made
        assert "gone" not in made

    def test_ci_loses_steps_that_have_gone(self, tmp_path: Path) -> None:
        (tmp_path / ".ci").mkdir()
        (tmp_path / ".ci/run").write_text(
            "set -e\ngates() {\n}\ngate lint\ngate bench\ngates test bench a-b\ngates bench\n"
        )
        texts.ci(tmp_path, {"lint", "test", "a-b"})
        assert (tmp_path / ".ci/run").read_text() == "set -e\ngates() {\n}\ngate lint\ngates test a-b\n"

    def test_recorded_examples_are_asked_for_later_and_the_reason_is_dated(self, tmp_path: Path) -> None:
        shutil.copy(ROOT / "redocly.yaml", tmp_path)
        texts.redocly(tmp_path)
        assert re.search(
            r"^  # 20..-..-..: .*\.\n  house/true-examples: off$", (tmp_path / "redocly.yaml").read_text(), re.MULTILINE
        )

    @pytest.mark.parametrize("name", ["app/settings.py", ".env.example"])
    def test_the_products_own_settings_are_one_paragraph(self, tmp_path: Path, name: str) -> None:
        file = tmp_path / "file"
        before = (ROOT / name).read_text()
        file.write_text(before)
        texts.replace_own(file, "# Theirs.\n")
        after = file.read_text()
        assert "access_token_expire_minutes" not in after.lower()
        # Nothing but that paragraph has gone: what stands before it and behind it is as it was.
        (gone,) = [part for part in before.split("\n\n") if part.lstrip().startswith(texts.OWN)]
        assert after == before.replace(gone, "# Theirs.")

    def test_says_so_when_there_is_no_such_paragraph(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("a = 1\n")
        with pytest.raises(ValueError, match="has no paragraph that begins with"):
            texts.replace_own(tmp_path / "file", "")

    def test_what_only_the_products_settings_need_is_not_imported(self, tmp_path: Path) -> None:
        file = tmp_path / "settings.py"
        shutil.copy(ROOT / "app/settings.py", file)
        line = "from app import own_values as own"
        texts.replace_own(file, "    theirs: int = 1\n")
        texts.without(file, line)
        assert not re.search(r"\bown\.|own_values", file.read_text())
        with pytest.raises(ValueError, match="has no line"):
            texts.without(file, line)


class TestRefusals:
    """They are asked for and not run: a command that deletes is not tried on the repository it stands in."""

    @pytest.mark.parametrize("name", ["", "m", "Museum", "a museum", "../museum"])
    def test_a_name_that_is_none(self, name: str) -> None:
        assert (refusal(name, ROOT) or "").startswith("NAME: ")

    def test_changes_that_could_not_be_had_back(self, tmp_path: Path) -> None:
        for command in (["init", "--quiet"], ["add", "--all"]):
            (tmp_path / "file").write_text("a")
            subprocess.run(["git", *command], cwd=tmp_path, check=True)
        assert (refusal("museum", tmp_path) or "").startswith("There are changes that are not committed")

    def test_a_folder_without_git(self, tmp_path: Path) -> None:
        assert (refusal("museum", tmp_path) or "").startswith("There are changes that are not committed")

    def test_nothing_else(self, tmp_path: Path) -> None:
        subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
        assert refusal("museum", tmp_path) is None
