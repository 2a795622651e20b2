"""Every command that a text shows is run against the sandbox, and does what the text says."""

import shutil
from pathlib import Path

import httpx2
import pytest

from app.contract import bundle
from scripts.examples.commands import Block, blocks, run, texts

ROOT = Path(__file__).parents[2]
# It is about another service, and `make guide` does all that it says.
ELSEWHERE = {"docs/guide.md"}
PAGES = {name: found for name, text in texts(ROOT, bundle()) if name not in ELSEWHERE and (found := blocks(text))}
pytestmark = pytest.mark.xdist_group("sandbox")


@pytest.fixture
def sandbox(running_sandbox: str) -> str:
    assert shutil.which("curl"), "curl is not installed, and the texts show it: install Debian's package curl."
    assert httpx2.post(f"{running_sandbox}/sandbox/reset").status_code == 204
    return running_sandbox


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_work(page: str, sandbox: str, tmp_path: Path) -> None:
    assert run(PAGES[page], sandbox, tmp_path) == []


def test_the_contract_and_the_readme_show_commands() -> None:
    assert {"openapi/info/description", "README.md"} <= PAGES.keys()


class TestAFault:
    LISTS = "curl -s http://localhost:8000/api/v1/tags?limit=1"

    @pytest.mark.parametrize(
        ("script", "stated", "complaint"),
        [
            ("curl -s http://localhost:8000/api/v1/tags?limt=1", None, "answered with [422], where 0 are meant"),
            (f"# This is refused.\n{LISTS}", None, "answered with [200], where 1 are meant"),
            ("no-such-command", None, "the commands end with 127"),
            (LISTS, '{"items": []}', "which is not what is stated"),
            ("curl -s http://127.0.0.1:1/", None, "the commands end with 7"),
        ],
    )
    def test_is_seen(self, sandbox: str, tmp_path: Path, script: str, stated: str | None, complaint: str) -> None:
        assert complaint in "\n".join(run([Block(script, stated)], sandbox, tmp_path))

    def test_blocks_are_found_where_they_state_what_they_print(self) -> None:
        text = f"Do:\n\n```sh\n{self.LISTS}\n```\n\n```json\n{{}}\n```\n\n```bash\nls\n```\n\nOr:\n\n```json\n[]\n```\n"
        assert blocks(text) == [Block(f"{self.LISTS}\n", "{}\n")]
        assert blocks("```sh\nmake run\n```\n") == []
