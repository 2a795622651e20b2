"""What the generator of code is given, and what it leaves."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts import server
from scripts.generator_input import HEADERS_OF_ALL, HEADERS_OF_REFUSALS, for_the_generator, operations
from scripts.samples.values import resolved

GENERATED = Path(__file__).parents[2] / "generated"
SERVICES = """{result}

class ApiKeysService(Protocol[PrincipalT_contra]):
    ...


class HoursService(Protocol):
    ...


class TagsService(Protocol[PrincipalT_contra]):
    ...
"""
MEMBERS = "    api_keys: ApiKeysService[PrincipalT]\n    hours: HoursService\n    tags: TagsService[PrincipalT]\n"


@pytest.fixture
def contract() -> dict[str, Any]:
    return json.loads((GENERATED / "openapi.json").read_bytes())


def headers(contract: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
    """Return the headers of every answer, by operation and status."""
    return {
        (operation["operationId"], status): set(resolved(contract, answer).get("headers", ()))
        for _, _, operation, _ in operations(contract)
        for status, answer in operation["responses"].items()
    }


def test_answers_lose_what_all_have_and_refusals_keep_what_a_caller_acts_on(contract: dict[str, Any]) -> None:
    whole, lean = headers(contract), headers(json.loads(for_the_generator(contract)))
    assert len(whole) == len(lean) > 100
    for place, names in whole.items():
        assert lean[place] == (names - HEADERS_OF_ALL if place[1] < "4" else names & HEADERS_OF_REFUSALS), place
    assert whole["createPost", "201"] - lean["createPost", "201"] == HEADERS_OF_ALL
    assert {"ETag", "Location"} <= lean["createPost", "201"]
    assert lean["logIn", "429"] == HEADERS_OF_REFUSALS


def test_the_contract_itself_is_left_whole(contract: dict[str, Any]) -> None:
    before = json.dumps(contract)
    for_the_generator(contract)
    assert json.dumps(contract) == before


def test_of_the_server_the_protocols_alone_are_left(tmp_path: Path) -> None:
    kept = {file.name for file in (GENERATED / "server").iterdir() if file.name != "__pycache__"}
    assert kept == {"__init__.py", "services.py", "py.typed"}
    assert server.RESULT in (GENERATED / "server/services.py").read_text()
    written = SERVICES.format(result=server.RESULT_OF_GENERATOR)
    server.write(written, tmp_path / "server")
    assert (tmp_path / "server/services.py").read_text() == SERVICES.format(result=server.RESULT)
    together = (tmp_path / "server/__init__.py").read_text()
    assert MEMBERS in together


def test_a_generator_that_writes_something_else_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="takes HTTPResult from another place"):
        server.write(SERVICES.format(result="from .results import HTTPResult\n"), tmp_path / "server")
    with pytest.raises(ValueError, match="wrote no Protocol"):
        server.write(server.RESULT_OF_GENERATOR, tmp_path / "other")


def test_what_derives_generated_needs_none_of_it(tmp_path: Path) -> None:
    for folder in ("app", "scripts"):
        shutil.copytree(GENERATED.parent / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-c", "import scripts.generate"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
