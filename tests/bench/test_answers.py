"""Whether all services answer the same: planted differences, and the services themselves on a few posts."""

import asyncio
import json
import os
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.bench import answers, data, identity, market, measure, servers, tutorial
from scripts.bench.load import LoadFailed, Request
from scripts.bench.measure import GET_POST, Bench
from scripts.bench.servers import FASTIFY, GALLEY, LIMIT, TUTORIAL, Server
from tests.committed import Committed, committed, committed_database

__all__ = ["committed", "committed_database"]

NAMES = (GALLEY, LIMIT, TUTORIAL)
POST = {
    "title": "The engine weaves",
    "author": {"username": "ada"},
    "views": 3,
    "created_at": "2026-01-01T00:00:00Z",
}
PATH = "/api/v1/posts?limit=20"
FEW = 60


def given(name: str, **instead: object) -> dict[str, bytes]:
    """Return the answers of all three services, one of which has other members."""
    page = {
        each: {"items": [POST | (instead if each == name else {})], "page": {"next_cursor": each}} for each in NAMES
    }
    return {each: json.dumps(answer).encode() for each, answer in page.items()}


class TestCompare:
    def test_cursors_views_and_fractions_of_a_second_may_differ(self) -> None:
        assert answers.compare(given(LIMIT, views=4, created_at="2026-01-01T00:00:00.000+00:00"), PATH) == []

    @pytest.mark.parametrize("name", [LIMIT, TUTORIAL])
    def test_another_value(self, name: str) -> None:
        said = answers.compare(given(name, title="The loom weaves"), PATH)
        assert said == [f"/api/v1/posts: /items/0/title of {name} is not Galley's"]

    def test_a_member_too_many(self) -> None:
        said = answers.compare(given(TUTORIAL, content="It weaves."), PATH)
        assert said == ["/api/v1/posts: /items/0/content of tutorial is not Galley's"]

    def test_a_member_too_few_in_a_nested_object(self) -> None:
        said = answers.compare(given(GALLEY, author={"username": "ada", "full_name": None}), PATH)
        assert said == [
            "/api/v1/posts: /items/0/author/full_name of limit is not Galley's",
            "/api/v1/posts: /items/0/author/full_name of tutorial is not Galley's",
        ]

    def test_what_is_made_anew_may_have_other_values_but_no_other_members(self) -> None:
        assert answers.compare(given(LIMIT, title="The loom weaves"), PATH, values=False) == []
        said = answers.compare(given(LIMIT, slug="the-loom"), PATH, values=False)
        assert said == ["/api/v1/posts: /items/0/slug of limit is not Galley's"]

    def test_nothing_is_said_where_nobody_is_the_measure(self) -> None:
        assert answers.compare({LIMIT: b"{}", TUTORIAL: b'{"title": "It weaves"}'}, PATH) == []


@contextmanager
def started(dsn: str, folder: Path, names: Sequence[str]) -> Generator[tuple[Bench, dict[str, Server]]]:
    """Write a few posts and items, and run these services."""
    drawn = asyncio.run(data.fill(dsn, {"items": (market.COLUMNS, lambda plan: market.rows(plan, FEW))}))
    core = min(os.sched_getaffinity(0))
    published = [post for number, post in enumerate(drawn.posts) if not data.is_draft(number)]
    bench = Bench(dsn, folder, core, None, published)
    with ExitStack() as stack:
        yield (
            bench,
            {
                name: stack.enter_context(
                    servers.running(name, dsn=dsn, folder=folder, cores={core}, path=bench.first_request)
                )
                for name in names
            },
        )


def ask_all(dsn: str, folder: Path, names: Sequence[str] = NAMES) -> None:
    """Ask every service what is measured, and then for what not all of them answer alike."""
    with started(dsn, folder, names) as (bench, running):
        tokens = {LIMIT: "-", FASTIFY: "-", TUTORIAL: tutorial.create_access_token("member_1")}
        tokens[GALLEY] = identity.log_in(running[GALLEY])
        requests = {name: measure.requests_of(bench, name, tokens[name]) for name in running}
        measure.require_answers(running, requests)
        for name in running.keys() - {GALLEY}:
            first, second = requests[name][GET_POST][:2]
            other = requests | {name: requests[name] | {GET_POST: [second]}}
            with pytest.raises(LoadFailed, match=f"/title of {name} is not Galley's"):
                measure.require_answers(running, other)
            missing = replace(first, path=first.path.replace(first.path[-12:], "0" * 12))
            if name != LIMIT:
                with pytest.raises(LoadFailed, match=rf"{name}: GET /api/v1/posts/.* answered 404"):
                    answers.ask(running[name], missing)
        refused = Request("POST", f"{bench.first_request}/comments", "", '{"content": "Well said."}')
        with pytest.raises(LoadFailed, match=r"Galley: POST .* answered 401"):
            answers.ask(running[GALLEY], refused)


@pytest.mark.xdist_group("committed")
class TestServices:
    async def test_answer_the_same(self, committed: Committed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(data, "POSTS", FEW)
        await asyncio.to_thread(ask_all, committed.dsn, tmp_path)
