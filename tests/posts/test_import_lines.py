"""importPosts: its lines, and what is said of those that are wrong."""

import json

import pytest
from httpx2 import AsyncClient

from app.posts import imports
from app.sql import Connection
from tests.factories import Factory
from tests.posts.importing import codes, counts, imported, line, titles

MODES = ("all_or_nothing", "valid_lines")
pytestmark = pytest.mark.actor("user")


class TestLines:
    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize(
        ("content", "lines"),
        [
            (line() + b"\n  \n" + line(), 4),
            (line().replace(b"\n", b"\r\n") * 2, 2),
            (b"\xef\xbb\xbf" + line() * 2, 2),
            (line() + line().strip(), 2),
            (line() * 2 + b"\r\n\t", 4),
        ],
        ids=["empty", "crlf", "bom", "unended", "blank-end"],
    )
    async def test_are_where_they_end(
        self, client: AsyncClient, connection: Connection, mode: str, content: bytes, lines: int
    ) -> None:
        assert counts(await imported(client, connection, content, mode=mode)) == (lines, 2, 0, 0)

    @pytest.mark.parametrize("mode", MODES)
    async def test_that_are_all_empty_are_no_posts(
        self, client: AsyncClient, connection: Connection, mode: str
    ) -> None:
        assert counts(await imported(client, connection, b"\n" * 3, mode=mode)) == (3, 0, 0, 0)

    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize(
        ("bad", "pointer", "code"),
        [
            (b"{", "", "malformed_line"),
            (b'{"title": NaN}', "", "malformed_line"),
            (b'{"title": "\xff\xfe of looms"}', "", "malformed_line"),
            (b'{"title": "\\ud800 of looms"}', "", "malformed_line"),
            (b"{} {}", "", "malformed_line"),
            (line()[:-1] + line()[:-1], "", "malformed_line"),
            (b"\xef\xbb\xbf" + line(), "", "malformed_line"),
            (b"[" * 100_000, "", "malformed_line"),
            (b"[]", "", "object_type"),
            (b"null", "", "object_type"),
            (b'"text"', "", "object_type"),
            (line("The engine \x00 weaves"), "/title", "nul_character"),
            (b"{}", "/title", "missing"),
            (line(undreamt="of"), "/undreamt", "extra_forbidden"),
            (line(status="published"), "/status", "extra_forbidden"),
            (line(tags=1), "/tags", "list_type"),
            (line(content="x" * 200_001), "/content", "string_too_long"),
            (line(content="x" * 1_048_577), "", "line_too_long"),
            (line(content="x" * 5_000_000), "", "line_too_long"),
            (line(tags=["looms", "no tag"]), "/tags/1", "string_pattern_mismatch"),
            (line(tags=["\N{PILE OF POO}" * 50]), "/tags/0", "string_pattern_mismatch"),
            (line(external_id=""), "/external_id", "string_too_short"),
            (line(external_id="a b"), "/external_id", "string_pattern_mismatch"),
            (line(published_at="2026-01-01"), "/published_at", "timestamp_format"),
            (line(published_at="2100-01-01T00:00:00Z"), "/published_at", "time_to_come"),
            (line(published_at="9999-01-01T00:00:00Z"), "/published_at", "time_to_come"),
            (line(published_at="9999-12-31T23:59:59-00:01"), "/published_at", "timestamp_range"),
            (line(category_id="01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"), "/category_id", "unknown_category"),
        ],
        ids=str,
    )
    async def test_that_are_wrong_are_named(  # noqa: PLR0913, PLR0917 - A case has these parts.
        self, client: AsyncClient, connection: Connection, mode: str, bad: bytes, pointer: str, code: str
    ) -> None:
        content = line("The first engine") + bad.strip(b"\n") + b"\n" + line("The last engine")
        report = await imported(client, connection, content, mode=mode)
        assert (report["errors"][0]["line"], report["refused"]) == (2, 1)
        assert (2, pointer, code) in codes(report), report["errors"]
        assert report["imported"] == (2 if mode == "valid_lines" else 0) == len(await titles(connection))
        assert "weaves" not in str(report)

    async def test_with_a_member_twice_have_the_last(self, client: AsyncClient, connection: Connection) -> None:
        await imported(client, connection, line().replace(b"{", b'{"title": "The first engine", ', 1))
        assert await titles(connection) == ["The engine weaves"]

    async def test_with_a_closed_category_are_refused(
        self, client: AsyncClient, connection: Connection, make: Factory
    ) -> None:
        category = str(await make.category("looms", is_active=False))
        for mode in MODES:
            report = await imported(client, connection, line(category_id=category), mode=mode)
            assert codes(report) == [(1, "/category_id", "inactive_category")]

    @pytest.mark.parametrize("mode", MODES)
    async def test_that_only_the_database_refuses_are_named(
        self, client: AsyncClient, connection: Connection, mode: str
    ) -> None:
        await connection.execute("ALTER TABLE posts ADD CONSTRAINT fit CHECK (title NOT LIKE '%flies')")
        content = b"".join(line(f"The engine {'flies' if number in {3, 58} else number}") for number in range(60))
        report = await imported(client, connection, content, mode=mode)
        assert codes(report) == [(4, "", "not_storable"), (59, "", "not_storable")]
        assert report["imported"] == (58 if mode == "valid_lines" else 0) == len(await titles(connection))

    @pytest.mark.parametrize("mode", MODES)
    async def test_that_are_all_wrong_are_counted_and_some_are_named(
        self, client: AsyncClient, connection: Connection, mode: str
    ) -> None:
        report = await imported(client, connection, b"{}\n" * 5_000, mode=mode)
        assert counts(report) == (5_000, 0, 0, 5_000)
        named = [bad["line"] for bad in report["errors"]]
        assert named == list(range(1, len(named) + 1))
        assert 100 < len(named) <= imports.MAX_LISTED
        assert len(json.dumps(report)) < 2 * imports.MAX_LISTED_BYTES

    async def test_with_too_many_tags_are_refused(
        self, client: AsyncClient, connection: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(imports, "MAX_TAGS", 3)
        content = b"".join(line(f"The engine {number}", tags=[f"tag-{number}"]) for number in range(4))
        assert codes(await imported(client, connection, content)) == [(4, "/tags", "too_many_tags")]
