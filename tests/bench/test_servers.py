import os
from contextlib import AbstractContextManager
from pathlib import Path

import psutil
import pytest

from scripts.bench import servers
from scripts.bench.servers import Server, StartFailed

# Stand-ins for a service: one that answers, one that never does.
ANSWERS = """
import os
from http.server import HTTPServer, SimpleHTTPRequestHandler
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), SimpleHTTPRequestHandler).serve_forever()
"""
# Threads that begin before anybody could move the process, each on the cores that it inherits.
THREADS = (
    """
import threading
for _ in range(4):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
"""
    + ANSWERS
)
HANGS = "import time; print('I hang'); time.sleep(60)"


def start(name: str, folder: Path) -> AbstractContextManager[Server]:
    return servers.running(name, dsn="", folder=folder, cores={min(os.sched_getaffinity(0))}, path="/")


def only_cores(monkeypatch: pytest.MonkeyPatch, there: set[int]) -> None:
    def affinity(_: int) -> set[int]:
        return there

    monkeypatch.setattr(os, "sched_getaffinity", affinity)


class TestRunning:
    def test_is_pinned_and_stopped_at_the_end(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setitem(servers.COMMANDS, servers.GALLEY, ["-c", ANSWERS])
        with start(servers.GALLEY, tmp_path) as server:
            assert server.process.cpu_affinity() == [min(os.sched_getaffinity(0))]
            assert server.start > 0
        assert not server.process.is_running()

    def test_all_its_threads_are_pinned_and_we_are_not(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setitem(servers.COMMANDS, servers.GALLEY, ["-c", THREADS])
        ours = os.sched_getaffinity(0)
        with start(servers.GALLEY, tmp_path) as server:
            threads = [thread.id for thread in server.process.threads()]
            assert len(threads) == 5
            assert {frozenset(os.sched_getaffinity(thread)) for thread in threads} == {frozenset({min(ours)})}
        assert os.sched_getaffinity(0) == ours

    def test_one_that_is_not_installed_says_who_installs_it(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setitem(servers.PROGRAMS, servers.CONNEXION, str(tmp_path / "python"))
        with pytest.raises(StartFailed, match="is missing: `make bench` installs"), start(servers.CONNEXION, tmp_path):
            pass

    def test_settings_go_before_those_of_all(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setitem(servers.COMMANDS, servers.GALLEY, ["-c", ANSWERS])
        settings = {"DEMO_DATA": "true"}
        place = {min(os.sched_getaffinity(0))}
        with servers.running(
            servers.GALLEY, dsn="", folder=tmp_path, cores=place, path="/", settings=settings
        ) as server:
            assert server.process.environ()["DEMO_DATA"] == "true"
            assert server.process.environ()["PORT"] == str(server.port)

    def test_is_stopped_when_the_measurement_fails(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setitem(servers.COMMANDS, servers.GALLEY, ["-c", ANSWERS])
        running = start(servers.GALLEY, tmp_path)
        server = running.__enter__()
        assert server.process.is_running()
        failure = ZeroDivisionError()
        assert not running.__exit__(type(failure), failure, None)
        assert not server.process.is_running()

    def test_one_that_does_not_answer_is_stopped_and_quoted(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setitem(servers.COMMANDS, servers.GALLEY, ["-u", "-c", HANGS])
        monkeypatch.setattr(servers, "START_TIMEOUT", 0.5)
        before = set(psutil.Process().children())
        with pytest.raises(StartFailed, match="I hang"), start(servers.GALLEY, tmp_path):
            pass
        assert set(psutil.Process().children()) <= before


class TestCores:
    @pytest.mark.parametrize(
        ("there", "cores"), [({0, 1}, (0, 1, None)), ({3, 1, 2}, (1, 2, 3)), ({0, 1, 2, 3}, (0, 1, 2))]
    )
    def test_of_the_service_of_the_load_and_of_a_second_worker(
        self, monkeypatch: pytest.MonkeyPatch, there: set[int], cores: tuple[int, int, int | None]
    ) -> None:
        only_cores(monkeypatch, there)
        assert servers.cores() == cores

    def test_one_is_not_enough(self, monkeypatch: pytest.MonkeyPatch) -> None:
        only_cores(monkeypatch, {0})
        with pytest.raises(StartFailed, match="two cores"):
            servers.cores()


class TestNodeVersion:
    def test_is_what_node_calls_itself(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        tool = tmp_path / "node"
        tool.write_text("#!/bin/sh\necho v20.20.2\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        assert servers.node_version() == "v20.20.2"

    def test_is_not_known_where_there_is_none(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert servers.node_version() == "?"
