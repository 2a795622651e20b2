"""The Go compiler sees a contract that the scenario does not follow."""

from pathlib import Path

import pytest

from scripts.clients import go
from scripts.clients.language import ClientError
from tests.clients.renamed import folders, renamed


class TestBuild:
    def test_stops_at_a_renamed_member(self, tmp_path: Path) -> None:
        with pytest.raises(ClientError, match=r"liked\.Likes undefined"):
            go.build(renamed(tmp_path, '"likes"', '"applause"'), *folders(tmp_path))

    def test_stops_at_a_lost_code(self, tmp_path: Path) -> None:
        with pytest.raises(ClientError, match=r"undefined: galley\.PROBLEMCODE_PRECONDITION_FAILED"):
            go.build(renamed(tmp_path, '"precondition_failed"', '"too_late"'), *folders(tmp_path))

    def test_makes_the_same_archive_again(self, tmp_path: Path) -> None:
        bundle = renamed(tmp_path, '"likes"', '"likes"')
        archives: list[bytes] = []
        for name in ("once", "again"):
            (tmp_path / name).mkdir()
            folder, dist = folders(tmp_path / name)
            go.build(bundle, folder, dist)
            archives += [path.read_bytes() for path in dist.iterdir()]
        assert len(archives) == 2
        assert archives[0] == archives[1]
