"""Every file of the catalogue meets what opens pictures; none may hurt it, and nothing hostile may come out of it."""

import time
from pathlib import Path

import pytest

from app.images import crew, service
from app.images.pictures import DamagedImage, ImageError, ImageTooLarge, NotAnImage
from tests.images.forging import jpeg
from tests.images.hostile import CASES, NAMES, Case
from tests.images.left import left

REFUSALS: dict[str, type[ImageError]] = {"415": NotAnImage, "422": DamagedImage, "413": ImageTooLarge}
ACCEPTED = [case for case in CASES if case.fate == "accepted"]
REFUSED = [case for case in CASES if case.fate != "accepted"]
# What the slowest of them takes is a few tenths of these, and the largest half.
SECONDS, MEGABYTES = 5.0, 300.0


def _named(cases: list[Case]) -> list[object]:
    return [pytest.param(case, id=case.name) for case in cases]


def _written(folder: Path, case: Case) -> Path:
    path = folder / "sent"
    path.write_bytes(case.content)
    return path


async def _good_one_works(folder: Path) -> None:
    path = folder / "good"
    path.write_bytes(jpeg())
    assert (await service.inspect(path)).width == 48
    path.unlink()


def _bounded(began: float) -> None:
    assert time.monotonic() - began < SECONDS
    assert crew.crew.last.seconds < SECONDS
    assert crew.crew.last.megabytes < MEGABYTES


class TestCatalogue:
    def test_has_files_of_every_fate_and_names_them_once(self) -> None:
        assert {case.fate for case in CASES} == {"accepted", "415", "422", "413"}
        assert len({case.name for case in CASES}) == len(CASES) > 40

    def test_hides_what_must_not_survive(self) -> None:
        assert [case.name for case in ACCEPTED for mark in case.marks if mark not in case.content] == []


class TestAccepted:
    @pytest.mark.parametrize("case", _named(ACCEPTED))
    async def test_nothing_hostile_is_left(self, case: Case, folder: Path) -> None:
        began, sent = time.monotonic(), _written(folder, case)
        seen = await service.inspect(sent)
        _bounded(began)
        cleaned = await service.cleaned(sent, folder / "clean")
        _bounded(began)
        assert (seen.media_type, cleaned.media_type) == (case.media_type, case.media_type)
        assert (seen.frames, cleaned.frames) == (case.frames, case.frames)
        await service.thumbnails(sent, {200: folder / "200", 800: folder / "800"})
        await service.resized(sent, folder / "small", width=8, media_type="image/png")
        _bounded(began)
        for name in ("clean", "200", "800", "small"):
            content = (folder / name).read_bytes()
            assert [mark for mark in case.marks if mark in content] == []
        assert left(folder) == ["200", "800", "clean", "sent", "small"]

    @pytest.mark.parametrize("case", _named(ACCEPTED))
    async def test_what_comes_out_can_go_in_again(self, case: Case, folder: Path) -> None:
        first, second = folder / "first", folder / "second"
        written = await service.cleaned(_written(folder, case), first)
        assert await service.inspect(first) == written
        assert await service.cleaned(first, second) == written


class TestRefused:
    @pytest.mark.parametrize("case", _named(REFUSED))
    async def test_it_is_said_why_and_nothing_is_left(self, case: Case, folder: Path) -> None:
        sent, refusal = _written(folder, case), REFUSALS[case.fate]
        targets = {200: folder / "200", 800: folder / "800", 1600: folder / "1600"}
        for deed in (
            service.inspect(sent),
            service.cleaned(sent, folder / "clean"),
            service.thumbnails(sent, targets),
            service.resized(sent, folder / "small", width=100, media_type="image/webp"),
        ):
            began = time.monotonic()
            with pytest.raises(refusal) as caught:
                await deed
            assert type(caught.value) is refusal
            assert str(caught.value).endswith(".")
            assert "hostile" not in str(caught.value)
            _bounded(began)
        assert left(folder) == ["sent"]
        await _good_one_works(folder)


class TestNames:
    @pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
    async def test_no_name_means_anything(self, name: str, folder: Path) -> None:
        try:
            sent = folder / "in" / name
            sent.parent.mkdir(parents=True, exist_ok=True)
            sent.write_bytes(jpeg())
        except (OSError, ValueError):
            # No file can be called so, which is what protects from it.
            assert not (folder / "in" / "evil.png").exists()
            return
        assert (await service.cleaned(sent, folder / "clean")).width == 48
        assert (folder / "clean").exists()
