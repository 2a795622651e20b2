"""Every example is sent again, and what comes back is compared with what is kept, letter by letter."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.examples.__main__ import OPENAPI, kept, write
from scripts.examples.check import stale, untold, untold_problems
from scripts.examples.files import files
from scripts.examples.stories import UNTOLD, tell
from scripts.examples.teller import Exchange, StoryError, Teller, operation_ids
from tests.contract.checked import checked

pytestmark = pytest.mark.xdist_group("sandbox")


@pytest.fixture(scope="module")
def exchanges(running_sandbox: str) -> list[Exchange]:
    """All stories, told anew."""
    return tell(running_sandbox)


@pytest.fixture(scope="module")
def recorded(exchanges: list[Exchange]) -> dict[str, str]:
    """The files as they would be written now."""
    return files(exchanges)


class TestEveryOperation:
    @pytest.mark.parametrize("operation", operation_ids())
    def test_has_examples_that_are_true(
        self, operation: str, exchanges: list[Exchange], recorded: dict[str, str]
    ) -> None:
        assert stale(operation, kept(OPENAPI), recorded) == []
        assert untold(operation, exchanges) == []

    def test_keeps_its_contract_in_them(self, exchanges: list[Exchange]) -> None:
        assert len([checked(exchange.response) for exchange in exchanges]) > len(operation_ids())

    def test_is_all_that_is_kept(self, recorded: dict[str, str]) -> None:
        assert kept(OPENAPI).keys() == recorded.keys()

    def test_problems_are_shown_one_of_a_kind(self, recorded: dict[str, str]) -> None:
        assert untold_problems(recorded) == []


@pytest.fixture
def teller(running_sandbox: str) -> Iterator[Teller]:
    """Tells stories that are wrong."""
    with Teller(running_sandbox) as teller:
        yield teller


class TestAFault:
    NAME = "examples/getTag.tag.response.yaml"

    def test_a_stale_example_is_seen(self, recorded: dict[str, str]) -> None:
        changed = kept(OPENAPI) | {self.NAME: recorded[self.NAME].replace("name:", "title:")}
        complaint, *difference = stale("getTag", changed, recorded)
        assert complaint.startswith(f"openapi/{self.NAME} is not what the service says: run `make examples`")
        assert any(line.startswith("-  title:") for line in difference)

    def test_a_missing_and_a_superfluous_file_are_seen(self, recorded: dict[str, str]) -> None:
        missing = {name: text for name, text in kept(OPENAPI).items() if name != self.NAME}
        surplus = kept(OPENAPI) | {"examples/getTag.old.response.yaml": "summary: It was once so.\n"}
        assert self.NAME in stale("getTag", missing, recorded)[0]
        assert "getTag.old" in stale("getTag", surplus, recorded)[0]

    def test_an_operation_without_a_story_is_named(self, recorded: dict[str, str], exchanges: list[Exchange]) -> None:
        silent = {name: text for name, text in recorded.items() if "/getTag." not in name}
        assert stale("getTag", silent, silent) == [
            "getTag has no examples: tell it in scripts/examples/stories and run `make examples`."
        ]
        others = [exchange for exchange in exchanges if exchange.response.status_code != 304]
        assert untold("getTag", others) == ["getTag 304 is in no story: tell it in scripts/examples/stories."]

    def test_a_problem_without_an_example_and_an_idle_excuse_are_named(
        self, recorded: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(UNTOLD, "not_found", "It would take too long.")
        fewer = [name for name in recorded if "tag_taken" not in name]
        assert [line.split(" is in ")[0] for line in untold_problems(fewer)] == ["tag_taken", "not_found"]

    def test_a_story_that_does_not_go_as_told_stops(self, teller: Teller) -> None:
        anybody = teller.anybody()
        with pytest.raises(StoryError, match=r"getMe\.member was answered with 401"):
            anybody.tells("getMe", "member", "One's own account.")
        with pytest.raises(StoryError, match="in preparation, failed"):
            anybody.does("getMe")
        with pytest.raises(StoryError, match="getMee is no operation"):
            anybody.does("getMee")
        anybody.tells("listTags", "first", "Tags.")
        with pytest.raises(StoryError, match="told twice"):
            anybody.tells("listTags", "first", "Tags.")


class TestWrite:
    def test_writes_what_is_new_and_removes_what_is_old(self, tmp_path: Path, recorded: dict[str, str]) -> None:
        (tmp_path / "examples").mkdir()
        (tmp_path / "examples/getTag.old.response.yaml").write_text("summary: It was once so.\n")
        assert len(write(tmp_path, recorded)) == len(recorded) + 1
        assert kept(tmp_path) == recorded
        assert write(tmp_path, recorded) == []
