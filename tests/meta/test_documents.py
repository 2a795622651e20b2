"""What SECURITY.md and docs/asvs.md refer to is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_CODE = re.compile(r"`((?:app|tests)/[A-Za-z0-9_./]*|test_[a-z_0-9]+\.py)`")


def missing(text: str) -> list[str]:
    """Return the files and folders named in a text that are not there; a bare name is in the folder named before it."""
    absent: list[str] = []
    for line in text.splitlines():
        folder = ""
        for name in _CODE.findall(line):
            path = name if "/" in name else f"{folder}/{name}"
            folder = path.rpartition("/")[0]
            if not (ROOT / path).exists():
                absent.append(path)
    return absent


@pytest.mark.parametrize("page", ["SECURITY.md", "docs/asvs.md"])
def test_names_what_is_there(page: str) -> None:
    text = (ROOT / page).read_text()
    assert len(_CODE.findall(text)) > 20
    assert missing(text) == []


def test_what_is_not_there_is_seen() -> None:
    text = "`tests/auth/test_login.py`, `test_nothing.py`\n`test_login.py`\n`app/magic.py` and `app/static/`"
    assert missing(text) == ["tests/auth/test_nothing.py", "/test_login.py", "app/magic.py"]
