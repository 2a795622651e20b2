"""The coverage of the contract: each dimension is seen red, in a suite of its own and on a contract of its own."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from scripts.coverage.contract import (
    ACCEPTED,
    ANSWERS,
    CODE,
    DIMENSIONS,
    ENUM,
    HEADER,
    PARAMETER,
    SECURITY,
    SENDS,
    STATUS,
    Cell,
    Contract,
)
from scripts.coverage.exemptions import BadExemptions, load
from scripts.coverage.page import render
from scripts.coverage.record import VARIABLE, Record, read, together, write
from scripts.coverage.serve import Recording
from scripts.coverage.summary import summarise
from scripts.coverage.verdict import judge, named
from tests.conftest import BASE_URL
from tests.contract.checked import checked_client
from tests.factories import Factory
from tests.gates.planted import JSON, exchange, planted

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != VARIABLE} | {"PYTHONPATH": str(ROOT)}
# One cell of ours per dimension, which a suite of its own has not met.
MISSING = {
    STATUS: Cell("getPost", STATUS, "", "404"),
    SENDS: Cell("createPost", SENDS, "", "application/json"),
    ANSWERS: Cell("getPost", ANSWERS, "200", "application/json"),
    SECURITY: Cell("createPost", SECURITY, "bearer", "refused without posts:write"),
    PARAMETER: Cell("updatePost", PARAMETER, "header", "If-Match"),
    ENUM: Cell("listPosts", ENUM, "query sort", "-title"),
    CODE: Cell("likePost", CODE, "", "not_found"),
    HEADER: Cell("createPost", HEADER, "201", "idempotent-replayed"),
}


def suite(
    folder: Path, missing: set[Cell], *arguments: str, more: Sequence[object] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a suite of its own whose one test has met every cell of ours but what is `missing` or exempt."""
    met = [*more] + [[*cell, 1] for cell in Contract.load().due if cell not in missing and cell not in load().cells]
    (folder / "pytest.ini").write_text("[pytest]\ntestpaths = .\n")
    (folder / "conftest.py").write_text(
        "from tests.contract import seen\ndef pytest_configure(config): config.pluginmanager.register(seen)\n"
    )
    (folder / "test_all.py").write_text(
        f"from tests.contract import seen\ndef test_all():\n    seen.seen().add({met})\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:schemathesis"]
    command += [f"--basetemp={folder / 'temp'}", *arguments]
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)


class TestSuite:
    @pytest.mark.parametrize("workers", ["0", "2"])
    def test_sees_what_was_never_seen_in_any_dimension(self, tmp_path: Path, workers: str) -> None:
        assert set(MISSING) == set(DIMENSIONS)
        outcome = suite(tmp_path, set(MISSING.values()), "-n", workers)
        assert outcome.returncode == pytest.ExitCode.TESTS_FAILED, outcome.stdout + outcome.stderr
        for dimension, (met, due, exempt) in judge(Contract.load(), {}, load().cells).counts().items():
            assert f"{named(MISSING[dimension])} was never seen: " in outcome.stdout
            counted = outcome.stdout.split(f"\n{dimension} ", 1)[1].split("\n", 1)[0].split()
            assert counted[:3] == [str(due - exempt - 1), "of", str(due) + ("," if exempt else "")]
            assert met == 0
        page = (tmp_path / "build/coverage/index.html").read_text()
        assert "✗ 404" in page
        assert f"{len(MISSING)} to mend" in page

    def test_sees_a_code_that_is_not_named_even_in_a_part(self, tmp_path: Path) -> None:
        planted_code = ["likePost", CODE, "", "tag_taken", 1]
        outcome = suite(tmp_path, set(), "test_all.py", more=[planted_code])
        assert outcome.returncode == pytest.ExitCode.TESTS_FAILED, outcome.stdout + outcome.stderr
        assert (
            "likePost: problem code tag_taken was seen: name it in x-problem-codes of the operation" in outcome.stdout
        )

    def test_is_content_with_all(self, tmp_path: Path) -> None:
        outcome = suite(tmp_path, set(), "-n", "2")
        assert outcome.returncode == pytest.ExitCode.OK, outcome.stdout + outcome.stderr
        assert "never seen" not in outcome.stdout
        assert "to mend" not in (tmp_path / "build/coverage/index.html").read_text()

    def test_lets_a_part_of_the_suite_be(self, tmp_path: Path) -> None:
        for part in (("test_all.py",), ("-k", "all")):
            outcome = suite(tmp_path, {MISSING[STATUS]}, *part)
            assert outcome.returncode == pytest.ExitCode.OK, outcome.stdout + outcome.stderr
        assert not (tmp_path / "build").exists()


class TestExemptions:
    def test_without_need_are_faults(self) -> None:
        contract = planted()
        due = dict.fromkeys(contract.due, 1)
        met, unknown = Cell("getFile", STATUS, "", "200"), Cell("getFile", STATUS, "", "299")
        faults = judge(contract, due, {met: "Because.", unknown: "Because."}).faults()
        assert [fault.split(" is exempt without need: ") for fault in faults] == [
            ["contract-coverage.toml: getFile: status 200", "it was met; take the exemption out"],
            ["contract-coverage.toml: getFile: status 299", "the contract has no such cell; take the exemption out"],
        ]

    def test_excuse_what_was_not_met(self) -> None:
        contract, cell = planted(), Cell("getFile", STATUS, "", "200")
        seen = {due: 1 for due in contract.due if due != cell}
        assert judge(contract, seen, {}).missing == [cell]
        assert judge(contract, seen, {cell: "Because."}).faults() == []

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("[[cells]", "mend the TOML"),
            ('[[cells]]\noperation = "getPost"\ndimension = "status"\nvalues = ["404"]', "cells 1: reason is missing"),
            (
                '[[cells]]\noperation = "getPost"\ndimension = "status"\nvalues = ["404"]\nreason = "It is so."',
                "explains nothing",
            ),
            (
                '[[cells]]\noperation = "getPost"\ndimension = "mood"\nvalues = []\nreason = "It cannot be otherwise."',
                "no dimension 'mood'",
            ),
            ('[[disagreements]]\nverdict = "accepts"\nstatus = 422\nmood = "bad"', "mood is unknown"),
        ],
        ids=["toml", "no reason", "empty reason", "dimension", "member"],
    )
    def test_are_complete(self, tmp_path: Path, text: str, complaint: str) -> None:
        path = tmp_path / "contract-coverage.toml"
        path.write_text(text)
        with pytest.raises(BadExemptions) as bad:
            load(path)
        assert str(bad.value).startswith("contract-coverage.toml")
        assert complaint in str(bad.value)
        assert "\n" not in str(bad.value)


class TestRecords:
    def test_of_several_runs_add_up_and_those_of_another_contract_do_not(self, tmp_path: Path) -> None:
        contract = planted()
        cells = list(contract.due)
        write(tmp_path / "test.json", "planted", [[*cell, 2] for cell in cells[:-1]])
        write(tmp_path / "contract-test.json", "planted", [[*cells[0], 1]])
        write(tmp_path / "old.json", "another", [[*cells[-1], 1]])
        runs, stale = read(tmp_path, "planted")
        assert (list(runs), stale) == (["contract-test", "test"], ["old.json"])
        assert together(runs)[cells[0]] == 3
        verdict, notes = summarise(tmp_path, contract, {})
        assert verdict.missing == [cells[-1]]
        assert notes == ["old.json was recorded with another contract and does not count; run it again"]
        write(tmp_path / "old.json", "planted", [[*cells[-1], 1]])
        assert summarise(tmp_path, contract, {})[0].faults() == []

    def test_that_are_missing_are_faults(self, tmp_path: Path) -> None:
        verdict, notes = summarise(tmp_path, planted(), {})
        assert len(verdict.faults()) == len(planted().due)
        assert notes == ["no run has left a record; run `make test` first"]

    def test_count_what_was_seen(self) -> None:
        record = Record(planted())
        record.note(exchange("GET", "/v1/files/1?key=k"))
        record.add(record.rows())
        assert record.seen[Cell("getFile", STATUS, "", "200")] == 2

    def test_are_left_by_a_process_at_its_end_where_it_is_told(self, tmp_path: Path) -> None:
        code = (
            "from scripts.coverage.record import of_process\nfrom tests.gates.planted import exchange\n"
            "of_process().note(exchange('DELETE', '/api/v1/posts/1/like', 204))\n"
        )
        path = tmp_path / "build/foreign.json"
        told = ENVIRONMENT | {VARIABLE: str(path)}
        outcome = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=told, capture_output=True, check=False)
        assert outcome.returncode == 0, outcome.stderr
        runs, stale = read(path.parent, Contract.load().fingerprint)
        assert (stale, runs["foreign"][Cell("unlikePost", STATUS, "", "204")]) == ([], 1)

    async def test_hold_what_foreign_clients_do(self, app: ASGIApp, make: Factory) -> None:
        record, author = Record(Contract.load()), await make.member()
        async with checked_client(Recording(app, record), BASE_URL, author.headers, record=False) as client:
            # Long enough to be compressed on its way.
            draft = {"title": "The engine weaves", "content": "It weaves patterns. " * 200}
            answer = await client.post("/posts", json=draft, headers={"Idempotency-Key": "k" * 20})
            assert answer.headers["content-encoding"] == "gzip"
            await client.get("/posts", params={"sort": "-title"})
        assert {
            Cell("createPost", STATUS, "", "201"),
            Cell("createPost", SENDS, "", JSON),
            Cell("createPost", PARAMETER, "header", "Idempotency-Key"),
            Cell("createPost", ENUM, "201 /status", "draft"),
            Cell("createPost", SECURITY, "bearer", ACCEPTED),
            MISSING[ENUM],
        } <= set(record.seen)


class TestMatrix:
    def test_shows_what_is_met_missing_and_exempt(self) -> None:
        contract = planted()
        missing, exempt = Cell("getFile", STATUS, "", "200"), Cell("getFile", ENUM, "cookie lang", "nb")
        seen = {cell: 7 for cell in contract.due if cell not in (missing, exempt)}
        reasons = {exempt: "Nobody speaks <it>."}
        page = render(contract, judge(contract, seen, reasons), {"test": seen, "other": {}})
        assert 'title="getFile: status 200: never seen">✗ 200</span>' in page
        assert 'title="getFile: enum value (cookie lang) nb: exempt. Nobody speaks &lt;it&gt;.">nb</span>' in page
        assert 'title="getFile: enum value (cookie lang) en">en <i>7</i></span>' in page
        assert "1 to mend" in page
        assert all(operation.name in page for operation in contract.operations)
        # It is complete in itself.
        assert "src=" not in page
        assert "href=" not in page
