"""The journeys turn red when the service answers wrongly, and when a step expects something wrong."""

import asyncio
import shutil
from pathlib import Path

import pytest
import yaml

from app.migrations import upgrade
from scripts.lint.redocly import LintBroken
from scripts.workflows import FOLDER, Journey, descriptions, run
from tests.conftest import recreate
from tests.gates.test_contract_gates import faulty_service

ROOT = Path(__file__).parents[2]
# The faults wait for one service each, which one worker starts.
pytestmark = pytest.mark.xdist_group("journeys")


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the contract with its journeys, to plant faults in."""
    folder = tmp_path_factory.mktemp("contract")
    shutil.copytree(ROOT / "openapi", folder / "openapi")
    return folder / "openapi/workflows"


@pytest.fixture(scope="module")
def dsn(server: str, worker_id: str) -> str:
    """The address of an empty database, in which the journeys leave what they make."""
    address = asyncio.run(recreate(server, f"journeys_{worker_id}"))
    upgrade(address)
    return address


def planted(folder: Path, name: str, old: str, new: str) -> Path:
    """Write a journey with a fault; return where it is."""
    file = folder / name
    text = file.read_text()
    assert old in text, "the journey has moved on; plant the fault elsewhere"
    file.write_text(text.replace(old, new, 1))
    return file


def line(file: Path, step: str) -> int:
    """Return where a step stands."""
    return file.read_text().splitlines().index(f"      - stepId: {step}") + 1


def complaints(journeys: list[Journey]) -> dict[str, tuple[str, ...]]:
    """Return what is wrong with each journey."""
    return {journey.name: journey.complaints for journey in journeys}


def test_a_wrong_expectation_is_named_with_its_step(dsn: str, copies: Path, tmp_path: Path) -> None:
    join = planted(copies, "1-join.arazzo.yaml", '#/role == "user"', '#/role == "queen"')
    write = planted(copies, "2-write.arazzo.yaml", "operationId: publishPost", "operationId: publishIt")
    read = copies / "3-read.arazzo.yaml"
    recover = planted(copies, "5-recover.arazzo.yaml", "value: $steps.readAgain.outputs.etag", "value: '\"1-0\"'")
    with faulty_service(dsn, "none", "") as address:
        found = complaints(run(address, [join, write, read, recover], tmp_path / "report.json"))
    assert found["3-read"] == ()
    (said,) = found["1-join"]
    place = f"{join}:{line(join, 'register')} joinAndStayLoggedIn/register: POST /auth/register was answered 201"
    assert said.startswith(f'{place}: success criteria check: $response.body#/role == "queen".')
    assert "publishIt" in " ".join(found["2-write"])
    said = found["5-recover"][0]
    assert "recoverFromProblems/editAgain: PATCH /posts/" in said
    assert "was answered 412: success criteria check: $statusCode == 200." in said


def test_a_wrong_answer_is_named_with_its_step(dsn: str, copies: Path, tmp_path: Path) -> None:
    # Another member, because the one of the journey has joined already.
    read = planted(copies, "3-read.arazzo.yaml", "default: maria_m", "default: maria_n")
    with faulty_service(dsn, "a missing member", "/api/v1/posts") as address:
        (journey,) = run(address, [read], tmp_path / "report.json")
    (said,) = journey.complaints
    place = f"{read}:{line(read, 'writeOlder')} readPageByPage/writeOlder: POST /posts was answered 201"
    # The fault takes every member away that is null in a draft, and the tool names one of them.
    assert said.startswith(f"{place}: schema check: REQUIRED must have required property 'publish_at'. Correct")


def test_a_service_that_is_away_is_a_complaint(tmp_path: Path) -> None:
    (journey,) = run("http://127.0.0.1:9", [FOLDER / "1-join.arazzo.yaml"], tmp_path / "report.json")
    assert journey.complaints
    assert "joinAndStayLoggedIn/register" in journey.complaints[0]


def test_a_description_that_cannot_be_read_is_one_line(copies: Path, tmp_path: Path) -> None:
    file = copies / "6-broken.arazzo.yaml"
    file.write_text("arazzo: 1.0.1\ninfo: [\n")
    with pytest.raises(LintBroken) as broken:
        run("http://127.0.0.1:9", [file], tmp_path / "report.json")
    assert "\n" not in str(broken.value)


def test_five_journeys_begin_at_the_first_request_and_know_their_contract() -> None:
    files = descriptions()
    assert len(files) >= 5
    for file in files:
        document = yaml.safe_load(file.read_text())
        assert [source["url"] for source in document["sourceDescriptions"]] == ["../openapi.yaml"]
        assert document["info"]["description"].strip()
