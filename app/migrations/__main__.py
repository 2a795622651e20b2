"""`make migrate`."""

import sys

from alembic import command

from app import embedded
from app.migrations import configuration, upgrade
from app.settings import load


def main() -> None:
    """`make migrate`: upgrade, or with `new "message"` write the next migration from the difference."""
    current = load()
    dsn = current.database_url or embedded.start(current.data_dir)
    match sys.argv[1:]:
        case []:
            upgrade(dsn)
        case ["new", message]:
            upgrade(dsn)
            command.revision(configuration(dsn), message, autogenerate=True)
        case _:
            sys.exit('usage: python -m app.migrations [new "message"]')
    if current.database_url is None:
        embedded.stop()


if __name__ == "__main__":
    main()
