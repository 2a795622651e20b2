"""exportPosts."""

import csv
import gc
import json
import tracemalloc
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from httpx2 import AsyncClient
from starlette.types import ASGIApp, Message

from app.contract import BASE_PATH
from app.negotiation import preferred
from app.posts.export import defused
from app.problems import NotAcceptable
from app.sql import Connection
from tests.committed import Committed
from tests.factories import Factory, Member

START = datetime(2026, 1, 1, tzinfo=UTC)
LINES, TABLE = "application/x-ndjson", "text/csv"


def lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


async def fill(make: Factory, number: int, author: Member | None = None) -> list[str]:
    """Make published posts, a minute apart, and return their ids, the newest first."""
    author = author or await make.member()
    moments = [START + timedelta(minutes=minute) for minute in range(number)]
    return [str(await make.post(author, published_at=moment)) for moment in moments][::-1]


class TestExportPosts:
    async def test_answers_every_post_whole_and_in_order(self, client: AsyncClient, make: Factory) -> None:
        ids = await fill(make, 3)
        answer = await client.get("/posts/export")
        assert answer.headers["content-type"] == LINES
        assert answer.headers["content-disposition"] == 'attachment; filename="posts.ndjson"'
        assert "accept" in answer.headers["vary"].lower()
        exported = lines(answer.content)
        assert [line["id"] for line in exported] == ids
        for line in exported:
            line.pop("cursor")
            post = (await client.get(f"/posts/{line['id']}")).json()
            # Images are no text, and in no export.
            assert line == {name: value for name, value in post.items() if not name.startswith("featured_image")}

    async def test_goes_on_after_any_line(self, client: AsyncClient, make: Factory) -> None:
        await fill(make, 4)
        whole = (await client.get("/posts/export")).content.splitlines()
        for place, line in enumerate(whole):
            rest = await client.get("/posts/export", params={"cursor": json.loads(line)["cursor"]})
            assert rest.content.splitlines() == whole[place + 1 :]

    async def test_goes_on_in_its_own_list_alone(self, client: AsyncClient, make: Factory) -> None:
        await fill(make, 2)
        cursor = lines((await client.get("/posts/export")).content)[0]["cursor"]
        for path, query in (("/posts/export", {"sort": "title"}), ("/posts/export", {"tag": "looms"}), ("/posts", {})):
            answer = await client.get(path, params={"cursor": cursor} | query)
            assert answer.json()["errors"][0]["code"] == "cursor_invalid"

    @pytest.mark.parametrize("number", [0, 24, 25, 26, 125, 126, 700])
    async def test_is_whole_wherever_its_pieces_end(
        self, client: AsyncClient, make: Factory, connection: Connection, number: int
    ) -> None:
        author = await make.member()
        await connection.execute(
            "INSERT INTO posts (id, author_id, title, slug, content, status, published_at)"
            " SELECT gen_random_uuid(), $1, 'The engine weaves', 'e-' || n, 'It weaves patterns.', 'published', now()"
            " FROM generate_series(1, $2::int) AS n",
            author.id,
            number,
        )
        exported = lines((await client.get("/posts/export")).content)
        assert len({line["id"] for line in exported}) == len(exported) == number

    async def test_shows_what_the_list_shows(self, client: AsyncClient, make: Factory) -> None:
        author, moderator = await make.member(), await make.member(role="moderator")
        await fill(make, 2, author)
        await make.post(author, status="draft", tags=["looms"])
        await make.post(status="draft")
        await make.post(author, status="archived", featured=True)
        queries = [{}, {"status": "draft"}, {"status": "archived"}, {"author": author.username}, {"tag": "looms"}]
        queries += [{"sort": sort} for sort in ("published_at", "created_at", "-created_at", "title", "-title")]
        queries += [{"featured": "true"}, {"published_after": "2026-01-01T00:01:00Z"}]
        queries += [{"published_before": "2026-01-01T00:01:00Z"}]
        for who in (author, moderator):
            for query in queries:
                listed = await client.get("/posts", params=query, headers=who.headers)
                exported = await client.get("/posts/export", params=query, headers=who.headers)
                ids = [item["id"] for item in listed.json()["items"]]
                assert [line["id"] for line in lines(exported.content)] == ids, query

    async def test_of_drafts_needs_credentials(self, client: AsyncClient) -> None:
        answer = await client.get("/posts/export", params={"status": "draft"})
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")

    async def test_is_never_compressed(self, client: AsyncClient, make: Factory) -> None:
        await make.post(content="It weaves. " * 1000)
        for accept in (LINES, TABLE):
            answer = await client.get("/posts/export", headers={"Accept": accept, "Accept-Encoding": "gzip"})
            assert "content-encoding" not in answer.headers

    async def test_in_no_form_that_is_wanted_is_406(self, client: AsyncClient) -> None:
        answer = await client.get("/posts/export", headers={"Accept": "application/xml"})
        assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


class TestTable:
    async def read(self, client: AsyncClient) -> list[dict[str, str]]:
        answer = await client.get("/posts/export", headers={"Accept": TABLE})
        assert answer.headers["content-type"] == f"{TABLE}; charset=utf-8"
        assert answer.headers["content-disposition"] == 'attachment; filename="posts.csv"'
        return list(csv.DictReader(StringIO(answer.content.decode(), newline="")))

    async def test_has_a_row_for_each_post_under_the_same_names(self, client: AsyncClient, make: Factory) -> None:
        content = 'She said: "No",\r\nand; wove\ton.'
        author = await make.member()
        await make.post(author, content=content, tags=["looms", "engines"], excerpt=None, published_at=START)
        (row,) = await self.read(client)
        (line,) = lines((await client.get("/posts/export")).content)
        assert list(row) == list(line)
        assert (row["content"], row["tags"], row["excerpt"]) == (content, "looms engines", "")
        assert (row["author"], row["featured"], row["published_at"]) == (
            author.username,
            "false",
            "2026-01-01T00:00:00Z",
        )

    @pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
    async def test_has_no_cell_that_is_a_formula(self, client: AsyncClient, make: Factory, first: str) -> None:
        formula = f'{first}cmd|" /C calc"!A0'
        await make.post(title=formula, content=formula, excerpt=formula)
        (row,) = await self.read(client)
        assert row["title"] == row["content"] == row["excerpt"] == f"'{formula}"

    async def test_without_posts_is_its_names(self, client: AsyncClient) -> None:
        answer = await client.get("/posts/export", headers={"Accept": TABLE})
        assert answer.content.startswith(b'"cursor","id","title"')
        assert answer.content.count(b"\r\n") == 1

    def test_leaves_other_texts_alone(self) -> None:
        for text in ("", "1 + 1 = 2", "The engine weaves", "'quoted", "e=mc2"):
            assert defused(text) == text


class TestPreferred:
    @pytest.mark.parametrize(
        ("accept", "expected"),
        [
            ("", LINES),
            ("*/*", LINES),
            ("text/csv", TABLE),
            ("TEXT/CSV; charset=utf-8", TABLE),
            ("text/*", TABLE),
            ("text/csv;q=0.5, application/x-ndjson;q=0.4", TABLE),
            ("application/x-ndjson;q=0, */*", TABLE),
            ("text/csv;q=0.1, application/*;q=0.2", LINES),
            ("nonsense, text/csv;q=nan, */*;q=0.1", LINES),
            ("text/html, application/xhtml+xml, */*;q=0.8", LINES),
        ],
    )
    def test_is_what_the_client_wants_most(self, accept: str, expected: str) -> None:
        assert preferred(accept, (LINES, TABLE)) == expected

    @pytest.mark.parametrize("accept", ["text/html", "text/csv;q=0", "*/*;q=0", "application/x-ndjson;q=2", "csv"])
    def test_is_none_of_what_it_does_not_want(self, accept: str) -> None:
        with pytest.raises(NotAcceptable):
            preferred(accept, (LINES, TABLE))


class TestStream:
    async def test_holds_no_more_than_a_piece_in_memory(self, app: ASGIApp, committed: Committed) -> None:
        """2,000 posts of 20,000 characters are 40 MB; what is held of them at a time is a tenth."""
        author = await committed.make.member()
        await committed.connection.execute(
            "INSERT INTO posts (id, author_id, title, slug, content, status, published_at)"
            " SELECT gen_random_uuid(), $1, 'The engine weaves', 'e-' || n, "
            "repeat('weaves so ', 2000), 'published', now()"
            " FROM generate_series(1, 2000) AS n",
            author.id,
        )
        sent = 0

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            nonlocal sent
            sent += len(message.get("body", b""))

        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": f"{BASE_PATH}/posts/export",
            "raw_path": b"",
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"localhost")],
            "client": ("127.0.0.1", 50_000),
            "server": ("localhost", 80),
        }
        gc.collect()
        tracemalloc.start()
        await app(scope, receive, send)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert sent > 40_000_000
        assert peak < 30_000_000
