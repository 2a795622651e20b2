"""What is around a handler: which operations are measured, who answers them, and planted figures."""

import asyncio
import inspect
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.auth import tokens
from app.contract import bundle, resolve
from app.ids import new_id
from app.settings import settings
from app.slices import HANDLERS
from generated.server import HTTPResult
from scripts.bench import at_once, connexion_cut, constant, data, empty, load, overhead, servers
from scripts.bench.identity import log_in
from scripts.bench.load import Request
from scripts.bench.overhead import PUBLIC_PAGE, Case, Overhead
from scripts.bench.servers import AT_ONCE, CONNEXION, CONSTANT, KEEPING
from tests.committed import Committed, committed, committed_database

__all__ = ["committed", "committed_database"]

ADDED_FIRST, ADDED_LAST, SAME, TIMES, CACHED = (
    "CPU that all around listUsers adds to raw ASGI",
    "CPU that all around listAuditEvents adds to raw ASGI",
    "CPU of listAuditEvents against listUsers",
    "listUsers without work against Connexion",
    "a public page against constant bytes",
)


def some() -> Overhead:
    """Return planted figures that meet every target, narrowly."""
    return Overhead(
        rates={
            (empty.FIRST, AT_ONCE): [3_100.0, 1_550.0],
            (empty.LAST, AT_ONCE): [3_100.0, 1_550.0],
            (empty.FIRST, CONSTANT): [9_000.0, 4_500.0],
            (empty.FIRST, CONNEXION): [1_000.0, 500.0],
            (PUBLIC_PAGE, KEEPING): [5_100.0, 2_550.0],
            (PUBLIC_PAGE, CONSTANT): [10_000.0, 5_000.0],
        },
        cpu={
            (empty.FIRST, AT_ONCE): [75.0, 85.0],
            (empty.LAST, AT_ONCE): [79.0, 89.0],
            (empty.FIRST, CONSTANT): [20.0, 30.0],
            (empty.FIRST, CONNEXION): [400.0, 410.0],
            (PUBLIC_PAGE, KEEPING): [40.0, 50.0],
            (PUBLIC_PAGE, CONSTANT): [20.0, 30.0],
        },
    )


def missed(measured: Overhead) -> list[str]:
    return [target.what for target in overhead.targets(measured) if not target.met]


class TestTargets:
    def test_all_met(self) -> None:
        assert [target.what for target in overhead.targets(some())] == [ADDED_FIRST, ADDED_LAST, SAME, TIMES, CACHED]
        assert missed(some()) == []

    @pytest.mark.parametrize(
        ("what", "name", "cpu", "wanted"),
        [
            (empty.FIRST, AT_ONCE, [81.0, 91.0], [ADDED_FIRST]),
            (empty.LAST, AT_ONCE, [81.0, 91.0], [ADDED_LAST]),
            (empty.FIRST, AT_ONCE, [71.0, 71.0], [SAME]),
        ],
    )
    def test_a_request_that_costs_more(self, what: str, name: str, cpu: list[float], wanted: list[str]) -> None:
        measured = some()
        measured.cpu[what, name] = cpu
        assert missed(measured) == wanted

    @pytest.mark.parametrize(
        ("what", "name", "wanted"), [(empty.FIRST, CONNEXION, [TIMES]), (PUBLIC_PAGE, CONSTANT, [CACHED])]
    )
    def test_a_neighbour_that_is_faster(self, what: str, name: str, wanted: list[str]) -> None:
        measured = some()
        measured.rates[what, name] = [rate * 1.1 for rate in measured.rates[what, name]]
        assert missed(measured) == wanted

    def test_what_was_not_measured_promises_nothing(self) -> None:
        assert overhead.targets(Overhead()) == []
        assert overhead.section(Overhead()) == "Not measured."


class TestSection:
    def test_shows_what_is_added(self) -> None:
        section = overhead.section(some())
        assert "| listUsers, Galley at once | 2,325 (1,550 to 3,100) | 80 (75 to 85) | 55 (55 to 55) | 0.34" in section
        assert "| listUsers, constant | 6,750 (4,500 to 9,000) | 25 (20 to 30) |  |  |" in section
        assert (
            "| public page, Galley keeping | 3,825 (2,550 to 5,100) | 45 (40 to 50) | 20 (20 to 20) | 0.51" in section
        )


class TestMeasure:
    def test_counts_the_cpu_of_a_round(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        # The first round counts for nothing, so that nobody asks what it took.
        cpu = iter([0.0, 9.0, 9.1, 10.0, 10.2])

        class Stub:
            name, url = AT_ONCE, ""

            def cpu(self) -> float:
                return next(cpu)

        lasted: list[int] = []

        def run(*_: object, seconds: int, **__: object) -> load.Load:
            lasted.append(seconds)
            return load.Load(requests=1_000, rate=500.0, p50=1.0, p99=2.0)

        monkeypatch.setattr(load, "run", run)
        server: Any = Stub()
        measured = Overhead()
        overhead.measure([Case(empty.FIRST, server, Request("GET", "/"), tmp_path)], measured, rounds=2, seconds=3)
        assert lasted == [1, 3, 3]
        assert measured.cpu == {(empty.FIRST, AT_ONCE): [pytest.approx(100), pytest.approx(200)]}


def reads() -> list[str]:
    """Return the reads of the contract that have parameters, a token and a scope, in its order."""
    return [
        item["get"]["operationId"]
        for item in bundle()["paths"].values()
        if "get" in item and item["get"].get("parameters")
        if any(way.get("bearer") for way in item["get"].get("security", []))
    ]


class TestOperations:
    def test_are_the_first_and_the_last_of_the_contract(self) -> None:
        assert (reads()[0], reads()[-1]) == (empty.FIRST, empty.LAST)

    @pytest.mark.parametrize("handler", at_once.HANDLERS)
    async def test_answer_an_empty_page_under_the_signature_of_the_handler(self, handler: str) -> None:
        module, page = at_once.HANDLERS[handler]
        assert module in HANDLERS
        theirs = getattr(module, handler)
        ours = at_once.answering(theirs, page)
        assert inspect.iscoroutinefunction(ours)
        assert inspect.signature(ours) == inspect.signature(theirs)
        answer: HTTPResult[Any] = await ours(principal=None, limit=20)
        assert answer.body is not None
        assert answer.body.model_dump(mode="json", exclude_unset=True) == empty.PAGE

    def test_take_the_place_of_the_handlers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before = {name: getattr(module, name) for name, (module, _) in at_once.HANDLERS.items()}
        for name, (module, _) in at_once.HANDLERS.items():
            monkeypatch.setattr(module, name, before[name])
        at_once.replace()
        for name, (module, _) in at_once.HANDLERS.items():
            assert getattr(module, name).__wrapped__ is before[name]


class TestConstant:
    async def test_answers_the_same_bytes_again_and_again(self) -> None:
        sent: list[Mapping[str, Any]] = []

        async def send(message: Mapping[str, Any]) -> None:
            sent.append(message)

        async def receive() -> dict[str, Any]:
            return {}

        for path in ("/api/v1/users", constant.POSTS):
            await constant.app({"type": "http", "path": path}, receive, send)
        assert [message.get("status") for message in sent] == [200, None, 200, None]
        assert json.loads(sent[1]["body"]) == empty.PAGE
        assert sent[0]["headers"][1] == (b"content-length", b"%d" % len(sent[1]["body"]))


class TestCut:
    def test_has_one_operation_with_all_its_parameters(self) -> None:
        contract = connexion_cut.cut(bundle(), empty.FIRST)
        ((path, item),) = contract["paths"].items()
        operation = bundle()["paths"][path]["get"]
        assert item["get"]["operationId"] == operation["operationId"] == empty.FIRST
        assert item["get"]["security"] == [{"bearer": ["users:read"]}]
        found = {each["name"]: each["schema"] for each in item["get"]["parameters"]}
        for entry in map(resolve, operation["parameters"]):
            schema = resolve(entry["schema"])
            kept = {name: value for name, value in schema.items() if name not in connexion_cut.WORDS}
            assert found.pop(entry["name"]) == kept
        assert found == {}
        assert "$ref" not in json.dumps(contract)

    def test_takes_the_tokens_of_the_service(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SECRET_KEY", settings().secret_key.get_secret_value())
        token, claims = tokens.issue("access", user_id=new_id(), session_id=new_id(), scopes=["users:read"])
        said = connexion_cut.token_info(token)
        assert said is not None
        assert (said["sub"], said["scope"]) == (str(claims.user_id), "users:read")
        assert connexion_cut.token_info(token[:-2]) is None
        monkeypatch.setenv("SECRET_KEY", "another secret")
        assert connexion_cut.token_info(token) is None


def answered(dsn: str, folder: Path) -> list[tuple[int, bytes]]:
    """Ask the service whose handlers do nothing: the first and the last as an administrator, the first as a member."""
    asyncio.run(data.fill(dsn))
    asyncio.run(overhead.promote(dsn))
    core = min(os.sched_getaffinity(0))
    with servers.running(AT_ONCE, dsn=dsn, folder=folder, cores={core}, path="/api/v1/tags") as server:
        asked = [(empty.FIRST, overhead.ADMIN), (empty.LAST, overhead.ADMIN), (empty.FIRST, "member_1")]
        return [
            server.ask("GET", empty.PATHS[what], headers={"Authorization": f"Bearer {log_in(server, name)}"})
            for what, name in asked
        ]


@pytest.mark.xdist_group("committed")
class TestAtOnce:
    async def test_is_the_service_without_the_work(
        self, committed: Committed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # There are accounts all the same.
        monkeypatch.setattr(data, "POSTS", 60)
        first, last, refused = await asyncio.to_thread(answered, committed.dsn, tmp_path)
        assert (first[0], json.loads(first[1])) == (200, empty.PAGE)
        assert last == first
        assert refused[0] == 403
