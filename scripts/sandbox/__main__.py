"""`make sandbox`: a database of its own, the seed, and the service on PORT (8001) until SIGTERM or Ctrl-C."""

import asyncio
import atexit
import logging.config
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp

from dotenv import dotenv_values

from app import embedded, logs
from app.__main__ import bind, serve, told_to_stop
from app.settings import DOTENV, SAMPLE_SECRET, Settings, load, settings
from scripts.sandbox.database import prepare

# All that can be set from outside: neither a developer's environment nor their `.env` says what the sandbox is.
OPEN = {"HOST": "127.0.0.1", "PORT": "8001", "LOG_LEVEL": "INFO", "LOG_FORMAT": "json"}


def main() -> None:
    """Run the sandbox. Exits with 0 after a signal, else with 1 and one line that says what is wrong."""
    if _said("ENVIRONMENT") == "production":
        sys.exit("ENVIRONMENT: the sandbox is not for production; everybody knows its secret and its passwords.")
    folder = Path(mkdtemp(prefix="galley-sandbox-"))
    # Last of all: the database's wheel takes its lock there once more when the process ends.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with told_to_stop() as ending:
        ending.callback(embedded.stop)
        _run(folder)


def _said(name: str) -> str | None:
    """Return what the environment, or else `.env`, says; the names of settings may be in lower case."""
    known = {key.upper(): value for key, value in (dotenv_values(DOTENV) | dict(os.environ)).items()}
    return known.get(name)


def _settings(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which only what is `OPEN`, and the address to be shown, can be set."""
    names = {field.upper() for field in Settings.model_fields}
    given = {name.upper(): value for name, value in environment.items() if value}
    chosen = OPEN | {name: given[name] for name in OPEN if name in given}
    chosen["PUBLIC_URL"] = given.get("PUBLIC_URL") or f"http://localhost:{chosen['PORT']}"
    fixed = {"DATA_DIR": str(folder), "SECRET_KEY": SAMPLE_SECRET, "DEMO_DATA": "false"}
    # Ids and the clock are counted in one process.
    fixed |= {"ENVIRONMENT": "development", "WORKERS": "1"}
    # Nothing may happen there that no request has asked for.
    fixed |= {"JOB_WORKERS": "0"}
    # A reset brings another state back beside all that writes.
    fixed |= {"PUBLIC_CACHE_SECONDS": "0"}
    # Nobody is in the way of a client's tests; who wants to see the answer can still ask too often.
    fixed |= {"RATE_LIMIT": "100000/minute", "RATE_LIMIT_AUTH": "300/minute"}
    return {name: value for name, value in environment.items() if name.upper() not in names} | chosen | fixed


def _run(folder: Path) -> None:
    chosen = _settings(folder, os.environ)
    for name in os.environ.keys() - chosen:
        del os.environ[name]
    os.environ |= chosen
    # Here there is no `.env`.
    os.chdir(folder)
    current = load()
    logging.config.dictConfig(logs.configuration(current.log_level, current.log_format))
    listener = bind(current.host, current.port)
    dsn = embedded.start(folder, fast=True)
    os.environ["DATABASE_URL"] = dsn
    settings.cache_clear()
    asyncio.run(prepare(dsn))
    serve(current, listener, "scripts.sandbox.service:create")


if __name__ == "__main__":
    main()
