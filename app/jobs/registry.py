"""What kinds of jobs there are, and what a task is told of the job it does.

A slice writes its tasks in `app/<slice>/tasks.py`, which app/tasks.py names:

    @task("posts.import", deadline=600)
    async def import_posts(payload: dict[str, Any], job: Running) -> dict[str, Any]: ...

A task runs at least once, and again after any crash: what it does outside the database has to carry `job.key`, so that
the second time is recognised as the first. What it does inside belongs into one transaction.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from app.sql import Connection


class Report(Protocol):
    """Shows how far a job is."""

    async def __call__(
        self, progress: int, result: Mapping[str, Any] | None = None, connection: Connection | None = None, /
    ) -> None: ...


class JobFailed(Exception):
    """A task could not do its job. `detail` is shown to who may see the job; any other exception stays in the logs.

    With `final` nothing is tried again, because the next try would fail as well.
    """

    def __init__(self, detail: str, *, final: bool = False) -> None:
        """Hold no secrets in `detail`, and nothing that only operators should know."""
        super().__init__(detail)
        self.detail, self.final = detail, final


@dataclass(frozen=True, slots=True)
class Running:
    """The job that a task is doing."""

    id: UUID
    # The same for every attempt, and of no other job: an idempotency key for whatever is done elsewhere.
    key: str
    attempt: int
    owner_id: UUID | None
    _report: Report

    async def report(
        self, progress: int, result: Mapping[str, Any] | None = None, connection: Connection | None = None
    ) -> None:
        """Show progress, 0 to 100, and what has come of it so far, if that is known.

        The task ends here when the job was cancelled, or is done by another worker. With a `connection` it is said in
        the transaction there: what that does is done together with what is said of it, or not at all.
        """
        await self._report(progress, result, connection)


Task = Callable[[dict[str, Any], Running], Awaitable[Mapping[str, Any] | None]]
# Of a job that has come to an end: its id, whose it is, its kind, and its status.
Tell = Callable[[Connection, UUID, UUID, str, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of jobs: what does them, how many seconds an attempt may take, and when one is queued by itself."""

    name: str
    task: Task
    deadline: float
    # Five fields of cron, in UTC; empty for what is only done when somebody causes it.
    every: str
    # What tells whose job it was of its end, with that; None where nobody waits for it.
    tells: Tell | None = None


_kinds: dict[str, Kind] = {}
# The contract's JobKind.
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")


def task(kind: str, *, deadline: float = 60, every: str = "", tells: Tell | None = None) -> Callable[[Task], Task]:
    """Let a function do the jobs of this kind; what it returns becomes the job's result.

    `every` queues one with an empty payload whenever cron says so, once however many workers there are.
    `tells` is called in the transaction that ends a job that is somebody's.
    """

    def register(function: Task) -> Task:
        if not _NAME.fullmatch(kind):
            raise RuntimeError(f"{kind} is no name for a kind of jobs: write slice.what_is_done")
        if kind in _kinds:
            raise RuntimeError(f"two tasks are registered for jobs of the kind {kind}")
        _kinds[kind] = Kind(kind, function, deadline, every, tells)
        return function

    return register


def kinds() -> dict[str, Kind]:
    """Return every kind that is registered in this process."""
    return dict(_kinds)
