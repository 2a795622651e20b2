"""The image processes: what they may, and what becomes of a call when one of them does not answer."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest
from anyio import CancelScope

from app.images import crew, service
from app.images.pictures import DamagedImage, ImageTimeout
from tests.images.forging import detailed, jpeg
from tests.images.left import left
from tests.workers.process import until

pytestmark = pytest.mark.usefixtures("fresh")
ORDER = {"do": "clean"}
Result = TypeVar("Result")
Asking = Callable[[dict[str, Any], list[int]], Coroutine[Any, Any, dict[str, Any]]]


@pytest.fixture
def picture(folder: Path) -> Path:
    path = folder / "picture"
    path.write_bytes(jpeg())
    return path


def idle() -> list[psutil.Process]:
    """Return the image processes that wait for a picture."""
    return [psutil.Process(opener.process.pid) for opener in crew.crew.idle]


async def _until(happened: Callable[[], Result]) -> Result:
    async def ask() -> Result:
        return happened()

    return await until(ask, seconds=10)


@asynccontextmanager
async def _stuck(
    folder: Path, seconds: float = crew.SECONDS, ask: Asking = crew.ask
) -> AsyncGenerator[tuple["asyncio.Task[dict[str, Any]]", psutil.Process]]:
    """Give a call whose process cannot go on: nobody reads what it writes. Give also that process."""
    source = folder / "detailed"
    source.write_bytes(detailed("PNG"))
    await service.inspect(source)
    [keeper] = idle()
    crew.crew.idle[0].connection.settimeout(seconds)
    reading, writing = os.pipe()
    given = os.open(source, os.O_RDONLY)
    call = asyncio.create_task(ask(ORDER, [given, writing]))
    try:
        yield call, (await _until(keeper.children))[0]
    finally:
        call.cancel()
        await asyncio.wait({call})
        for file in (reading, writing, given):
            os.close(file)


def _gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _at_pictures() -> list[psutil.Process]:
    """Return the processes that have a picture open, each forked by one that waits; any may end while we look."""
    mine = {child.pid for child in psutil.Process().children()}
    return [
        process
        for process in psutil.process_iter(["ppid", "cmdline"])
        if process.info["ppid"] in mine and "app.images" in (process.info["cmdline"] or ())
    ]


def _limits(process: psutil.Process) -> dict[str, str]:
    lines = Path(f"/proc/{process.pid}/limits").read_text().splitlines()
    return {line[:26].strip(): line[26:47].strip() for line in lines}


class TestProcess:
    async def test_knows_nothing_of_the_service(self, picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("JWT_SECRET", "known to nobody")
        await service.inspect(picture)
        [process] = idle()
        assert set(process.environ()) <= {*crew.ENVIRONMENT, "LC_CTYPE"}
        assert process.cwd() == "/"
        # Its standard files and the connection; nothing that was open in the service.
        assert process.num_fds() <= 5

    async def test_opens_each_picture_in_a_process_that_may_not_take_more(self, folder: Path) -> None:
        async with _stuck(folder) as (_, process):
            limits = _limits(process)
        assert limits["Max cpu time"] == "20"
        assert limits["Max address space"] == "1000000000"
        assert limits["Max file size"] == "512000000"
        assert limits["Max open files"] == "32"
        assert limits["Max core file size"] == "0"

    async def test_is_the_same_for_the_next_picture(self, picture: Path) -> None:
        await service.inspect(picture)
        before = [process.pid for process in idle()]
        await service.inspect(picture)
        assert [process.pid for process in idle()] == before

    async def test_ends_when_nobody_can_ask_any_more(self, picture: Path) -> None:
        await service.inspect(picture)
        [opener] = crew.crew.idle
        crew.crew.idle.clear()
        opener.connection.close()
        assert await asyncio.to_thread(opener.process.wait, 5) == 0

    async def test_that_cannot_start_is_no_fault_of_the_picture(
        self, picture: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "executable", "/bin/false")
        with pytest.raises(RuntimeError, match="does not start"):
            await service.inspect(picture)
        monkeypatch.undo()
        assert (await service.inspect(picture)).width == 48

    async def test_opens_as_many_as_are_asked_for(self, picture: Path) -> None:
        seen = await asyncio.gather(*(service.inspect(picture) for _ in range(20)))
        assert {one.width for one in seen} == {48}
        assert len(idle()) <= crew.WORKERS


class TestKilled:
    async def test_between_two_pictures_is_not_noticed(self, picture: Path) -> None:
        await service.inspect(picture)
        [process] = idle()
        process.kill()
        assert (await service.inspect(picture)).width == 48
        assert [other.pid for other in idle()] != [process.pid]

    async def test_at_a_picture_tries_once_more_and_then_gives_up(self, folder: Path, picture: Path) -> None:
        async with _stuck(folder) as (call, process):
            keeper = psutil.Process(process.ppid())
            process.kill()
            again = await _until(lambda: [other for other in keeper.children() if other.pid != process.pid])
            again[0].kill()
            with pytest.raises(DamagedImage):
                await call
        assert (await service.inspect(picture)).width == 48

    async def test_with_its_keeper_tries_once_more(self, folder: Path) -> None:
        async with _stuck(folder) as (call, process):
            os.killpg(process.ppid(), signal.SIGKILL)
            await _until(lambda: _gone(process))
            again = await _until(_at_pictures)
            assert not call.done()
            again[0].send_signal(signal.SIGXCPU)
            with pytest.raises(ImageTimeout):
                await call

    @pytest.mark.parametrize("number", [signal.SIGXCPU, signal.SIGALRM])
    async def test_for_its_time_it_is_the_picture_that_takes_too_long(
        self, number: signal.Signals, folder: Path, picture: Path
    ) -> None:
        async with _stuck(folder) as (call, process):
            process.send_signal(number)
            with pytest.raises(ImageTimeout):
                await call
        assert (await service.inspect(picture)).width == 48


class TestTime:
    async def test_is_up_for_who_does_not_answer(self, folder: Path, picture: Path) -> None:
        async with _stuck(folder, seconds=0.5) as (call, process):
            with pytest.raises(ImageTimeout):
                await call
            await _until(lambda: _gone(process))
        assert (await service.inspect(picture)).width == 48

    async def test_is_up_for_who_waits_too_long(
        self, folder: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(crew, "WAIT_SECONDS", -1.0)
        with pytest.raises(ImageTimeout, match="waiting"):
            await service.inspect(picture)
        assert left(folder) == ["picture"]

    async def test_is_not_taken_from_the_others_by_a_crowd(
        self, picture: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(crew, "MAX_WAITING", 2)
        done = await asyncio.gather(*(service.inspect(picture) for _ in range(5)), return_exceptions=True)
        assert [isinstance(one, ImageTimeout) for one in done] == [False, False, True, True, True]


class TestCancelled:
    async def test_call_leaves_nothing(self, folder: Path, picture: Path) -> None:
        large = folder / "large"
        large.write_bytes(detailed("PNG"))
        for delay in (0, 0.002, 0.005, 0.01):
            call = asyncio.create_task(service.cleaned(large, folder / "clean"))
            await asyncio.sleep(delay)
            call.cancel()
            await asyncio.wait({call})
            (folder / "clean").unlink(missing_ok=True)
            assert left(folder) == ["large", "picture"]
        assert (await service.inspect(picture)).width == 48

    async def test_call_takes_its_process_along(self, folder: Path, picture: Path) -> None:
        async with _stuck(folder) as (call, process):
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await _until(lambda: _gone(process))
        assert (await service.inspect(picture)).width == 48

    async def test_call_waits_for_its_end_however_often(self, folder: Path, picture: Path) -> None:
        lost: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: lost.append(context["message"]))
        async with _stuck(folder) as (call, process):
            for _ in range(3):
                call.cancel()
                await asyncio.sleep(0)
            with pytest.raises(asyncio.CancelledError):
                await call
            assert crew.crew.waiting == 0
            await _until(lambda: _gone(process))
        del call
        assert (await service.inspect(picture)).width == 48
        gc.collect()
        assert lost == []

    async def test_call_of_a_scope_is_not_cancelled_all_the_while(self, folder: Path) -> None:
        scope = CancelScope()
        times: list[int] = []

        async def ask(order: dict[str, Any], files: list[int]) -> dict[str, Any]:
            task = asyncio.current_task()
            assert task is not None
            with scope:
                try:
                    return await crew.ask(order, files)
                finally:
                    times.append(task.cancelling())
            return {}

        async with _stuck(folder, ask=ask) as (call, process):
            scope.cancel()
            assert await call == {}
            # Once, and perhaps once more before it has been heard.
            assert times in ([1], [2])
            await _until(lambda: _gone(process))
