"""`make run`: settings, database, migrations, demo data, then the server until SIGTERM or Ctrl-C."""

import asyncio
import errno
import logging.config
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import NoReturn

import asyncpg
import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from app import crew, logs
from app.revision import is_newest
from app.settings import Settings, load, settings
from app.wire import BoundedProtocol

log = logging.getLogger("app")

# Requests under way get this long to end. With the database's own stop it stays within ten seconds.
DRAIN_SECONDS = 7
CONNECT_SECONDS = 5
# Longer than the minute that most proxies keep an idle connection: who would reuse it must be who closes it.
KEEP_ALIVE_SECONDS = 75
# Migrations, psql and whoever looks need a few connections besides the workers' pools.
SPARE_CONNECTIONS = 10
# What a process beside the service does.
LABOUR = "app.jobs.__main__:labour"
# Any number will do as long as nothing else uses it; it makes services that start at once take turns.
START_LOCK = 4_242_061_527


def main() -> None:
    """Run the service. Exits with 0 after a signal, else with 1 and one line that says what is wrong."""
    with told_to_stop() as ending:
        current = load()
        logging.config.dictConfig(logs.configuration(current.log_level, current.log_format))
        listener = bind(current.host, current.port)
        dsn = find_database(current, ending)
        asyncio.run(prepare(dsn, demo_data=current.demo_data))
        serve(current, listener)


@contextmanager
def told_to_stop() -> Generator[ExitStack]:
    """Run what serves until a signal; then the stack that this gives is unwound, whatever happens.

    Leaves the process with 1 and one line for a RuntimeError.
    """
    ending = ExitStack()
    # Until uvicorn takes over, and after it has drained, the signal unwinds to `finally` below.
    signal.signal(signal.SIGTERM, _leave)
    try:
        yield ending
    except KeyboardInterrupt:
        pass
    except RuntimeError as error:
        sys.exit(str(error))
    finally:
        # From here on nothing may cut the stop of a database short.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        ending.close()


def _leave(_: int, __: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def bind(host: str, port: int) -> socket.socket:
    """Take the port before anything slow happens; it listens only when there is somebody to answer."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise RuntimeError(_explain(error, host, port)) from error
    listener.set_inheritable(True)
    return listener


def _explain(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"PORT: {port} on {host} is in use by another process; set PORT to a free one."
    return f"HOST, PORT: cannot listen on {host}:{port}: {error.strerror}."


def find_database(current: Settings, ending: ExitStack) -> str:
    """Return the DSN, and hand it to all workers through their environment.

    Where there is no database one is started, and stopped when the stack is unwound.
    """
    if current.database_url:
        return current.database_url
    from app import embedded  # noqa: PLC0415 - Who has a database need not keep in memory what starts one.

    per_worker = current.database_pool_size + current.database_max_overflow
    wanted = current.workers * per_worker + _job_workers(current) * crew.CONNECTIONS + SPARE_CONNECTIONS
    ending.callback(embedded.stop)
    dsn = embedded.start(current.data_dir, max_connections=wanted)
    os.environ["DATABASE_URL"] = dsn
    settings.cache_clear()
    return dsn


async def prepare(dsn: str, *, demo_data: bool) -> None:
    """Bring the schema up to date and fill an empty database; a second service waits and finds it done."""
    from app.slices import before_serving  # noqa: PLC0415 - With several workers the parent does without the rest.

    try:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise RuntimeError(f"DATABASE_URL: cannot connect: {error or type(error).__name__}") from error
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", START_LOCK)
        if not await is_newest(connection):
            from app.migrations import upgrade  # noqa: PLC0415 - Alembic is needed here and never again.

            await asyncio.to_thread(upgrade, dsn)
        if demo_data:
            from scripts.demo_data import fill_if_empty  # noqa: PLC0415 - Not part of the service.

            await fill_if_empty(dsn, connection)
        await before_serving(connection)
    finally:
        await connection.close()


def create_worker() -> ASGIApp:
    """Return the service as one process runs it; a worker does not outlive the process that started it."""
    from app.main import create_app  # noqa: PLC0415 - With several workers the parent does without.

    end_with_parent()
    return create_app()


def _job_workers(current: Settings) -> int:
    """Return how many workers there are; a service that was made of this one's frame alone has no jobs."""
    return current.job_workers if find_spec("app.jobs") else 0


def end_with_parent() -> None:
    """End this process by SIGTERM when the one that started it is gone."""
    if parent := multiprocessing.parent_process():
        # Killed, it can tell nobody, and its workers would keep the port and the database for themselves.
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def serve(current: Settings, listener: socket.socket, application: str = "app.__main__:create_worker") -> None:
    """Serve the ASGI application that this factory makes, until a signal says so. Raises RuntimeError."""
    config = uvicorn.Config(
        application,
        factory=True,
        workers=current.workers,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        log_config=logs.configuration(current.log_level, current.log_format),
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    try:
        listener.listen(config.backlog)
    except OSError as error:
        raise RuntimeError(_explain(error, current.host, current.port)) from error
    host, port = listener.getsockname()[:2]
    log.info("serving", extra={"address": f"http://{f'[{host}]' if ':' in host else host}:{port}"})
    if current.workers == 1:
        server = uvicorn.Server(config)
        with crew.beside(_job_workers(current), LABOUR, lambda: server.should_exit):
            server.run([listener])
        return
    supervisor = Multiprocess(config, [listener])
    with crew.beside(_job_workers(current), LABOUR, supervisor.should_exit.is_set):
        supervisor.run()
    # A worker that was told to stop ends by that signal, which counts as negative.
    if any((process.exitcode or 0) > 0 for process in supervisor.processes):
        raise RuntimeError("A worker did not end well; its own lines above say why.")


if __name__ == "__main__":
    main()
