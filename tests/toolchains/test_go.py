"""The Go compiler sees a contract that the scenario does not follow."""

from pathlib import Path

import pytest

from scripts.clients import go
from scripts.clients.language import BUNDLE, ClientError


def built(folder: Path, wrong: str, right: str) -> None:
    """Build the client from a bundle with another name for something."""
    bundle = folder / "bundle.json"
    text = BUNDLE.read_text()
    assert wrong in text
    bundle.write_text(text.replace(wrong, right))
    for name in ("go", "dist"):
        (folder / name).mkdir()
    go.build(bundle, folder / "go", folder / "dist")


class TestBuild:
    def test_stops_at_a_renamed_member(self, tmp_path: Path) -> None:
        with pytest.raises(ClientError, match=r"liked\.Likes undefined"):
            built(tmp_path, '"likes"', '"applause"')

    def test_stops_at_a_lost_code(self, tmp_path: Path) -> None:
        with pytest.raises(ClientError, match=r"undefined: galley\.PROBLEMCODE_PRECONDITION_FAILED"):
            built(tmp_path, '"precondition_failed"', '"too_late"')
