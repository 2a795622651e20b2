"""What becomes of honest pictures: colours, sizes, frames and which way up they are."""

from pathlib import Path

import pytest
from PIL import Image, ImageSequence

from app.images import service
from app.images.pictures import GIF, JPEG, PNG, WEBP, ImageTooLarge, Picture, media_type_of
from tests.images import forging
from tests.images.forging import exif, orientation, painting, saved, with_segments
from tests.images.left import left

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
UPRIGHT = [RED, GREEN, BLUE, WHITE]
# How a picture is stored that is to be shown upright, by the number that says so; Pillow knows how to turn it back.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def quarters(path: Path) -> list[tuple[int, ...]]:
    """Return the colours in the middle of each quarter, to the nearest of those that the painting has."""
    with Image.open(path) as image:
        picture = image.convert("RGB")
        places = [(x, y) for y in (picture.height // 4, picture.height * 3 // 4) for x in (1, 3)]
        found = [picture.getpixel((picture.width * x // 4, y)) for x, y in places]
    # Inks are never as bright as light, so a colour is told by what is strongest in it.
    return [tuple(round(part / max(one)) * 255 for part in one) for one in found if isinstance(one, tuple)]


def sent(folder: Path, content: bytes) -> Path:
    path = folder / "sent"
    path.write_bytes(content)
    return path


def turned(number: int) -> bytes:
    """Return a picture that is stored turned, and says so."""
    how = STORED[number]
    picture = painting() if how is None else painting().transpose(how)
    stored = saved(picture, "JPEG", quality=95, subsampling=0)
    return with_segments(exif(orientation(number)), file=stored)


class TestUpright:
    @pytest.mark.parametrize("number", STORED)
    async def test_whatever_is_made_of_it(self, number: int, folder: Path) -> None:
        path = sent(folder, turned(number))
        made = [
            await service.cleaned(path, folder / "clean"),
            await service.resized(path, folder / "wide", width=24, media_type=PNG),
            await service.resized(path, folder / "high", height=16, media_type=PNG),
            await service.resized(path, folder / "both", width=24, height=16, media_type=JPEG),
            *(await service.thumbnails(path, {200: folder / "200", 24: folder / "24"})).values(),
        ]
        assert [(one.width, one.height) for one in made] == [(48, 32), *[(24, 16)] * 3, (48, 32), (24, 16)]
        for name in ("clean", "wide", "high", "both", "200", "24"):
            assert quarters(folder / name) == UPRIGHT, name

    async def test_png_and_webp_say_it_too(self, folder: Path) -> None:
        told = Image.Exif()
        told[0x0112] = 6
        for form in ("PNG", "WEBP"):
            stored = saved(painting().transpose(Image.Transpose.ROTATE_90), form, exif=told.tobytes())
            cleaned = await service.cleaned(sent(folder, stored), folder / "clean")
            assert (cleaned.width, cleaned.height) == (48, 32)
            assert quarters(folder / "clean") == UPRIGHT


class TestColours:
    @pytest.mark.parametrize("mode", ["RGB", "CMYK"])
    async def test_of_inks_are_those_of_light(self, mode: str, folder: Path) -> None:
        path = sent(folder, saved(painting(mode), "JPEG", quality=95, subsampling=0))
        await service.cleaned(path, folder / "clean")
        await service.thumbnails(path, {200: folder / "small"})
        for name in ("clean", "small"):
            assert quarters(folder / name) == UPRIGHT
            with Image.open(folder / name) as image:
                assert image.mode == "RGB"

    async def test_mean_what_the_profile_says(self, folder: Path) -> None:
        profile = forging.srgb(swapped=True)
        for form in ("JPEG", "PNG", "WEBP"):
            path = sent(folder, saved(painting(), form, icc_profile=profile))
            await service.cleaned(path, folder / "clean")
            await service.thumbnails(path, {24: folder / "small"})
            for name in ("clean", "small"):
                assert quarters(folder / name) == [GREEN, RED, BLUE, WHITE]
                with Image.open(folder / name) as image:
                    assert "icc_profile" not in image.info

    async def test_are_kept_where_nothing_need_be_lost(self, folder: Path) -> None:
        deep = forging.drawn((4, 4), bytes(range(24)), 16)
        cleaned = await service.cleaned(sent(folder, deep), folder / "clean")
        assert cleaned.media_type == PNG
        # The depth, which stands behind width and height.
        assert (folder / "clean").read_bytes()[24] == 16
        for form, options in (("PNG", {}), ("WEBP", {"lossless": True})):
            noise = Image.merge("RGB", [Image.effect_noise((40, 30), 60)] * 3)
            await service.cleaned(sent(folder, saved(noise, form, **options)), folder / "clean")
            with Image.open(folder / "clean") as image:
                assert image.convert("RGB").tobytes() == noise.tobytes()

    async def test_that_cannot_be_seen_do_not_shine_through(self, folder: Path) -> None:
        picture = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
        picture.paste((0, 0, 255, 255), (0, 0, 31, 64))
        path = sent(folder, saved(picture, "PNG"))
        await service.resized(path, folder / "small", width=16, media_type=PNG)
        with Image.open(folder / "small") as image:
            pixels = image.convert("RGBA").tobytes()
        assert max(red for red, alpha in zip(pixels[::4], pixels[3::4], strict=True) if alpha > 32) < 64
        await service.resized(path, folder / "flat", width=16, media_type=JPEG)
        assert quarters(folder / "flat") == [BLUE, WHITE, BLUE, WHITE]


class TestAnimations:
    @pytest.mark.parametrize(("form", "media_type"), [("GIF", GIF), ("WEBP", WEBP)])
    async def test_stay_what_they_are(self, form: str, media_type: str, folder: Path) -> None:
        cleaned = await service.cleaned(sent(folder, forging.animation(form)), folder / "clean")
        assert cleaned == Picture(media_type, 40, 30, 4)
        with Image.open(folder / "clean") as image:
            seen = [frame.convert("RGB").getpixel((20, 15)) for frame in ImageSequence.Iterator(image)]
            assert image.info["loop"] == 0
            assert image.info["duration"] == 100
        rounded = [tuple(round(part / 255) * 255 for part in one) for one in seen if isinstance(one, tuple)]
        assert rounded == UPRIGHT

    @pytest.mark.parametrize("form", ["GIF", "WEBP"])
    async def test_are_represented_by_their_first_frame(self, form: str, folder: Path) -> None:
        path = sent(folder, forging.animation(form))
        assert (await service.thumbnails(path, {20: folder / "20"}))[20] == Picture(WEBP, 20, 15, 1)
        assert (await service.resized(path, folder / "half", width=20, media_type=GIF)).frames == 1
        assert quarters(folder / "20") == [RED] * 4


class TestSizes:
    async def test_of_thumbnails_never_grow(self, folder: Path) -> None:
        sizes = {(3000, 2000): [(1600, 1067), (800, 533), (200, 133)], (700, 900): [(700, 900), (622, 800), (156, 200)]}
        for size, wanted in sizes.items():
            targets = {side: folder / str(side) for side in (200, 1600, 800)}
            made = await service.thumbnails(sent(folder, saved(painting(size=size), "JPEG")), targets)
            assert [(made[side].width, made[side].height) for side in (1600, 800, 200)] == wanted
            assert {media_type_of(path.read_bytes()[:16]) for path in targets.values()} == {WEBP}

    @pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP"])
    @pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (17, 3)])
    async def test_however_small_or_thin(self, form: str, size: tuple[int, int], folder: Path) -> None:
        path = sent(folder, saved(Image.new("RGB", size, "red"), form))
        cleaned = await service.cleaned(path, folder / "clean")
        assert (cleaned.width, cleaned.height) == size
        made = await service.thumbnails(path, {800: folder / "800", 200: folder / "200"})
        assert all(max(one.width, one.height) == min(side, max(size)) for side, one in made.items())

    @pytest.mark.parametrize("media_type", [JPEG, PNG, GIF, WEBP])
    @pytest.mark.parametrize(
        ("wanted", "size"),
        [
            ({"width": 24}, (24, 16)),
            ({"height": 8}, (12, 8)),
            ({"width": 30, "height": 30}, (30, 30)),
            ({"width": 96}, (96, 64)),
            ({}, (48, 32)),
        ],
    )
    async def test_are_those_that_are_asked_for(
        self, media_type: str, wanted: dict[str, int], size: tuple[int, int], folder: Path
    ) -> None:
        path = sent(folder, forging.png())
        made = await service.resized(path, folder / "made", media_type=media_type, **wanted)
        assert made == Picture(media_type, *size)
        assert quarters(folder / "made") == UPRIGHT

    @pytest.mark.parametrize(("width", "media_type"), [(9000, PNG), (20_000, WEBP), (70_000, JPEG)])
    async def test_beyond_measure_are_refused(self, width: int, media_type: str, folder: Path) -> None:
        with pytest.raises(ImageTooLarge):
            await service.resized(sent(folder, forging.png()), folder / "made", width=width, media_type=media_type)
        assert left(folder) == ["sent"]

    async def test_less_quality_is_a_smaller_file(self, folder: Path) -> None:
        path = sent(folder, forging.detailed("PNG"))
        for media_type in (JPEG, WEBP):
            for quality in (30, 95):
                target = folder / str(quality)
                await service.resized(path, target, width=100, media_type=media_type, quality=quality)
            assert (folder / "30").stat().st_size < (folder / "95").stat().st_size / 2

    async def test_what_was_there_is_replaced_at_once(self, folder: Path) -> None:
        (folder / "clean").write_bytes(b"what was there")
        with pytest.raises(service.NotAnImage):
            await service.cleaned(sent(folder, b"no image"), folder / "clean")
        assert (folder / "clean").read_bytes() == b"what was there"
        await service.cleaned(sent(folder, forging.png()), folder / "clean")
        assert media_type_of((folder / "clean").read_bytes()) == PNG
