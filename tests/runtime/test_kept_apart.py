"""Nothing that is kept for everybody is anybody's: members and nobody in particular ask the same at the same time."""

import asyncio
import random
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app import db
from app.main import create_app
from app.runtime import dispatch
from app.settings import Settings
from tests.committed import Committed
from tests.conftest import BASE_URL
from tests.contract.checked import checked_client
from tests.factories import Member

pytestmark = pytest.mark.xdist_group("committed")

MEMBERS = 50
REQUESTS = 20_000
TOGETHER = 40


@pytest.fixture
async def keeping(committed: Committed, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncClient]:
    """A client of a service that keeps its answers for long."""
    given = Settings(public_cache_seconds=60)
    monkeypatch.setattr("app.main.settings", lambda: given)
    # Many ask at once, and it is not asked how long they wait.
    patience = dict.fromkeys(("database_pool_timeout", "database_connect_timeout", "database_command_timeout"), 60)
    few = {"database_pool_size": 8, "database_max_overflow": 0}
    pool = await db.connect(given.model_copy(update=few | patience), committed.dsn)
    async with checked_client(create_app(), BASE_URL, record=False, every=20) as client:
        yield client
    db.use(committed.pool)
    await pool.close()


async def interleave(committed: Committed, keeping: AsyncClient, requests: int) -> None:
    """Let members and others ask for the same things, and a tenth of them go away. Fails where one sees another's."""
    members = [await committed.make.member() for _ in range(MEMBERS)]
    drafts: dict[UUID, Member] = {}
    for member in members:
        drafts[await committed.make.post(member, status="draft", title=f"Only {member.username} sees this")] = member
        await committed.make.post(member, title=f"Everybody sees what {member.username} wrote")
    secrets = {member.username: f"Only {member.username} sees this" for member in members}
    dice = random.Random(1843)  # noqa: S311 - Dice that fall the same way each time.
    seen = 0

    async def ask() -> None:
        nonlocal seen
        draft, owner = dice.choice(list(drafts.items()))
        member = dice.choice([None, owner, dice.choice(members)])
        path = dice.choice(["/posts?limit=100", f"/posts/{draft}", f"/posts?status=draft&author={owner.username}"])
        answer = await keeping.get(path, headers=member.headers if member else {})
        found = {name for name, text in secrets.items() if text in answer.text}
        assert found <= ({member.username} if member else set()), (path, member and member.username)
        if member is owner and path == f"/posts/{draft}":
            assert answer.status_code == 200
        seen += len(found)

    for _ in range(requests // TOGETHER):
        asking = [asyncio.create_task(ask()) for _ in range(TOGETHER)]
        await asyncio.sleep(0)
        for task in dice.sample(asking, TOGETHER // 10):
            task.cancel()
        done = await asyncio.gather(*asking, return_exceptions=True)
        for failure in done:
            if isinstance(failure, BaseException) and not isinstance(failure, asyncio.CancelledError):
                raise failure
    assert seen, "nobody has seen a draft of their own"


async def test_no_foreign_byte_in_any_answer(committed: Committed, keeping: AsyncClient) -> None:
    await interleave(committed, keeping, REQUESTS)


async def test_keeping_what_is_somebodys_would_be_seen(
    committed: Committed, keeping: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if what each asks for might be kept by everybody.
    monkeypatch.setattr(dispatch, "_CREDENTIALS", frozenset[bytes]())
    with pytest.raises(AssertionError, match="posts"):
        await interleave(committed, keeping, 400)
