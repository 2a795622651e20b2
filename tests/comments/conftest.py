"""The committed database, and a count of the statements that an operation sends."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.committed import committed, committed_database

__all__ = ["committed", "committed_database"]


class Recorder:
    """Collects the SQL that a connection runs."""

    def __init__(self) -> None:
        self._seen: list[str] = []
        # How many transactions were begun; in the tests a savepoint stands for each.
        self.begun = 0

    def note(self, record: Any) -> None:
        """Take what the driver reports."""
        if "SAVEPOINT" not in record.query.upper():
            self._seen.append(record.query)
        elif record.query.startswith("SAVEPOINT"):
            self.begun += 1

    async def taken(self) -> list[str]:
        """Return the statements since the last call."""
        # The driver reports a statement when the event loop comes round again.
        await asyncio.sleep(0)
        taken, self._seen = self._seen, []
        return taken


@pytest.fixture
def statements(connection: Any) -> Iterator[Recorder]:
    """The statements of the test's connection."""
    recorder = Recorder()
    connection.add_query_logger(recorder.note)
    yield recorder
    connection.remove_query_logger(recorder.note)
