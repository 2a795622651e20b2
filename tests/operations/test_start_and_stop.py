"""Starting, stopping and starting again, as the machine does it."""

import asyncio
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import psutil
import pytest

from tests.operations.service import directory, free_port, launch, running, start
from tests.pace import slowness

# Of work, which is what starting is, on the machine on which bounds were set.
START_SECONDS = 5


def dsn(data_dir: object) -> str:
    return f"postgresql://postgres@/galley?host={data_dir}/postgres"


class TestStart:
    def test_from_nothing_and_again(self) -> None:
        with directory() as data_dir:
            with running(data_dir) as service:
                assert service.get("/health/ready").json()["status"] == "ok"
                assert service.get("/api/v1/posts").json()["items"] == []
                assert str(data_dir / "outbox") in service.log
            with running(data_dir) as service:
                assert service.seconds / slowness() < START_SECONDS

    def test_fills_an_empty_database_once(self) -> None:
        with directory() as data_dir:
            with running(data_dir, DEMO_DATA="true") as service:
                first = service.get("/api/v1/posts?include_total=true").json()["page"]["total"]
                assert first > 0
            with running(data_dir, DEMO_DATA="true") as service:
                assert service.get("/api/v1/posts?include_total=true").json()["page"]["total"] == first

    def test_workers_share_port_and_database(self) -> None:
        with directory() as data_dir, running(data_dir, WORKERS="2") as service:
            assert service.get("/api/v1/posts").status_code == 200
            status, seconds = service.terminate()
            assert (status, seconds < 10) == (0, True)
            assert service.postmaster() is None

    def test_two_at_once_on_one_data_directory(self) -> None:
        with directory() as data_dir, ThreadPoolExecutor() as threads:
            first, second = threads.map(start, [data_dir, data_dir])
            assert first.terminate()[0] == 0
            assert second.get("/api/v1/posts").status_code == 200, "the first to stop took the database away"
            assert second.terminate()[0] == 0
            assert second.postmaster() is None

    def test_port_in_use_is_one_clear_line(self) -> None:
        with directory() as data_dir, socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            assert launch(data_dir, port).wait(timeout=60) == 1
            lines = (data_dir / "service.log").read_text().splitlines()
            assert lines == [f"PORT: {port} on 127.0.0.1 is in use by another process; set PORT to a free one."]
            assert not (data_dir / "postgres").exists()

    def test_database_that_is_not_there_is_one_clear_line(self) -> None:
        with directory() as data_dir:
            url = f"postgresql://me:hunter2@127.0.0.1:{free_port()}/galley"
            assert launch(data_dir, free_port(), DATABASE_URL=url).wait(timeout=60) == 1
            (line,) = (data_dir / "service.log").read_text().splitlines()
            assert line.startswith("DATABASE_URL: cannot connect")
            assert "hunter2" not in line

    def test_wrong_setting_stops_the_start(self) -> None:
        with directory() as data_dir:
            assert launch(data_dir, free_port(), WORKERS="none").wait(timeout=60) == 1
            assert (data_dir / "service.log").read_text().startswith("WORKERS: ")


class TestStop:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_signal_stops_everything_at_once_when_idle(self, number: signal.Signals) -> None:
        with (
            directory() as data_dir,
            running(data_dir) as service,
            socket.create_connection(("127.0.0.1", service.port)),
        ):
            started = time.monotonic()
            service.process.send_signal(number)
            assert service.process.wait(timeout=60) == 0
            assert time.monotonic() - started < 5
            assert service.postmaster() is None

    async def test_request_under_way_is_answered(self) -> None:
        with directory() as data_dir, running(data_dir) as service:
            connection = await asyncpg.connect(dsn(data_dir))
            lock = connection.transaction()
            await lock.start()
            await connection.execute("LOCK TABLE posts")
            answer = asyncio.create_task(asyncio.to_thread(service.get, "/api/v1/posts"))
            await asyncio.sleep(0.3)
            started = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.5)
            assert not answer.done()
            await lock.rollback()
            await connection.close()
            assert (await answer).status_code == 200
            assert await asyncio.to_thread(service.process.wait, 15) == 0
            assert time.monotonic() - started < 10

    async def test_client_that_never_ends_its_request_does_not_hold_it_up(self) -> None:
        head = b"POST /api/v1/auth/register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        with directory() as data_dir, running(data_dir) as service:
            _, writer = await asyncio.open_connection("127.0.0.1", service.port)
            writer.write(head + b"Content-Length: 100\r\n\r\n{")
            await writer.drain()
            await asyncio.sleep(0.3)
            status, seconds = await asyncio.to_thread(service.terminate)
            assert (status, seconds < 10) == (0, True)
            writer.close()

    def test_killed_service_starts_again(self) -> None:
        with directory() as data_dir:
            service = start(data_dir)
            service.process.kill()
            service.process.wait()
            with running(data_dir) as again:
                assert again.get("/api/v1/posts").status_code == 200
                assert again.seconds / slowness() < START_SECONDS
            assert again.postmaster() is None, "the service that was killed still counts as a user"

    def test_workers_end_with_the_process_that_started_them(self) -> None:
        with directory() as data_dir:
            service = start(data_dir, WORKERS="2")
            children = psutil.Process(service.process.pid).children(recursive=True)
            service.process.kill()
            service.process.wait()
            assert len(children) >= 2
            assert psutil.wait_procs(children, timeout=10)[1] == []
            with running(data_dir) as again:
                assert again.get("/api/v1/posts").status_code == 200

    def test_killed_with_its_database_starts_again(self) -> None:
        with directory() as data_dir:
            service = start(data_dir)
            postmaster = service.postmaster()
            assert postmaster
            service.process.kill()
            os.kill(postmaster, signal.SIGKILL)
            service.process.wait()
            with running(data_dir) as again:
                assert again.get("/api/v1/posts").status_code == 200

    def test_killed_while_it_initialised_the_database(self) -> None:
        with directory() as data_dir:
            process = launch(data_dir, free_port())
            # Written half-way through initdb.
            while not (data_dir / "postgres" / "PG_VERSION").exists():
                assert process.poll() is None
            process.kill()
            process.wait()
            with running(data_dir) as again:
                assert again.get("/api/v1/posts").status_code == 200

    def test_lock_of_a_process_id_that_is_somebody_elses_now(self) -> None:
        with directory() as data_dir:
            with running(data_dir) as service:
                lock = data_dir / "postgres" / "postmaster.pid"
                lines = lock.read_text().splitlines()
                assert service.postmaster() == int(lines[0])
            lock.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
            with running(data_dir) as again:
                assert again.get("/api/v1/posts").status_code == 200
