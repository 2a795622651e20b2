"""importPosts beside others: cut off, cancelled, killed, at the same time, and how much memory it takes."""

import gc
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from httpx2 import AsyncClient
from starlette.types import ASGIApp, Message

from app.contract import BASE_PATH
from app.posts import bulk, uploads
from app.problems import MalformedRequest, PayloadTooLarge
from app.sql import Connection
from app.strict import limited
from tests.committed import Committed, at_once
from tests.contract.requests import fingerprint
from tests.factories import Member
from tests.posts.importing import LINES, Cancelled, counts, line, send, titles, work
from tests.workers.process import until, working

MODES = ("all_or_nothing", "valid_lines")
KIND = uploads.IMPORT


def some(number: int, **members: Any) -> bytes:
    """Return so many lines that are right."""
    return b"".join(line(f"The engine {place}", **members) for place in range(number))


def scope(member: Member) -> dict[str, Any]:
    """Return a request as a server hands it over before its body has come."""
    credentials = member.headers["Authorization"].encode()
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": f"{BASE_PATH}/posts/import",
        "raw_path": b"",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"content-type", LINES.encode()), (b"authorization", credentials)],
        "client": ("127.0.0.1", 50_000),
        "server": ("localhost", 80),
    }


async def received(app: ASGIApp, member: Member, chunks: list[bytes], *, whole: bool = True) -> int:
    """Let the service receive these, one after the other, and return the status of its answer."""
    messages = iter(chunks)
    status = 0

    async def receive() -> Message:
        body = next(messages, None)
        if body is None and not whole:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body or b"", "more_body": body is not None}

    async def send_on(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope(member), receive, send_on)
    return status


class TestUpload:
    async def test_that_is_cut_off_leaves_nothing_behind(self, app: ASGIApp, committed: Committed) -> None:
        member = await committed.make.member()
        before = await fingerprint(committed.connection)
        assert await received(app, member, [some(20_000)] * 2, whole=False) == 400
        assert await fingerprint(committed.connection) == before

    async def test_of_nobody_is_not_received(self, client: AsyncClient) -> None:
        asked = False

        async def chunks() -> AsyncIterator[bytes]:
            nonlocal asked
            asked = True
            yield line()

        answer = await send(client, chunks())
        assert (answer.status_code, asked) == (401, False)

    async def test_is_counted_as_it_comes(self) -> None:
        messages: list[Message] = [{"type": "http.request", "body": b"12345", "more_body": True}] * 3

        async def receive() -> Message:
            return messages.pop() if messages else {"type": "http.disconnect"}

        counted = limited(receive, None, 10)
        assert [(await counted())["body"] for _ in range(2)] == [b"12345"] * 2
        with pytest.raises(PayloadTooLarge):
            await counted()
        with pytest.raises(MalformedRequest):
            await limited(receive, b"3", 10)()
        with pytest.raises(PayloadTooLarge):
            limited(receive, b"11", 10)

    async def test_is_not_held_in_memory(self, app: ASGIApp, committed: Committed) -> None:
        """40 MB come, and a tenth of them is held at a time."""
        member = await committed.make.member()
        chunk = line(content="weaves so " * 6_000) * 10
        gc.collect()
        tracemalloc.start()
        assert await received(app, member, [chunk] * 66) == 202
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(chunk) * 66 > 39_000_000
        assert peak < 12_000_000


class TestCancelledJob:
    async def test_of_all_or_nothing_has_imported_nothing(self, committed: Committed) -> None:
        member = await committed.make.member()
        answer = await send(committed.client, some(1_500, published_at="2026-01-01T00:00:00Z"), member.headers)
        before = await fingerprint(committed.connection)
        with pytest.raises(Cancelled):
            # Three reports of what is read, and one after the first posts are written.
            await work(committed.connection, answer, cut_after=5)
        assert await fingerprint(committed.connection) == before

    async def test_of_valid_lines_goes_on_from_where_it_was(self, committed: Committed) -> None:
        member = await committed.make.member()
        content = some(1_200, published_at="2026-01-01T00:00:00Z")
        answer = await send(committed.client, content, member.headers, mode="valid_lines")
        with pytest.raises(Cancelled):
            await work(committed.connection, answer, cut_after=2)
        # What would be said of the second batch is not said, and so it is not done either.
        assert await committed.connection.fetchval("SELECT count(*) FROM posts") == 500
        assert await committed.connection.fetchval("SELECT post_count FROM users WHERE id = $1", member.id) == 500
        assert counts(await work(committed.connection, answer)) == (1_200, 1_200, 0, 0)
        assert await titles(committed.connection) == [f"The engine {number}" for number in range(1_200)]
        assert await committed.connection.fetchval("SELECT post_count FROM users WHERE id = $1", member.id) == 1_200


class TestWorker:
    """A worker in a process of its own."""

    @pytest.mark.parametrize("mode", MODES)
    async def test_imports_and_shows_how_far_it_is(self, committed: Committed, tmp_path: Path, mode: str) -> None:
        member = await committed.make.member()
        answer = await send(committed.client, some(600) + b"{}", member.headers, mode=mode)
        path = answer.headers["location"].removeprefix(BASE_PATH)
        async with working(committed.dsn, tmp_path, KIND):
            done = await until(lambda: ended(committed.client, path, member), seconds=60)
        assert (done["status"], done["progress"], done["problem"]) == ("succeeded", 100, None)
        assert counts(done["result"]) == (601, 600 if mode == "valid_lines" else 0, 0, 1)
        assert done["result"]["errors"][0]["line"] == 601

    @pytest.mark.parametrize("mode", MODES)
    async def test_that_is_killed_leaves_nothing_twice(self, committed: Committed, tmp_path: Path, mode: str) -> None:
        member = await committed.make.member()
        answer = await send(committed.client, some(6_000), member.headers, mode=mode)
        path = answer.headers["location"].removeprefix(BASE_PATH)
        async with working(committed.dsn, tmp_path, KIND) as worker:
            # All has been read, and something is written.
            await until(lambda: beyond(committed.connection, 40), seconds=60)
            worker.process.kill()
            worker.process.wait()
        async with working(committed.dsn, tmp_path, KIND):
            done = await until(lambda: ended(committed.client, path, member), seconds=120)
        assert (done["status"], done["attempts"]) == ("succeeded", 2)
        assert counts(done["result"]) == (6_000, 6_000, 0, 0)
        assert sorted(await titles(committed.connection)) == sorted(f"The engine {place}" for place in range(6_000))

    @pytest.mark.parametrize("mode", MODES)
    async def test_that_failed_goes_on_when_it_is_retried(
        self, committed: Committed, tmp_path: Path, mode: str
    ) -> None:
        member, administrator = await committed.make.member(), await committed.make.member("admin")
        answer = await send(committed.client, some(6_000), member.headers, mode=mode)
        path = answer.headers["location"].removeprefix(BASE_PATH)
        async with working(committed.dsn, tmp_path, KIND):
            await until(lambda: beyond(committed.connection, 40), seconds=60)
            await committed.connection.execute("UPDATE users SET is_active = FALSE WHERE id = $1", member.id)
            failed = await until(lambda: ended(committed.client, path, administrator), seconds=60)
            assert (failed["status"], failed["problem"]["detail"]) == ("failed", "The account may not write posts.")
            written = await committed.connection.fetchval("SELECT count(*) FROM posts")
            assert failed["result"]["imported"] == written < 6_000
            assert (written > 0) == (mode == "valid_lines")
            await committed.connection.execute("UPDATE users SET is_active = TRUE WHERE id = $1", member.id)
            retried = await committed.client.put(f"{path}/retry", headers=administrator.headers)
            assert (retried.status_code, retried.json()["status"]) == (200, "queued")
            done = await until(lambda: ended(committed.client, path, administrator), seconds=120)
        assert (done["status"], done["problem"], counts(done["result"])) == ("succeeded", None, (6_000, 6_000, 0, 0))
        assert sorted(await titles(committed.connection)) == sorted(f"The engine {place}" for place in range(6_000))

    async def test_stops_when_it_is_cancelled(self, committed: Committed, tmp_path: Path) -> None:
        member = await committed.make.member()
        answer = await send(committed.client, some(20_000), member.headers, mode="valid_lines")
        path = answer.headers["location"].removeprefix(BASE_PATH)
        async with working(committed.dsn, tmp_path, KIND) as worker:
            await until(lambda: beyond(committed.connection, 5), seconds=60)
            cancelled = (await committed.client.put(f"{path}/cancellation", headers=member.headers)).json()
            await until(lambda: logged(worker.lines("job")))
        written = await committed.connection.fetchval("SELECT count(*) FROM posts")
        assert cancelled["status"] == "cancelled"
        # What is said is what is done, to the post.
        assert 0 < cancelled["result"]["imported"] == written < 20_000
        assert (await committed.client.put(f"{path}/retry", headers=member.headers)).status_code == 409
        assert await uploads.REMOVE.run(committed.connection) == 1


async def ended(client: AsyncClient, path: str, member: Member) -> dict[str, Any] | None:
    """Return the job once it has come to its end."""
    job = (await client.get(path, headers=member.headers)).json()
    return None if job["status"] in {"queued", "running"} else job


async def beyond(connection: Connection, percent: int) -> bool:
    """Whether the job is as far as that."""
    return await connection.fetchval("SELECT progress >= $1 FROM jobs", percent)


async def logged(lines: list[dict[str, Any]]) -> bool:
    """Whether a job has been told of."""
    return bool(lines)


class TestAtOnce:
    @pytest.mark.parametrize("mode", MODES)
    async def test_the_same_file_is_imported_once(self, committed: Committed, tmp_path: Path, mode: str) -> None:
        member = await committed.make.member()
        content = b"".join(line(f"The engine {place}", external_id=f"old:{place}") for place in range(1_000))
        answers = await at_once(send(committed.client, content, member.headers, mode=mode) for _ in range(3))
        paths = [answer.headers["location"].removeprefix(BASE_PATH) for answer in answers]
        async with working(committed.dsn, tmp_path, KIND):
            done = [await until(lambda at=at: ended(committed.client, at, member), seconds=60) for at in paths]
        results = [job["result"] for job in done]
        assert sum(result["imported"] for result in results) == 1_000
        assert [result["imported"] + result["unchanged"] for result in results] == [1_000] * 3
        # Those that import batch by batch take turns; who imports all does it at once.
        assert mode == "valid_lines" or max(result["imported"] for result in results) == 1_000
        assert len(await titles(committed.connection)) == 1_000

    async def test_a_tag_that_is_renamed_while_all_is_written_is_there(
        self, committed: Committed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        member, manager = await committed.make.member(), await committed.make.member("manager")
        tag = await committed.make.tag("looms")
        content = some(10, tags=["looms"], published_at="2026-01-01T00:00:00Z")
        answer = await send(committed.client, content, member.headers)
        renamed: list[int] = []
        write = bulk.write_fit

        async def write_and_rename(connection: Connection, author_id: UUID, drafts: Sequence[bulk.Draft]) -> Any:
            written = await write(connection, author_id, drafts)
            patch = {"Content-Type": "application/merge-patch+json", "If-Match": "*"} | manager.headers
            # Nobody waits for the import.
            done = await committed.client.patch(f"/tags/{tag}", json={"name": "engines"}, headers=patch)
            renamed.append(done.status_code)
            return written

        monkeypatch.setattr(bulk, "write_fit", write_and_rename)
        assert counts(await work(committed.connection, answer)) == (10, 10, 0, 0)
        assert renamed == [200]
        names = {row["name"]: row["post_count"] for row in await committed.connection.fetch("SELECT * FROM tags")}
        assert names == {"engines": 0, "looms": 10}

    async def test_an_id_belongs_to_one_post(self, committed: Committed) -> None:
        """What the import looks at first, the database guards."""
        member, other = await committed.make.member(), await committed.make.member()
        await committed.make.post(member, external_id="old:1")
        await committed.make.post(other, external_id="old:1")
        with pytest.raises(asyncpg.UniqueViolationError):
            await committed.make.post(member, external_id="old:1")
