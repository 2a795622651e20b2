"""The sandbox says the same to the same requests, begins again when told to, and leaves nothing behind."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
import httpx2
import psutil
import pytest

from scripts.sandbox import serving
from scripts.sandbox.database import keep, restore
from scripts.sandbox.service import Door, OccupiedError
from scripts.sandbox.world import BEGINNING, TICK, World
from tests.conftest import recreate
from tests.contract.checked import checked
from tests.pace import slowness

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("sandbox")


@pytest.fixture
def sandbox(running_sandbox: str) -> str:
    """The address of a sandbox that has just been reset."""
    assert httpx2.post(f"{running_sandbox}/sandbox/reset").status_code == 204
    return running_sandbox


def send(address: str, method: str, path: str, **options: Any) -> httpx2.Response:
    return checked(httpx2.request(method, f"{address}/api/v1{path}", timeout=15, **options))


def bearer(address: str, username: str = "ada_l") -> dict[str, str]:
    account = next(
        account for account in httpx2.get(f"{address}/sandbox").json()["accounts"] if account["username"] == username
    )
    form = {"username": account["username"], "password": account["password"]}
    return {"Authorization": f"Bearer {send(address, 'POST', '/auth/login', data=form).json()['access_token']}"}


def journey(address: str, *, curious: bool = False) -> Iterator[str]:
    """Write, read and fail; who is curious reads more in between."""
    headers = bearer(address)
    draft = {"title": "Hot metal", "content": "Six hundred degrees, and one slip.", "tags": ["type"]}
    key = headers | {"Idempotency-Key": "once"}
    created, again = (send(address, "POST", "/posts", json=draft, headers=key) for _ in range(2))
    yield f"{created.headers['ETag']} {created.text}"
    yield again.text
    if curious:
        send(address, "GET", "/posts", params={"limit": 5})
    post = f"/posts/{created.json()['id']}"
    yield send(address, "PUT", f"{post}/publication", headers=headers).text
    # Each is a view, and the next one shows it.
    yield from (send(address, "GET", post).text for _ in range(3))
    yield send(address, "POST", f"{post}/comments", json={"content": "Ouch."}, headers=headers).text
    listed = send(address, "GET", "/posts", params={"limit": 2})
    yield f"{listed.headers['Link']} {listed.text}"
    yield send(address, "GET", f"/posts/{BEGINNING.timestamp()}").text


class TestTheSame:
    def test_is_answered_after_a_reset(self, sandbox: str) -> None:
        first = list(journey(sandbox))
        assert '"views":2' in first[5]
        assert httpx2.post(f"{sandbox}/sandbox/reset").status_code == 204
        assert list(journey(sandbox)) == first

    def test_is_written_whoever_reads_in_between(self, sandbox: str) -> None:
        first = list(journey(sandbox))
        httpx2.post(f"{sandbox}/sandbox/reset")
        assert list(journey(sandbox, curious=True))[:7] == first[:7]

    def test_time_is_that_of_python_and_of_sql(self, sandbox: str) -> None:
        headers = bearer(sandbox)
        moment = (BEGINNING + 2 * TICK).isoformat().replace("+00:00", "Z")
        post = send(
            sandbox, "POST", "/posts", json={"title": "Still time", "content": "It stands still."}, headers=headers
        ).json()
        assert (post["created_at"], post["updated_at"]) == (moment, moment)
        lost = send(sandbox, "GET", "/posts/by-slug/nowhere").json()
        assert lost["timestamp"] == moment.replace("Z", ".000Z")
        assert httpx2.get(f"{sandbox}/sandbox").json()["now"] == moment.replace("Z", "+00:00")

    def test_tokens_are_good_at_the_time_of_the_sandbox(self, sandbox: str) -> None:
        for username in ("ottilie", "marisol_v", "theo_k", "ada_l"):
            assert send(sandbox, "GET", "/users/me", headers=bearer(sandbox, username)).status_code == 200

    def test_environment_and_dotenv_change_nothing(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("ACCESS_TOKEN_EXPIRE_MINUTES=5\nDATABASE_URL=postgresql://nowhere\n")
        settings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "secret_key": "x" * 50}
        script = (
            "import os\nfrom pathlib import Path\nfrom scripts.sandbox.__main__ import _settings\n"
            "print(_settings(Path('/d'), os.environ))"
        )
        said = subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, env=settings, capture_output=True, text=True, check=True
        ).stdout
        assert "x" * 50 not in said
        assert "nowhere" not in said
        assert "'PORT': '8001'" in said


class TestReset:
    def test_takes_less_than_half_a_second(self, sandbox: str) -> None:
        took: list[float] = []
        for _ in range(3):
            started = time.perf_counter()
            assert httpx2.post(f"{sandbox}/sandbox/reset").status_code == 204
            took.append(time.perf_counter() - started)
        assert min(took) < 0.5 * max(1, slowness())

    def test_brings_back_what_was_deleted_and_takes_what_came(self, sandbox: str) -> None:
        before = send(sandbox, "GET", "/posts", params={"include_total": "true"}).json()
        headers = bearer(sandbox, "ottilie")
        for post in before["items"][:3]:
            gone = send(sandbox, "DELETE", f"/posts/{post['id']}", headers=headers | {"If-Match": "*"})
            assert gone.status_code == 204
        send(sandbox, "POST", "/tags", json={"name": "lead"}, headers=headers)
        httpx2.post(f"{sandbox}/sandbox/reset")
        assert send(sandbox, "GET", "/posts", params={"include_total": "true"}).json() == before
        assert "lead" not in send(sandbox, "GET", "/tags", params={"limit": 100}).text
        assert send(sandbox, "GET", "/users/me", headers=headers).status_code == 401

    def test_waits_for_requests_under_way(self, sandbox: str) -> None:
        headers = bearer(sandbox)

        def write(number: int) -> int:
            if number % 10 == 0:
                return httpx2.post(f"{sandbox}/sandbox/reset", timeout=30).status_code
            draft = {"title": f"Draft {number}", "content": "Written while others forget."}
            return send(sandbox, "POST", "/posts", json=draft, headers=headers).status_code

        with ThreadPoolExecutor(8) as threads:
            statuses = set(threads.map(write, range(40)))
        # After the first reset the session is gone; nothing fails otherwise.
        assert statuses <= {201, 204, 401}
        assert 204 in statuses

    async def test_gives_up_on_who_stays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("scripts.sandbox.service.PATIENCE_SECONDS", 0.05)
        door = Door()
        async with door.together():
            with pytest.raises(OccupiedError):
                async with door.alone():
                    raise AssertionError("somebody is in")
        async with door.alone():
            entering = asyncio.create_task(door.together().__aenter__())
            await asyncio.sleep(0.01)
            assert not entering.done(), "nobody comes in while one is alone"
        await entering

    async def test_brings_sequences_back(self, server: str, worker_id: str) -> None:
        connection: Any = await asyncpg.connect(await recreate(server, f"sequences_{worker_id}"))
        try:
            await connection.execute(
                "CREATE SCHEMA sandbox; CREATE TABLE sandbox.clock AS SELECT now() AS moment;"
                "CREATE TABLE parts "
                "(id int GENERATED ALWAYS AS IDENTITY, twice int GENERATED ALWAYS AS (id * 2) STORED);"
                "INSERT INTO parts DEFAULT VALUES; INSERT INTO parts DEFAULT VALUES"
            )
            await keep(connection)
            await connection.execute("INSERT INTO parts DEFAULT VALUES; DELETE FROM parts WHERE id = 1")
            async with connection.transaction():
                await restore(connection)
            assert [row["twice"] for row in await connection.fetch("SELECT twice FROM parts ORDER BY id")] == [2, 4]
            assert await connection.fetchval("INSERT INTO parts DEFAULT VALUES RETURNING id") == 3
        finally:
            await connection.close()


class TestProcess:
    def test_is_refused_in_production(self) -> None:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "environment": "production"}
        refused = subprocess.run(
            [sys.executable, "-m", "scripts.sandbox"], env=environment, capture_output=True, text=True, check=False
        )
        assert refused.returncode == 1
        assert refused.stderr.splitlines() == [
            "ENVIRONMENT: the sandbox is not for production; everybody knows its secret and its passwords."
        ]

    async def test_the_service_itself_has_no_reset(self, client: httpx2.AsyncClient) -> None:
        assert (await client.post("http://localhost/sandbox/reset")).status_code == 404

    def test_leaves_nothing_behind(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with TemporaryDirectory(prefix="galley-") as folder:
            monkeypatch.setenv("TMPDIR", folder)
            monkeypatch.setattr("tempfile.tempdir", folder)
            with serving() as address:
                (lock,) = Path(folder).glob("*/postgres/postmaster.pid")
                postmaster = psutil.Process(int(lock.read_text().split("\n", 1)[0]))
                assert httpx2.get(f"{address}/health").status_code == 200
            assert not postmaster.is_running() or postmaster.status() == psutil.STATUS_ZOMBIE
            assert list(Path(folder).iterdir()) == []


class TestWorld:
    def test_ids_are_uuids_of_version_7_that_sort_as_they_came(self) -> None:
        world = World()
        made = [world.new_id() for _ in range(3)]
        world.tick()
        made.append(world.new_id())
        assert [item.version for item in made] == [7] * 4
        assert sorted(made) == made
        assert len(set(made)) == 4
        world.reset()
        assert world.new_id() == made[0]
