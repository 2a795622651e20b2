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
HANGS = "import time; print('I hang'); time.sleep(60)"


def start(name: str, folder: Path) -> AbstractContextManager[Server]:
    return servers.running(name, dsn="", folder=folder, cores={min(os.sched_getaffinity(0))}, path="/")


class TestRunning:
    def test_is_pinned_and_stopped_at_the_end(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setitem(servers.COMMANDS, servers.GALLEY, ["-c", ANSWERS])
        with start(servers.GALLEY, tmp_path) as server:
            assert server.process.cpu_affinity() == [min(os.sched_getaffinity(0))]
            assert server.start > 0
        assert not server.process.is_running()

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
