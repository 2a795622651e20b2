"""`make worker`: a worker of its own, beside those that `make run` starts or on another machine."""

import asyncio
import logging.config

import uvloop

from app import logs
from app.__main__ import end_with_parent, find_database, prepare, told_to_stop
from app.jobs.worker import work
from app.settings import load
from app.tasks import kinds


def main() -> None:
    """Work until a signal. Exits with 0 after one, else with 1 and one line that says what is wrong."""
    with told_to_stop() as ending:
        current = load()
        logging.config.dictConfig(logs.configuration(current.log_level, current.log_format))
        dsn = find_database(current, ending)
        asyncio.run(prepare(dsn, demo_data=False))
        uvloop.run(work(current, dsn, kinds()))


def labour() -> None:
    """Work as a part of the service, which has found the database and made it ready."""
    current = load()
    logging.config.dictConfig(logs.configuration(current.log_level, current.log_format))
    end_with_parent()
    if current.database_url is None:
        raise RuntimeError("DATABASE_URL is not set; `python -m app` sets it for its workers")
    uvloop.run(work(current, current.database_url, kinds()))


if __name__ == "__main__":
    main()
