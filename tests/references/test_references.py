"""Nothing refers to what is not there, whatever has been created, deleted, restored and merged meanwhile."""

from uuid import UUID

import asyncpg
import pytest

from app.sql import Connection
from tests.committed import Committed
from tests.factories import Factory
from tests.references.catalogue import LOOSE, SUSPECTS, foreign_keys, orphans
from tests.references.mix import ACTS, EXPECTED, Mix

pytestmark = pytest.mark.xdist_group("committed")


async def suspects(connection: Connection) -> set[str]:
    """Return the columns that can refer to something, and that PostgreSQL does not mind."""
    return {row[0] for row in await connection.fetch(SUSPECTS)}


class TestTheList:
    async def test_has_every_column_that_can_refer_to_something(self, connection: Connection) -> None:
        assert await suspects(connection) == LOOSE.keys()

    @pytest.mark.parametrize(
        "column",
        [
            "reviewer_id uuid",
            "reviewers uuid[]",
            "subject_type text",
            "approved_by bigint",
            "settings jsonb",
            "places text[]",
            "copy_of integer",
        ],
    )
    async def test_misses_a_new_one(self, connection: Connection, column: str) -> None:
        await connection.execute(f"ALTER TABLE posts ADD COLUMN {column}")
        assert await suspects(connection) - LOOSE.keys() == {f"posts.{column.split(maxsplit=1)[0]}"}

    async def test_leaves_to_postgresql_what_it_minds(self, connection: Connection) -> None:
        await connection.execute("ALTER TABLE posts ADD COLUMN reviewer_id uuid REFERENCES users")
        assert await suspects(connection) == LOOSE.keys()
        assert "posts posts_reviewer_id_fkey" in await foreign_keys(connection)

    def test_says_how_to_find_and_to_plant_or_neither(self) -> None:
        assert all(bool(loose.orphans) == bool(loose.plant) and loose.because for loose in LOOSE.values())


class TestReferences:
    @pytest.mark.parametrize("seed", range(2))
    async def test_lead_somewhere_after_everybody_did_everything(self, committed: Committed, seed: int) -> None:
        mix = Mix(committed, seed)
        await mix.begin()
        await mix.go_on()
        assert await orphans(committed.connection) == {}
        assert {status for _, status in mix.seen} <= EXPECTED, mix.seen
        assert ACTS.keys() - mix.done == set(), mix.seen


@pytest.fixture
async def world(make: Factory, connection: Connection) -> Connection:
    """One row of everything that refers to something, in a transaction that checks no reference."""
    ada, bram = await make.member(), await make.member()
    above = await make.category("machines")
    post = await make.post(ada, category_id=await make.category("looms", above))
    item = await make.item(ada, category_id=await make.category("cards", above))
    await make.item_image(item, ada)
    await make.post(ada, featured_image_id=await make.media(ada))
    await make.revision(post, 1, ada)
    comment = await make.comment(post, bram)
    await make.comment(post, ada, parent=comment)
    await make.report(comment, ada)
    job = await make.job(ada)
    given = {"kind": "like", "subject_id": post, "post_id": post}
    await make.notification(ada, actor_id=bram.id, **given)
    await make.notification(ada, kind="reply", subject_id=comment, comment_id=comment)
    await make.notification(ada, kind="job_finished", subject_id=job, job_id=job)
    await connection.execute("INSERT INTO notification_preferences VALUES ($1)", ada.id)
    await make.key(ada, frozenset())
    await make.refresh_token(ada)
    await make.avatar(ada)
    for table, row in (
        ("post_likes", (post, bram.id)),
        ("comment_likes", (comment, ada.id)),
        ("comment_mentions", (comment, ada.id)),
    ):
        await connection.execute(f"INSERT INTO {table} VALUES ($1, $2)", *row)  # noqa: S608 - Names of ours.
    await connection.execute("INSERT INTO known_networks VALUES ($1, '192.0.2.1')", ada.id)
    await connection.execute(
        "INSERT INTO mailed_links (user_id, purpose, id, email, expires_at) "
        "VALUES ($1, 'email_verification', gen_random_uuid(), 'ada@example.org', now())",
        ada.id,
    )
    await _import(connection, ada.id)
    await make.attendance(await make.happening(ada), ada)
    room = await make.room(ada.id)
    await make.invitation(room, bram.id)
    await make.message(room, ada.id, reply_to=await make.message(room, ada.id))
    assert await orphans(connection) == {}
    await connection.execute("SET LOCAL session_replication_role = replica")
    return connection


async def _import(connection: Connection, author: UUID) -> None:
    """An import that is being received."""
    upload = await connection.fetchval(
        "INSERT INTO post_imports (id, author_id, mode, job_id) "
        "SELECT gen_random_uuid(), owner_id, 'valid_lines', id FROM jobs WHERE owner_id = $1 LIMIT 1 RETURNING id",
        author,
    )
    await connection.execute("INSERT INTO post_import_pieces (import_id, number, content) VALUES ($1, 0, '')", upload)


class TestAnOrphan:
    async def test_of_any_foreign_key_is_found(self, world: Connection) -> None:
        for name in await foreign_keys(world):
            table, key = name.split()
            column = key.removeprefix(f"fk_{table}_")
            planted = world.transaction()
            await planted.start()
            await world.execute(
                f"UPDATE {table} SET {column} = gen_random_uuid() "  # noqa: S608 - Names of the catalogue.
                f"WHERE ctid = (SELECT ctid FROM {table} ORDER BY {column} LIMIT 1)"
            )
            assert (await orphans(world)).get(name) == 1, name
            await planted.rollback()
            assert await orphans(world) == {}

    @pytest.mark.parametrize("column", [column for column, loose in LOOSE.items() if loose.plant])
    async def test_that_postgresql_does_not_mind_is_found(self, world: Connection, column: str) -> None:
        await world.execute(LOOSE[column].plant)
        assert column in await orphans(world)

    async def test_cannot_be_made_where_postgresql_minds(self, make: Factory, connection: Connection) -> None:
        post = await make.post()
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await connection.execute("INSERT INTO post_likes VALUES ($1, gen_random_uuid())", post)
