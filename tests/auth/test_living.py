"""Whoever stands behind a session is asked for once at a time, and never remembered from before a change."""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from uuid import UUID

import pytest

from app.auth import living
from app.auth.living import Holder, holder_of_session
from app.auth.tokens import decode
from app.db import reading
from app.sql import Connection
from tests.auth.conftest import log_in, real_hash
from tests.committed import Committed

Session = tuple[UUID, UUID]
REVOKE = "UPDATE sessions SET revoked_at = now() WHERE id = $1"


@pytest.fixture
async def session(committed: Committed) -> AsyncIterator[Session]:
    """The ids of a living session and of its member, of whom nothing is remembered."""
    ada = await committed.make.member(username="Ada_L", email="ada@example.org", password_hash=real_hash())
    claims = decode((await log_in(committed.client, ada.username)).json()["access_token"])
    living.forget()
    yield claims.session_id, claims.user_id
    living.forget()


class Slow(reading):
    """A read whose result is there, and takes its time to come."""

    begun = 0
    has_read: asyncio.Event
    may_end: asyncio.Event

    async def __aenter__(self) -> Connection:
        Slow.begun += 1
        return await super().__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        await super().__aexit__(kind, failure, trace)
        Slow.has_read.set()
        await Slow.may_end.wait()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> type[Slow]:
    Slow.begun, Slow.has_read, Slow.may_end = 0, asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(living, "reading", Slow)
    return Slow


async def test_many_at_once_cost_one_read(session: Session, slow: type[Slow]) -> None:
    asking = [asyncio.create_task(holder_of_session(*session)) for _ in range(50)]
    await slow.has_read.wait()
    slow.may_end.set()
    assert set(await asyncio.gather(*asking)) == {Holder(session[1], "user")}
    assert slow.begun == 1
    assert await holder_of_session(*session) is not None
    assert slow.begun == 1


async def test_what_was_read_before_a_change_is_not_remembered(
    committed: Committed, session: Session, slow: type[Slow]
) -> None:
    before = asyncio.create_task(holder_of_session(*session))
    await slow.has_read.wait()
    await committed.connection.execute(REVOKE, session[0])
    living.forget()
    slow.may_end.set()
    assert await before is not None
    assert await holder_of_session(*session) is None


async def test_who_asks_after_a_change_is_not_told_what_was_read_before(
    committed: Committed, session: Session, slow: type[Slow]
) -> None:
    before = asyncio.create_task(holder_of_session(*session))
    await slow.has_read.wait()
    await committed.connection.execute(REVOKE, session[0])
    living.forget()
    after = asyncio.create_task(holder_of_session(*session))
    await asyncio.sleep(0)
    slow.may_end.set()
    assert await before is not None
    assert await after is None


async def test_who_goes_away_takes_the_answer_from_nobody(session: Session, slow: type[Slow]) -> None:
    first, second = (asyncio.create_task(holder_of_session(*session)) for _ in range(2))
    await slow.has_read.wait()
    first.cancel()
    slow.may_end.set()
    assert await second == Holder(session[1], "user")
    assert first.cancelled()
    assert slow.begun == 1


async def test_a_failure_is_told_to_all_and_the_next_one_asks_again(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(reading):
        async def __aenter__(self) -> Connection:
            await asyncio.sleep(0)
            raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(living, "reading", Failing)
        failures = await asyncio.gather(*(holder_of_session(*session) for _ in range(3)), return_exceptions=True)
    assert [type(failure) for failure in failures] == [ConnectionError] * 3
    assert await holder_of_session(*session) == Holder(session[1], "user")
