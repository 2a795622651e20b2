"""Every gate of the contract sees the fault that it is there for."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from starlette.types import ASGIApp

from app.sql import Connection
from scripts.contract.accounts import World
from scripts.contract.report import excerpt
from scripts.contract.runs import ANONYMOUS, Plan, run, write_settings
from tests.conftest import BASE_URL
from tests.contract import test_generic_access as access
from tests.contract import test_generic_statuses as generic
from tests.contract.checked import checked_client
from tests.contract.document import operations
from tests.contract.requests import valid_call
from tests.contract.validation import ContractBroken
from tests.factories import Factory
from tests.gates.faults import FAULTS, Faulty

ROOT = Path(__file__).parents[2]
UVICORN = (sys.executable, "-m", "uvicorn", "--log-level", "error", "--factory", "tests.gates.faults:create_faulty_app")
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


class TestCheckedClient:
    @pytest.mark.parametrize(
        ("fault", "complaint"),
        [
            ("a missing member", '"page" is a required property'),
            ("an undeclared member", "'secret' was unexpected"),
            ("an undeclared status", "status 206 is not declared"),
            ("a dropped header", "header server-timing is missing"),
            ("a malformed header", "header x-request-id/: "),
            ("an undeclared header", "header location is sent but not declared"),
            ("a wrong media type", "media type text/html is not declared"),
            ("a body that is no JSON", "the body is not JSON"),
        ],
    )
    async def test_sees(self, app: ASGIApp, connection: Connection, fault: str, complaint: str) -> None:
        del connection
        async with checked_client(Faulty(app, FAULTS[fault]), BASE_URL, record=False) as client:
            with pytest.raises(ContractBroken) as broken:
                await client.get("/posts")
        assert complaint in str(broken.value)
        assert "listPosts: GET /api/v1/posts" in str(broken.value)

    async def test_sees_a_status_that_is_not_its_problems(self, app: ASGIApp, connection: Connection) -> None:
        del connection
        faulty = Faulty(app, lambda answer: answer.with_members(status=422))
        async with checked_client(faulty, BASE_URL, record=False) as client:
            with pytest.raises(ContractBroken, match="the problem's status is 422"):
                await client.get("/users/me")

    async def test_sees_a_served_path_that_the_contract_does_not_have(
        self, app: ASGIApp, connection: Connection
    ) -> None:
        del connection

        async def hidden(scope: dict[str, str], receive: object, send: object) -> None:
            await app({**scope, "path": "/api/v1/posts"}, receive, send)  # pyright: ignore[reportArgumentType]

        async with checked_client(hidden, BASE_URL, record=False) as client:  # pyright: ignore[reportArgumentType]
            with pytest.raises(ContractBroken, match="the contract has no such operation: 404 is due"):
                await client.get("/backdoor")

    def test_sees_every_answer_of_the_suite(self) -> None:
        # The liar passes on what a foreign client asks, and gives it back changed.
        own = {"tests/contract/checked.py", "tests/meta/conftest.py", "tests/clients/liar.py"}
        makers = ("AsyncClient(", "ASGITransport(", "httpx2.Client(", "httpx2.request(")
        unchecked = {
            str(path.relative_to(ROOT))
            for path in (ROOT / "tests").rglob("*.py")
            if any(maker in path.read_text() for maker in makers)
            and "from tests.contract.checked import" not in path.read_text()
        }
        assert unchecked == own, "Make clients with tests.contract.checked, or hand what they get to `checked`."


class TestGenericAccess:
    async def test_see_an_unprotected_operation(self, app: ASGIApp, make: Factory, connection: Connection) -> None:
        (get_me,) = (operation for operation in operations() if operation.name == "getMe")
        call = await valid_call(get_me, make, await make.member())
        async with checked_client(Faulty(app, FAULTS["an unprotected operation"]), BASE_URL, record=False) as client:
            with pytest.raises(AssertionError, match=r"\(200, None\) == \(401, 'not_authenticated'\)"):
                await access.TestNobody().test_is_let_in(generic.sender(client, connection), call)


@contextmanager
def faulty_service(dsn: str, fault: str, path: str) -> Generator[str]:
    """Serve the service with a fault; give its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [*UVICORN, "--fd", str(listener.fileno())],
            cwd=ROOT,
            env=ENVIRONMENT | {"DATABASE_URL": dsn, "PLANTED_FAULT": fault, "PLANTED_PATH": path},
            pass_fds=[listener.fileno()],
        )
        try:
            for _ in range(100):
                try:
                    httpx2.get(f"{address}/health")
                    break
                except httpx2.TransportError:
                    time.sleep(0.1)
            yield address
        finally:
            process.terminate()
            process.wait(15)


class TestSchemathesis:
    @pytest.mark.parametrize(
        ("fault", "operation", "complaint"),
        [
            ("none", "listTags", None),
            ("a missing member", "listTags", "Response violates schema"),
            ("a dropped header", "listTags", "Missing required response headers"),
            ("a wrong media type", "listTags", "Undocumented Content-Type"),
            ("an unprotected operation", "getMe", "API accepts requests without authentication"),
        ],
    )
    def test_sees(self, database: str, tmp_path: Path, fault: str, operation: str, complaint: str | None) -> None:
        (path,) = (f"/api/v1{item.path}" for item in operations() if item.name == operation)
        plan = Plan(max_examples=3, seed=1, only=(operation,))
        settings = write_settings(ANONYMOUS, World(), tmp_path)
        with faulty_service(database, fault, path) as address:
            result = run(ANONYMOUS, address, settings, tmp_path, plan)
        assert result.passed == (complaint is None), result.complaints
        assert complaint is None or any(complaint in found for found in result.complaints), result.complaints
        printed = "\n".join(excerpt(tmp_path / "output.txt"))
        assert ((complaint or "") in printed, f"{address}{path}" in printed) == (True, complaint is not None), printed

    def test_sees_that_nothing_was_tried(self, database: str, tmp_path: Path) -> None:
        settings = write_settings(ANONYMOUS, World(), tmp_path)
        # Nothing leads from one operation alone to another.
        plan = Plan(max_examples=3, seed=1, only=("getStatistics",)).walks(1)
        with faulty_service(database, "none", "/api/v1") as address:
            result = run(ANONYMOUS, address, settings, tmp_path, plan)
        assert result.cases == 0
        assert "nothing was tried" in result.complaints


class TestMigrations:
    @pytest.mark.parametrize(
        ("plant", "complaint"),
        [
            ("pass", ""),
            ("Post.__table__.append_column(Column('planted', Text))", "planted"),
            ("Post.__table__.c.views.server_default = None", "only in the migrations: posts.views"),
            ("Post.__table__.append_constraint(CheckConstraint('views < 7', name='planted'))", "ck_posts_planted"),
        ],
        ids=["nothing", "column", "default", "check"],
    )
    def test_see_what_is_not_in_them(self, server: str, worker_id: str, plant: str, complaint: str) -> None:
        number = abs(hash(plant)) % 10_000
        code = (
            "from sqlalchemy import CheckConstraint, Column, Text\nfrom app.posts.tables import Post\n"
            f"{plant}\nfrom scripts.check_migrations import check\n"
            f"print(*check({server!r}, 'drift_{worker_id}_{number}'), sep=chr(10))\n"
        )
        outcome = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        assert outcome.returncode == 0, outcome.stderr
        found = outcome.stdout.replace("No new upgrade operations detected.\n", "").strip()
        assert complaint in found
        assert bool(found) == bool(complaint)
