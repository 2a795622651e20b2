"""Whom a text names."""

import pytest

from app.notifications.mentions import named
from tests.pace import within


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("@bram", ["bram"]),
        ("@Bram, @BRAM and (@carla).", ["bram", "carla"]),
        ("a@bram.example, press@bram, /@bram, @@bram, @bram@carla", ["bram"]),
        ("@br and @" + "b" * 51, []),
        ("`@bram` and ``@bram ` @carla`` @dora", ["dora"]),
        ("`@bram and @carla", ["bram", "carla"]),
        ("`` @bram ` @carla", ["bram", "carla"]),
        ("```\n@bram\n```\n@carla", ["carla"]),
        ("~~~ text\n@bram\n```\n@bram\n~~~~\n@carla", ["carla"]),
        ("```\n@bram\nand no end", []),
        ("``` @bram ``` @carla", ["carla"]),
        ("x`y`@bram", ["bram"]),
    ],
)
def test_names_stand_in_prose(content: str, names: list[str]) -> None:
    assert named(content, 10) == names


def test_no_more_than_asked_for() -> None:
    assert named(" ".join(f"@name_{number}" for number in range(30)), 20) == [f"name_{number}" for number in range(20)]


@pytest.mark.parametrize("piece", ["`", "`` ` ", "@", "@aaa`", "```\n", "~~~\n@bram\n"])
def test_takes_time_in_proportion_to_the_text(piece: str) -> None:
    content = "@bram " + piece * (200_000 // len(piece))
    with within(1):
        assert named(content, 20)[0] == "bram"
