"""Fastify serves the operation that it is measured with."""

import asyncio
from pathlib import Path

import pytest

from scripts.bench import data
from scripts.bench.servers import FASTIFY, GALLEY
from tests.bench.test_answers import FEW, ask_all
from tests.committed import Committed

pytestmark = pytest.mark.xdist_group("committed")


class TestFastify:
    async def test_answers_what_the_service_answers(
        self, committed: Committed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(data, "POSTS", FEW)
        await asyncio.to_thread(ask_all, committed.dsn, tmp_path, (GALLEY, FASTIFY))
