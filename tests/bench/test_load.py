from pathlib import Path

import pytest

from scripts.bench import load
from scripts.bench.load import LoadFailed, Request

OUTPUT = """Running 2s test @ http://127.0.0.1:9451
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.13ms    1.88ms  38.10ms   96.16%
    Req/Sec    16.31k     1.02k   17.68k    75.00%
  32440 requests in 2.00s, 61.55MB read
Requests/sec:  16219.55
Transfer/sec:     30.77MB
{"requests": 32440, "microseconds": 2000057, "refused": 0, "broken": 0, "p50": 1744, "p99": 8132}
"""


class TestParse:
    def test_reads_the_figures(self) -> None:
        counted = load.parse(OUTPUT)
        assert (counted.requests, round(counted.rate)) == (32440, 16220)
        assert (counted.p50, counted.p99) == (1.744, 8.132)

    @pytest.mark.parametrize(
        ("told", "instead"),
        [
            ('"refused": 0', '"refused": 1'),
            ('"broken": 0', '"broken": 3'),
            ('"requests": 32440', '"requests": 0'),
        ],
    )
    def test_does_not_count_a_run_with_failures(self, told: str, instead: str) -> None:
        with pytest.raises(LoadFailed, match="were no success"):
            load.parse(OUTPUT.replace(told, instead))

    def test_says_what_wrk_said_when_there_are_no_figures(self) -> None:
        with pytest.raises(LoadFailed, match="unable to connect"):
            load.parse("unable to connect to 127.0.0.1:1 Connection refused\n")


class TestWrite:
    def test_writes_a_line_per_request(self, tmp_path: Path) -> None:
        requests = [
            Request("GET", "/a?limit=20"),
            Request("POST", "/b", "Authorization: Bearer token", '{"content": "Well said."}'),
        ]
        written = load.write(requests, tmp_path / "requests.txt").read_text()
        assert written == 'GET\t/a?limit=20\nPOST\t/b\tAuthorization: Bearer token\t{"content": "Well said."}\n'


class TestVersion:
    def test_is_what_wrk_calls_itself(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        tool = tmp_path / "wrk"
        tool.write_text("#!/bin/sh\necho 'wrk debian/4.1.0-3 [epoll] Copyright (C) 2012 Will Glozer'\nexit 1\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        assert load.version() == "wrk debian/4.1.0-3"


class TestEnsureWrk:
    def test_names_the_remedy_where_it_cannot_install(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        # A machine without wrk and without apt-get.
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(LoadFailed, match="apt-get install wrk"):
            load.ensure_wrk()
