"""The database goes and comes back; the service says so at once, and needs no restart."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from app import embedded
from app.settings import settings
from tests.operations.service import Service, directory, running
from tests.pace import within

PATH = "/api/v1/posts"


@pytest.fixture
def service() -> Iterator[Service]:
    # Kept answers would be given for a moment longer.
    with directory() as data_dir, running(data_dir, PUBLIC_CACHE_SECONDS="0") as service:
        yield service


def postmaster(service: Service) -> psutil.Process:
    pid = service.postmaster()
    assert pid
    return psutil.Process(pid)


def bring_back(data_dir: Path) -> None:
    """Start PostgreSQL as an administrator would, and leave it to the service."""
    if os.fork() == 0:
        embedded.start(data_dir)
        # Without the exit's clean-up, which would stop the server with its only user.
        os._exit(0)
    assert os.wait()[1] == 0


def assert_unavailable(service: Service) -> None:
    # Two seconds, three quarters of which the service waits for a database that does not answer.
    with within(0.5, waiting=settings().database_command_timeout):
        answer = service.get(PATH)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json()["code"] == "service_unavailable"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopped(service: Service, number: signal.Signals) -> None:
    assert service.get(PATH).status_code == 200
    process = postmaster(service)
    process.send_signal(number)
    psutil.wait_procs([process], timeout=3)
    for _ in range(3):
        assert_unavailable(service)
    assert service.get("/health").status_code == 200
    assert service.get("/health/ready").status_code == 503
    bring_back(service.data_dir)
    assert service.get(PATH).status_code == 200
    assert service.get("/health/ready").status_code == 200
    assert service.terminate()[0] == 0
    assert service.postmaster() is None, "the service left the database running"


def test_frozen(service: Service) -> None:
    assert service.get(PATH).status_code == 200
    main = postmaster(service)
    processes = [main, *main.children()]
    for process in processes:
        process.suspend()
    try:
        with ThreadPoolExecutor(4) as threads:
            for wait in [threads.submit(assert_unavailable, service) for _ in range(4)]:
                wait.result()
    finally:
        for process in processes:
            process.resume()
    time.sleep(0.2)
    assert service.get(PATH).status_code == 200


def test_away_while_stopping(service: Service) -> None:
    postmaster(service).send_signal(signal.SIGINT)
    assert_unavailable(service)
    status, seconds = service.terminate()
    assert (status, seconds < 10) == (0, True)
