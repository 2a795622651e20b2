"""Answers that are kept for everybody: when they are given again, when not, and for whom they are made."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from starlette.responses import Response
from starlette.types import ASGIApp

from app.current import Current, begin, current
from app.problems import NotFound
from app.runtime import kept as kept_module
from app.runtime.answers import Answer
from app.runtime.kept import Kept, Key

PAGE = Key(b"/api/v1/posts", b"", ())


@dataclass
class Maker:
    """Makes a numbered answer each time, when it is let."""

    made: int = 0
    let: asyncio.Event = field(default_factory=asyncio.Event)
    answer: Callable[[int], ASGIApp] = lambda number: Answer(200, [], b"%d" % number)

    async def __call__(self) -> ASGIApp:
        self.made += 1
        number = self.made
        await self.let.wait()
        return self.answer(number)


@pytest.fixture
def maker() -> Maker:
    begin(Current())
    free = Maker()
    free.let.set()
    return free


async def asked(kept: Kept, make: Callable[[], Awaitable[ASGIApp]], key: Key = PAGE) -> ASGIApp:
    """Ask as a request of its own."""

    async def ask() -> ASGIApp:
        begin(Current())
        return kept.find(key) or await kept.make(key, make)

    return await asyncio.create_task(ask())


def body(answer: ASGIApp) -> bytes:
    assert isinstance(answer, Answer)
    return answer.body


async def test_an_answer_is_given_again_until_its_time_is_over(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(kept_module, "monotonic", lambda: now)
    kept = Kept(1.0)
    assert [body(await asked(kept, maker)) for _ in range(3)] == [b"1", b"1", b"1"]
    now = 101.0
    assert body(await asked(kept, maker)) == b"1"
    now = 101.01
    assert body(await asked(kept, maker)) == b"2"


@pytest.mark.parametrize(
    "other", [PAGE._replace(path=b"/"), PAGE._replace(query=b"limit=1"), PAGE._replace(headers=(b"*",))]
)
async def test_another_question_has_another_answer(maker: Maker, other: Key) -> None:
    kept = Kept(1.0)
    assert body(await asked(kept, maker)) == b"1"
    assert body(await asked(kept, maker, other)) == b"2"
    assert body(await asked(kept, maker)) == b"1"


async def test_a_write_throws_everything_away(maker: Maker) -> None:
    kept = Kept(60)
    assert body(await asked(kept, maker)) == b"1"
    kept.clear()
    assert len(kept) == 0
    assert body(await asked(kept, maker)) == b"2"


async def test_who_asks_together_is_answered_by_one(maker: Maker) -> None:
    maker.let.clear()
    kept = Kept(1.0)
    asking = [asyncio.create_task(asked(kept, maker)) for _ in range(20)]
    await asyncio.sleep(0.01)
    maker.let.set()
    assert {body(answer) for answer in await asyncio.gather(*asking)} == {b"1"}
    assert maker.made == 1


async def test_the_first_may_go_away(maker: Maker) -> None:
    maker.let.clear()
    kept = Kept(1.0)
    first, second = (asyncio.create_task(asked(kept, maker)) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.sleep(0.01)
    maker.let.set()
    assert body(await second) == b"1"
    assert first.cancelled()
    assert maker.made == 1


async def test_what_was_begun_before_a_write_is_for_those_alone_who_asked_before(maker: Maker) -> None:
    maker.let.clear()
    kept = Kept(60)
    before = [asyncio.create_task(asked(kept, maker)) for _ in range(2)]
    await asyncio.sleep(0.01)
    kept.clear()
    after = asyncio.create_task(asked(kept, maker))
    await asyncio.sleep(0.01)
    maker.let.set()
    assert [body(answer) for answer in await asyncio.gather(*before, after)] == [b"1", b"1", b"2"]
    assert body(await asked(kept, maker)) == b"2"


async def test_what_is_done_for_each_reading_is_done_for_each(maker: Maker) -> None:
    counted: list[str] = []

    async def seen() -> ASGIApp:
        current().again = lambda: counted.append("again")
        current().is_embeddable = True
        counted.append("first")
        return await maker()

    maker.let.clear()
    kept = Kept(1.0)
    together = [asyncio.create_task(asked(kept, seen)) for _ in range(3)]
    await asyncio.sleep(0.01)
    maker.let.set()
    await asyncio.gather(*together)
    await asked(kept, seen)
    assert counted == ["first", "again", "again", "again"]
    begin(Current())
    assert kept.find(PAGE) is not None
    assert current().is_embeddable


async def test_a_refusal_is_everybodys_and_not_kept(maker: Maker) -> None:
    async def refuse() -> ASGIApp:
        await maker()
        raise NotFound

    maker.let.clear()
    kept = Kept(1.0)
    asking = [asyncio.create_task(asked(kept, refuse)) for _ in range(3)]
    await asyncio.sleep(0.01)
    maker.let.set()
    failures = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(failure) for failure in failures] == [NotFound] * 3
    assert (maker.made, len(kept)) == (1, 0)


async def test_what_is_made_for_one_is_made_for_each(maker: Maker) -> None:
    maker.answer = lambda number: Response(b"%d" % number)
    maker.let.clear()
    kept = Kept(1.0)
    asking = [asyncio.create_task(asked(kept, maker)) for _ in range(3)]
    await asyncio.sleep(0.01)
    maker.let.set()
    answers = await asyncio.gather(*asking)
    assert len({id(answer) for answer in answers}) == 3
    assert (maker.made, len(kept)) == (3, 0)


@pytest.mark.parametrize("status", [201, 204, 308])
async def test_only_what_was_found_is_kept(maker: Maker, status: int) -> None:
    maker.answer = lambda number: Answer(status, [], b"%d" % number)
    kept = Kept(1.0)
    assert [body(await asked(kept, maker)) for _ in range(2)] == [b"1", b"2"]


async def test_an_answer_with_a_cookie_is_somebodys(maker: Maker) -> None:
    async def greet() -> ASGIApp:
        current().notices += ((b"set-cookie", b"a=b"),)
        return await maker()

    kept = Kept(1.0)
    assert [body(await asked(kept, greet)) for _ in range(2)] == [b"1", b"2"]


async def test_no_more_is_kept_than_there_is_room_for(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "MOST_ANSWERS", 3)
    monkeypatch.setattr(kept_module, "MOST_BYTES", 6)
    monkeypatch.setattr(kept_module, "MOST_BYTES_OF_ONE", 4)
    kept = Kept(60)
    keys = [PAGE._replace(query=b"%d" % number) for number in range(9)]
    for key in keys[:4]:
        await asked(kept, maker, key)
    assert [kept.find(key) is not None for key in keys[:4]] == [False, True, True, True]
    maker.answer = lambda _: Answer(200, [], b"1234")
    await asked(kept, maker, keys[4])
    assert [kept.find(key) is not None for key in keys[:5]] == [False, False, True, True, True]
    maker.answer = lambda _: Answer(200, [], b"12345")
    await asked(kept, maker, keys[5])
    assert kept.find(keys[5]) is None
