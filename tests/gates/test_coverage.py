"""The coverage of the contract: each dimension is seen red, in a suite of its own and on a contract of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.coverage.contract import (
    ACCEPTED,
    ANSWERS,
    ANY,
    DIMENSIONS,
    ENUM,
    HEADER,
    PARAMETER,
    REFUSED,
    SECURITY,
    SENDS,
    STATUS,
    Cell,
    Contract,
)
from scripts.coverage.exemptions import BadExemptions, load
from scripts.coverage.observe import Observer
from scripts.coverage.record import VARIABLE, Record, read, together, write
from scripts.coverage.summary import summarise
from scripts.coverage.verdict import judge, named
from tests.gates.planted import JSON, PROBLEM, exchange, multipart, planted

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
    HEADER: Cell("createPost", HEADER, "201", "idempotent-replayed"),
}


def suite(folder: Path, missing: set[Cell], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a suite of its own whose one test has met every cell of ours but what is `missing` or exempt."""
    met = [[*cell, 1] for cell in Contract.load().due if cell not in missing and cell not in load().cells]
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


class TestObserver:
    """What later operations bring: nothing of it may go by unseen, or be taken for what it is not."""

    def test_knows_what_is_due(self) -> None:
        due = set(planted().due)
        assert {
            Cell("uploadFile", SENDS, "", "multipart/form-data"),
            Cell("uploadFile", SENDS, "", "application/x-ndjson"),
            Cell("uploadFile", ENUM, "body /kind", "line"),
            Cell("uploadFile", STATUS, "", "2XX"),
            Cell("uploadFile", SECURITY, "key", "refused without files:write"),
            Cell("uploadFile", SECURITY, "nobody", REFUSED),
            Cell("getFile", SECURITY, "session + token", ACCEPTED),
            Cell("getFile", ANSWERS, "200", "image/*"),
            Cell("getFile", ENUM, "200 header x-cache", "miss"),
            Cell("fileKept", SENDS, "", JSON),
            Cell("fileKept", STATUS, "", "204"),
            Cell("fileKept", ENUM, "body /kind", "sound"),
            Cell(ANY, ENUM, f"{PROBLEM} /code", "broken"),
        } <= due
        # A problem that is narrowed down is an operation's own; what all of them share is due once.
        own = {cell.value for cell in due if (cell.operation, cell.place) == ("uploadFile", "409 /code")}
        assert own == {"taken"}
        assert not [cell for cell in due if cell.operation == "fileKept" and cell.dimension == SECURITY]

    def test_sees_a_multipart_body(self) -> None:
        sent, content = multipart(('name="kind"', b"sound"), ('name="file"; filename="a.bin"', b"\x00\xff image"))
        call = exchange("POST", "/v1/files", 201, sent=sent, content=content)
        found = Observer(planted()).observe(call)
        assert Cell("uploadFile", SENDS, "", "multipart/form-data") in found
        assert [cell.value for cell in found if cell.place == "body /kind"] == ["sound"]

    def test_sees_every_line(self) -> None:
        lines = b'{"kind": "line"}\n{"kind": "other"}\n'
        call = exchange("POST", "/v1/files", 200, sent={"Content-Type": "application/x-ndjson"}, content=lines)
        found = [cell.value for cell in Observer(planted()).observe(call) if cell.place == "body /kind"]
        assert found == ["line", "other"]

    def test_sees_parameters_where_they_are(self) -> None:
        call = exchange(
            "GET",
            "/v1/files/a%2Fb?size=s&size=l",
            sent={"Cookie": "lang=nb; sid=secret", "x-trace": "1"},
            headers={"Content-Type": "image/png", "X-Cache": "hit"},
            body=b"\x89PNG",
        )
        assert {
            Cell("getFile", PARAMETER, "path", "file_id"),
            Cell("getFile", PARAMETER, "query", "size"),
            Cell("getFile", ENUM, "query size /*", "s"),
            Cell("getFile", ENUM, "query size /*", "l"),
            Cell("getFile", PARAMETER, "cookie", "lang"),
            Cell("getFile", ENUM, "cookie lang", "nb"),
            Cell("getFile", PARAMETER, "header", "X-Trace"),
            Cell("getFile", ANSWERS, "200", "image/*"),
            Cell("getFile", HEADER, "200", "x-cache"),
            Cell("getFile", ENUM, "200 header x-cache", "hit"),
        } <= set(Observer(planted()).observe(call))

    def test_sees_nothing_in_what_was_refused(self) -> None:
        call = exchange("GET", "/v1/files/1?size=s", 422, sent={"Cookie": "lang=nb"})
        assert Observer(planted()).observe(call) == []

    @pytest.mark.parametrize(
        ("target", "sent", "status", "expected"),
        [
            ("/v1/files/1", {"Cookie": "sid=s", "Authorization": "Bearer t"}, 200, [("session + token", ACCEPTED)]),
            ("/v1/files/1?key=k", {}, 200, [("query", ACCEPTED)]),
            ("/v1/files/1?key=k", {}, 401, [("query", REFUSED)]),
            ("/v1/files/1", {"Cookie": "sid=s"}, 200, []),
            ("/v1/files/1?key=k", {"Cookie": "sid=s"}, 200, []),
            ("/v1/files/1", {"Authorization": "Basic dDp0"}, 401, [("nobody", REFUSED)]),
            ("/v1/files/1", {}, 401, [("nobody", REFUSED)]),
        ],
        ids=["both", "query", "forged", "half", "too many", "other scheme", "nobody"],
    )
    def test_tells_alternatives_apart(
        self, target: str, sent: dict[str, str], status: int, expected: list[tuple[str, str]]
    ) -> None:
        found = Observer(planted()).observe(exchange("GET", target, status, sent=sent))
        assert [(cell.place, cell.value) for cell in found if cell.dimension == SECURITY] == expected

    def test_believes_a_missing_scope_only_where_the_scopes_are_known(self) -> None:
        observer, cell = Observer(planted()), Cell("uploadFile", SECURITY, "key", "refused without files:write")
        call = exchange("POST", "/v1/files", 403, sent={"X-Api-Key": "k1"})
        assert cell not in observer.observe(call)
        observer.granted["k1"] = frozenset({"files:write"})
        assert cell not in observer.observe(call)
        observer.granted["k1"] = frozenset()
        assert cell in observer.observe(call)

    def test_sees_a_webhook_that_was_received(self) -> None:
        call = exchange(
            "POST",
            "/my/hook",
            204,
            sent={"Content-Type": JSON},
            content=b'{"kind": "image"}',
            webhook="fileKept",
        )
        found = Observer(planted()).observe(call)
        assert found == [
            Cell("fileKept", STATUS, "", "204"),
            Cell("fileKept", SENDS, "", JSON),
            Cell("fileKept", ENUM, "body /kind", "image"),
        ]

    def test_sees_a_shared_problem_wherever_it_comes_from(self) -> None:
        call = exchange("GET", "/elsewhere", 404, headers={"Content-Type": PROBLEM}, body=b'{"code": "broken"}')
        assert Observer(planted()).observe(call) == [Cell(ANY, ENUM, f"{PROBLEM} /code", "broken")]


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
