"""Connexion serves the operation that it is measured with, and nothing is measured that is answered otherwise."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from scripts.bench import data, empty, overhead, servers
from scripts.bench.load import LoadFailed, Request
from scripts.bench.overhead import PUBLIC_PAGE
from scripts.bench.servers import AT_ONCE, CONNEXION, CONSTANT, GALLEY, KEEPING, Server
from tests.committed import Committed

pytestmark = pytest.mark.xdist_group("committed")
PAGE = "/api/v1/posts?limit=20"


def refused(server: Server, request: Request) -> None:
    """Connexion refuses what the contract does not let through."""
    for path, credential, status in (
        ("/api/v1/users?limit=0", request.credential, 400),
        ("/api/v1/users?sort=size", request.credential, 400),
        ("/api/v1/users?include_total=7", request.credential, 400),
        ("/api/v1/users?size=20", request.credential, 400),
        ("/api/v1/users", "Authorization: Bearer nobody", 401),
    ):
        name, _, value = credential.partition(": ")
        assert server.ask("GET", path, headers={name: value})[0] == status


def run_all(dsn: str, folder: Path) -> None:
    """Start everything that is compared, which asks all for the same."""
    asyncio.run(data.fill(dsn))
    core = min(os.sched_getaffinity(0))
    with (
        servers.running(GALLEY, dsn=dsn, folder=folder, cores={core}, path=PAGE) as galley,
        overhead.running(galley, PAGE, dsn=dsn, folder=folder, core=core) as cases,
    ):
        assert [(case.what, case.server.name) for case in cases] == [
            (empty.FIRST, AT_ONCE),
            (empty.FIRST, CONSTANT),
            (empty.LAST, AT_ONCE),
            (empty.FIRST, CONNEXION),
            (PUBLIC_PAGE, KEEPING),
            (PUBLIC_PAGE, CONSTANT),
        ]
        # There are accounts, of which the service itself tells.
        told = galley.ask("GET", empty.PATHS[empty.FIRST], headers={"Authorization": cases[0].request.credential[15:]})
        assert len(json.loads(told[1])["items"]) == 20
        refused(cases[3].server, cases[0].request)


def run_unreplaced(dsn: str, folder: Path) -> None:
    """Measure nothing where the handlers do their work after all."""
    asyncio.run(data.fill(dsn))
    core = min(os.sched_getaffinity(0))
    with (
        servers.running(GALLEY, dsn=dsn, folder=folder, cores={core}, path=PAGE) as galley,
        pytest.raises(LoadFailed, match="/items/0/id of constant is not Galley at once's"),
        overhead.running(galley, PAGE, dsn=dsn, folder=folder, core=core),
    ):
        pass


class TestRunning:
    async def test_all_answer_the_same(
        self, committed: Committed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(data, "POSTS", 60)
        await asyncio.to_thread(run_all, committed.dsn, tmp_path)

    async def test_handlers_that_ask_the_database_are_noticed(
        self, committed: Committed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(data, "POSTS", 60)
        monkeypatch.setitem(servers.COMMANDS, AT_ONCE, servers.COMMANDS[GALLEY])
        await asyncio.to_thread(run_unreplaced, committed.dsn, tmp_path)
