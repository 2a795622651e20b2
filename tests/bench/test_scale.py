"""The large publication of the benchmark: as whole as one that was written through the service."""

import asyncio
from typing import Any

import asyncpg
import psutil
import pytest

from app.migrations import upgrade
from scripts.bench import scale, scale_data
from scripts.bench.scale import SEARCHED, SEARCHES, Side
from scripts.bench.scale_data import Publication
from scripts.bench.scale_files import Files
from scripts.bench.servers import Server
from tests.conftest import recreate

POSTS = 60
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"


async def rows(dsn: str, query: str) -> list[Any]:
    connection: Any = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def written(server: str, worker_id: str) -> tuple[Publication, list[Any]]:
    """A small one, and the indexes that there were before."""
    dsn = asyncio.run(recreate(server, f"scale_{worker_id}"))
    upgrade(dsn)
    before = asyncio.run(rows(dsn, INDEXES))
    return asyncio.run(scale_data.fill(dsn, POSTS)), before


class TestFill:
    async def test_names_its_posts_from_the_newest(self, written: tuple[Publication, list[Any]]) -> None:
        publication, _ = written
        found = await rows(publication.dsn, "SELECT id FROM posts ORDER BY sort_at DESC")
        assert [row["id"] for row in found] == [publication.post(number) for number in range(POSTS)]

    async def test_leaves_the_indexes_as_they_were(self, written: tuple[Publication, list[Any]]) -> None:
        publication, before = written
        assert len(before) > 20
        assert await rows(publication.dsn, INDEXES) == before

    @pytest.mark.parametrize(
        "wrong",
        [
            "SELECT p.id FROM posts p WHERE comment_count <> (SELECT count(*) FROM comments WHERE post_id = p.id)",
            "SELECT id FROM posts p WHERE id NOT IN (SELECT post_id FROM post_slugs s WHERE s.slug = p.slug)",
            "SELECT id FROM posts WHERE NOT EXISTS (SELECT FROM users WHERE users.id = author_id)",
            "SELECT c.id FROM comments c LEFT JOIN comments p ON p.id = c.parent_id WHERE c.depth > 1 AND p.id IS NULL",
            "SELECT c.id FROM comments c JOIN comments p ON p.id = c.parent_id WHERE c.depth - p.depth NOT IN (0, 1)",
            "SELECT id FROM comments c WHERE NOT EXISTS (SELECT FROM comments r WHERE r.id = c.root_id AND depth = 1)",
            "SELECT name FROM tags t WHERE post_count <> (SELECT count(*) FROM posts WHERE tags @> ARRAY[t.name])",
        ],
    )
    async def test_writes_nothing_that_points_nowhere(self, written: tuple[Publication, list[Any]], wrong: str) -> None:
        assert await rows(written[0].dsn, wrong) == []

    async def test_writes_the_long_talk_under_the_newest(self, written: tuple[Publication, list[Any]]) -> None:
        publication, _ = written
        query = "SELECT count(*), count(*) FILTER (WHERE depth = 1) FROM comments GROUP BY post_id ORDER BY 1 DESC"
        assert [tuple(row) for row in await rows(publication.dsn, query)][:2] == [(500, 20), (5, 1)]


def side(tmp_path: Any, posts: int, milliseconds: float, seconds: float = 0.0) -> Side:
    """Return planted figures."""
    publication = Publication("postgresql://nowhere", posts, [], seconds)
    made = Side(publication, Server("Galley", 1, psutil.Process(), tmp_path / "log"))
    searches = (f"{operation}, {what}" for operation in SEARCHED for what in SEARCHES)
    made.took = {what: [milliseconds] * 20 for what in ("getPost", *searches)}
    made.bare = {what: [1.0] for what in SEARCHES}
    made.files = Files(20_000.0, 150.0, {"valid_lines": 5_000.0})
    return made


class TestTargets:
    def missed(self, small: Side, large: Side) -> list[str]:
        return [target.what for target in scale.targets(small, large) if not target.met]

    def test_are_met_by_one_that_grows_without_getting_slower(self, tmp_path: Any) -> None:
        assert self.missed(side(tmp_path, 10, 2.0), side(tmp_path, 1_000, 2.9)) == []

    def test_are_missed_by_a_list_that_grows(self, tmp_path: Any) -> None:
        assert self.missed(side(tmp_path, 10, 2.0), side(tmp_path, 1_000, 3.1)) == ["getPost, large against small"]

    def test_are_missed_by_a_slow_build(self, tmp_path: Any) -> None:
        assert self.missed(side(tmp_path, 10, 2.0), side(tmp_path, 1_000, 2.0, 301.0)) == ["1,000 posts, built"]

    def test_a_search_may_take_a_tenth_of_a_second_or_three_times_the_index_scan(self, tmp_path: Any) -> None:
        small, large = side(tmp_path, 10, 2.0), side(tmp_path, 1_000, 2.0)
        large.took["searchPosts, a rare word"] = [50.0] * 18 + [101.0] * 2
        assert self.missed(small, large) == ["p95 of searchPosts, a rare word"]
        large.bare["a rare word"] = [34.0]
        assert self.missed(small, large) == []

    def test_an_export_must_be_fast_and_small(self, tmp_path: Any) -> None:
        small, large = side(tmp_path, 10, 2.0), side(tmp_path, 1_000, 2.0)
        large.files.exported, large.files.exporting = 19_999.0, 150.1
        assert self.missed(small, large) == ["posts that an export sends a second", "resident memory while it does"]

    def test_an_import_must_be_fast(self, tmp_path: Any) -> None:
        small, large = side(tmp_path, 10, 2.0), side(tmp_path, 1_000, 2.0)
        large.files.imported["valid_lines"] = 4_999.0
        assert self.missed(small, large) == ["posts that an import writes a second, valid_lines"]

    def test_the_document_has_a_row_for_each(self, tmp_path: Any) -> None:
        text = scale.document(side(tmp_path, 10, 2.0), side(tmp_path, 1_000, 4.0))
        assert "| getPost | 2.00 | 4.00 | 4.00 | 2.00 |" in text
        assert "**missed**" in text
