"""listRevisions, getRevision, compareRevisions and restoreRevision."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from app.posts.revisions import unified
from app.sql import Connection
from tests.factories import Factory, Member
from tests.pace import within

PATCH = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
TEXT = "First of all.\n\nIt weaves flowers.\n\nLast of all."


@pytest.fixture
async def author(make: Factory) -> Member:
    return await make.member(full_name="Ada Lindqvist")


@pytest.fixture
async def post_id(make: Factory, author: Member) -> UUID:
    return await make.post(author, status="draft", title="The engine weaves", content=TEXT, tags=["looms"])


async def edit(client: AsyncClient, post_id: UUID, who: Member, **changes: Any) -> dict[str, Any]:
    answer = await client.patch(f"/posts/{post_id}", json=changes, headers=PATCH | who.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def revisions(client: AsyncClient, post_id: UUID, who: Member) -> list[dict[str, Any]]:
    answer = await client.get(f"/posts/{post_id}/revisions", headers=who.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def compare(client: AsyncClient, post_id: UUID, who: Member, number: int, **query: int) -> Response:
    return await client.get(f"/posts/{post_id}/revisions/{number}/diff", params=query, headers=who.headers)


async def restore(client: AsyncClient, post_id: UUID, who: Member, number: int, match: str = "*") -> Response:
    path = f"/posts/{post_id}/revisions/{number}/restoration"
    return await client.put(path, headers={"If-Match": match} | who.headers)


class TestListRevisions:
    async def test_of_a_post_that_was_never_changed_holds_the_post(
        self, client: AsyncClient, author: Member, post_id: UUID, connection: Connection
    ) -> None:
        (only,) = await revisions(client, post_id, author)
        assert (only["number"], only["title"], only["tags"]) == (1, "The engine weaves", ["looms"])
        assert (only["author"]["full_name"], only["restored_from"]) == ("Ada Lindqvist", None)
        assert await connection.fetchval("SELECT count(*) FROM post_revisions") == 0

    async def test_holds_every_change_with_author_and_time(
        self, client: AsyncClient, make: Factory, author: Member, post_id: UUID
    ) -> None:
        category = await make.category("looms")
        changes: list[dict[str, Any]] = [
            {"title": "The engine weaves on"},
            {"content": "Something else entirely."},
            {"excerpt": "In short."},
            {"tags": ["looms", "cards"]},
            {"category_id": str(category)},
        ]
        before = datetime.now(UTC)
        for change in changes:
            await edit(client, post_id, author, **change)
        found = await revisions(client, post_id, author)
        assert [entry["number"] for entry in found] == [6, 5, 4, 3, 2, 1]
        for entry, change in zip(found[-2::-1], changes, strict=True):
            whole = await client.get(f"/posts/{post_id}/revisions/{entry['number']}", headers=author.headers)
            assert change.items() <= whole.json().items()
            assert entry.items() <= whole.json().items()
            assert entry["author"]["username"] == author.username
            assert abs((datetime.fromisoformat(entry["created_at"]) - before).total_seconds()) < 60
        assert (found[-1]["title"], found[-1]["category_id"]) == ("The engine weaves", None)

    async def test_is_not_made_longer_by_other_changes(
        self, client: AsyncClient, make: Factory, author: Member, post_id: UUID
    ) -> None:
        await edit(client, post_id, author, title="The engine weaves")
        await client.put(f"/posts/{post_id}/publication", headers=author.headers)
        manager = await make.member("manager")
        await client.put(f"/posts/{post_id}/feature", headers=manager.headers)
        await client.put(f"/posts/{post_id}/like", headers=manager.headers)
        assert len(await revisions(client, post_id, author)) == 1

    async def test_forgets_who_has_gone_and_categories_that_have_gone(
        self, client: AsyncClient, make: Factory, author: Member, post_id: UUID, connection: Connection
    ) -> None:
        category, editor = await make.category("looms"), await make.member()
        await make.revision(post_id, 1, author)
        await make.revision(post_id, 2, editor, category_id=category)
        await connection.execute("DELETE FROM users WHERE id = $1", editor.id)
        await connection.execute("DELETE FROM categories")
        newest = (await revisions(client, post_id, author))[0]
        assert (newest["author"], newest["category_id"]) == (None, None)

    async def test_goes_with_the_post(
        self, client: AsyncClient, author: Member, post_id: UUID, connection: Connection
    ) -> None:
        await edit(client, post_id, author, title="The engine weaves on")
        await client.delete(f"/posts/{post_id}", headers={"If-Match": "*"} | author.headers)
        assert await connection.fetchval("SELECT count(*) FROM post_revisions") == 0


class TestListGetCompareRestoreRevisions:
    @pytest.mark.parametrize("status", ["draft", "published"])
    async def test_only_who_may_edit_sees_them(
        self, client: AsyncClient, make: Factory, author: Member, status: str
    ) -> None:
        post_id = await make.post(author, status=status)
        path = f"/posts/{post_id}/revisions"
        hidden = status == "draft"
        for role in ("user", "manager", "moderator", "admin"):
            other = await make.member(role)
            expected = 404 if hidden and role in ("user", "manager") else 403
            for place in ("", "/1", "/1/diff"):
                assert (await client.get(path + place, headers=other.headers)).status_code == expected
            assert (await restore(client, post_id, other, 1)).status_code == expected
        assert (await client.get(path)).status_code == 401


class TestCompareRevisions:
    async def test_shows_what_the_last_change_was(self, client: AsyncClient, author: Member, post_id: UUID) -> None:
        await edit(client, post_id, author, content=TEXT.replace("flowers", "leaves"), tags=["looms", "cards"])
        answer = (await compare(client, post_id, author, 2)).json()
        assert (answer["number"], answer["against"]) == (2, 1)
        assert answer["content"].splitlines() == [
            "@@ -1,5 +1,5 @@",
            " First of all.",
            " ",
            "-It weaves flowers.",
            "+It weaves leaves.",
            " ",
            " Last of all.",
        ]
        assert answer["tags"] == "@@ -1 +1,2 @@\n looms\n+cards"
        assert (answer["title"], answer["excerpt"], answer["category_id"]) == (None, None, None)

    async def test_compares_any_two(self, client: AsyncClient, author: Member, post_id: UUID) -> None:
        for title in ("The second title", "The third title"):
            await edit(client, post_id, author, title=title, excerpt=f"{title}, in short")
        ahead = (await compare(client, post_id, author, 3, against=1)).json()
        assert ahead["title"] == "@@ -1 +1 @@\n-The engine weaves\n+The third title"
        assert ahead["excerpt"] == "@@ -0,0 +1 @@\n+The third title, in short"
        back = (await compare(client, post_id, author, 1, against=3)).json()
        assert back["title"] == "@@ -1 +1 @@\n-The third title\n+The engine weaves"
        same = (await compare(client, post_id, author, 2, against=2)).json()
        assert {same[name] for name in ("title", "content", "excerpt", "tags", "category_id")} == {None}

    async def test_of_the_first_is_all_of_it(self, client: AsyncClient, author: Member, post_id: UUID) -> None:
        answer = (await compare(client, post_id, author, 1)).json()
        assert (answer["against"], answer["title"]) == (None, "@@ -0,0 +1 @@\n+The engine weaves")

    async def test_needs_two_that_are_there(self, client: AsyncClient, author: Member, post_id: UUID) -> None:
        assert (await compare(client, post_id, author, 2)).status_code == 404
        assert (await compare(client, post_id, author, 1, against=7)).status_code == 404
        assert (await compare(client, post_id, author, 1, against=0)).status_code == 422

    @pytest.mark.parametrize(
        "pair",
        [
            ("\n".join(map(str, range(30_000))), "\n".join(map(str, range(30_000, 0, -1)))),
            ("a\n" * 99_999, "b\n" * 99_999),
            ("a\nb\n" * 40_000, "b\na\nc\n" * 30_000),
            ("x" * 200_000, "y" * 200_000),
        ],
        ids=["reversed", "replaced", "woven", "one line"],
    )
    async def test_of_the_longest_texts_takes_no_long_time(
        self, client: AsyncClient, make: Factory, author: Member, pair: tuple[str, str]
    ) -> None:
        post_id = await make.post(author, status="draft", content=pair[0][:200_000])
        await edit(client, post_id, author, content=pair[1][:200_000])
        with within(5):
            answer = await compare(client, post_id, author, 2)
        assert answer.status_code == 200


class TestUnified:
    """A difference, applied to the one text, gives the other."""

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (["a"], ["b"]),
            ([], ["a"]),
            (["a"], []),
            (list("abcdefghij"), list("abcdXfghij")),
            (list("abcdefghij"), list("abcdefghijk")),
            (list("abcdefghijklmnopqrstuvwxyz"), list("abXdefghijklmnopqrstuvwYz")),
            (["a", "a", "a"], ["a", "a"]),
            ([*map(str, range(3000)), "end"], ["start", *map(str, range(3000, 6000)), "end"]),
            (["begin", *map(str, range(2000)), "end"], ["begin", *map(str, range(4000, 2000, -1)), "end"]),
        ],
    )
    def test_leads_from_one_to_the_other(self, old: list[str], new: list[str]) -> None:
        difference = unified(old, new)
        assert difference is not None
        assert _apply(old, difference.split("\n")) == new

    def test_of_equals_is_none(self) -> None:
        assert unified(["a", "b"], ["a", "b"]) is None


def _apply(old: list[str], lines: list[str]) -> list[str]:
    """Apply a difference as `patch` does, and check what it says of the old text on the way."""
    result: list[str] = []
    position = 0
    for line in lines:
        if line.startswith("@@ "):
            first, _, length = line.split()[1][1:].partition(",")
            # A hunk that takes nothing away stands behind the line that it names.
            start = int(first) if length == "0" else int(first) - 1
            result += old[position:start]
            position = start
            continue
        if line[0] in " -":
            assert old[position] == line[1:]
            position += 1
        if line[0] in " +":
            result.append(line[1:])
    return result + old[position:]


class TestRestoreRevision:
    async def test_makes_a_new_version_of_the_old_one(self, client: AsyncClient, author: Member, post_id: UUID) -> None:
        changed = await edit(client, post_id, author, title="Something else", content="Quite another text.", tags=[])
        answer = await restore(client, post_id, author, 1)
        post = answer.json()
        assert (post["title"], post["content"], post["tags"]) == ("The engine weaves", TEXT, ["looms"])
        assert post["version"] == changed["version"] + 1
        assert answer.headers["etag"] == (await client.get(f"/posts/{post_id}", headers=author.headers)).headers["etag"]
        newest, middle, first = await revisions(client, post_id, author)
        assert (newest["number"], newest["restored_from"], middle["title"]) == (3, 1, "Something else")
        assert newest["title"] == first["title"]

    async def test_of_what_is_there_already_changes_nothing(
        self, client: AsyncClient, author: Member, post_id: UUID
    ) -> None:
        await edit(client, post_id, author, title="Something else")
        first, second = [await restore(client, post_id, author, 1) for _ in range(2)]
        assert (second.status_code, second.json()) == (200, first.json())
        assert len(await revisions(client, post_id, author)) == 3

    async def test_keeps_counters_slug_and_excerpt_true(
        self, client: AsyncClient, make: Factory, connection: Connection, author: Member
    ) -> None:
        category = await make.category("looms")
        post_id = await make.post(author, status="draft", tags=["looms"], content=TEXT, category_id=category)
        await make.tag("looms")
        await client.put(f"/posts/{post_id}/publication", headers=author.headers)
        slug = (await client.get(f"/posts/{post_id}")).json()["slug"]
        await edit(client, post_id, author, tags=["cards"], category_id=None, excerpt="Mine.", title="Another one")
        post = (await restore(client, post_id, author, 1)).json()
        assert (post["tags"], post["category_id"], post["slug"]) == (["looms"], str(category), slug)
        assert post["excerpt"].startswith("First of all.")
        counts = await connection.fetch("SELECT name, post_count FROM tags ORDER BY name")
        assert [tuple(row) for row in counts] == [("cards", 0), ("looms", 1)]
        assert await connection.fetchval("SELECT post_count FROM categories") == 1

    @pytest.mark.parametrize("status", ["draft", "scheduled", "published", "archived"])
    async def test_leaves_the_state_as_it_is(
        self, client: AsyncClient, make: Factory, author: Member, status: str
    ) -> None:
        publish_at = datetime.now(UTC) + timedelta(days=1) if status == "scheduled" else None
        post_id = await make.post(author, status=status, publish_at=publish_at)
        edited = await edit(client, post_id, author, content="Something else entirely.")
        assert edited["status"] == status
        restored = (await restore(client, post_id, author, 1)).json()
        assert (restored["status"], restored["publish_at"]) == (status, edited["publish_at"])
        slug = await client.get(f"/posts/by-slug/{restored['slug']}", headers=author.headers)
        assert slug.json() == restored

    async def test_needs_the_version_that_was_read(self, client: AsyncClient, author: Member, post_id: UUID) -> None:
        read = (await client.get(f"/posts/{post_id}", headers=author.headers)).headers["etag"]
        await edit(client, post_id, author, title="Something else")
        assert (await restore(client, post_id, author, 1, read)).status_code == 412
        path = f"/posts/{post_id}/revisions/1/restoration"
        assert (await client.put(path, headers=author.headers)).status_code == 428

    async def test_needs_one_that_is_there(self, client: AsyncClient, author: Member, post_id: UUID) -> None:
        assert (await restore(client, post_id, author, 2)).status_code == 404
