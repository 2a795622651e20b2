"""importPosts: what is taken, what becomes of it, and what is said of it."""

import json
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.jobs.registry import JobFailed
from app.posts import imports, uploads
from app.sql import Connection
from tests.contract.requests import fingerprint
from tests.factories import Factory, Member
from tests.posts.importing import TEXT, codes, counts, imported, line, send, titles, work

MODES = ("all_or_nothing", "valid_lines")
pytestmark = pytest.mark.actor("user")


class TestImportPosts:
    async def test_queues_a_job_that_its_sender_sees(self, client: AsyncClient) -> None:
        answer = await send(client, line())
        job = answer.json()
        assert (answer.status_code, job["kind"], job["status"]) == (202, "posts.import", "queued")
        assert answer.headers["location"] == f"/api/v1/jobs/{job['id']}"
        assert (await client.get(f"/jobs/{job['id']}")).json() == job

    @pytest.mark.parametrize("mode", MODES)
    async def test_writes_what_create_post_would(self, client: AsyncClient, connection: Connection, mode: str) -> None:
        members: dict[str, Any] = {"excerpt": "On looms.", "tags": [" Looms", "engines"]}
        one = (await client.post("/posts", json={"title": "The engine weaves", "content": TEXT} | members)).json()
        report = await imported(client, connection, line(**members), mode=mode)
        assert report == {"lines": 1, "done": 1, "imported": 1, "unchanged": 0, "refused": 0, "errors": []}
        post_id = await connection.fetchval("SELECT id FROM posts ORDER BY id DESC LIMIT 1")
        other = (await client.get(f"/posts/{post_id}")).json()
        varying = {"id", "slug"}
        assert {name for name in one if one[name] != other[name]} == varying
        assert other["slug"] == "the-engine-weaves-2"

    @pytest.mark.parametrize("mode", MODES)
    async def test_publishes_what_was_published(
        self, client: AsyncClient, connection: Connection, make: Factory, mode: str
    ) -> None:
        category = await make.category("looms")
        content = line(published_at="2026-01-01T09:00:00+01:00", tags=["looms"], category_id=str(category))
        await imported(client, connection, content + line("A draft on looms", tags=["looms"]), mode=mode)
        (post,) = (await client.get("/posts")).json()["items"]
        assert (post["published_at"], post["excerpt"]) == ("2026-01-01T08:00:00Z", TEXT)
        assert (await client.get("/tags")).json()["items"][0]["post_count"] == 1
        assert await connection.fetchval("SELECT post_count FROM categories") == 1
        author = post["author"]["username"]
        assert await connection.fetchval("SELECT post_count FROM users WHERE username = $1", author) == 1
        found = await client.get("/posts/search", params={"q": "algebraical patterns"})
        assert [hit["post"]["id"] if "post" in hit else hit["id"] for hit in found.json()["items"]] == [post["id"]]

    @pytest.mark.parametrize("mode", MODES)
    async def test_imports_what_has_an_id_once(self, client: AsyncClient, connection: Connection, mode: str) -> None:
        content = b"".join(line(f"The engine {number}", external_id=f"old:{number}") for number in range(3))
        assert counts(await imported(client, connection, content, mode=mode)) == (3, 3, 0, 0)
        more = content + line("The engine 9", external_id="old:9") * 2
        assert counts(await imported(client, connection, more, mode=mode)) == (5, 1, 4, 0)
        assert await titles(connection) == ["The engine 0", "The engine 1", "The engine 2", "The engine 9"]

    async def test_with_a_bad_line_imports_nothing(self, client: AsyncClient, connection: Connection) -> None:
        content = line("The first engine") + line("No", tags=["looms"]) + line("The last engine")
        answer = await send(client, content)
        before = await fingerprint(connection)
        report = await work(connection, answer)
        assert counts(report) == (3, 0, 0, 1)
        assert codes(report) == [(2, "/title", "string_too_short")]
        after = await fingerprint(connection)
        assert {name for name in after if after[name] != before[name]} == {"post_imports", "post_import_pieces"}

    async def test_with_a_bad_line_imports_the_rest(self, client: AsyncClient, connection: Connection) -> None:
        content = line("The first engine") + line("No") + line("The last engine")
        report = await imported(client, connection, content, mode="valid_lines")
        assert counts(report) == (3, 2, 0, 1)
        assert codes(report) == [(2, "/title", "string_too_short")]
        assert await titles(connection) == ["The first engine", "The last engine"]

    async def test_takes_what_is_exported(self, client: AsyncClient, connection: Connection, make: Factory) -> None:
        category = await make.category("looms")
        for number in range(3):
            await make.post(tags=["looms"], category_id=category, excerpt=f"On looms {number}.")
        exported = [json.loads(text) for text in (await client.get("/posts/export")).content.splitlines()]
        kept = ("title", "content", "excerpt", "tags", "category_id", "published_at")
        content = b"".join(
            json.dumps({"external_id": post["id"]} | {name: post[name] for name in kept}).encode() + b"\n"
            for post in exported
        )
        assert counts(await imported(client, connection, content)) == (3, 3, 0, 0)
        assert counts(await imported(client, connection, content)) == (3, 0, 3, 0)
        again = [json.loads(text) for text in (await client.get("/posts/export")).content.splitlines()]
        written = sorted((*(str(post[name]) for name in kept),) for post in again)
        assert written == sorted([(*(str(post[name]) for name in kept),) for post in exported] * 2)

    async def test_leaves_revisions_to_the_first_edit(self, client: AsyncClient, connection: Connection) -> None:
        await imported(client, connection, line())
        post_id = await connection.fetchval("SELECT id FROM posts")
        patch = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
        await client.patch(f"/posts/{post_id}", json={"title": "The engine rests"}, headers=patch)
        found = (await client.get(f"/posts/{post_id}/revisions")).json()["items"]
        assert [(item["number"], item["title"]) for item in found] == [
            (2, "The engine rests"),
            (1, "The engine weaves"),
        ]


class TestBody:
    async def test_may_have_a_hundred_thousand_lines(self, client: AsyncClient, connection: Connection) -> None:
        before = await fingerprint(connection)
        for content in (b"{}\n" * 100_001, b"{}\n" * 100_000 + b"{}"):
            answer = await send(client, content)
            assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
        assert await fingerprint(connection) == before
        assert (await send(client, b"{}\n" * 100_000)).status_code == 202
        assert await connection.fetchval("SELECT lines FROM post_imports") == 100_000

    async def test_that_is_no_text_is_refused_at_once(self, client: AsyncClient, connection: Connection) -> None:
        before = await fingerprint(connection)
        answer = await send(client, line().decode().encode("utf-16"))
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "nul_character")
        late = line() * 20_000 + b"\x00"
        assert (await send(client, late)).status_code == 422
        assert await fingerprint(connection) == before

    async def test_is_whole_wherever_its_pieces_end(
        self, client: AsyncClient, connection: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(uploads, "PIECE_BYTES", 7)
        content = b"".join(line(f"The engine {number}") for number in range(20))
        answer = await send(client, content)
        pieces = await connection.fetch("SELECT content FROM post_import_pieces ORDER BY number")
        assert b"".join(piece["content"] for piece in pieces) == content
        assert counts(await work(connection, answer)) == (20, 20, 0, 0)
        assert await titles(connection) == [f"The engine {number}" for number in range(20)]


class TestJob:
    @pytest.mark.parametrize("mode", MODES)
    async def test_forgets_what_was_received(self, client: AsyncClient, connection: Connection, mode: str) -> None:
        answer = await send(client, line(), mode=mode)
        first = await work(connection, answer)
        assert await connection.fetchval("SELECT count(*) FROM post_import_pieces") == 0
        # As after a crash between the end of the import and that of its job.
        assert await work(connection, answer) == first
        assert await titles(connection) == ["The engine weaves"]

    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize("change", ["is_active = false", "role = 'nobody'"])
    async def test_of_who_may_not_write_any_more_imports_nothing(  # noqa: PLR0913, PLR0917 - Fixtures.
        self,
        client: AsyncClient,
        connection: Connection,
        make: Factory,
        monkeypatch: pytest.MonkeyPatch,
        mode: str,
        change: str,
    ) -> None:
        author = await make.member()
        answer = await send(client, line(), author.headers, mode=mode)
        if change == "is_active = false":
            await connection.execute("UPDATE users SET is_active = false WHERE id = $1", author.id)
        else:
            monkeypatch.setattr(imports, "role_scopes", lambda: {"user": frozenset[str]()})
        with pytest.raises(JobFailed, match="may not write") as failure:
            await work(connection, answer)
        assert failure.value.final
        assert await titles(connection) == []
        # When he may again, the job can be retried.
        await connection.execute("UPDATE users SET is_active = true")
        monkeypatch.undo()
        assert counts(await work(connection, answer)) == (1, 1, 0, 0)

    async def test_of_who_has_gone_says_so(self, client: AsyncClient, connection: Connection, make: Factory) -> None:
        author = await make.member()
        answer = await send(client, line(), author.headers)
        await connection.execute("DELETE FROM users WHERE id = $1", author.id)
        with pytest.raises(JobFailed, match="no longer there"):
            await work(connection, answer)

    async def test_is_seen_by_its_owner_alone(self, client: AsyncClient, make: Factory) -> None:
        answer = await send(client, line())
        other: Member = await make.member()
        assert (await client.get(f"/jobs/{answer.json()['id']}", headers=other.headers)).status_code == 404


class TestRemoval:
    @pytest.mark.parametrize(
        ("status", "finished", "removed"),
        [
            (None, "now()", False),
            (None, "now() - interval '25 hours'", True),
            ("queued", "now() - interval '30 days'", False),
            ("running", "now() - interval '30 days'", False),
            ("succeeded", "now()", True),
            ("cancelled", "now()", True),
            ("failed", "now() - interval '6 days'", False),
            ("failed", "now() - interval '8 days'", True),
        ],
    )
    async def test_is_of_what_is_over(
        self, client: AsyncClient, connection: Connection, status: str | None, finished: str, *, removed: bool
    ) -> None:
        await send(client, line())
        await connection.execute(f"UPDATE post_imports SET created_at = {finished}")  # noqa: S608 - Ours.
        await connection.execute(f"UPDATE jobs SET finished_at = {finished}, status = $1", status or "queued")  # noqa: S608
        if status is None:
            await connection.execute("UPDATE post_imports SET job_id = NULL")
        assert await uploads.REMOVE.run(connection) == int(removed)
        assert await connection.fetchval("SELECT count(*) FROM post_import_pieces") == int(not removed)
